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
# # Mem-DeepSC: the stories
# **The paper uses** "the *bAbI-10k* dataset, including 20 different types of scenario tasks. Each example is composed of a set of
# facts, a question, the answer, and the supporting facts that lead to the answer. We split the 10k examples into 8k examples for
# training, 1k examples for validation, and 1k examples for testing" (Sec. V-A.1).
#
# **We run** the stories that the profile names (printed below): the official files, or stories that a small simulated world tells.
#
# **We deviate**: questions of one story stay on one side of the split, and everything that is reported as a result is measured on
# the official test file, which the paper leaves out; `test` is the paper's tenth of the training file. Texts are in lower case. A
# list ("apple,milk") is one answer.
# %% tags=["parameters"]
seed = 2026
stories = "babi"
tasks = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]
stories_per_task = 0
# %%
import pandas as pd

from semcom_lib import paths, tables
from semcom_lib.mem_deepsc.corpus import OFFICIAL, Corpus, save_corpus
from semcom_lib.sources import story_sets
from semcom_lib.sources.stories import num_questions, share_seen, split

told = story_sets.load(stories, tasks, stories_per_task, seed)
splits = {number: {**split(task.train, seed), OFFICIAL: task.test} for number, task in told.items()}
save_corpus(
    paths.DATA / "mem_deepsc",
    {name: [story for of_task in splits.values() for story in of_task[name]] for name in next(iter(splits.values()))},
)
corpus = Corpus(paths.DATA / "mem_deepsc")
print(
    f"{len(corpus.words)} words, {len(corpus.answers)} answers, {sum(',' in answer for answer in corpus.answers)} of them lists"
)
# %% [markdown]
# ## What there is
# `seen` is the share of questions of the official test file that the training stories ask too, word by word after the same
# sentences: what can be known by heart.
# %%
summary = pd.DataFrame(
    [
        {
            "corpus": story_sets.CAPTIONS[stories],
            "task": number,
            "name": told[number].caption,
            "stories": len(of_task["train"]),
            "questions": num_questions(of_task["train"]),
            "longest": max(len(story.sentences) for part in of_task.values() for story in part),
            "answers": len({question.answer for story in of_task["train"] for question in story.questions}),
            "test_stories": len(of_task[OFFICIAL]),
            "test_questions": num_questions(of_task[OFFICIAL]),
            "seen": round(share_seen(of_task[OFFICIAL], of_task["train"]), 4),
        }
        for number, of_task in splits.items()
    ]
)
tables.write_table("mem_deepsc", "tasks", summary)
summary
# %% [markdown]
# ## A story of each task
# %%
for number, of_task in splits.items():
    story = min(of_task[OFFICIAL], key=lambda story: len(story.sentences))
    question = story.questions[-1]
    print(told[number].caption)
    for i, sentence in enumerate(story.sentences):
        print("  *" if i in question.supporting else "   ", sentence)
    print("   ", question.text, question.answer, "\n")
