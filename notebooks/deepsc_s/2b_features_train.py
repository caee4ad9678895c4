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
# # DeepSC-S: the semi-traditional system's features
# **The paper's** second benchmark has a feature encoder and decoder of "2D CNN", trained without a channel: "the feature encoder
# and the feature decoder are treated as the extraction and recovery operations without considering communication problems" (Sec.
# V-A2).
#
# **We chose** what the paper leaves out, how features become as many bits as PCM's: eight features a sample of one bit at 8 kHz,
# of two at 44.1 kHz, with the gradient passed straight through.
# %% tags=["parameters"]
seed = 2026
accelerator = "cpu"
setting = "telephone"
num_modules = 2
filters = 32
block_frames = 16
blocks_per_batch = 4
steps = 8000
learning_rate = 0.004
warmup_steps = 200
validation_clips = 64
validate_every = 1000
# %%
from dataclasses import replace

import pandas as pd
import torch

from semcom_lib import paths, tables
from semcom_lib.deepsc_s.features import new_codec
from semcom_lib.deepsc_s.model import FEATURES, level_of
from semcom_lib.deepsc_s.settings import SETTINGS
from semcom_lib.deepsc_s.task import Blocks, FeatureTask
from semcom_lib.deepsc_s.trained import save_codec
from semcom_lib.learning import training
from semcom_lib.sources.speech import load_clips

torch.use_deterministic_algorithms(True)
folder = paths.DATA / "deepsc_s" / setting
train = load_clips(folder, "train").samples
validation = load_clips(folder, "validation", validation_clips).samples
sizes = replace(FEATURES, num_modules=num_modules, filters=filters)
codec = new_codec(SETTINGS[setting].feature_bits, level_of(train), sizes, seed=seed)
print(f"{len(train):,} clips, {codec.bits_per_sample} bits a sample")
# %% [markdown]
# ## The training
# %%
task = FeatureTask(
    Blocks(train, sizes.frame_length, block_frames, blocks_per_batch),
    validation,
    seed=seed,
    purpose=("deepsc_s", setting, "features"),
)
history = training.train(
    codec,
    task.loss,
    training.Plan(steps=steps, learning_rate=learning_rate, warmup_steps=warmup_steps, validate_every=validate_every),
    validate=task.validate,
    resume=paths.CHECKPOINTS / "resume" / f"deepsc_s_{setting}_features.pt",
    stage=f"deepsc_s {setting} features",
    accelerator=accelerator,
)
save_codec(codec, setting)
history = pd.DataFrame(history).assign(setting=setting, system="semi_traditional", channel="none")
tables.write_table("deepsc_s", f"training_{setting}_features", history)
# %% [markdown]
# ## How the loss fell
# %%
history
