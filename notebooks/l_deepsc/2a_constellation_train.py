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
# # L-DeepSC: training over AWGN
# **The paper trains** with the cross-entropy of eq. (4), Adam (0.9, 0.98, 1e-8), L2 regularisation, batches of 64 sentences and the
# learning rate $128^{-0.5}\min(step^{-0.5}, step \times 4000^{-1.5})$ (Sec. IV).
#
# **We run** Adam with the same moments on batches of sentences of *equal length* (no padding, hence no masks). Every
# sentence meets its own SNR, drawn uniformly from the range below: the paper does not say at which SNR it trains.
#
# **We deviate** where the profile says so: the laptop profile warms up in fewer steps and then falls linearly to zero (the
# published schedule warms up for longer than a laptop trains), contrasts a batch's words with a random part of the
# vocabulary instead of all of it. The demo has fewer Transformer layers than Table I's four.
# %% tags=["parameters"]
seed = 2026
accelerator = "cpu"
layers = 4
steps = 6000
learning_rate = 0.0015
schedule = "linear"
warmup_steps = 200
weight_decay = 1e-05
tokens_per_batch = 2400
num_negatives = 1500
snr_low_db = 0.0
snr_high_db = 20.0
validation_sentences = 1000
validate_every = 750
# %%
import pandas as pd
import torch

from semcom_lib import paths, seeds, tables
from semcom_lib.l_deepsc.task import TransceiverTask
from semcom_lib.l_deepsc.transceiver import DeepSC, DeepSCSizes, count_weights, to_checkpoint
from semcom_lib.learning import training
from semcom_lib.learning.checkpoints import save_checkpoint
from semcom_lib.physical_layer import channels
from semcom_lib.sources import text

torch.use_deterministic_algorithms(True)
corpus = text.Corpus(paths.DATA / "l_deepsc")
train_ids = corpus.encoded("train")
print(f"{len(train_ids)} training sentences, {sum(map(len, train_ids))} words")
# %% [markdown]
# ## The model
# %%
with seeds.initialising(seed, "l_deepsc", "init"):
    model = DeepSC(len(corpus.vocabulary), DeepSCSizes(layers=layers))
outside = count_weights(model) - count_weights(model.transmitter.embedding)
print(f"{count_weights(model)} weights, {outside} outside the embedding")
# %% [markdown]
# ## The training
# %%
task = TransceiverTask(
    text.LengthBuckets(train_ids, tokens_per_batch),
    corpus.encoded("validation", validation_sentences),
    channels.awgn,
    seed,
    ("l_deepsc",),
    snr_low_db=snr_low_db,
    snr_high_db=snr_high_db,
    num_negatives=num_negatives,
)
history = training.train(
    model,
    task.loss,
    training.Plan(
        steps=steps,
        learning_rate=learning_rate,
        schedule=schedule,
        warmup_steps=warmup_steps,
        weight_decay=weight_decay,
        validate_every=validate_every,
    ),
    validate=task.validate,
    resume=paths.CHECKPOINTS / "resume" / "l_deepsc_awgn.pt",
    stage="l_deepsc train awgn",
    accelerator=accelerator,
    epoch_steps=sum(map(len, train_ids)) // tokens_per_batch + 1,
)
save_checkpoint(paths.CHECKPOINTS / "l_deepsc" / "awgn.pt", to_checkpoint(model, corpus.vocabulary))
history = pd.DataFrame(history)
tables.write_table("l_deepsc", "training", history)
# %% [markdown]
# ## How the loss fell
# Cross-entropy per word in nats. The validation loss is over the full vocabulary, the training loss over the sampled one
# where the profile samples.
# %%
history.round(4)
