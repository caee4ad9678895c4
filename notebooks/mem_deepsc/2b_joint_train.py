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
# # Mem-DeepSC: training over a channel
# **The paper trains** the channel codec next, on the features of the trained and now frozen semantic codec, with their squared
# error (eq. 10). "Finally, the third step is to optimize the entire system jointly": all parts, through the channel, with the
# answers' cross-entropy (Algorithm 1).
#
# **We run** both steps for each channel, with the memory and without, equal steps for all. Every question meets an SNR of its own,
# uniform in the range below, at which all sentences of its memory come in, each with a fade of its own.
#
# **We chose** what the paper leaves open: the range of SNRs, and imperfect CSI as a gain known with an independent error of the
# variance below.
# %% tags=["parameters"]
seed = 2026
accelerator = "cpu"
channel = "awgn"
system = "memory"
num_symbols = 32
k_factor = 2.0
error_variance = 0.05
channel_steps = 3000
channel_learning_rate = 0.001
sentences_per_batch = 400
joint_steps = 1000
joint_learning_rate = 0.0005
warmup_steps = 50
questions_per_batch = 100
snr_low_db = 0.0
snr_high_db = 18.0
validation_questions = 2000
validate_every = 250
# %%
import pandas as pd
import torch

from semcom_lib import paths, seeds, tables
from semcom_lib.learning import training
from semcom_lib.mem_deepsc.corpus import Corpus
from semcom_lib.mem_deepsc.feature_task import FeatureTask
from semcom_lib.mem_deepsc.questions import read_questions
from semcom_lib.mem_deepsc.task import AnswerTask
from semcom_lib.mem_deepsc.trained import link_of, load_model, save_model

torch.use_deterministic_algorithms(True)
corpus = Corpus(paths.DATA / "mem_deepsc")

model = load_model(corpus, f"semantic_{system}")
name = f"{channel}_{system}"
if num_symbols != model.sizes.num_symbols:
    name += f"_{num_symbols}"
    with seeds.initialising(seed, "mem_deepsc", "channel codec", num_symbols):
        model.renew_channel_codec(num_symbols)
sentences, (train, validation) = read_questions(corpus, ["train", "validation"], model.sizes)
link = link_of(channel, k_factor, error_variance)
purpose = ("mem_deepsc", channel)


def trained(step, task, steps, learning_rate):
    """Train the model in place; each validation's row."""
    history = training.train(
        model,
        task.loss,
        training.Plan(
            steps=steps, learning_rate=learning_rate, warmup_steps=warmup_steps, validate_every=validate_every
        ),
        validate=task.validate,
        resume=paths.CHECKPOINTS / "resume" / f"mem_deepsc_{step}_{name}.pt",
        stage=f"mem_deepsc {step} {name}",
        accelerator=accelerator,
    )
    return pd.DataFrame(history).assign(training=step, system=system)


# %% [markdown]
# ## The channel codec
# On the features of all distinct sentences and questions, those that the validation stories have and others alike: there are a few
# thousand in all, and they are all in the training stories.
# %%
model.semantic_encoder.requires_grad_(False)
model.semantic_decoder.requires_grad_(False)
with torch.no_grad():
    z = model.encode(sentences.ids)
task = FeatureTask(
    z,
    link,
    seed=seed,
    purpose=(*purpose, "features"),
    sentences_per_batch=sentences_per_batch,
    snr_low_db=snr_low_db,
    snr_high_db=snr_high_db,
)
codec = trained("channel", task, channel_steps, channel_learning_rate)
# %% [markdown]
# ## The whole system
# %%
model.requires_grad_(True)
held_out = seeds.numpy_generator(seed, "mem_deepsc", "validation").permutation(len(validation))
task = AnswerTask(
    sentences.ids,
    train,
    validation.rows(held_out[:validation_questions]),
    link,
    seed=seed,
    purpose=(*purpose, "joint"),
    questions_per_batch=questions_per_batch,
    snr_low_db=snr_low_db,
    snr_high_db=snr_high_db,
)
joint = trained("joint", task, joint_steps, joint_learning_rate)
save_model(model, corpus, f"joint_{name}")
history = pd.concat([codec, joint], ignore_index=True)
tables.write_table("mem_deepsc", f"training_{name}", history)
# %% [markdown]
# ## How the losses fell
# The channel codec's is the squared error of a feature, the whole system's the cross-entropy of the answers in nats on held-out
# questions, SNR uniform in the training range.
# %%
history.round(4)
