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
# # Mem-DeepSC: evaluation with and without a memory
# Monte Carlo for Fig. 5 and for the accuracies by task: every test story once at every SNR through every system. A sentence is sent
# once, in a fade of its own, whatever is asked about it later; then each question is. All systems meet the same fades and noise.
#
# | system | chain |
# |---|---|
# | Mem-DeepSC | trained in three steps, 32 symbols a sentence, with the memory |
# | separate | semantic and channel codec each trained for itself, the semantic one by as many steps in all |
# | without memory | trained in three steps, too; hears the question alone |
# | UTF-8 + turbo | 8 bits a letter, turbo code 1/3 of K = 256, 16-QAM: the paper's; its text feeds the answerer below |
# | fitted turbo | the same, one block a sentence of the next of the standard's lengths |
# | words | Huffman code over the words of the training stories, LDPC, QPSK, at Mem-DeepSC's own 32 symbols a sentence |
# | no channel | the first step's system, trained on as long as the third step lasts: what a perfect channel would give |
# | floor | the most frequent answer to this very question in the training stories |
#
# Test stories are of the official test files, a seeded sample of each task's; the bootstrap draws stories. Tasks count equally.
# %% tags=["parameters"]
seed = 2026
k_factor = 2.0
error_variance = 0.05
snrs_db = [0.0, 3.0, 6.0, 9.0, 12.0, 15.0, 18.0]
test_questions = 200
turbo_iterations = 5
shown_tasks = [1, 2, 15]
shown_snrs_db = [0.0, 6.0, 18.0]
# %%
from functools import partial

import pandas as pd
import torch

from semcom_lib import draws, evaluation, paths, seeds, tables
from semcom_lib.mem_deepsc import systems
from semcom_lib.mem_deepsc.asked import tell
from semcom_lib.mem_deepsc.chains import chains, word_code
from semcom_lib.mem_deepsc.corpus import OFFICIAL, Corpus
from semcom_lib.mem_deepsc.costs import Told, rate_of_words, symbols_per_sentence
from semcom_lib.mem_deepsc.floor import ByQuestion
from semcom_lib.mem_deepsc.questions import sample
from semcom_lib.mem_deepsc.sentences import Sentences
from semcom_lib.mem_deepsc.trained import CHANNELS, link_of, load_model

torch.use_deterministic_algorithms(True)
corpus = Corpus(paths.DATA / "mem_deepsc")
answerer = load_model(corpus, "tuned_memory")
sizes = answerer.sizes
stories = sample(corpus.stories(OFFICIAL), test_questions, seed)
texts, asked = tell(stories, corpus.answers, sizes.memory)
sentences = Sentences(corpus.words, sizes.max_words)
print(
    f"{len(asked):,} questions about {len(stories):,} stories of {len(set(asked.tasks))} tasks, {len(texts):,} transmissions"
)
print(
    f"{(asked.num_dropped > 0).mean():.2%} of the questions are about stories longer than the memory, which drops the oldest"
)
# %% [markdown]
# ## What a sentence costs
# Complex symbols, as means over all sentences that are told, over distinct ones, and over the tasks' means.
# %%
told = Told.of(stories)
code = word_code(corpus.stories("train"))
rate = rate_of_words(code, told, sizes.num_symbols)  # equal costs on what is sent; no outcome is looked at
links = {channel: link_of(channel, k_factor, error_variance) for channel in CHANNELS}
coded = {
    channel: chains(code, link.law, link.csi, iterations=turbo_iterations, word_rate=rate)
    for channel, link in links.items()
}
uses = symbols_per_sentence(coded["awgn"], told, snrs_db)
uses["share"] = sizes.num_symbols / uses.by_task
tables.write_table("mem_deepsc", "symbols", uses)
uses.round(3)
# %% [markdown]
# ## The systems
# %%
floor = ByQuestion.from_stories(corpus.stories("train"))
named = {}
for channel, link in links.items():
    chained = {
        name: systems.Chained(answerer, chain)
        for name, chain in coded[channel].items()
        if name != "utf8_turbo_amc"  # of Fig. 6
    }
    named |= {(name, channel): system for name, system in chained.items()}
    for name, checkpoint in {
        "memory": f"joint_{channel}_memory",
        "separate": f"separate_{channel}_memory",
        "no_memory": f"joint_{channel}_no_memory",
    }.items():
        named[name, channel] = systems.Learned(load_model(corpus, checkpoint), link)
    named["no_channel", channel] = systems.Learned(answerer, None)
    named["floor", channel] = systems.Guessing(floor, corpus.answers)
# %% [markdown]
# ## Accuracy against SNR
# %%
metrics = {"accuracy": systems.accuracy}
metrics |= {f"task_{task}": systems.accuracy_of(task) for task in sorted(set(asked.tasks.tolist()))}
table, of_rows = evaluation.sweep(
    {key: partial(systems.counted, system, texts, asked, sentences) for key, system in named.items()},
    snrs_db,
    metrics,
    keys=("system", "channel"),
    groups=asked.stories.tolist(),
    seed=seed,
    stage="mem_deepsc evaluate",
)
is_mean = (table.metric == "accuracy").to_numpy()
is_task = ~is_mean & (table.snr_db == max(snrs_db)).to_numpy()
for name, rows in {"accuracy": is_mean, "tasks_accuracy": is_task}.items():
    tables.write_table("mem_deepsc", name, table[rows])
    draws.write_draws("mem_deepsc", name, of_rows[rows])
table[is_mean].pivot(index=["channel", "system"], columns="snr_db", values="value").reindex(
    pd.MultiIndex.from_tuples([(channel, name) for name, channel in named])
).round(3)
# %% [markdown]
# ## By task, at the highest SNR
# %%
by_task = table[is_task & (table.channel == "awgn")]
by_task.assign(task=by_task.metric.str.removeprefix("task_").astype(int)).pivot(
    index="task", columns="system", values="value"
).round(3)
# %% [markdown]
# ## A story to read
# The first sampled story of some tasks over AWGN: its last question, what Mem-DeepSC looks at in its memory, and what it answers.
# %%
rows, replies = [], []
for task in shown_tasks:
    story = next(story for story in stories if story.task == task)
    story = story._replace(questions=story.questions[-1:])
    story_texts, story_asked = tell([story], corpus.answers, sizes.memory)
    question = story.questions[0]
    for snr_db in shown_snrs_db:
        heard = story_texts, story_asked, sentences, snr_db
        for name in ("memory", "no_memory", "utf8_turbo", "word_code"):
            generator = seeds.torch_generator(seed, "story", task, snr_db)
            (answer,) = named[name, "awgn"].answer(*heard, generator=generator)
            replies.append(
                {
                    "task": task,
                    "question": question.text,
                    "right": question.answer,
                    "snr_db": snr_db,
                    "system": name,
                    "answer": corpus.answers[answer],
                }
            )
        generator = seeds.torch_generator(seed, "story", task, snr_db)
        (weights,) = systems.attention(named["memory", "awgn"], *heard, generator=generator)
        rows += [
            {
                "task": task,
                "snr_db": snr_db,
                "number": number,
                "sentence": story.sentences[number],
                "supporting": number in question.supporting,
                "attention": weight,
            }
            for number, weight in zip(story_asked.contexts[0][::-1].tolist(), weights[::-1].tolist(), strict=True)
        ]
tables.write_table("mem_deepsc", "story", pd.DataFrame(rows))
tables.write_table("mem_deepsc", "story_answers", pd.DataFrame(replies))
pd.DataFrame(replies).pivot(index=["task", "question", "right", "system"], columns="snr_db", values="answer")
