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
# # AESC-I: the system, piece by piece
# **The paper** encodes an image, $l = E_\alpha(S)$ (eq. 3), splices the code and the *decoder's weights* into one stream,
# $X = SR(l, \beta)$ (eq. 2), sends it through quantisation, LDPC code and modulation, takes it apart, $[\hat\beta, \hat l] =
# SR^{-1}(y)$ (eq. 6), and decodes with the decoder that arrived, $\hat S = D_{\hat\beta}(\hat l)$ (eq. 7).
#
# **We build** the autoencoders of its Tables I and II. This notebook walks an image through both, counts the bits of decoder and
# latents, and shows by computation where the paper's numbers do not fit each other.
# %% tags=["parameters"]
profile = "laptop"
seed = 2026
# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch

from semcom_lib import figures, paths, seeds
from semcom_lib.aesc_i.autoencoders import AUTOENCODERS, DIGIT_CHANNELS, DIGIT_SIDE, compression_ratio
from semcom_lib.aesc_i.splicing import COPIES, SplicingRule
from semcom_lib.physical_layer import channels
from semcom_lib.tables import read_table

Z_DIMS = {"digits": {4: 196, 8: 98, 20: 40}, "pictures": {3: 32, 6: 12, 12: 8}}
BITS = {"digits": (8, 8), "pictures": (16, 8)}  # of a weight, of a latent
PIXEL_BITS = 8
models = {}
for kind, by_ratio in Z_DIMS.items():
    for ratio, z_dims in by_ratio.items():
        with seeds.initialising(seed, "aesc_i", kind, "system model", z_dims):
            models[kind, ratio] = AUTOENCODERS[kind](z_dims).eval()
# %% [markdown]
# ## What is sent
# One test image of each class, 0 to 9 from left to right.
# %%
captions = read_table("aesc_i", "datasets").groupby("set", sort=False).caption.first()
with np.load(paths.RESULTS / "aesc_i" / "samples.npz") as samples:
    for kind, data in captions.items():
        figures.image_strips(
            {kind: samples[kind]}, columns=[*map(str, range(10))], caption=figures.caption(profile, data)
        )
        plt.show()


# %% [markdown]
# ## An image through the layers
# Every layer that has weights, with the shape of what it gives. The line between the two halves is what crosses the channel.
# %%
@torch.inference_mode()
def walk(layers, x, side):
    rows = []
    for layer in layers:
        x = layer(x)
        weights = sum(p.numel() for p in layer.parameters())
        if weights:
            rows.append({"side": side, "layer": type(layer).__name__, "gives": tuple(x.shape[1:]), "weights": weights})
    return rows, x


def geometry(kind, ratio):
    model = models[kind, ratio]
    sent, latents = walk(model.encoder, torch.zeros(1, *model.image_shape), "sender")
    received, image = walk(model.decoder, latents, "receiver")
    assert tuple(image.shape[1:]) == model.image_shape
    return pd.DataFrame(sent + received)


geometry("digits", 20)
# %%
geometry("pictures", 12)
# %% [markdown]
# ## Bits
# For the digits every number has 8 bits. For the pictures "the only difference is that the decoder parameters are quantized by
# 16bit instead of 8bit" (Sec. IV-B2), so that a weight has 16 bits and a latent still 8. The range of every tensor's numbers, two
# floats of 32 bits, is in the stream three times; the decoder's bits contain that.
# %%
rules = {key: SplicingRule.of(model.decoder, model.latent_shape, *BITS[key[0]]) for key, model in models.items()}
pd.DataFrame(
    [
        {
            "images": kind,
            "ratio": ratio,
            "Z": models[kind, ratio].z_dims,
            "bits of a weight": rule.weight_bits,
            "bits of a latent": rule.latent_bits,
            "decoder's numbers": rule.num_weights,
            "bits of ranges": COPIES * rule.table_bits,
            "bits of the decoder": rule.decoder_bits,
            "bits of an image": rule.image_bits,
            "decoder in images": round(rule.decoder_bits / rule.image_bits),
        }
        for (kind, ratio), rule in rules.items()
    ]
)
# %% [markdown]
# ## The splicing rule, there and back
# Without errors the receiver gets every number to half a quantiser step; with one bit in a thousand wrong it still gets a decoder
# and an image, whatever they are worth.
# %%
rows = []
for kind, ratio in (("digits", 20), ("pictures", 12)):
    model, rule = models[kind, ratio], rules[kind, ratio]
    with torch.inference_mode():
        x = torch.rand(2, *model.image_shape, generator=seeds.torch_generator(seed, "system model", kind))
        stream = rule.join(model.decoder.state_dict(), model.encode(x))
        for ber in (0.0, 1e-3):
            generator = seeds.torch_generator(seed, "system model", kind, ber)
            received = channels.bsc(torch.from_numpy(stream), ber, generator=generator).numpy()
            state, latents = rule.split(received)
            x_hat = model.received_decoder(state)(latents)
            row = {"images": kind, "bits": len(stream), "bit error rate": ber, "finite": bool(x_hat.isfinite().all())}
            rows.append(row | {"largest change of a pixel": round(float((x_hat - model(x)).abs().max()), 3)})
pd.DataFrame(rows)
# %% [markdown]
# ## Where the paper does not fit itself
# **Eqs. 13 and 16** give the ratio as pixels over latents, in numbers. JPEG's ratio can only mean bits. Both are the same as long
# as a latent has as many bits as a pixel; with 16 bits for the latents, too, the ratios of the pictures would be half as large.
# And for the pictures neither is what the paper calls it.
# %%
ratios = []
for (kind, ratio), model in models.items():
    in_bits = PIXEL_BITS * np.prod(model.image_shape) / rules[kind, ratio].image_bits
    ratios.append(
        {
            "images": kind,
            "Z": model.z_dims,
            "the paper calls it": ratio,
            "eqs. 13, 16: in numbers": round(compression_ratio(model.image_shape, model.latent_shape), 2),
            "in bits": round(in_bits, 2),
            "in bits, latents as long as weights": round(in_bits * rules[kind, ratio].latent_bits / BITS[kind][0], 2),
        }
    )
pd.DataFrame(ratios)
# %% [markdown]
# **Z = 196 and 98** are more numbers than the features that they are made from, which is also all that the decoder restores from
# them: these two ratios are paid for and hold nothing that the feature map does not.
# %%
features = DIGIT_CHANNELS * DIGIT_SIDE**2
pixels = 28 * 28
for z_dims in Z_DIMS["digits"].values():
    print(
        f"Z = {z_dims:3d}: {z_dims} latents of {features} features; sent as they are, the features would make a ratio of "
        f"{pixels / features:.2f} instead of {pixels / z_dims:.2f}"
    )
# %% [markdown]
# **Table I gives the decoder 64 input channels**, where Sec. IV-A1 restores "the feature map with size of [16,2,2]". 64 channels of
# what the layer before them gives, 64 numbers, are a map of one pixel, from which no padding leads to 28 pixels: a transposed
# convolution of kernel 3 and stride 2 gives 2 n + 1 pixels of n, or 2 n + 2 with output padding.
# %%
for channels_in in (64, DIGIT_CHANNELS):
    start = int((features // channels_in) ** 0.5)
    sides = {start}
    for _ in range(3):
        sides = {2 * side + 1 + padding for side in sides for padding in (0, 1)}
    print(f"{channels_in} channels of {start} x {start}: sides of {sorted(sides)[0]} to {sorted(sides)[-1]} pixels")
