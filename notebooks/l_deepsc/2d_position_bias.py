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
# # L-DeepSC: what the decoder's position bias does
# The receiver knows in which order the symbols came. Our semantic decoder is told so: its attention to what was received is biased
# towards the word's own position, by -|i - j| times 8, 4, 2, ... from head to head. The paper has no such bias; the Transformer
# finds it out by itself, given the steps.
#
# **We run** the AWGN training twice from equal weights for equally many steps, with the bias and without it.
# %% tags=["parameters"]
seed = 2026
accelerator = "cpu"
layers = 4
steps = 600
learning_rate = 0.0015
warmup_steps = 100
weight_decay = 1e-05
tokens_per_batch = 1200
num_negatives = 1500
snr_low_db = 0.0
snr_high_db = 20.0
validation_sentences = 500
validate_every = 100
# %%
import pandas as pd
import torch

from semcom_lib import paths, seeds, tables
from semcom_lib.l_deepsc.task import TransceiverTask
from semcom_lib.l_deepsc.transceiver import DeepSC, DeepSCSizes
from semcom_lib.l_deepsc.tuning import tune
from semcom_lib.learning import training
from semcom_lib.physical_layer import channels
from semcom_lib.sources import text

torch.use_deterministic_algorithms(True)
corpus = text.Corpus(paths.DATA / "l_deepsc")
task = TransceiverTask(
    text.LengthBuckets(corpus.encoded("train"), tokens_per_batch),
    corpus.encoded("validation", validation_sentences),
    channels.awgn,
    seed,
    ("l_deepsc", "position bias"),
    snr_low_db=snr_low_db,
    snr_high_db=snr_high_db,
    num_negatives=num_negatives,
)
plan = training.Plan(
    steps=steps,
    learning_rate=learning_rate,
    warmup_steps=warmup_steps,
    weight_decay=weight_decay,
    validate_every=validate_every,
)
rows = []
for name, position_bias in (("biased", True), ("unbiased", False)):
    with seeds.initialising(seed, "l_deepsc", "init"):
        model = DeepSC(len(corpus.vocabulary), DeepSCSizes(layers=layers, position_bias=position_bias))
    rows += [{"system": name, **row} for row in tune(model, task, plan, name=name, accelerator=accelerator)]
history = pd.DataFrame(rows)
tables.write_table("l_deepsc", "position_bias", history)
history.pivot(index="step", columns="system", values="validation_loss").round(4)
