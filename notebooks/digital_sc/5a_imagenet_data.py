# ---
# jupyter:
#   jupytext:
#     cell_metadata_filter: tags,-all
#     notebook_metadata_filter: -kernelspec,-jupytext.text_representation.jupytext_version
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
# ---

# %% [markdown]
# # Digital-SC: images of ImageNet
# **The paper** shows "the digital semantic communication system on the ImageNet dataset", 256 x 256 pixels (Sec. IV-B, Fig. 8).
#
# **We run** the set that the profile names (printed below); the laptop's has ten classes.
#
# **Read with care**: the network of Fig. 8 was pretrained on ImageNet, and the laptop's set divides ImageNet's training images
# anew: of its test images the network has seen almost all (counted below). What its accuracies say is what the channel takes, not
# how well it recognises what is new to it.
# %% tags=["parameters"]
seed = 2026
photographs = "imagenette"
size = 224
train_images = 1000
test_images = 500
validation_images = 100
# %%
import numpy as np
import pandas as pd

from semcom_lib import paths
from semcom_lib.sources import imagenet, images
from semcom_lib.tables import write_table

splits = images.with_validation(
    imagenet.load(photographs, size, train_images, test_images, seed), validation_images, seed
)
images.save_images(paths.DATA / "digital_sc_imagenet", splits)
summary = pd.DataFrame(
    [
        {
            "caption": imagenet.CAPTIONS[photographs],
            "split": split,
            "images": len(labels),
            "height": pixels.shape[1],
            "width": pixels.shape[2],
            "classes": len(np.unique(labels)),
        }
        for split, (pixels, labels) in splits.items()
    ]
)
summary["seen"] = [imagenet.seen_in_pretraining(photographs) if split == "test" else np.nan for split in splits]
write_table("digital_sc", "datasets_imagenet", summary)
summary
