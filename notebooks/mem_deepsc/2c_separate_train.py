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
# # Mem-DeepSC: the separate system
# **The paper compares** with a "separate Mem-DeepSC", which stops after the second step of Algorithm 1: semantic and channel codec
# each trained for itself.
#
# **We run** that with equal training: the semantic codec was trained on without a channel by as many steps as the joint system is
# trained over its channel, and its channel codec here has as many steps as that of the joint system.
# %% tags=["parameters"]
seed = 2026
accelerator = "cpu"
channel = "awgn"
k_factor = 2.0
error_variance = 0.05
channel_steps = 3000
channel_learning_rate = 0.001
sentences_per_batch = 400
warmup_steps = 50
snr_low_db = 0.0
snr_high_db = 18.0
validate_every = 250
# %%
import pandas as pd
import torch

from semcom_lib import paths, tables
from semcom_lib.learning import training
from semcom_lib.mem_deepsc.corpus import Corpus
from semcom_lib.mem_deepsc.feature_task import FeatureTask
from semcom_lib.mem_deepsc.questions import read_questions
from semcom_lib.mem_deepsc.trained import link_of, load_model, save_model

torch.use_deterministic_algorithms(True)
corpus = Corpus(paths.DATA / "mem_deepsc")

model = load_model(corpus, "tuned_memory")
model.semantic_encoder.requires_grad_(False)
model.semantic_decoder.requires_grad_(False)
sentences, _ = read_questions(corpus, ["train", "validation"], model.sizes)
with torch.no_grad():
    z = model.encode(sentences.ids)
# %% [markdown]
# ## The training
# %%
task = FeatureTask(
    z,
    link_of(channel, k_factor, error_variance),
    seed=seed,
    purpose=("mem_deepsc", channel, "features"),
    sentences_per_batch=sentences_per_batch,
    snr_low_db=snr_low_db,
    snr_high_db=snr_high_db,
)
history = training.train(
    model,
    task.loss,
    training.Plan(
        steps=channel_steps,
        learning_rate=channel_learning_rate,
        warmup_steps=warmup_steps,
        validate_every=validate_every,
    ),
    validate=task.validate,
    resume=paths.CHECKPOINTS / "resume" / f"mem_deepsc_separate_{channel}.pt",
    stage=f"mem_deepsc separate {channel}",
    accelerator=accelerator,
)
save_model(model, corpus, f"separate_{channel}_memory")
history = pd.DataFrame(history)
tables.write_table("mem_deepsc", f"training_separate_{channel}", history)
# %% [markdown]
# ## How the loss fell
# The squared error of a feature, SNR uniform in the training range.
# %%
history.round(4)
