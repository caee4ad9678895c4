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
# # L-DeepSC: the model that the cloud begins with
# **The paper's cloud** "first trains the semantic communication model by initial dataset" (Sec. II); devices that capture other
# text over another channel come later, and the model "is updated in the subsequent iterations".
#
# **We run** the case in which that matters. The cloud's first model knows the text of the early sitting days alone and no fading:
# it is trained over AWGN, with its finite constellation in place, then pruned at one threshold (Algorithm 1) and tuned. The devices
# will speak the words of the later days over fading.
#
# **We chose** the boundary between early and late days. The vocabulary stays that of all training days: devices and cloud were
# built with it. A word that was said in late days alone has an embedding that no training has touched.
# %% tags=["parameters"]
seed = 2026
accelerator = "cpu"
first_late_day = "ep-99-01-01"
layers = 4
bits = 4
calibration_correlation = 0.1
steps = 1000
learning_rate = 0.0015
warmup_steps = 100
tokens_per_batch = 960
num_negatives = 1500
snr_low_db = 0.0
snr_high_db = 20.0
validation_sentences = 500
validate_every = 250
compressed_sparsity = 0.6
tuning_steps = 150
tuning_rate = 0.0007
# %%
import pandas as pd
import torch

from semcom_lib import paths, seeds, tables
from semcom_lib.compression.pruning import kept_at_zero, magnitude_masks
from semcom_lib.l_deepsc.compressed import Compressed, CompressedFolder
from semcom_lib.l_deepsc.distributed.periods import early_and_late
from semcom_lib.l_deepsc.task import TransceiverTask
from semcom_lib.l_deepsc.transceiver import DeepSC, DeepSCSizes
from semcom_lib.l_deepsc.tuning import tune
from semcom_lib.learning import training
from semcom_lib.physical_layer import channels
from semcom_lib.physical_layer.constellation import FiniteConstellation
from semcom_lib.sources import text

torch.use_deterministic_algorithms(True)
corpus = text.Corpus(paths.DATA / "l_deepsc")
early, late = {}, {}
for split in ("train", "validation"):
    dated = text.Dated(corpus.sentences(split), corpus.days(split))
    early[split], late[split] = early_and_late(dated, first_late_day)
# %% [markdown]
# ## Early and late text
# A word of the vocabulary is new where no early day has it.
# %%
known = {word for sentence in early["train"].sentences for word in sentence.split()}
pd.DataFrame(
    {
        "days": [len(set(part["train"].days)) for part in (early, late)],
        "sentences": [len(part["train"].sentences) for part in (early, late)],
        "words": [sum(len(s.split()) for s in part["train"].sentences) for part in (early, late)],
        "new words": [len({w for s in part["train"].sentences for w in s.split()} - known) for part in (early, late)],
    },
    index=["early", "late"],
)
# %% [markdown]
# ## The training
# %%
with seeds.initialising(seed, "l_deepsc", "distributed", "init"):
    model = DeepSC(len(corpus.vocabulary), DeepSCSizes(layers=layers))
model.transmitter.constellation = FiniteConstellation(bits, calibration_correlation)
task = TransceiverTask(
    text.LengthBuckets([corpus.vocabulary.encode(s) for s in early["train"].sentences], tokens_per_batch),
    [corpus.vocabulary.encode(s) for s in early["validation"].sentences[:validation_sentences]],
    channels.awgn,
    seed,
    ("l_deepsc", "distributed_train"),
    snr_low_db=snr_low_db,
    snr_high_db=snr_high_db,
    num_negatives=num_negatives,
)
plan = training.Plan(steps=steps, learning_rate=learning_rate, warmup_steps=warmup_steps, validate_every=validate_every)
history = tune(model, task, plan, name="dense", accelerator=accelerator)
# %% [markdown]
# ## Pruned, and tuned
# %%
masks = magnitude_masks(model, compressed_sparsity)
plan = training.Plan(
    steps=tuning_steps,
    learning_rate=tuning_rate,
    warmup_steps=tuning_steps // 10,
    validate_every=tuning_steps,
)
with kept_at_zero(model, masks):
    tuned = tune(model, task, plan, name="pruned", accelerator=accelerator)
stored = CompressedFolder(paths.CHECKPOINTS / "l_deepsc" / "distributed", corpus.vocabulary)
stored.save(Compressed(model, masks, compressed_sparsity), "first")
# %% [markdown]
# ## How the loss fell
# Cross-entropy per word in nats on held-out early sentences, full vocabulary.
# %%
history = pd.DataFrame(
    [{"model": name, **row} for name, rows in (("dense", history), ("pruned", tuned)) for row in rows]
)
tables.write_table("l_deepsc", "training_distributed", history)
history.round(4)
