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
# # Mem-DeepSC: training under a mask
# **The paper trains** an importance model with the system frozen, through a soft top-k (Algorithm 2), and for the consecutive mask
# the whole system again in one step (Sec. IV-C), both with the answers' cross-entropy.
#
# **We run** both for each channel, equal steps for both. Every question has an SNR of its own, from which eq. 15 gives the number
# of symbols of all its sentences; the kept symbols have unit mean power.
#
# **We chose** the length L at no noise; mu_max and sigma_m^2 are the paper's.
# %% tags=["parameters"]
seed = 2026
accelerator = "cpu"
channel = "awgn"
kind = "importance"
k_factor = 2.0
error_variance = 0.05
mu_max = 1.0
sigma_m2 = 1.44
minimum = 16.0
shortest = 16
longest = 32
steps = 600
learning_rate = 0.0005
warmup_steps = 50
questions_per_batch = 200
snr_low_db = 0.0
snr_high_db = 18.0
validation_questions = 2000
validate_every = 200
# %%
import pandas as pd
import torch

from semcom_lib import paths, seeds, tables
from semcom_lib.learning import training
from semcom_lib.mem_deepsc.corpus import Corpus
from semcom_lib.mem_deepsc.masked import Lengths, Masked
from semcom_lib.mem_deepsc.questions import read_questions
from semcom_lib.mem_deepsc.task import AnswerTask
from semcom_lib.mem_deepsc.trained import link_of, load_model, save_masked

torch.use_deterministic_algorithms(True)
corpus = Corpus(paths.DATA / "mem_deepsc")
system = load_model(corpus, f"joint_{channel}_memory")
sentences, (train, validation) = read_questions(corpus, ["train", "validation"], system.sizes)
lengths = Lengths(mu_max, sigma_m2, minimum, shortest, longest)
with seeds.initialising(seed, "mem_deepsc", kind):
    masked = Masked(system, kind, lengths)
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
history = training.train(
    masked,
    task.loss,
    training.Plan(steps=steps, learning_rate=learning_rate, warmup_steps=warmup_steps, validate_every=validate_every),
    validate=task.validate,
    resume=paths.CHECKPOINTS / "resume" / f"mem_deepsc_{kind}_{channel}.pt",
    stage=f"mem_deepsc {kind} {channel}",
    accelerator=accelerator,
)
save_masked(masked, corpus, f"{kind}_{channel}")
history = pd.DataFrame(history).assign(channel=channel, kind=kind)
tables.write_table("mem_deepsc", f"training_{kind}_{channel}", history)
# %% [markdown]
# ## How the loss fell
# Cross-entropy in nats and accuracy on held-out questions, SNR uniform in the training range.
# %%
history.round(4)
