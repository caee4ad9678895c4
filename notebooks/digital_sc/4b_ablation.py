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
# # Digital-SC, Table III: what each part is worth
# **The paper claims** that structured pruning costs "about 1%" and quantisation "about 2%", while the bandwidth is "compressed to
# approximately 1/10", that the "proposed model with SLL in the noise channel (case 3) outperforms the model with CE in the
# noiseless channel (case 1)", and that with the SLL a digital system "achieves a higher accuracy" (Sec. IV-D).
#
# **We run** its seven cases after equal steps on the same test images.
#
# **We add** what the paper lacks: learned against uniform levels at equal bits, Gray against natural labels, and the plane of bits
# and channels.
#
# **We deviate**: the network is smaller and the trainings shorter; an analog system meets AWGN at the SNR of the digital ones' BER.
# %% tags=["parameters"]
profile = "laptop"
partial = False
# %%
import matplotlib.pyplot as plt

from semcom_lib import figures
from semcom_lib.digital_sc import ablation_report, reports
from semcom_lib.ledger import claims, layout, paired
from semcom_lib.ledger.reference import load_reference
from semcom_lib.tables import read_table

reference = load_reference("digital_sc")
names = reference.names
paper = {case: reference.values[f"case_{case}"].value for case in range(1, 8)}
ablation, rates = (paired.read("digital_sc", name) for name in ("ablation", "rates"))
costs, uses, splits = (read_table("digital_sc", name) for name in ("ablation_costs", "rates_uses", "splits"))
data = read_table("digital_sc", "datasets").caption.iloc[0]
network = reports.network_note(read_table("digital_sc", "recognition"), reference)


def caption(table, *notes):
    """The words below a figure of this table."""
    trials = f"{table.trials.iloc[0]:,} test images a point, 95 % bands"
    return figures.caption(profile, data, network, trials, *notes)


# %% [markdown]
# ## Table III
# No case can be much above the ideal network that all of them begin with, case 1. Where that is below the paper's, the accuracies
# say how long and how large a network was trained; what the parts are worth is in the differences.
# %%
ber = ablation.table.ber.iloc[0]
print(f"BER {ber:g}, {ablation.table.trials.iloc[0]:,} test images, 95 % intervals; {network}")
ablation_report.cases_table(ablation.table, costs, paper, names)
# %%
ablation_report.cases_seen(ablation)
# %%
claims.show("digital_sc", exhibit="table3", partial=partial)
# %% [markdown]
# ## Learned or uniform levels, Gray or natural labels
# At equal bits and channels, after equal steps from the same system. The two levels of one bit are evenly spaced in any case.
# %%
at = ablation_report.compared(rates.table)
notes = f"{at['bits']} bits, {at['num_channels']} channels"
figure = ablation_report.kinds_figure(rates.table, names, caption=caption(rates.table, notes))
figures.save(figure, "digital_sc", "digital_sc_quantisers_labels")
plt.show()
# %%
ablation_report.kinds_seen(rates)
# %%
ablation_report.levels_seen(rates, ber)
# %%
claims.show("digital_sc", exhibit="quantisers", partial=partial)
# %% [markdown]
# ## Bits, channels, and the device's operations
# %%
rows = ablation_report.plane(rates.table, uses, ber)
main = splits[splits.split == costs.split.iloc[0]].iloc[0]
of_splits = ablation_report.of_device(read_table("digital_sc", "splits_accuracy"), splits, ber)
figure = ablation_report.plane_figure(
    rows, of_splits, caption=caption(rates.table, f"BER {ber:g}", f"split behind block {main.split:g}")
)
figures.save(figure, "digital_sc", "digital_sc_rate_accuracy")
plt.show()
# %%
ablation_report.plane_seen(rows, of_splits, main.device_share)
# %%
layout.estimates(rows, rows=["bits"], columns="num_channels", names=names)
# %% [markdown]
# ## The trainings
# Of the analog systems and of the rates: accuracy on validation images over the training's channel, at the end of each step.
# %%
history = read_table("digital_sc", "training_analog")
reports.training_table(history, names)
# %%
reports.training_seen(history, names)
# %%
reports.training_seen(read_table("digital_sc", "training_rates"), names)
