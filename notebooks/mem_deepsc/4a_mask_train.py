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
# # Mem-DeepSC: training under a mask, and without
# **The paper trains** an importance model with the system frozen, through a soft top-k (Algorithm 2), and for the consecutive mask
# the whole system again in one step (Sec. IV-C), both with the answers' cross-entropy.
#
# **We run** both for each channel. Every question has an SNR of its own, from which eq. 15 gives the number of symbols of all its
# sentences; the kept symbols have unit mean power. The systems without a mask are trained on here by as many steps, so that no
# system of Fig. 6 has had fewer; the importance mask is over the one of these that has all symbols. Table I's two rates: one for
# the importance model, one for whole systems, with a consecutive mask or none. Step 0 is what the training began from: it is kept
# where none validates better.
#
# **We chose** the length L at no noise; mu_max and sigma_m^2 are the paper's.
# %% tags=["parameters"]
seed = 2026
accelerator = "cpu"
channel = "awgn"
kind = "none"
num_symbols = 32
k_factor = 2.0
error_variance = 0.05
mu_max = 1.0
sigma_m2 = 1.44
minimum = 16.0
shortest = 16
longest = 32
steps = 300
learning_rate = 0.0005
system_learning_rate = 0.0001
warmup_steps = 50
questions_per_batch = 100
snr_low_db = 0.0
snr_high_db = 18.0
validation_questions = 2000
validate_every = 150
# %%
import copy

import pandas as pd
import torch

from semcom_lib import paths, seeds, tables
from semcom_lib.learning import training
from semcom_lib.mem_deepsc.corpus import Corpus
from semcom_lib.mem_deepsc.masked import Lengths, Masked
from semcom_lib.mem_deepsc.questions import read_questions
from semcom_lib.mem_deepsc.task import AnswerTask
from semcom_lib.mem_deepsc.trained import link_of, load_model, save_model
from semcom_lib.mem_deepsc.trained_masks import save_masked

torch.use_deterministic_algorithms(True)
corpus = Corpus(paths.DATA / "mem_deepsc")
suffix = "" if num_symbols == longest else f"_{num_symbols}"
start = f"unmasked_{channel}" if kind == "importance" else f"joint_{channel}_memory{suffix}"
name = f"unmasked_{channel}{suffix}" if kind == "none" else f"{kind}_{channel}"
system = load_model(corpus, start)
sentences, (train, validation) = read_questions(corpus, ["train", "validation"], system.sizes)
lengths = Lengths(mu_max, sigma_m2, minimum, shortest, longest)
with seeds.initialising(seed, "mem_deepsc", kind):
    model = system if kind == "none" else Masked(system, kind, lengths)
held_out = seeds.numpy_generator(seed, "mem_deepsc", "validation").permutation(len(validation))
task = AnswerTask(
    sentences.ids,
    train,
    validation.rows(held_out[:validation_questions]),
    link_of(channel, k_factor, error_variance),
    seed=seed,
    purpose=("mem_deepsc", channel, "masked"),
    questions_per_batch=questions_per_batch,
    snr_low_db=snr_low_db,
    snr_high_db=snr_high_db,
)
with torch.no_grad():
    before = {"step": 0, **task.validate(model.eval())}
kept = copy.deepcopy(model.state_dict())
history = training.train(
    model,
    task.loss,
    training.Plan(
        steps=steps,
        learning_rate=learning_rate if kind == "importance" else system_learning_rate,
        warmup_steps=warmup_steps,
        validate_every=validate_every,
    ),
    validate=task.validate,
    resume=paths.CHECKPOINTS / "resume" / f"mem_deepsc_{name}.pt",
    stage=f"mem_deepsc {name}",
    accelerator=accelerator,
)
if before["validation_loss"] <= min(row["validation_loss"] for row in history):
    model.load_state_dict(kept)
if kind == "none":
    save_model(system, corpus, name)
else:
    save_masked(model, corpus, name)
history = pd.DataFrame([before, *history]).assign(channel=channel, kind=kind)
tables.write_table("mem_deepsc", f"training_{name}", history)
# %% [markdown]
# ## How the loss fell
# Cross-entropy in nats and accuracy on held-out questions, SNR uniform in the training range.
# %%
history.round(4)
