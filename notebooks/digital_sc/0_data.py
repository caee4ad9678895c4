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
# # Digital-SC: the images
# **The paper uses** CIFAR-10: "60000 RGB images divided into 10 different classes. Each class includes 6000 images of size 32 x 32
# pixels, 5000 for training and 1000 for testing" (Sec. IV-A).
#
# **We run** the set that the profile names (printed below), with its official test part.
#
# **We deviate**: a validation part, drawn from the training part, chooses: the weights that are kept, the split points that teach
# the policy, the rate of the classical code. The test part only reports. Every part is put into a random order once.
# %% tags=["parameters"]
seed = 2026
pictures = "cifar10"
validation_images = 5000
# %%
import numpy as np
import pandas as pd

from semcom_lib import paths
from semcom_lib.sources import image_sets, images
from semcom_lib.tables import write_table

splits = images.with_validation(image_sets.load(pictures, seed), validation_images, seed)
images.save_images(paths.DATA / "digital_sc", splits)
summary = pd.DataFrame(
    [
        {
            "caption": image_sets.CAPTIONS[pictures],
            "split": split,
            "images": len(labels),
            "height": pixels.shape[1],
            "width": pixels.shape[2],
            "classes": len(np.unique(labels)),
        }
        for split, (pixels, labels) in splits.items()
    ]
)
write_table("digital_sc", "datasets", summary)
summary
# %% [markdown]
# ## One test image of each class
# Kept small, so that the notebook of the system model shows them where the data are not.
# %%
pixels, labels = splits["test"]
samples = pixels[[int(np.flatnonzero(labels == label)[0]) for label in range(10)]]
with paths.replacing(paths.RESULTS / "digital_sc" / "samples.npz") as temporary:
    np.savez(temporary, images=samples)
samples.shape
