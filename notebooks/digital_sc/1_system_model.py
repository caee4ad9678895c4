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
# # Digital-SC: the system, piece by piece
# **The paper** cuts a ResNet behind block s: the device computes features, $S_e = E(X; \alpha_s)$ (eq. 1), keeps the channels whose
# scaling is large (eq. 7), quantises them to $2^q$ trained levels (eq. 12), sends their labels over a BSC (eqs. 13, 16), and the
# server goes on, $\hat z = S^{(d)}(\hat S_e; \beta_s)$ (eq. 2). A policy network chooses s.
#
# **We build** that. This notebook walks images through an untrained network, draws Fig. 5, counts what each split asks for at the
# paper's size, and shows by computation where the paper does not fit itself.
# %% tags=["parameters"]
seed = 2026
profile = "laptop"
# %%
import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch

from semcom_lib import figures, paths, seeds, tables
from semcom_lib.digital_sc import reports
from semcom_lib.digital_sc.analog import AnalogBlock, ber_to_snr_db
from semcom_lib.digital_sc.bottleneck import DigitalBlock
from semcom_lib.digital_sc.computed import LEVELS, SHARPNESS, TEMPERATURES
from semcom_lib.digital_sc.losses import semantic_gap
from semcom_lib.digital_sc.network import SplitResNet
from semcom_lib.digital_sc.policy import PolicyNetwork
from semcom_lib.digital_sc.quantiser import annealed, nearest_level, soft_quantise
from semcom_lib.digital_sc.split import SplitClassifier
from semcom_lib.ledger import claims, layout, seen
from semcom_lib.ledger.names import decimals
from semcom_lib.ledger.reference import load_reference
from semcom_lib.physical_layer.theory import ber_awgn
from semcom_lib.sources.images import to_tensor

reference = load_reference("digital_sc")
names = reference.names
paper = {key: value.value for key, value in reference.values.items()}
data = tables.read_table("digital_sc", "datasets").caption.iloc[0]
with np.load(paths.RESULTS / "digital_sc" / "samples.npz") as samples:
    images = samples["images"]
# %% [markdown]
# ## The images
# %%
caption = figures.caption(profile, data, "one test image of each class")
figures.image_strips({"": images}, columns=[*map(str, range(len(images)))], caption=caption)
plt.show()
# %% [markdown]
# ## Through the system
# The network of the paper's depth with first weights, cut where the paper's Table III cuts it, 13 channels at 2 bits.
# %%
split, z, bits = int(paper["split"]), int(paper["pruned_channels"]), int(paper["bits"])
with seeds.initialising(seed, "digital_sc", "system model"):
    network = SplitResNet((int(paper["depth"]) - 2) // 9).eval()
block = DigitalBlock(network.feature_shape(split)[0], bits)
model = SplitClassifier(network, split, block).eval()
x = to_tensor(images)
model.start(x)
block.pruning.prune(z)
with torch.inference_mode():
    features = network.device(x, split)
    sent = block.to_bits(features)
    quantised = block.of_bits(sent, *model.map_shape)
    logits = model(x, 0.01, generator=seeds.torch_generator(seed, "system model"))
print(f"X        {tuple(x.shape)}")
print(f"S_e      {tuple(features.shape)}: behind block {split} of {network.num_blocks}, ResNet-{network.depth}")
print(f"b        {tuple(sent.shape)}: {z} channels of {features.shape[1]} at {bits} bits")
print(f"S_e_hat  {tuple(quantised.shape)}: zeros in {int((quantised.abs().sum(dim=(0, 2, 3)) == 0).sum())} channels")
print(f"z_hat    {tuple(logits.shape)}: {model.channel_uses:,} QPSK symbols an image")
# %% [markdown]
# ## What each split asks for
# At the paper's depth, as many features sent at every split point as 13 channels behind block 9 have, or a few less: device FLOPs
# (2 a multiply-accumulate), weights on the device, bits and QPSK symbols of an image.
# %%
asked = tables.read_table("digital_sc", "paper_splits")
layout.Table(
    pd.DataFrame(
        {
            "features": [f"{row.channels} x {row.height} x {row.width}" for row in asked.itertuples()],
            "channels sent": asked.num_channels,
            "bits": asked.bits,
            "QPSK symbols": asked.channel_uses,
            "device (MFLOP)": asked.device_flops / 1e6,
            "of the network": asked.device_share.map(seen.percent),
            "weights on the device": asked.device_parameters,
        }
    ).set_axis(pd.Index(asked.split, name="split behind block"))
)
# %%
policy = PolicyNetwork(len(asked))
seen.Sentences(
    f"Behind block {split} an image takes {int(asked.bits[asked.split == split].iloc[0]):,} bits, where its pixels are "
    f"{8 * images[0].size:,} bits: the features are {decimals(8 * images[0].size / asked.bits.max())} times smaller, uncoded.",
    f"The device computes {seen.percent(asked.device_share[asked.split == split].iloc[0])} of the network there.",
    f"The policy network has {sum(p.numel() for p in policy.parameters()):,} weights.",
)
# %% [markdown]
# ## Fig. 5: the quantiser turns from a line to steps
# Left as we have it, with the steps where eq. 13 decides; right as eqs. 9 and 12 are printed, with the steps at the levels.
# %%
levels, temperatures = list(LEVELS), list(SHARPNESS)
caption = figures.caption(profile, "none, eq. 12 by computation", f"levels {', '.join(map(str, levels))}")
figure = reports.quantiser_figure(levels, temperatures, caption=caption)
figures.save(figure, "digital_sc", "digital_sc_fig05_quantiser")
plt.show()
# %%
errors = tables.read_table("digital_sc", "quantiser_errors")
seen.Sentences(
    "Between the first and the last level the soft quantiser is off the ideal one, in the mean, by "
    f"{seen.listed([f'{decimals(row.value)} at T = {row.temperature:g}' for row in errors.itertuples()])}.",
    f"Eq. 24 begins with T = {annealed(1 / 300):g} and ends with T = {annealed(1.0):g}.",
)
# %%
claims.show("digital_sc", exhibit="fig05")
# %% [markdown]
# ## Table I: the soft targets recomputed
# Of the paper's five outputs of the ideal network. The limits 0 and infinity stand for T = 0.01 and a million.
# %%
classes = [key.removeprefix("logit_") for key in paper if key.startswith("logit_")]
targets = tables.read_table("digital_sc", "soft_targets")
table = targets.pivot(index="temperature", columns="class", values="value").loc[[*TEMPERATURES], classes]
table = table.map(lambda value: f"{value:.2g}")
layout.Table(table.rename(index=names.of("temperature")).rename_axis("T_se").rename_axis(None, axis=1))
# %% [markdown]
# The paper prints the row of T = 10 for T = 1 and the other way round, and the limits as well, against its own sentence that "when
# $T_{se} \to \infty$, all classes share the same probability".
# %%
claims.show("digital_sc", exhibit="table1")
# %% [markdown]
# ## What else does not add up in the paper
# Shown by computation where a number decides.
#
# **Eqs. 9 and 12 step at the levels, eq. 13 decides at the midpoints.** For features between the first and the last level:
# %%
theta = torch.tensor(levels)
grid = torch.linspace(levels[0], levels[-1], 1001)
as_printed = soft_quantise(grid, theta, math.inf, at="levels")
as_sent = theta[nearest_level(grid, theta)]
print(f"{(as_printed != as_sent).float().mean():.0%} of them are another level when sent than when trained")
# %% [markdown]
# **Eq. 20 has a minus sign.** Without it the loss is a divergence, zero for equal outputs and positive for others; with it, a
# network that minimises it leaves the ideal one behind:
# %%
ideal, other = torch.tensor([[2.0, 0.0, -1.0]]), torch.tensor([[1.0, 0.5, -1.0]])
for said, given in (("equal outputs", ideal), ("other outputs", other), ("opposite outputs", -ideal)):
    print(
        f"{said}: {semantic_gap(ideal, given, 2.0):.3f} as we have it, {-semantic_gap(ideal, given, 2.0):.3f} as printed"
    )
# %% [markdown]
# **Eq. 23 has one, too**, before a squared error.
#
# **A BER is an SNR.** The paper maps one to the other by uncoded QPSK, whose BER is that of the BSC:
# %%
for ber in (0.1, 0.01, 0.001, 0.0001, 0.00001):
    snr_db = ber_to_snr_db(ber)
    print(f"BER {ber:g}: {snr_db:.2f} dB (and back: {float(ber_awgn('qpsk', snr_db)):.3g})")
# %% [markdown]
# **Equal channels are not equal channel uses.** A symbol carries two analog features, or two bits: one feature of 2 bits.
# %%
analog = AnalogBlock(network.feature_shape(split)[0])
analog.pruning.prune(z)
uses = {
    f"digital, {z} channels": model.channel_uses,
    f"analog, {z} channels": analog.count_channel_uses(*model.map_shape),
}
analog.pruning.prune(z * bits)
uses[f"analog, {z * bits} channels"] = analog.count_channel_uses(*model.map_shape)
layout.Table(pd.DataFrame({"QPSK or analog symbols an image": uses}).rename_axis("system"))
