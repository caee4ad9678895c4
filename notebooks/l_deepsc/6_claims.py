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
# # L-DeepSC: the claims ledger
# Every claim of the paper, judged by code from the measured CSVs. `reference/l_deepsc.yaml` holds the paper's words and numbers,
# their places, and the rule of each verdict; where the paper has words only, the tolerance is ours and stands in the row.
#
# `ours` is the measure at the point that decides: the worst where all points must meet the rule. Its interval is 95 %; that of a
# difference or a ratio is the widest that both intervals allow. `decided at` says which point that is, and at how many of
# all points the rule holds.
# %% tags=["parameters"]
profile = "laptop"
partial = False
# %%
from IPython.display import Markdown, display

from semcom_lib import paths
from semcom_lib.ledger import claims
from semcom_lib.ledger.headline import write_headline
from semcom_lib.ledger.reference import load_reference
from semcom_lib.tables import read_table, write_table

data = read_table("l_deepsc", "corpus").corpus.iloc[0]
ledger = claims.judge("l_deepsc", profile=profile, data=data, partial=partial)
write_table("l_deepsc", "claims", ledger, folder=paths.REPORTS, float_format="%.9g")
write_headline("l_deepsc", ledger)
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
