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
# `ours` is the measure at the point that decides: the worst where all points must meet the rule. `decided at` says which point
# that is, and at how many of all points the rule holds. The interval is 95 %, at each point for itself. That of a difference or a
# ratio is of paired bootstrap draws, in which both systems met the same text, fades and noise; where a table has no draws, it is
# the widest that both intervals allow; each says which it is.
#
# | verdict | |
# |---|---|
# | ✓ reproduced | the rule holds at the point that decides, with the whole interval where it says so |
# | ▲ better than the paper | the paper's number is missed, surely on the better side |
# | ? undecided | the interval lies on both sides of the rule's bound |
# | ✗ not reproduced | the rule fails at the point that decides, with the whole interval where it says so |
# | ≡ holds by construction | no measurement could have shown anything else; shown and not counted |
# | ∅ impossible | the remark proves that it cannot hold; measured, shown and not counted |
# | ○ out of reach | nothing here can tell |
#
# The remark of each claim that is not reproduced names its cause, training (ours was too short or too small), reading (what the
# paper leaves open, we took otherwise) or paper (what it says cannot be seen), and the table or figure that shows it. Claims of
# which only one can hold name each other behind "Excludes".
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
print(claims.summary(ledger))
claims.counts(ledger)
# %% [markdown]
# ## Exhibit by exhibit
# %%
for key, exhibit in load_reference("aesc_i").exhibits.items():
    display(Markdown(f"### {exhibit.title}"), claims.show("aesc_i", exhibit=key, partial=partial))
