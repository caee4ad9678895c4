# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---
# %% [markdown]
# # L-DeepSC: the claims ledger
# Every claim of the paper, judged by code from the measured CSVs. `reference/l_deepsc.yaml` holds the paper's words and numbers,
# their places, and the rule of each verdict; where the paper has words only, the tolerance is ours and stands in the row.
#
# `ours` is the measure at the point that decides: the worst where all points must meet the rule. Its interval is 95 %; that of a
# difference or a ratio is the widest that both intervals allow.
# %% tags=["parameters"]
profile = "demo"
partial = True
# %%
import pandas as pd
from IPython.display import Markdown, display

from semcom_lib import paths
from semcom_lib.ledger import claims
from semcom_lib.ledger.reference import load_reference

corpus = pd.read_csv(paths.RESULTS / "l_deepsc" / "corpus.csv")
ledger = claims.judge("l_deepsc", profile=profile, data=corpus.corpus.iloc[0], partial=partial)
with paths.replacing(paths.REPORTS / "l_deepsc" / "claims.csv") as temporary:
    ledger.to_csv(temporary, index=False, float_format="%.9g")
# %% [markdown]
# ## The verdicts
# %%
print(f"profile: {profile}; data: {', '.join(ledger.data.unique())}")
claims.counts(ledger)
# %% [markdown]
# ## Exhibit by exhibit
# %%
for key, exhibit in load_reference("l_deepsc").exhibits.items():
    display(Markdown(f"### {exhibit.title}"), claims.show("l_deepsc", exhibit=key, partial=partial))
