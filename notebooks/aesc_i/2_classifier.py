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
# # AESC-I: the recognition model M, and the judge
# **The paper** measures semantics with a classifier: the semantic loss compares "the output of the penultimate layer of the
# perfect model that can perform classification tasks on image datasets" (eq. 9), and "the recognition rate ratio of the
# classification model to the received image largely represents the retention degree of its semantic information" (Sec. IV-A).
#
# **We run** a small convolutional network, trained with Adam and a learning rate that rises, then falls linearly to zero.
#
# **We chose** it: the paper names neither the classifier nor its accuracy. Ours is made for training on a laptop
# (`semcom_lib.aesc_i.classifiers`), so "perfect" means the accuracy that is printed at the end. Training images are
# shifted by a few pixels and, where the profile says so, mirrored.
#
# **We add** a second network of this kind, the judge, with other first weights and other batches. M is inside the loss, so that an
# autoencoder may learn to please it; what is recognised is therefore counted by the judge, which no autoencoder was trained with,
# and M's own count stands beside it. `network` says which of the two this notebook trains.
# %% tags=["parameters"]
seed = 2026
accelerator = "cpu"
network = "classifier"
images = "digits"
width = 16
steps = 1900
learning_rate = 0.003
warmup_steps = 100
weight_decay = 0.0
label_smoothing = 0.0
images_per_batch = 128
crop_margin = 2
flip = False
validate_every = 475
# %%
import numpy as np
import pandas as pd
import torch

from semcom_lib import evaluation, paths, seeds, tables
from semcom_lib.aesc_i.classifiers import CLASSIFIERS, to_checkpoint
from semcom_lib.aesc_i.task import RecognitionTask
from semcom_lib.learning import training
from semcom_lib.sources.images import ShuffledBatches, load_images, to_tensor

torch.use_deterministic_algorithms(True)
torch.utils.deterministic.fill_uninitialized_memory = False  # a sixth of a step, and no result depends on it
torch.set_flush_denormal(True)
folder = paths.DATA / "aesc_i" / images
train_images, train_labels = load_images(folder, "train")
with seeds.initialising(seed, "aesc_i", network, images, "init"):
    model = CLASSIFIERS[images](width)
print(f"{network}: {len(train_images)} training images, {sum(p.numel() for p in model.parameters()):,} weights")
# %%
batches = ShuffledBatches(len(train_images), images_per_batch, seed, "aesc_i", network, images)
task = RecognitionTask(
    images,
    (train_images, train_labels),
    load_images(folder, "validation"),
    batches,
    crop_margin=crop_margin,
    flip=flip,
    label_smoothing=label_smoothing,
    seed=seed,
)
history = training.train(
    model,
    task.loss,
    training.Plan(
        steps=steps,
        learning_rate=learning_rate,
        warmup_steps=warmup_steps,
        weight_decay=weight_decay,
        validate_every=validate_every,
    ),
    validate=task.validate,
    resume=paths.CHECKPOINTS / "resume" / f"aesc_i_{network}_{images}.pt",
    stage=f"aesc_i {network} {images}",
    accelerator=accelerator,
    epoch_steps=batches.steps_per_epoch,
)
model = model.cpu()
training.save_checkpoint(paths.CHECKPOINTS / "aesc_i" / f"{network}_{images}.pt", to_checkpoint(model))
tables.write_table("aesc_i", f"{network}_{images}", pd.DataFrame(history))
# %% [markdown]
# ## How the loss fell
# Cross-entropy in nats: of changed training images (with label smoothing, where there is any), of validation images as they are.
# %%
pd.DataFrame(history).round(4)
# %% [markdown]
# ## How much it recognises
# The share of test images whose class is recognised, with its 95 % bootstrap interval.
# %%
test_images, test_labels = load_images(folder, "test")
with torch.inference_mode():
    starts = range(0, len(test_images), 500)
    guessed = torch.cat([model(to_tensor(test_images[start : start + 500])).argmax(dim=1) for start in starts]).numpy()
recognition = evaluation.summarise(
    {"recognised": guessed == test_labels, "images": np.ones(len(test_labels))},
    {"accuracy": evaluation.ratio("recognised", "images")},
    rng=seeds.numpy_generator(seed, "aesc_i", network, images, "bootstrap"),
).table
recognition.insert(0, "images", images)
tables.write_table("aesc_i", f"{'recognition' if network == 'classifier' else 'judged'}_{images}", recognition)
recognition.round(4)
# %% [markdown]
# ## What it recognises least
# %%
pd.DataFrame(
    [{"class": label, "accuracy": np.mean(guessed[test_labels == label] == label)} for label in range(10)]
).sort_values("accuracy", kind="stable").head(5).round(4)
