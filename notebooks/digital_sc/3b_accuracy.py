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
# # Digital-SC, Figs. 7, 9 and 10: split, quantised, and with a policy
# **The paper claims** "significant performance improvement compared to the traditional method 'BPG+capacity'", that it "is close to
# the analog semantic communication system. When SNR = 6dB, the accuracy loss caused by quantization is only 2%", that with a policy
# network "its performance can be more close to that of the analog system, and better than that with the fixed split point" (Sec.
# IV-B), and that the policy "approaches that of the ensemble of the networks with fixed split points when BER <= 0.01 with
# negligible difference", and is "0.9% lower" when BER >= 0.01 (Sec. IV-C).
#
# **We run** every system over the same flips, or the same noise; test images are the official ones.
#
# **We add** what the paper lacks: DJSCC in equal channel uses; a trained split's features, Huffman-coded, over an LDPC code in the
# same channel uses, at a rate that follows the SNR; split points by the BER alone and at random; the floor of a receiver that hears
# nothing.
#
# **We deviate**: network and trainings are those that the captions name, the paper's are ResNet-56 and 300 epochs a step; BPG is
# HEVC intra; all split points send as many features as the main one, or a few less.
# %% tags=["parameters"]
profile = "laptop"
partial = False
# %%
import matplotlib.pyplot as plt
import pandas as pd

from semcom_lib import figures
from semcom_lib.digital_sc import accuracy_report, reports
from semcom_lib.ledger import claims, layout, paired
from semcom_lib.ledger.reference import load_reference
from semcom_lib.tables import read_table

reference = load_reference("digital_sc")
names = reference.names
accuracy, chains, splits, labels = (
    paired.read("digital_sc", name) for name in ("accuracy", "chains", "splits_accuracy", "labels")
)
network = reports.network_note(read_table("digital_sc", "recognition"), reference)
data = read_table("digital_sc", "datasets").caption.iloc[0]


def trials(table):
    """How many images a point has."""
    return f"{table.trials.iloc[0]:,} test images a point, 95 % bands"


# %% [markdown]
# ## What each split asks for
# Device FLOPs are 2 a multiply-accumulate. All split points send as many features as the main one, or a few less.
# %%
accuracy_report.costs_table(read_table("digital_sc", "splits"))
# %%
accuracy_report.policy_cost(read_table("digital_sc", "policy_costs"))
# %% [markdown]
# ## Channel uses
# Complex symbols an image; `share` is that of the proposed system's. Curves are to be compared with this table beside them.
# %%
uses = read_table("digital_sc", "symbols")
layout.Table(
    pd.DataFrame({"symbols": uses.channel_uses.round().astype(int), "share": uses.share}).set_axis(
        pd.Index(uses.system.map(names.of("system")), name="system")
    )
)
# %% [markdown]
# What validation has chosen for the classical chains at each SNR, with the accuracy on validation images; and the bits that BPG has
# for a pixel, where a picture has 24 uncoded.
# %%
rates = read_table("digital_sc", "code_rates")
words = {"num_channels": "channels", "code_rate": "code rate", "value": "accuracy", "bpg_chroma": "BPG's chroma"}
layout.Table(
    rates.rename(columns=words | {"bpg_bits_per_pixel": "BPG's bits a pixel"})
    .set_index("snr_db")
    .rename_axis("SNR (dB)")
)
# %% [markdown]
# ## Fig. 7: accuracy against SNR
# In the channel uses that the features take, an ideal code carries so many bits a pixel (table above) that BPG's pictures arrive
# almost as they were. The paper does not say in how many channel uses it compares.
# %%
of_chains = f"{chains.table.trials.iloc[0]:,} of the chains"
caption = figures.caption(
    profile, data, network, f"natural labels, {trials(accuracy.table)}, {of_chains}", "channel uses: see the table"
)
both = pd.concat([accuracy.table, chains.table[chains.table.system != "proposed"]], ignore_index=True)
figure = reports.against_snr(
    both,
    accuracy_report.SYSTEMS,
    names,
    bound=accuracy_report.BOUND,
    lines=accuracy_report.LINES,
    caption=caption,
)
figures.save(figure, "digital_sc", "digital_sc_fig07_accuracy_awgn")
plt.show()
# %%
accuracy_report.systems_seen(accuracy, chains, names)
# %%
layout.estimates(both, rows=["snr_db"], columns="system", names=names)
# %%
claims.show("digital_sc", exhibit="fig07", partial=partial)
# %% [markdown]
# ## Fig. 9: accuracy against BER
# The ensemble takes the best split point of each image's own label, by validation images; it must be told the label. So where
# errors are many it can be above every split point: a network that then calls most images by one label is the best for that label.
# %%
caption = figures.caption(profile, data, network, f"natural labels, {trials(splits.table)}")
figures.save(
    accuracy_report.splits_figure(splits.table, names, caption=caption), "digital_sc", "digital_sc_fig09_accuracy_bsc"
)
plt.show()
# %%
accuracy_report.splits_seen(splits, names)
# %% [markdown]
# The share of images that the policy sends over each split point:
# %%
accuracy_report.chosen_table(read_table("digital_sc", "chosen"))
# %%
claims.show("digital_sc", exhibit="fig09", partial=partial)
# %% [markdown]
# ## Fig. 10: accuracy by label
# %%
ber = labels.table.ber.iloc[0]
caption = figures.caption(profile, data, network, trials(labels.table), f"BER {ber:g}")
figures.save(
    accuracy_report.labels_figure(labels.table, names, caption=caption),
    "digital_sc",
    "digital_sc_fig10_accuracy_labels",
)
plt.show()
# %%
accuracy_report.labels_seen(labels, names, ber)
# %%
claims.show("digital_sc", exhibit="fig10", partial=partial)
# %% [markdown]
# ## What the quantiser and the pruning have learnt
# %%
levels = read_table("digital_sc", "levels")
accuracy_report.levels_table(levels, read_table("digital_sc", "scaling"))
# %%
accuracy_report.levels_seen(levels)
# %% [markdown]
# ## What the trainings were set to
# The paper's text leaves these to a Table II that it does not have.
# %%
settings = read_table("digital_sc", "settings").set_index("setting")
layout.Table(settings.map("{:g}".format))
# %% [markdown]
# ## The trainings
# Of the splits, whose network begins as the ideal one: accuracy on validation images, hard levels, the training's BER, at the end
# of each step.
# %%
history = read_table("digital_sc", "training_splits")
history["system"] = history.system.str.replace("split_", "block ")
reports.training_table(history, names)
# %%
reports.training_seen(history, names)
# %%
recognition = read_table("digital_sc", "recognition")
layout.estimates(recognition, rows=["training"], columns="metric", names=names)
# %% [markdown]
# Of the ideal network, and of the policy, whose agreement is how often it chooses the split point that its table has as the best:
# %%
reports.training_seen(read_table("digital_sc", "training_network"), names)
# %%
policy = read_table("digital_sc", "training_policy").set_index("step")
layout.Table(policy[["train_loss", "validation_loss", "agreement"]])
