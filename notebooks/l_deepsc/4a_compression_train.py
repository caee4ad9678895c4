# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---
# %% [markdown]
# # L-DeepSC: making the model small
# **The paper** prunes the smallest weights of the whole network (Algorithm 1, eqs. 16, 17) and quantises the rest to m bits
# (Algorithm 2, eqs. 18-24), each followed by fine-tuning, on the model "trained with 4-bits constellation under the Rician
# fading channels" (Sec. IV-C).
#
# **We run** that on the L-DeepSC of refined CSI: the pruned models are tuned one after the other, each from the one before (its
# pruned weights stay at zero), then the coarse ones are trained straight through the rounding.
#
# **We deviate**: a magnitude counts times the root mean square of its weight's gradient over training batches, anew at every
# sparsity. The embedding, drawn from N(0, 1), is much larger than the other matrices; with the paper's one threshold these are
# pruned away first, as the evaluation shows. Magnitudes relative to the root mean square of their matrix were tried too: the
# pruned models did not come back in as many steps. The mean squares are shrunk towards their matrix's mean: without that, the
# embeddings of words that no measured batch holds go first and whole.
# %% tags=["parameters"]
seed = 2026
accelerator = "cpu"
k_factor = 2.0
num_pilots = 1
sparsities = [0.6, 0.9, 0.99]
pruning_steps = [10, 20, 20]
pruning_rates = [0.0005, 0.0005, 0.0005]
coarse_bits = [4, 3, 2]
coarse_steps = [10, 10, 20]
grid_sparsities = [0.6, 0.9]
grid_bits = 4
grid_steps = 10
coarse_rate = 0.0005
sensitivity_batches = 4
sensitivity_shrinkage = 0.1
compressed_sparsity = 0.9
compressed_bits = 8
tokens_per_batch = 500
num_negatives = 0
snr_low_db = 0.0
snr_high_db = 15.0
validation_sentences = 100
# %%
import pandas as pd
import torch

from semcom_lib import paths
from semcom_lib.compression.pruning import gradient_rms, kept_at_zero, magnitude_masks
from semcom_lib.compression.quantisation import quantisation_aware, quantise_weights
from semcom_lib.l_deepsc.task import TransceiverTask
from semcom_lib.l_deepsc.transceiver import from_checkpoint, to_checkpoint
from semcom_lib.learning import training
from semcom_lib.physical_layer import adnet
from semcom_lib.physical_layer.equalised_link import FadingLink
from semcom_lib.physical_layer.fading import Rician
from semcom_lib.sources import text

torch.use_deterministic_algorithms(True)
folder = paths.DATA / "l_deepsc"
trained = paths.CHECKPOINTS / "l_deepsc" / "rician"
checkpoints = paths.CHECKPOINTS / "l_deepsc" / "compression"
vocabulary = text.load_vocabulary(folder)
train_ids = [vocabulary.encode(line) for line in text.load_sentences(folder, "train")]
validation_ids = [vocabulary.encode(line) for line in text.load_sentences(folder, "validation", validation_sentences)]
buckets = text.LengthBuckets(train_ids, tokens_per_batch)
refiner = adnet.from_checkpoint(training.load_checkpoint(trained / "refiner.pt"))

task = TransceiverTask(
    buckets,
    validation_ids,
    FadingLink(Rician(k_factor), "refined", num_pilots, refiner.refine),
    seed,
    ("l_deepsc", "compression"),
    snr_low_db=snr_low_db,
    snr_high_db=snr_high_db,
    num_negatives=num_negatives,
    one_snr_a_batch=True,
)
history = []


def tune(model, name, steps, learning_rate):
    """Fine-tune in place; keeps the rows of the loss."""
    rows = training.train(
        model,
        task.loss,
        training.Plan(
            steps=steps, learning_rate=learning_rate, warmup_steps=steps // 20, validate_every=max(1, steps // 4)
        ),
        validate=task.validate,
        resume=paths.CHECKPOINTS / "resume" / f"l_deepsc_compression_{name}.pt",
        stage=f"l_deepsc compression {name}",
        accelerator=accelerator,
    )
    history.extend({"model": name, **row} for row in rows)


def load(name):
    checkpoint = training.load_checkpoint(name)
    return from_checkpoint(checkpoint, vocabulary, str(name)), checkpoint.get("masks")


def save(name, model, masks, sparsity, bits, **more):
    contents = to_checkpoint(model, vocabulary) | {"masks": masks, "settings": {"sparsity": sparsity, "bits": bits}}
    training.save_checkpoint(checkpoints / f"{name}.pt", contents | more)


def measure_sensitivity(model):
    """What the loss's gradient with respect to each weight amounts to, over batches that no training step draws."""
    return gradient_rms(
        model, lambda batch: task.loss(model, -1 - batch), sensitivity_batches, shrinkage=sensitivity_shrinkage
    )


# %% [markdown]
# ## Pruning, each sparsity from the one before
# %%
model, _ = load(trained / "refined.pt")
sensitivity = measure_sensitivity(model)
save("pruned_0", model, magnitude_masks(model, 0.0), 0.0, 32, sensitivity=sensitivity)
for sparsity, steps, rate in zip(sparsities, pruning_steps, pruning_rates, strict=True):
    masks = magnitude_masks(model, sparsity, sensitivity=measure_sensitivity(model))
    with kept_at_zero(model, masks):
        tune(model, f"pruned_{sparsity:g}", steps, rate)
    save(f"pruned_{sparsity:g}", model, masks, sparsity, 32)
# %% [markdown]
# ## Coarse weights, trained straight through the rounding
# Each number of bits from the unpruned model, and the coarsest of Table II for its sparsities.
# %%
jobs = [(0.0, bits, steps) for bits, steps in zip(coarse_bits, coarse_steps, strict=True)]
jobs += [(sparsity, grid_bits, grid_steps) for sparsity in grid_sparsities]
for sparsity, bits, steps in jobs:
    model, masks = load(checkpoints / f"pruned_{sparsity:g}.pt")
    with quantisation_aware(model, masks, bits):
        tune(model, f"pruned_{sparsity:g}_bits_{bits}", steps, coarse_rate)
    save(f"pruned_{sparsity:g}_bits_{bits}", model, masks, sparsity, bits)
# %% [markdown]
# ## The model that the devices get
# %%
model, masks = load(checkpoints / f"pruned_{compressed_sparsity:g}.pt")
quantise_weights(model, masks, compressed_bits)
save("compressed", model, masks, compressed_sparsity, compressed_bits)
history = pd.DataFrame(history)
with paths.replacing(paths.RESULTS / "l_deepsc" / "training_compression.csv") as temporary:
    history.to_csv(temporary, index=False)
# %% [markdown]
# ## How the loss came back
# Cross-entropy per word in nats on held-out sentences, full vocabulary.
# %%
history.assign(part=history.groupby("model").cumcount() + 1).pivot(
    index="model", columns="part", values="validation_loss"
).round(4)
