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
# # L-DeepSC: coarse weights, trained straight through the rounding
# **The paper** quantises weights to m bits (Algorithm 2, eqs. 18, 19) and fine-tunes where few bits are left, "m = 2" and below.
#
# **We run** quantisation-aware training of the dense model for several m, equally many steps each. They have a panel of their
# own in Fig. 11; the others are rounded and nothing else.
# %% tags=["parameters"]
seed = 2026
accelerator = "cpu"
k_factor = 2.0
bits = [2, 3, 4]
steps = 200
learning_rate = 0.0003
weight_decay = 1e-05
tokens_per_batch = 960
num_negatives = 1500
snr_low_db = 0.0
snr_high_db = 20.0
validation_sentences = 500
# %%
import pandas as pd
import torch

from semcom_lib import paths, tables
from semcom_lib.l_deepsc.compressed import CompressedFolder, name_of
from semcom_lib.l_deepsc.task import TransceiverTask
from semcom_lib.l_deepsc.trained import link_of
from semcom_lib.l_deepsc.tuning import quantise_and_tune
from semcom_lib.learning import training
from semcom_lib.sources import text

torch.use_deterministic_algorithms(True)
corpus = text.Corpus(paths.DATA / "l_deepsc")
checkpoints = paths.CHECKPOINTS / "l_deepsc"
pruned = CompressedFolder(checkpoints / "pruned_common", corpus.vocabulary)
stored = CompressedFolder(checkpoints / "coarse", corpus.vocabulary)
task = TransceiverTask(
    text.LengthBuckets(corpus.encoded("train"), tokens_per_batch),
    corpus.encoded("validation", validation_sentences),
    link_of(checkpoints / "fading", "rician", "refined", k_factor),
    seed,
    ("l_deepsc", "coarse"),
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
    validate_every=max(1, steps // 3),
)
rows = []
for m in bits:
    coarse, history = quantise_and_tune(pruned.load(name_of(0)), task, plan, bits=m, accelerator=accelerator)
    stored.save(coarse)
    rows += [{"bits": m, **row} for row in history]
history = pd.DataFrame(rows)
tables.write_table("l_deepsc", "training_coarse", history)
# %% [markdown]
# ## How the loss came back
# Cross-entropy per word in nats on held-out sentences, full vocabulary.
# %%
history.pivot(index="bits", columns="step", values="validation_loss").round(4)
