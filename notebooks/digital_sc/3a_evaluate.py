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
# # Digital-SC: evaluation of splits and policy
# Monte Carlo for Figs. 7, 9 and 10: test images through every system, over the same flips, or the same noise, at each point.
#
# | system | chain |
# |---|---|
# | proposed | the main split point, 2 bits a feature, over a BSC with the BER of uncoded QPSK |
# | with policy | the split point that the policy chooses for each image at this BER |
# | fixed | every split point, for all images |
# | ensemble | the best split point of each image's own label at this BER: it must be told the label |
# | DJSCC | features as symbols, in the proposed system's channel uses; and with as many channels, as the paper has it |
# | BPG + capacity | HEVC intra at the bits that an ideal code carries in as many channel uses; the network without a channel |
# | features, coded | the same split, features on a uniform grid, Huffman-coded, 5G LDPC code and QPSK, in as many channel uses |
# | no channel | the network without a channel, trained on as long as the splits are |
# | floor | the most frequent label |
#
# The classical chain of features has the channels and the code rate that did best on validation images, in the mean over the SNRs.
# %% tags=["parameters"]
seed = 2026
split = 3
splits = [2, 3, 4, 5]
error_rates = [1e-05, 0.0001, 0.001, 0.01, 0.03, 0.1]
bit_error_rate = 0.01
snrs_db = [3.0, 4.0, 6.0, 8.0, 10.0, 12.0]
test_images = 10000
chain_images = 1000
statistics_images = 2000
selection_images = 100
code_rates = [0.34, 0.5, 0.66]
compared_bits = 2
num_channels = [6, 13]
features_per_symbol = 4
# %%
import numpy as np
import pandas as pd
import torch

from semcom_lib import draws, evaluation, paths, tables
from semcom_lib.digital_sc import recognition, systems
from semcom_lib.digital_sc.chains import FeatureChain, bpg_capacity
from semcom_lib.digital_sc.ideal import load_network
from semcom_lib.digital_sc.policy import SplitTable
from semcom_lib.digital_sc.received import Received, at_snr, chosen_by
from semcom_lib.digital_sc.trained import load_policy, load_split
from semcom_lib.sources.images import load_images, to_tensor

torch.use_deterministic_algorithms(True)
torch.utils.deterministic.fill_uninitialized_memory = False  # a sixth of the time, for what is written anyway
folder = paths.DATA / "digital_sc"
images, labels = load_images(folder, "test", test_images)
train_images, train_labels = load_images(folder, "train")
network = load_network("tuned")
num_labels = network.num_classes
models = [load_split(f"splits/split_{point}") for point in splits]
main = splits.index(split)
policy, policy_splits = load_policy("policy")
if policy_splits != splits:
    raise ValueError(f"splits = {splits} must be the policy's, {policy_splits}")
# %% [markdown]
# ## What validation has said
# The table that taught the policy also says which fixed split is the best, in the mean over the BERs, and which is the worst.
# %%
taught = tables.read_table("digital_sc", "split_table")
shape = (taught.ber.nunique(), len(splits), num_labels)
table = SplitTable(sorted(taught.ber.unique()), splits, taught.value.to_numpy().reshape(shape))
of_splits = table.accuracy.mean(axis=(0, 2))
best, worst = int(of_splits.argmax()), int(of_splits.argmin())
pd.DataFrame({"split": splits, "accuracy": of_splits}).round(4)
# %% [markdown]
# ## Figs. 9 and 10: accuracy against BER, by split point and label
# %%
received = Received(models, images, labels, num_labels)


def policy_choice(of):
    """What the policy chooses for the images ``of``, at a BER."""
    return lambda ber: chosen_by(policy, of, ber)


fixed = {("fixed", point): received.fixed(place) for place, point in enumerate(splits)}
named = fixed | {
    ("policy", 0): received.chosen(policy_choice(images)),
    ("ensemble", 0): received.chosen(received.by_label(table)),
    ("best", 0): received.fixed(best),
    ("worst", 0): received.fixed(worst),
    ("floor", 0): recognition.counted(recognition.Guessing.most_frequent(train_labels), images, labels, num_labels),
}
metrics = {"accuracy": recognition.accuracy}
metrics |= {f"label_{label}": recognition.accuracy_of(label) for label in range(num_labels)}
swept, of_rows = evaluation.sweep(
    named, error_rates, metrics, along="ber", keys=("system", "split"), seed=seed, stage="digital_sc splits"
)
is_mean = (swept.metric == "accuracy").to_numpy()
is_label = ~is_mean & (swept.ber == bit_error_rate).to_numpy()
for name, rows in {"splits_accuracy": is_mean, "labels": is_label}.items():
    tables.write_table("digital_sc", name, swept[rows])
    draws.write_draws("digital_sc", name, of_rows[rows])
swept[is_mean].pivot(index=["system", "split"], columns="ber", values="value").round(4)
# %% [markdown]
# ## What the policy chooses
# The share of test images for each split point.
# %%
chosen = []
for ber in error_rates:
    shares = np.bincount(chosen_by(policy, images, ber), minlength=len(splits)) / len(images)
    chosen += [{"ber": ber, "split": point, "value": value} for point, value in zip(splits, shares, strict=True)]
chosen = pd.DataFrame(chosen)
tables.write_table("digital_sc", "chosen", chosen)
chosen.pivot(index="ber", columns="split", values="value").round(3)
# %% [markdown]
# ## The classical chain of features
# Channels and code rate by the accuracy on validation images, the mean over the SNRs.
# %%
uses = models[main].channel_uses
x = to_tensor(train_images[:statistics_images])
held_out, held_out_labels = load_images(folder, "validation", selection_images)
candidates, rows = {}, []
for channels in num_channels:
    even = load_split(f"rates/even_natural_{compared_bits}_{channels}")
    for rate in code_rates:
        chain = FeatureChain.fitted(even, x, channel_uses=uses, rate=rate, run=features_per_symbol)
        candidates[channels, rate] = chain
        system = recognition.counted(chain, held_out, held_out_labels, num_labels)
        measured, _ = evaluation.sweep(
            {"chain": system}, snrs_db, {"accuracy": recognition.accuracy}, seed=seed, stage="digital_sc code rates"
        )
        rows.append({"num_channels": channels, "code_rate": rate, "value": measured.value.mean()})
selected = pd.DataFrame(rows)
selected["selected"] = selected.index == selected.value.idxmax()
tables.write_table("digital_sc", "code_rates", selected)
chain = candidates[tuple(selected.loc[selected.selected, ["num_channels", "code_rate"]].iloc[0])]
selected.round(4)
# %% [markdown]
# ## Fig. 7: accuracy against SNR
# On the first test images, as many as the classical chains' time allows.
# %%
some, of_some = images[:chain_images], labels[:chain_images]
over = Received(models, some, of_some, num_labels)
analog = {name: load_split(f"analog/soft_{name}") for name in ("equal_uses", "pruned")}
recognisers = {
    "analog": systems.Learned(analog["equal_uses"]),
    "analog_channels": systems.Learned(analog["pruned"]),
    "features": chain,
    "no_channel": recognition.Ideal(network),
    "floor": recognition.Guessing.most_frequent(train_labels),
}
named = {
    "proposed": at_snr(over.fixed(main)),
    "policy": at_snr(over.chosen(policy_choice(some))),
    "bpg_capacity": bpg_capacity(network, some, of_some, num_labels, snrs_db, uses),
}
named |= {name: recognition.counted(recogniser, some, of_some, num_labels) for name, recogniser in recognisers.items()}
accuracy, of_rows = evaluation.sweep(
    named, snrs_db, {"accuracy": recognition.accuracy}, seed=seed, stage="digital_sc accuracy"
)
tables.write_table("digital_sc", "accuracy", accuracy)
draws.write_draws("digital_sc", "accuracy", of_rows)
accuracy.pivot(index="system", columns="snr_db", values="value").round(4)
# %% [markdown]
# ## Channel uses
# Complex symbols an image, the same for all images.
# %%
symbols = {
    "proposed": uses,
    "policy": max(model.channel_uses for model in models),
    "analog": analog["equal_uses"].channel_uses,
    "analog_channels": analog["pruned"].channel_uses,
    "bpg_capacity": uses,
    "features": chain.channel_uses,
}
symbols = pd.DataFrame({"system": [*symbols], "channel_uses": [*symbols.values()]})
symbols["share"] = symbols.channel_uses / uses
tables.write_table("digital_sc", "symbols", symbols)
symbols
