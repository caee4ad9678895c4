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
# # Mem-DeepSC: the propositions by computation
# **The paper claims** that the length of eq. 15 has four limits (Prop. 2, cases 1 to 4), that the cross-entropy "is more stable
# during training" than the accuracy (Prop. 1), and that the mean of the logarithm of an error bounds an entropy (eq. 34, on which
# Prop. 4 rests).
#
# **We compute** each: noises of 10 to a high power stand for the limits, and a Gaussian error for eq. 34. The ledger judges the
# rows.
# %% tags=["parameters"]
profile = "laptop"
# %%
from semcom_lib.ledger.reference import load_reference
from semcom_lib.mem_deepsc import propositions
from semcom_lib.tables import write_table

reference = load_reference("mem_deepsc")
paper = {key: value.value for key, value in reference.values.items()}
table = propositions.statements(mu_max=paper["mu_max"], sigma_m2=paper["sigma_m2"], minimum=float(paper["shortest"]))
write_table("mem_deepsc", "propositions", table)
print(f"profile: {profile}; data: none, by computation")
table.assign(statement=table.statement.map(reference.names.of("statement")))
