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
# # AESC-I: the images
# **The paper uses** MNIST, "a training set of 60,000 examples, and a test set of 10,000 examples", each "a single channel gray
# level image with a size of 28 x 28", and CIFAR-10, "60,000 32x32 color images containing one of 10 object classes" (Sec. IV).
#
# **We run** the two sets that the profile names (printed below), with their official test parts.
#
# **We deviate**: a validation part, drawn from the training part, chooses; the test part only reports. Every part is put into a
# random order once, so that its first images are a fair sample of it.
# %% tags=["parameters"]
seed = 2026
digits = "mnist"
pictures = "cifar10"
validation_images = 5000
# %%
import numpy as np
import pandas as pd

from semcom_lib import paths
from semcom_lib.sources import image_sets, images
from semcom_lib.tables import write_table

names = {"digits": digits, "pictures": pictures}
sets = {
    folder: images.with_validation(image_sets.load(name, seed), validation_images, seed)
    for folder, name in names.items()
}
for folder, splits in sets.items():
    images.save_images(paths.DATA / "aesc_i" / folder, splits)
# %% [markdown]
# ## What there is
# %%
summary = pd.DataFrame(
    [
        {
            "set": folder,
            "caption": image_sets.CAPTIONS[names[folder]],
            "split": split,
            "images": len(labels),
            "height": pixels.shape[1],
            "width": pixels.shape[2],
            "channels": 1 if pixels.ndim == 3 else pixels.shape[3],
            "classes": len(np.unique(labels)),
        }
        for folder, splits in sets.items()
        for split, (pixels, labels) in splits.items()
    ]
)
write_table("aesc_i", "datasets", summary)
summary
# %% [markdown]
# ## One test image of each class
# Kept small, so that the notebook of the system model shows them where the data are not.
# %%
samples = {}
for folder, splits in sets.items():
    pixels, labels = splits["test"]
    samples[folder] = pixels[[int(np.flatnonzero(labels == label)[0]) for label in range(10)]]
with paths.replacing(paths.RESULTS / "aesc_i" / "samples.npz") as temporary:
    np.savez(temporary, **samples)
{folder: pixels.shape for folder, pixels in samples.items()}
