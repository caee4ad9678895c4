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
# # L-DeepSC: the system, piece by piece
# **The paper** sends a sentence of N words as $X = C_\alpha(S_\beta(s))$ (eq. 1), receives $Y = HX + N$ (eq. 2) and decodes
# $\hat s = S_\chi^{-1}(C_\delta^{-1}(Y))$ (eq. 3), with the layers of its Table I.
#
# **We build** exactly these layers. This notebook walks one sentence through the untrained model, checks the shapes and the
# power, derives the paper's number of weights, and shows what our one addition does, a bias of the decoder's attention.
# %% tags=["parameters"]
seed = 2026
profile = "laptop"
# %%
import matplotlib.pyplot as plt
import pandas as pd
import torch

from semcom_lib import figures, seeds
from semcom_lib.compression.packing import psi
from semcom_lib.l_deepsc.transceiver import DeepSC, count_weights
from semcom_lib.learning.blocks import distance_bias
from semcom_lib.ledger import seen
from semcom_lib.ledger.names import decimals
from semcom_lib.physical_layer import channels, csi
from semcom_lib.tables import read_table

PAPER_VOCABULARY = 10_376
with seeds.initialising(seed, "l_deepsc", "init"):
    model = DeepSC(PAPER_VOCABULARY).eval()
# %% [markdown]
# ## One sentence through the link
# Every word becomes 8 complex symbols: a sentence of N words costs 8 N channel uses.
# %%
ids = torch.tensor([[17, 4, 256, 31, 5]])
with torch.inference_mode():
    x = model.transmitter(ids)
    y = channels.awgn(x, channels.snr_to_n0(12.0), generator=seeds.torch_generator(seed, "system_model"))
    received = model.receiver.greedy(y)
print(f"s      {tuple(ids.shape)}: {ids.shape[1]} words")
print(f"x      {tuple(x.shape)}: {x.shape[1] // ids.shape[1]} complex symbols a word")
print(f"y      {tuple(y.shape)}")
print(f"s_hat  {tuple(received.shape)}: untrained, so any words")
# %% [markdown]
# ## Table I, with its weights
# %%
parts = {
    "embedding (and prediction layer, tied)": model.transmitter.embedding,
    "4 x Transformer encoder": model.transmitter.semantic_encoder,
    "dense 1, 2 (channel encoder)": model.transmitter.channel_encoder,
    "dense 3, 4, 5, LayerNorm (channel decoder)": model.receiver.channel_decoder,
    "4 x Transformer decoder": model.receiver.semantic_decoder,
}
counts = pd.DataFrame(
    [
        {"part": name, "weights": count_weights(part), "with biases": sum(p.numel() for p in part.parameters())}
        for name, part in parts.items()
    ]
)
pd.concat([counts, pd.DataFrame([{"part": "total", **counts[["weights", "with biases"]].sum()}])], ignore_index=True)
# %% [markdown]
# ## The paper's 3,333,120
# Table III counts weights without biases. Everything outside the embedding has
# %%
outside = count_weights(model) - count_weights(model.transmitter.embedding)
print(
    f"{outside:,} weights; 3,333,120 - {outside:,} = {3_333_120 - outside:,} = {(3_333_120 - outside) / 128:,.0f} x 128"
)
# %% [markdown]
# so the paper's vocabulary has as many words as printed before "x 128", held in one matrix that serves both embeddings and the
# prediction layer: with separate matrices the sum would not come out. That is the size of vocabulary that we train with.
# %% [markdown]
# ## What we add: the decoder's position bias
# The receiver knows in which order the symbols came. Our semantic decoder is told so: to the scores of its attention to the
# received features is added -slope |i - j|, i the position of the word to be decoded and j that of the feature, with a slope for
# each head:
# %%
slopes = -distance_bias(torch.tensor([1]), 1, model.sizes.heads)[:, 0, 0]
print(", ".join(f"{slope:g}" for slope in slopes.tolist()))
# %% [markdown]
# The first heads see their own position and little else, the last ones nearly everything. The bias has no weights and is in none
# of the paper's tables. Left out, the Transformer has to find the order out from sender's and receiver's position encodings:
# trained from equal weights on equal batches over AWGN, with the bias and without it, the loss on held-out text falls like this.
# %%
loss = read_table("l_deepsc", "position_bias")
figure = figures.curves(
    loss,
    x="step",
    y="validation_loss",
    hue="system",
    names={"biased": "with the position bias", "unbiased": "without it"},
    ylabel="cross-entropy (nats per word)",
    caption=figures.caption(profile, read_table("l_deepsc", "corpus").corpus.iloc[0], "AWGN"),
)
figure.axes[0].set_ylim(bottom=0)
figures.save(figure, "l_deepsc", "l_deepsc_position_bias")
plt.show()
# %%
curves = loss.pivot(index="step", columns="system", values="validation_loss")
last = curves.iloc[-1]
ahead = curves.biased < curves.unbiased
seen.Sentences(
    f"After {curves.index[-1]:,} steps the loss is {decimals(last.biased)} nats a word with the bias and {decimals(last.unbiased)} "
    "without it.",
    f"The biased decoder is ahead at {ahead.sum()} of {len(ahead)} measured steps; where it ends, the other one "
    + ("has not come." if curves.unbiased.min() > last.biased else "has come, too."),
    "The bias buys steps, not weights: all sizes and ratios of this paper are those of the model without it.",
)
# %% [markdown]
# ## What does not add up in the paper
# Each line is computed here.
#
# **Table III, 1,333,247 weights.** Eqs. (16) and (17) keep the weights above the (M γ)-th smallest:
# %%
total = count_weights(model)
print(
    f"M - M γ = {total:,} - {round(0.6 * total):,} = {total - round(0.6 * total):,}; the paper prints 1,333,247, one fewer"
)
# %% [markdown]
# **Table III, 12.3 MB and 1.28 MB.** Weights times bits, in the two meanings of MB; the second number leaves out where the kept
# weights sit, which a receiver must be told: at least M H(γ) bits.
# %%
kept = total - round(0.6 * total)
entropy = -(0.6 * torch.log2(torch.tensor(0.6)) + 0.4 * torch.log2(torch.tensor(0.4))).item()
for name, num_bytes in {
    "M weights of 32 bits": 4 * total,
    "kept weights of 8 bits": kept,
    "places of the kept weights, at least": total * entropy / 8,
}.items():
    print(f"{name:38s} {num_bytes / 1e6:6.2f} MB = {num_bytes / 2**20:6.2f} MiB")
print(
    f"ψ by eq. (25) {psi(total, kept, 8):.3f}, with the places at most {4 * total / (kept + total * entropy / 8):.3f}"
)
# %% [markdown]
# **Eqs. (22) and (23).** The grid of eq. (22) is unsigned, 0 .. 2^m - 1; the clamp to [-T, T] lets through what lies below its
# range:
# %%
x_min, x_max, m = -1.0, 1.0, 4
outlier = torch.tensor(-1.5)
level = torch.round((2**m - 1) / (x_max - x_min) * (outlier - x_min))
T = 2**m - 1
print(f"x = {outlier:.1f} is level {level:.0f}")
print(f"clamped to [-T, T]: {level.clamp(-T, T):.0f}, which m bits cannot hold; to [0, T]: {level.clamp(0, T):.0f}")
# %% [markdown]
# **Fig. 7.** For independent Gaussian gains the MMSE estimate is the conditional mean: no network can lie below it. At 0 dB,
# one pilot a gain:
# %%
print(f"LS {csi.ls_mse(1.0, 1):.2f}, MMSE {csi.mmse_mse(1.0, 1):.2f}, which is the least that any estimator reaches")
# %% [markdown]
# **"(5,7) RS".** A code has more coded than information symbols, so it is read as RS(7, 5), over GF(8), where 7 is the natural
# length: it corrects
# %%
print(f"(7 - 5) // 2 = {(7 - 5) // 2} wrong symbol of 3 bits in a block of 21")
# %% [markdown]
# **"Fig. 16"** in Sec. IV-C is Fig. 10: the paper has eleven figures.
