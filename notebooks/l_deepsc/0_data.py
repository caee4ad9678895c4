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
# # L-DeepSC: the text
# **The paper uses** "the proceedings of the European Parliament [43], which consists of around 2.0 million sentences and
# 53 million words. The dataset is pre-processed into lengths of sentences with 4 to 30 words and is split into training
# data and testing data with 0.1 ratio" (Sec. IV).
#
# **We run** the corpus that the profile names (printed below), lower-cased, with punctuation marks and numbers as words.
#
# **We deviate**: whole sitting days go to training, validation or test, a sentence is kept once, and no sentence is in two of
# them, so that a test sentence is one that the model never saw; a validation part chooses, the test part only reports. Held-out
# sentences are put in random order, so that the first thousand are a sample of all held-out days, not one sitting. The
# vocabulary comes from the training text alone and has the size that makes the paper's number of weights.
# %% tags=["parameters"]
seed = 2026
corpus = "europarl_1996_2001"
min_words = 4
max_words = 30
validation_share = 0.03
test_share = 0.1
vocabulary_size = 10376
# %%
import pandas as pd

from semcom_lib import paths, tables
from semcom_lib.sources import corpora, text

days = corpora.load(corpus, seed)
splits = text.split_by_day(
    days,
    min_words=min_words,
    max_words=max_words,
    validation_share=validation_share,
    test_share=test_share,
    seed=seed,
)
vocabulary = text.Vocabulary.from_sentences(splits["train"].sentences, vocabulary_size)
text.save_corpus(paths.DATA / "l_deepsc", splits, vocabulary)
# %% [markdown]
# ## What there is
# `coverage` is the share of running words that the vocabulary knows. A word that it does not know can never be received
# right, so test coverage is the ceiling of BLEU-1.
# %%
summary = pd.DataFrame(
    [
        {
            "corpus": corpora.CAPTIONS[corpus],
            "split": split,
            "days": len(set(dated.days)),
            "sentences": len(dated.sentences),
            "words": sum(len(line.split()) for line in dated.sentences),
            "vocabulary": len(vocabulary),
            "coverage": round(vocabulary.coverage(dated.sentences), 5),
        }
        for split, dated in splits.items()
    ]
)
tables.write_table("l_deepsc", "corpus", summary)
summary
# %% [markdown]
# ## Some test sentences
# %%
for day, line in zip(splits["test"].days[:5], splits["test"].sentences[:5], strict=True):
    print(f"{day}  {line}")
