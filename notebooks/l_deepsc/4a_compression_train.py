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
sparsities = [0.3, 0.6, 0.8, 0.9, 0.95, 0.99]
pruning_steps = [40, 100, 250, 1800, 250, 250]
pruning_rates = [0.001, 0.001, 0.003, 0.003, 0.003, 0.003]
coarse_bits = [4, 2]
coarse_steps = [40, 80]
grid_sparsities = [0.3, 0.6, 0.9, 0.95]
grid_bits = 4
grid_steps = 25
coarse_rate = 0.001
sensitivity_batches = 64
sensitivity_shrinkage = 0.3
compressed_sparsity = 0.9
compressed_bits = 8
tokens_per_batch = 2400
num_negatives = 1500
snr_low_db = 0.0
snr_high_db = 15.0
validation_sentences = 500
# %%
import pandas as pd
import torch

from semcom_lib import paths, tables
from semcom_lib.compression.pruning import magnitude_masks
from semcom_lib.compression.quantisation import quantise_weights
from semcom_lib.l_deepsc.compressed import Compressed, CompressedFolder, name_of
from semcom_lib.l_deepsc.task import TransceiverTask
from semcom_lib.l_deepsc.transceiver import load_transceiver
from semcom_lib.l_deepsc.tuning import measure_sensitivity, prune_and_tune, quantise_and_tune
from semcom_lib.l_deepsc.variants import laws, load_link
from semcom_lib.learning import training
from semcom_lib.sources import text

torch.use_deterministic_algorithms(True)
corpus = text.Corpus(paths.DATA / "l_deepsc")
trained = paths.CHECKPOINTS / "l_deepsc" / "rician"
stored = CompressedFolder(paths.CHECKPOINTS / "l_deepsc" / "compression", corpus.vocabulary)
task = TransceiverTask(
    text.LengthBuckets(corpus.encoded("train"), tokens_per_batch),
    corpus.encoded("validation", validation_sentences),
    load_link(laws(k_factor)["rician"], "refined", num_pilots, trained),
    seed,
    ("l_deepsc", "compression"),
    snr_low_db=snr_low_db,
    snr_high_db=snr_high_db,
    num_negatives=num_negatives,
    one_snr_a_batch=True,
)
rows = []


def plan(steps, learning_rate):
    """A short rise, then linearly to zero; four validations."""
    return training.Plan(
        steps=steps, learning_rate=learning_rate, warmup_steps=steps // 20, validate_every=max(1, steps // 4)
    )


def keep(compressed, history):
    """Keep a tuned model and the rows of its loss."""
    stored.save(compressed)
    rows.extend({"model": name_of(compressed.sparsity, compressed.bits), **row} for row in history)


# %% [markdown]
# ## Pruning, each sparsity from the one before
# %%
model = load_transceiver(trained / "refined.pt", corpus.vocabulary)
sensitivity = measure_sensitivity(model, task, sensitivity_batches, sensitivity_shrinkage)
stored.save(Compressed(model, magnitude_masks(model, 0.0), 0.0, sensitivity=sensitivity))
for sparsity, steps, rate in zip(sparsities, pruning_steps, pruning_rates, strict=True):
    sensitivity = measure_sensitivity(model, task, sensitivity_batches, sensitivity_shrinkage)
    pruned, history = prune_and_tune(
        model, task, plan(steps, rate), sparsity=sparsity, sensitivity=sensitivity, accelerator=accelerator
    )
    keep(pruned, history)
# %% [markdown]
# ## Coarse weights, trained straight through the rounding
# Each number of bits from the unpruned model, and the coarsest of Table II for its sparsities.
# %%
jobs = [(0.0, bits, steps) for bits, steps in zip(coarse_bits, coarse_steps, strict=True)]
jobs += [(sparsity, grid_bits, grid_steps) for sparsity in grid_sparsities]
for sparsity, bits, steps in jobs:
    pruned = stored.load(name_of(sparsity))
    coarse, history = quantise_and_tune(pruned, task, plan(steps, coarse_rate), bits=bits, accelerator=accelerator)
    keep(coarse, history)
# %% [markdown]
# ## The model that the devices get
# %%
pruned = stored.load(name_of(compressed_sparsity))
quantise_weights(pruned.model, pruned.masks, compressed_bits)
stored.save(Compressed(pruned.model, pruned.masks, compressed_sparsity, compressed_bits), "compressed")
history = pd.DataFrame(rows)
tables.write_table("l_deepsc", "training_compression", history)
# %% [markdown]
# ## How the loss came back
# Cross-entropy per word in nats on held-out sentences, full vocabulary.
# %%
history.assign(part=history.groupby("model").cumcount() + 1).pivot(
    index="model", columns="part", values="validation_loss"
).round(4)
