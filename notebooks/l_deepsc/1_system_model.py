# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---
# %% [markdown]
# # L-DeepSC: the system, piece by piece
# **The paper** sends a sentence of N words as $X = C_\alpha(S_\beta(s))$ (eq. 1), receives $Y = HX + N$ (eq. 2) and decodes
# $\hat s = S_\chi^{-1}(C_\delta^{-1}(Y))$ (eq. 3), with the layers of its Table I.
#
# **We build** exactly these layers. This notebook walks one sentence through the untrained model, checks the shapes and the
# power, and derives the paper's number of weights.
# %% tags=["parameters"]
seed = 2026
# %%
import pandas as pd
import torch

from semcom_lib import channels, seeds
from semcom_lib.models.l_deepsc import DeepSC, count_weights

PAPER_VOCABULARY = 10_376
with seeds.initialising(seed, "l_deepsc", "init"):
    model = DeepSC(PAPER_VOCABULARY).eval()
# %% [markdown]
# ## One sentence through the link
# Every word becomes 8 complex symbols: a sentence of N words costs 8 N channel uses.
# %%
ids = torch.tensor([[17, 4, 256, 31, 5]])
with torch.inference_mode():
    x = model.transmit(ids)
    y = channels.awgn(x, channels.snr_to_n0(12.0), generator=seeds.torch_generator(seed, "system_model"))
    received = model.greedy(y)
print(f"s      {tuple(ids.shape)}: {ids.shape[1]} words")
print(f"x      {tuple(x.shape)}: {x.shape[1] // ids.shape[1]} complex symbols a word")
print(f"y      {tuple(y.shape)}")
print(f"s_hat  {tuple(received.shape)}: untrained, so any words")
# %% [markdown]
# ## Table I, with its weights
# %%
parts = {
    "embedding (and prediction layer, tied)": model.embedding,
    "4 x Transformer encoder": model.semantic_encoder,
    "dense 1, 2 (channel encoder)": model.channel_encoder,
    "dense 3, 4, 5, LayerNorm (channel decoder)": model.channel_decoder,
    "4 x Transformer decoder": model.semantic_decoder,
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
outside = count_weights(model) - model.embedding.weight.numel()
print(
    f"{outside:,} weights; 3,333,120 - {outside:,} = {3_333_120 - outside:,} = {(3_333_120 - outside) / 128:,.0f} x 128"
)
# %% [markdown]
# so the paper's vocabulary has as many words as printed before "x 128", held in one matrix that serves both embeddings and the
# prediction layer: with separate matrices the sum would not come out. That is the size of vocabulary that we train with.
