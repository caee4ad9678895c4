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
# # Mem-DeepSC: training the semantic codec
# **The paper trains** in three steps (Algorithm 1). "The first step is to train the semantic codec": the features of the
# sentences reach the memory as they are, no channel between, and the answers' cross-entropy (eq. 9) is the loss; batches of 200,
# rate 5e-4, 250 epochs (Table I).
#
# **We run** that step, for the system with the memory and for one without, whose answers follow from the question alone, with equal
# steps. Batches are whole stories with all their questions: they share sentences, and each distinct sentence of a batch is encoded
# once.
#
# **We deviate** in length: an epoch has as many steps as it takes to draw as many questions as there are, and the number of epochs
# is printed below. The rate rises over the first steps and falls linearly to zero. And we train on, without a channel, by as many
# steps as the whole system is trained over its channel later: whoever answers without that training (the classical chains, the
# paper's separate system) is compared after equal steps.
# %% tags=["parameters"]
seed = 2026
accelerator = "cpu"
system = "memory"
width = 128
heads = 4
feed_forward = 256
encoder_steps = 3
decoder_steps = 6
channel_hidden = 256
num_symbols = 32
max_words = 12
memory = 128
steps = 10000
learning_rate = 0.001
warmup_steps = 200
tuning_steps = 1000
tuning_rate = 0.0005
questions_per_batch = 100
validation_questions = 2000
validate_every = 500
# %%
import pandas as pd
import torch

from semcom_lib import paths, seeds, tables
from semcom_lib.learning import training
from semcom_lib.mem_deepsc.corpus import Corpus
from semcom_lib.mem_deepsc.model import MemDeepSCSizes
from semcom_lib.mem_deepsc.questions import read_questions
from semcom_lib.mem_deepsc.task import AnswerTask
from semcom_lib.mem_deepsc.trained import new_model, save_model

torch.use_deterministic_algorithms(True)
corpus = Corpus(paths.DATA / "mem_deepsc")
sizes = MemDeepSCSizes(
    width=width,
    heads=heads,
    feed_forward=feed_forward,
    encoder_steps=encoder_steps,
    decoder_steps=decoder_steps,
    channel_hidden=channel_hidden,
    num_symbols=num_symbols,
    max_words=max_words,
    memory=memory,
)
sentences, (train, validation) = read_questions(corpus, ["train", "validation"], sizes)
# %% [markdown]
# ## The questions
# A story that is longer than the memory loses its oldest sentences (eq. 6).
# %%
epoch_steps = len(train) / questions_per_batch
print(f"{len(train):,} questions to train on, {len(sentences):,} distinct sentences and questions")
print(f"{steps / epoch_steps:.1f} epochs of the paper's 250")
print(f"a memory of {memory} sentences: {(train.num_dropped > 0).mean():.2%} of the questions have lost some")
# %% [markdown]
# ## The training
# %%
with seeds.initialising(seed, "mem_deepsc", "init"):
    model = new_model(corpus, sizes, has_memory=system == "memory")
held_out = seeds.numpy_generator(seed, "mem_deepsc", "validation").permutation(len(validation))


def trained(step, steps, learning_rate):
    """Train the model in place and keep it as ``step``; each validation's row."""
    task = AnswerTask(
        sentences.ids,
        train,
        validation.rows(held_out[:validation_questions]),
        None,
        seed=seed,
        purpose=("mem_deepsc", step),
        questions_per_batch=questions_per_batch,
    )
    history = training.train(
        model,
        task.loss,
        training.Plan(
            steps=steps, learning_rate=learning_rate, warmup_steps=warmup_steps, validate_every=validate_every
        ),
        validate=task.validate,
        resume=paths.CHECKPOINTS / "resume" / f"mem_deepsc_{step}_{system}.pt",
        stage=f"mem_deepsc {step} {system}",
        accelerator=accelerator,
        epoch_steps=round(epoch_steps) + 1,
    )
    save_model(model, corpus, f"{step}_{system}")
    return pd.DataFrame(history).assign(training=step, system=system)


history = trained("semantic", steps, learning_rate)
# %% [markdown]
# ## And on
# %%
tuned = trained("tuned", tuning_steps, tuning_rate)
history = pd.concat([history, tuned], ignore_index=True)
tables.write_table("mem_deepsc", f"training_semantic_{system}", history)
# %% [markdown]
# ## How the loss fell
# Cross-entropy in nats and accuracy on held-out questions of all tasks, no channel.
# %%
history.round(4)
