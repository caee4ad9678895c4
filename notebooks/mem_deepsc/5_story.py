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
# # Mem-DeepSC: a story, and what the memory is asked for
# **The paper's receiver** keeps the features of what it has heard in a queue and answers a question by looking at all of them at
# once (eq. 8); it shows no example.
#
# **We show** one: a story of the test file, sentence by sentence over AWGN into the memory, then its last question. Colours say how
# much the question looks at each sentence, the mean over heads and steps of the semantic decoder; a star marks the sentences
# from which the answer follows. Attention is what the network computes with, not a proof of why it answers as it does.
# %% tags=["parameters"]
profile = "laptop"
# %%
import matplotlib.pyplot as plt

from semcom_lib import figures
from semcom_lib.ledger import layout
from semcom_lib.ledger.reference import load_reference
from semcom_lib.mem_deepsc.story_figure import attention_figure
from semcom_lib.tables import read_table

names = load_reference("mem_deepsc").names
data = read_table("mem_deepsc", "tasks").corpus.iloc[0]
story, answers = read_table("mem_deepsc", "story"), read_table("mem_deepsc", "story_answers")
caption = figures.caption(profile, data, "AWGN, Mem-DeepSC")
# %% [markdown]
# ## What the question looks at
# %%
for place, (task, of_task) in enumerate(story.groupby("task"), 1):
    question = answers[answers.task == task].iloc[0]
    title = f"qa{task}: {question.question} {question.right}"
    figure = attention_figure(of_task, title, caption=caption)
    figures.save(figure, "mem_deepsc", f"mem_deepsc_story_{place}")
    plt.show()
# %% [markdown]
# ## What is answered
# %%
layout.Table(
    answers.assign(
        system=answers.system.map(names.of("system")), question=answers.question + " (" + answers.right + ")"
    )
    .pivot(index=["question", "system"], columns="snr_db", values="answer")
    .rename(columns="{:g} dB".format)
)
