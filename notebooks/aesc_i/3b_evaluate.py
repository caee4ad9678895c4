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
# # AESC-I: transmission
# Monte Carlo for Figs. 4 to 14. A session is one bit stream: of AESC-I the decoder and the latents of its images (eq. 2), of JPEG
# the images' scans, of direct transmission their pixels. Every stream is cut into the same LDPC blocks and sent with the same
# modulation over the same fade, one a session ("the channel response is constant within a symbol stream", Sec. III-A), with the
# same noise.
#
# | channel | gains |
# |---|---|
# | AWGN | 1 |
# | slow Rayleigh fading | one gain a session |
# | tapped delay line | Rayleigh taps (eqs. 4, 5), constant over the session, seen through OFDM: one gain a subcarrier |
#
# The receiver knows the gains and divides by them. Fades are the same at all SNRs: along a curve only the noise grows.
#
# **We chose** what the paper leaves open: code rate and modulation (below), the images of a session, and that JPEG's receiver
# also knows the lengths of the scans, as it knows the header. All systems show 8-bit images.
# %% tags=["parameters"]
seed = 2026
images = "digits"
z_dims = [196, 98, 40]
qualities = [60, 18, 0]
ratios = [4, 8, 20]
bits = 8
block_bits = 1024
coded_bits = 2048
ldpc_iterations = 20
modulation = "qpsk"
images_per_session = 25
clean_sessions = 80
awgn_sessions = 10
awgn_snrs_db = [0.0, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 3.0, 6.0]
slow_sessions = 40
slow_snrs_db = [0.0, 3.0, 6.0, 8.0, 10.0, 12.0, 14.0, 17.0, 20.0]
num_taps = 4
decay = 0.5
num_subcarriers = 64
multipath_sessions = 16
multipath_snrs_db = [0.0, 2.0, 4.0, 6.0, 8.0, 12.0]
error_sessions = 6
error_rates = [1e-05, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1]
perceptual = "lpips_squeeze"
shown_images = 2
shown_awgn_snrs_db = [0.0, 0.5, 1.0, 1.25, 1.5, 2.0, 6.0]
shown_slow_snrs_db = [0.0, 3.0, 6.0, 8.0, 10.0, 14.0, 20.0]
# %%
import numpy as np
import pandas as pd
import torch

from semcom_lib import evaluation, paths, seeds, tables
from semcom_lib.aesc_i import autoencoders, classifiers
from semcom_lib.aesc_i.scoring import METRICS, Scorer
from semcom_lib.aesc_i.systems import all_systems
from semcom_lib.aesc_i.transmission import Transmission, damaged, without_errors
from semcom_lib.coding.bit_stream import BitStream
from semcom_lib.coding.ldpc import Ldpc5G
from semcom_lib.metrics.lpips import feature_distance, lpips_squeeze
from semcom_lib.physical_layer.fading import Awgn, Rayleigh
from semcom_lib.physical_layer.link import Link
from semcom_lib.physical_layer.modulation import Modulation
from semcom_lib.physical_layer.multipath import TappedDelayLine, session_fades
from semcom_lib.sources.images import load_images

torch.use_deterministic_algorithms(True)
checkpoints = paths.CHECKPOINTS / "aesc_i"
num_sessions = max(clean_sessions, awgn_sessions, slow_sessions, multipath_sessions, error_sessions)
pixels, labels = load_images(paths.DATA / "aesc_i" / images, "test", num_sessions * images_per_session)
sessions = pixels.reshape(num_sessions, images_per_session, *pixels.shape[1:])
classifier = classifiers.load_classifier(checkpoints / f"classifier_{images}.pt")
distance = {"lpips_squeeze": lpips_squeeze, "feature_distance": lambda: feature_distance(classifier)}[perceptual]()
scorer = Scorer(classifier, distance, sessions, labels.reshape(num_sessions, images_per_session))
# %% [markdown]
# ## The systems
# %%
models = {
    ratio: autoencoders.load_autoencoder(checkpoints / images / f"z{z}.pt")
    for ratio, z in zip(ratios, z_dims, strict=True)
}
systems = all_systems(models, dict(zip(ratios, qualities, strict=True)), bits, sessions)
code = Ldpc5G(block_bits, coded_bits, ldpc_iterations, Modulation(modulation).num_bits_per_symbol, "layered")
link = Link(BitStream(), code, Modulation(modulation))
bits_per_use = code.rate * Modulation(modulation).num_bits_per_symbol
print(
    f"5G LDPC, {block_bits} -> {coded_bits} bits, rate {code.rate:g}, at most {ldpc_iterations} iterations; {modulation}"
)
print(f"{bits_per_use:g} bits a channel use; {images_per_session} images a session")
# %% [markdown]
# ## What it costs
# Bits and channel uses (complex symbols): of JPEG the mean over these test images, of AESC-I the latents of an image and, once a
# session, the decoder with the ranges of its numbers. Nothing is padded here; a session's stream is, once, to whole code blocks.
# %%
channel_uses = pd.DataFrame(
    [
        {
            "system": name,
            "ratio": ratio,
            "part": part,
            "bits": round(float(size), 2),
            "channel_uses": round(size / bits_per_use, 2),
            "code": f"5G LDPC {block_bits} -> {coded_bits}",
            "modulation": modulation,
        }
        for (name, ratio), system in systems.items()
        for part, size in system.bits_by_part().items()
    ]
)
tables.write_table("aesc_i", f"channel_uses_{images}", channel_uses)
channel_uses
# %% [markdown]
# ## Without a channel
# What source codes and quantisation alone leave of the images: where every curve below ends, on more images than these have.
# %%
clean = pd.DataFrame(
    [
        {"system": name, "ratio": ratio, **row, "images": clean_sessions * images_per_session, "perceptual": perceptual}
        for (name, ratio), system in systems.items()
        for row in evaluation.summarise(
            without_errors(system, scorer, clean_sessions),
            METRICS,
            rng=seeds.numpy_generator(seed, "aesc_i", images, "clean", "bootstrap"),
        ).table.to_dict("records")
        if row["metric"] != "bit_error_rate"
    ]
)
tables.write_table("aesc_i", f"no_channel_{images}", clean)
clean.pivot(index="metric", columns=["system", "ratio"], values="value").round(3)
# %% [markdown]
# ## Over the channels
# All ratios over AWGN; over the fading channels the last one, which is the paper's choice, and direct transmission.
# %%
last = [("aesc", ratios[-1]), ("jpeg", ratios[-1]), ("direct", 1)]
channels = {
    "awgn": (Awgn(), awgn_sessions, awgn_snrs_db, list(systems)),
    "rayleigh": (Rayleigh(), slow_sessions, slow_snrs_db, last),
    "delay_line": (TappedDelayLine(num_taps, decay, num_subcarriers), multipath_sessions, multipath_snrs_db, last),
}
fades = {
    channel: session_fades(law, count, generator=seeds.torch_generator(seed, "aesc_i", images, channel, "fades"))
    for channel, (law, count, _, _) in channels.items()
}
# The images to look at are those of the session whose slow fade is the most ordinary one.
shown_session = int(np.argmin([abs(np.log(fade.power)) for fade in fades["rayleigh"][:awgn_sessions]]))
transmissions = {
    channel: {
        key: Transmission(systems[key], link, fades[channel], scorer, shown_session=shown_session, shown=shown_images)
        for key in chosen
    }
    for channel, (_, _, _, chosen) in channels.items()
}
measured = []
for channel, (_, count, snrs_db, _) in channels.items():
    table = evaluation.sweep(
        transmissions[channel],
        snrs_db,
        METRICS,
        keys=("system", "ratio"),
        seed=seed,
        stage=f"aesc_i evaluate {images} {channel}",
    ).table
    table.insert(2, "channel", channel)
    measured.append(table.assign(images=count * images_per_session, perceptual=perceptual))
table = pd.concat(measured, ignore_index=True)
tables.write_table("aesc_i", f"transmission_{images}", table)
table[table.metric == "recognition_ratio"].pivot(
    index=["channel", "snr_db"], columns=["system", "ratio"], values="value"
).round(3)
# %% [markdown]
# ## What arrives
# The share of wrong bits behind the channel decoder, over all sessions.
# %%
table[table.metric == "bit_error_rate"].pivot(
    index=["channel", "snr_db"], columns=["system", "ratio"], values="value"
).map("{:.1e}".format)
# %% [markdown]
# ## Errors in the decoder, errors in the latents
# Only the decoder's bits (with all ranges), or only the latents', pass a binary symmetric channel; the others arrive as sent. The
# last ratio.
# %%
ours = systems["aesc", ratios[-1]]
errors = evaluation.sweep(
    {part: damaged(ours, scorer, part, num_sessions=error_sessions) for part in ("decoder", "latents")},
    error_rates,
    METRICS,
    along="ber",
    keys=("part",),
    seed=seed,
    stage=f"aesc_i decoder errors {images}",
).table
tables.write_table("aesc_i", f"decoder_errors_{images}", errors)
errors[errors.metric == "recognition_ratio"].pivot(index="ber", columns="part", values="value").round(3)
# %% [markdown]
# ## Images to look at
# The first images of one session at the last ratio, the same over AWGN and over slow fading.
# %%
kept = {"sent": sessions[shown_session][:shown_images]}
for channel, snrs_db in (("awgn", shown_awgn_snrs_db), ("rayleigh", shown_slow_snrs_db)):
    kept[f"{channel}_snrs_db"] = np.array(snrs_db)
    for name in ("aesc", "jpeg"):
        received = transmissions[channel][name, ratios[-1]].examples
        kept[f"{channel}_{name}"] = np.stack([received[snr_db] for snr_db in snrs_db], axis=1)
with paths.replacing(paths.RESULTS / "aesc_i" / f"strips_{images}.npz") as temporary:
    np.savez(temporary, **kept)
print(f"|h|^2 = {fades['rayleigh'][shown_session].power:.2f} in the slow fading that is shown")
