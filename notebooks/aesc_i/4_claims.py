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
# # AESC-I: the claims ledger
# Every claim of the paper, judged by code from the measured CSVs. `reference/aesc_i.yaml` holds the paper's words and numbers,
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

data = " and ".join(read_table("aesc_i", "datasets").caption.unique())
ledger = claims.judge("aesc_i", profile=profile, data=data, partial=partial)
write_table("aesc_i", "claims", ledger, folder=paths.REPORTS, float_format="%.9g")
write_headline("aesc_i", ledger)
# %% [markdown]
# ## The verdicts
# %%
print(f"profile: {profile}; data: {', '.join(ledger.data.unique())}")
claims.counts(ledger)
# %% [markdown]
# ## Exhibit by exhibit
# %%
for key, exhibit in load_reference("aesc_i").exhibits.items():
    display(Markdown(f"### {exhibit.title}"), claims.show("aesc_i", exhibit=key, partial=partial))
