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
# | by the BER alone | the split point that is the best at this BER, for all images: a policy that does not look at them |
# | at random | any split point, whatever the image and the BER |
# | fixed | every split point, for all images |
# | ensemble | the best split point of each image's own label at this BER: it must be told the label |
# | DJSCC | features as symbols, in the proposed system's channel uses; and with as many channels, as the paper has it |
# | BPG + capacity | HEVC intra at the bits that an ideal code carries in as many channel uses; the network without a channel |
# | features, coded | a trained split's levels, Huffman-coded, 5G LDPC code, QPSK or 16-QAM, in as many channel uses |
# | no channel | the network without a channel |
# | floor | the most frequent label |
#
# Validation chooses, at each SNR, the classical chain's features (those of the proposed system among them), code rate and
# modulation, and BPG's chroma format. It chooses the network without a channel, too: the ideal one, or the ideal one trained on.
# %% tags=["parameters"]
seed = 2026
split = 3
splits = [2, 3, 4, 5]
error_rates = [1e-05, 0.0001, 0.001, 0.01, 0.03, 0.1]
bit_error_rate = 0.01
snrs_db = [3.0, 4.0, 6.0, 8.0, 10.0, 12.0]
test_images = 10000
chain_images = 1500
statistics_images = 2000
selection_images = 500
code_rates = [0.34, 0.5, 0.66, 0.75, 0.83]
modulations = ["qpsk", "16qam"]
compared_bits = 2
num_channels = [6, 13]
features_per_symbol = 4
# %%
import numpy as np
import pandas as pd
import torch
from torch.utils.flop_counter import FlopCounterMode

from semcom_lib import draws, evaluation, paths, seeds, tables
from semcom_lib.digital_sc import recognition, systems
from semcom_lib.digital_sc.chains import Adaptive, FeatureChain, bpg_capacity
from semcom_lib.digital_sc.ideal import load_network
from semcom_lib.digital_sc.policy import SplitTable
from semcom_lib.digital_sc.received import Received, at_snr, chosen_by
from semcom_lib.digital_sc.trained import load_policy, load_split
from semcom_lib.physical_layer.theory import capacity_awgn
from semcom_lib.sources.images import load_images, to_tensor

torch.use_deterministic_algorithms(True)
torch.utils.deterministic.fill_uninitialized_memory = False  # a sixth of the time, for what is written anyway
folder = paths.DATA / "digital_sc"
images, labels = load_images(folder, "test", test_images)
train_images, train_labels = load_images(folder, "train")
of_network = (
    tables.read_table("digital_sc", "training_network").groupby("training").validation_loss.min()[["ideal", "tuned"]]
)
network = load_network(of_network.idxmin())
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
print(f"without a channel: the network {of_network.idxmin()!r}, of validation losses {of_network.round(4).to_dict()}")
pd.DataFrame({"split": splits, "accuracy": of_splits}).round(4)
# %% [markdown]
# ## Figs. 9 and 10: accuracy against BER, by split point and label
# %%
received = Received(models, images, labels, num_labels)


def policy_choice(of):
    """What the policy chooses for the images ``of``, at a BER."""
    return lambda ber: chosen_by(policy, of, ber)


def at_random(number):
    """As many places of split points, drawn alike."""
    return seeds.numpy_generator(seed, "digital_sc", "random split").integers(len(splits), size=number)


fixed = {("fixed", point): received.fixed(place) for place, point in enumerate(splits)}
named = fixed | {
    ("policy", 0): received.chosen(policy_choice(images)),
    ("ensemble", 0): received.chosen(received.by_label(table)),
    ("by_ber", 0): received.chosen(received.by_ber(table)),
    ("random", 0): received.chosen(lambda ber: at_random(len(images))),
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
# ## What the policy chooses, and what it costs
# The share of test images for each split point; the mean of what they ask for. FLOPs are 2 a multiply-accumulate.
# %%
chosen = []
for ber in error_rates:
    shares = np.bincount(chosen_by(policy, images, ber), minlength=len(splits)) / len(images)
    chosen += [{"ber": ber, "split": point, "value": value} for point, value in zip(splits, shares, strict=True)]
chosen = pd.DataFrame(chosen)
tables.write_table("digital_sc", "chosen", chosen)
chosen.pivot(index="ber", columns="split", values="value").round(3)
# %%
with FlopCounterMode(display=False) as counter:
    policy(torch.zeros(1, *network.image_shape), torch.zeros(1))
costs = pd.DataFrame(
    {
        "part": ["policy", "block", "device"],  # the block before the main split point, and all up to there
        "flops": [
            counter.get_total_flops(),
            network.device_flops(split) - network.device_flops(split - 1),
            network.device_flops(split),
        ],
    }
)
tables.write_table("digital_sc", "policy_costs", costs)
costs
# %% [markdown]
# ## Fig. 7: learned systems against SNR
# %%
analog = {name: load_split(f"analog/soft_{name}") for name in ("equal_uses", "pruned")}
no_channel, floor = recognition.Ideal(network), recognition.Guessing.most_frequent(train_labels)


def over_snr(named, name):
    """The systems at every SNR, written with their bootstrap draws as the table ``name``."""
    table, of_rows = evaluation.sweep(
        named, snrs_db, {"accuracy": recognition.accuracy}, seed=seed, stage=f"digital_sc {name}"
    )
    tables.write_table("digital_sc", name, table)
    draws.write_draws("digital_sc", name, of_rows)
    return table.pivot(index="system", columns="snr_db", values="value").round(4)


recognisers = {
    "analog": systems.Learned(analog["equal_uses"]),
    "analog_channels": systems.Learned(analog["pruned"]),
    "no_channel": no_channel,
    "floor": floor,
}
named = {"proposed": at_snr(received.fixed(main)), "policy": at_snr(received.chosen(policy_choice(images)))}
named |= {name: recognition.counted(recogniser, images, labels, num_labels) for name, recogniser in recognisers.items()}
over_snr(named, "accuracy")
# %% [markdown]
# ## What validation chooses for the classical chains
# At each SNR the chain that recognises the most validation images, and BPG's chroma format.
# %%
uses = models[main].channel_uses
x = to_tensor(train_images[:statistics_images])
held_out, held_out_labels = load_images(folder, "validation", selection_images)
senders = {("proposed", len(models[main].block.pruning.kept.nonzero())): models[main]}
senders |= {("even", z): load_split(f"rates/even_natural_{compared_bits}_{z}") for z in num_channels}
candidates = {
    (*sender, modulation, rate): FeatureChain.fitted(
        model, x, channel_uses=uses, rate=rate, run=features_per_symbol, modulation=modulation
    )
    for sender, model in senders.items()
    for modulation in modulations
    for rate in code_rates
}
tried = {key: recognition.counted(chain, held_out, held_out_labels, num_labels) for key, chain in candidates.items()}
keys = ("features", "num_channels", "modulation", "code_rate")
selected, _ = evaluation.sweep(
    tried, snrs_db, {"accuracy": recognition.accuracy}, keys=keys, seed=seed, stage="digital_sc code rates"
)
selected = selected.loc[selected.groupby("snr_db").value.idxmax(), ["snr_db", *keys, "value"]]
chains = {row.snr_db: candidates[tuple(getattr(row, key) for key in keys)] for row in selected.itertuples()}
formats = {
    chroma: bpg_capacity(network, held_out, held_out_labels, num_labels, snrs_db, uses, chroma=chroma)
    for chroma in ("4:2:0", "4:4:4")
}
tried, _ = evaluation.sweep(
    formats, snrs_db, {"accuracy": recognition.accuracy}, keys=("chroma",), seed=seed, stage="digital_sc chroma"
)
chroma = tried.groupby("chroma").value.mean().idxmax()
selected["bpg_chroma"] = chroma
selected["bpg_bits_per_pixel"] = [
    uses * float(capacity_awgn(snr_db)) / images[0, :, :, 0].size for snr_db in selected.snr_db
]
tables.write_table("digital_sc", "code_rates", selected)
selected.round(4)
# %% [markdown]
# ## Fig. 7: classical chains against SNR
# On the first test images, as many as the chains' time allows, beside the proposed system on the same images.
# %%
some, of_some = images[:chain_images], labels[:chain_images]
named = {
    "proposed": at_snr(Received(models, some, of_some, num_labels).fixed(main)),
    "bpg_capacity": bpg_capacity(network, some, of_some, num_labels, snrs_db, uses, chroma=chroma),
    "features": recognition.counted(Adaptive(chains), some, of_some, num_labels),
}
over_snr(named, "chains")
# %% [markdown]
# ## Channel uses
# Complex symbols an image, the same for all images but those with the policy, of which this is the mean over the BERs.
# %%
of_split = dict(zip(splits, (model.channel_uses for model in models), strict=True))
symbols = {
    "proposed": uses,
    "policy": (chosen.value * chosen.split.map(of_split)).sum() / len(error_rates),
    "analog": analog["equal_uses"].channel_uses,
    "analog_channels": analog["pruned"].channel_uses,
    "bpg_capacity": uses,
    "features": max(chain.channel_uses for chain in chains.values()),
}
symbols = pd.DataFrame({"system": [*symbols], "channel_uses": [*symbols.values()]})
symbols["share"] = symbols.channel_uses / uses
tables.write_table("digital_sc", "symbols", symbols)
symbols
