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
# # The claims ledger
# What the papers claim and what we measured, a row a claim, judged by code. A claim that does not reproduce is a result and stays.
# Each row leads to its exhibit; each paper's own ledger also says the rule of every verdict.
# %% tags=["parameters"]
papers = ["l_deepsc", "mem_deepsc", "deepsc_s", "aesc_i", "digital_sc"]
# %%
import pandas as pd
from IPython.display import Markdown, display

from semcom_lib import paths
from semcom_lib.ledger import claims
from semcom_lib.tables import read_table, write_table

ledger = pd.concat([read_table(paper, "claims", folder=paths.REPORTS) for paper in papers], ignore_index=True)
write_table("", "claims", ledger, folder=paths.REPORTS, float_format="%.9g")
# %% [markdown]
# ## The verdicts
# %%
print(claims.summary(ledger))
claims.counts(ledger, by="paper")
# %% [markdown]
# ## Every claim
# An interval in brackets is 95 %. `decided at` is the point that decides, and at how many the claim holds. What holds by
# construction or is proved impossible could not have failed: it is shown and not counted.
# %%
for heading, table in claims.page(ledger):
    display(Markdown(heading), table)
