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
# # L-DeepSC: pruning and fine-tuning
# **The paper** prunes the smallest weights of the whole network by one threshold (Algorithm 1, eqs. 16, 17) and fine-tunes what
# is left, on the model "trained with 4-bits constellation under the Rician fading channels" (Sec. IV-C).
#
# **We run** that on the L-DeepSC of refined CSI. Every sparsity starts from that same model and is tuned for equally many steps by
# the same schedule, sparsity 0 too: it is the dense model that all others are compared with. What is pruned stays at zero.
#
# **We add** a rule of our own: a magnitude counts times the root mean square of its weight's gradient over training batches,
# shrunk towards its matrix's mean (without that, the embeddings of words that no measured batch holds go first and whole).
#
# **We deviate** at the highest sparsity: there our rule is used, sparsity by sparsity, each from the one before. That is a stage
# of its own with more steps, and its caption says so.
# %% tags=["parameters"]
seed = 2026
accelerator = "cpu"
rule = "common"
stepwise = False
k_factor = 2.0
sparsities = [0.0, 0.3, 0.6, 0.9, 0.95]
steps = 800
learning_rate = 0.001
weight_decay = 1e-05
sensitivity_batches = 32
sensitivity_shrinkage = 0.3
tokens_per_batch = 960
num_negatives = 1500
snr_low_db = 0.0
snr_high_db = 20.0
validation_sentences = 500
# %%
import pandas as pd
import torch

from semcom_lib import paths, tables
from semcom_lib.compression.pruning import magnitude_masks
from semcom_lib.l_deepsc.compressed import Compressed, CompressedFolder
from semcom_lib.l_deepsc.task import TransceiverTask
from semcom_lib.l_deepsc.trained import link_of, system_file
from semcom_lib.l_deepsc.transceiver import load_transceiver
from semcom_lib.l_deepsc.tuning import measure_sensitivity, prune_and_tune
from semcom_lib.learning import training
from semcom_lib.sources import text

torch.use_deterministic_algorithms(True)
corpus = text.Corpus(paths.DATA / "l_deepsc")
fading = paths.CHECKPOINTS / "l_deepsc" / "fading"
name = f"pruned_{rule}{'_stepwise' if stepwise else ''}"
stored = CompressedFolder(paths.CHECKPOINTS / "l_deepsc" / name, corpus.vocabulary)
task = TransceiverTask(
    text.LengthBuckets(corpus.encoded("train"), tokens_per_batch),
    corpus.encoded("validation", validation_sentences),
    link_of(fading, "rician", "refined", k_factor),
    seed,
    ("l_deepsc", name),
    snr_low_db=snr_low_db,
    snr_high_db=snr_high_db,
    num_negatives=num_negatives,
    one_snr_a_batch=True,
)
plan = training.Plan(
    steps=steps,
    learning_rate=learning_rate,
    weight_decay=weight_decay,
    warmup_steps=steps // 20,
    validate_every=max(1, steps // 4),
)


# %% [markdown]
# ## Pruning
# %%
def trained():
    """The model that all start from."""
    return load_transceiver(system_file(fading, "rician", "refined"), corpus.vocabulary)


rows, model = [], trained()
for sparsity in sparsities:
    model = model if stepwise else trained()
    sensitivity = None
    if rule == "sensitive":
        sensitivity = measure_sensitivity(model, task, sensitivity_batches, sensitivity_shrinkage)
    pruned, history = prune_and_tune(
        model, task, plan, sparsity=sparsity, sensitivity=sensitivity, accelerator=accelerator
    )
    stored.save(pruned)
    rows += [{"rule": rule, "sparsity": sparsity, **row} for row in history]
if rule == "sensitive" and not stepwise:
    model = trained()
    sensitivity = measure_sensitivity(model, task, sensitivity_batches, sensitivity_shrinkage)
    stored.save(Compressed(model, magnitude_masks(model, 0.0), 0.0, sensitivity=sensitivity), "untuned")
history = pd.DataFrame(rows)
tables.write_table("l_deepsc", f"training_{name}", history)
# %% [markdown]
# ## How the loss came back
# Cross-entropy per word in nats on held-out sentences, full vocabulary.
# %%
history.pivot(index="sparsity", columns="step", values="validation_loss").round(4)
