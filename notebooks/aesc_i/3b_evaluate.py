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
# the images' scans, of direct transmission their pixels. Sessions are a seeded sample of the test images, the same for all.
#
# **The paper says** that the bits go "over a hypothetical binary discrete channel" and then speaks of AWGN and slow fading
# (Sec. IV-A2), behind an LDPC code of which it gives neither rate nor length. Where a code's blocks fail, they fail whole, and what
# that spoils depends on where a stream's bits lie. We measure three readings:
#
# | reading | what is wrong |
# |---|---|
# | binary symmetric channel | every bit with the same probability |
# | coded, spread "session" | a session's bits lie at random in its code blocks: those of failed blocks are all over the stream |
# | coded, spread "blocks" | the bits of failed blocks, which lie side by side in the stream |
#
# | coded channel | gains |
# |---|---|
# | AWGN | 1 |
# | slow Rayleigh fading | one gain a session, "constant within a symbol stream" (Sec. III-A) |
# | tapped delay line | Rayleigh taps (eqs. 4, 5), constant over the session, seen through OFDM: one gain a subcarrier |
#
# The receiver knows the gains and divides by them. Which bits the channel decoder gets wrong is drawn once for each SNR and
# session, and met by all systems alike. Slow fading is not drawn: a session with the gain $h$ is one over AWGN at $|h|^2$ times
# the SNR, and what AWGN's curve counts is integrated over $|h|^2 \sim \mathrm{Exp}(1)$.
#
# **We chose** code and modulation (below), the images of a session, and that JPEG's receiver also knows the lengths of the scans,
# as it knows the header. All systems show 8-bit images. Recognition is judged by a network that no autoencoder was trained with,
# and beside it by M, which the semantic loss knows.
# %% tags=["parameters"]
seed = 2026
images = "digits"
z_dims = [196, 98, 40]
qualities = [60, 18, 0]
ratios = [4, 8, 20]
subsampling = "4:2:2"
weight_bits = 8
latent_bits = 8
block_bits = 1024
coded_bits = 2048
ldpc_iterations = 20
modulation = "qpsk"
images_per_session = 12
awgn_sessions = 20
awgn_snrs_db = [-4.0, 0.0, 0.5, 1.0, 1.25, 1.5, 2.0, 2.5]
slow_snrs_db = [0.0, 4.0, 8.0, 12.0, 16.0, 20.0, 24.0]
num_taps = 4
decay = 0.5
num_subcarriers = 64
multipath_sessions = 20
multipath_snrs_db = [2.0, 6.0]
bsc_sessions = 20
bsc_rates = [1e-05, 0.0001, 0.001, 0.003, 0.01, 0.1]
perceptual = "lpips_squeeze"
shown_images = 2
shown_awgn_snrs_db = [0.0, 0.5, 1.0, 1.25, 1.5, 2.5]
shown_slow_snrs_db = [0.0, 1.0, 2.0, 3.0, 4.0]
# %%
import math
from functools import partial

import numpy as np
import pandas as pd
import torch

from semcom_lib import evaluation, paths, seeds, tables
from semcom_lib.aesc_i import autoencoders, classifiers, cliffs
from semcom_lib.aesc_i.scoring import METRICS, Scorer
from semcom_lib.aesc_i.systems import all_systems
from semcom_lib.aesc_i.transmission import SPREADS, SessionErrors, Transmission, damaged, over_bsc, without_errors
from semcom_lib.coding.bit_stream import BitStream
from semcom_lib.coding.ldpc import Ldpc5G
from semcom_lib.draws import write_draws
from semcom_lib.evaluation import Swept
from semcom_lib.metrics.lpips import feature_distance, lpips_squeeze
from semcom_lib.physical_layer import slow_fading
from semcom_lib.physical_layer.fading import Awgn
from semcom_lib.physical_layer.link import Link
from semcom_lib.physical_layer.modulation import Modulation
from semcom_lib.physical_layer.multipath import SessionFade, TappedDelayLine, session_fades
from semcom_lib.sources.images import load_images

torch.use_deterministic_algorithms(True)
torch.utils.deterministic.fill_uninitialized_memory = False
checkpoints = paths.CHECKPOINTS / "aesc_i"
num_sessions = max(awgn_sessions, multipath_sessions, bsc_sessions)
pixels, labels = load_images(paths.DATA / "aesc_i" / images, "test")
order = seeds.numpy_generator(seed, "aesc_i", images, "sessions").permutation(len(pixels))
chosen = order[: num_sessions * images_per_session].reshape(num_sessions, images_per_session)
sessions, session_labels = pixels[chosen], labels[chosen]
judges = {
    "recognition_ratio": classifiers.load_classifier(checkpoints / f"judge_{images}.pt"),
    "recognition_ratio_m": classifiers.load_classifier(checkpoints / f"classifier_{images}.pt"),
}
distances = {
    "lpips_squeeze": lpips_squeeze,
    "feature_distance": lambda: feature_distance(judges["recognition_ratio_m"]),
}
scorer = Scorer(judges, distances[perceptual](), sessions, session_labels)


def written(name: str, swept: Swept, count: int) -> pd.DataFrame:
    """The table of so many sessions, as it is written with its draws."""
    table = swept.table.assign(images=count * images_per_session, perceptual=perceptual)
    tables.write_table("aesc_i", f"{name}_{images}", table)
    write_draws("aesc_i", f"{name}_{images}", swept.draws)
    return table


# %% [markdown]
# ## The systems
# %%
models = {
    ratio: autoencoders.load_autoencoder(checkpoints / images / f"z{z}.pt")
    for ratio, z in zip(ratios, z_dims, strict=True)
}
systems_of = partial(
    all_systems,
    models,
    dict(zip(ratios, qualities, strict=True)),
    weight_bits=weight_bits,
    latent_bits=latent_bits,
    subsampling=subsampling,
)
systems = systems_of(sessions)
last = [("aesc", ratios[-1]), ("jpeg", ratios[-1]), ("direct", 1)]
code = Ldpc5G(block_bits, coded_bits, ldpc_iterations, Modulation(modulation).num_bits_per_symbol, "layered")
link = Link(BitStream(), code, Modulation(modulation))
bits_per_use = code.rate * Modulation(modulation).num_bits_per_symbol
print(f"a weight of {weight_bits} bits, a latent of {latent_bits}")
print(
    f"5G LDPC, {block_bits} -> {coded_bits} bits, rate {code.rate:g}, at most {ldpc_iterations} iterations; {modulation}"
)
print(f"{bits_per_use:g} bits a channel use; {images_per_session} images a session")
# %% [markdown]
# ## What it costs
# Numbers, which the paper's eqs. 13 and 16 count, bits and channel uses (complex symbols): of JPEG the mean over all test images,
# also those that no session sends, of AESC-I the latents of an image and, once a session, the decoder with the ranges of its
# numbers. Nothing is padded here; a session's stream is, once, to whole code blocks.
# %%
numbers = {
    ("aesc", "image"): lambda ratio: models[ratio].num_latents,
    ("aesc", "decoder"): lambda ratio: systems["aesc", ratio].rule.num_weights,
    ("jpeg", "image"): lambda ratio: math.nan,
    ("direct", "image"): lambda ratio: pixels[0].size,
}
channel_uses = pd.DataFrame(
    [
        {
            "system": name,
            "ratio": ratio,
            "part": part,
            "numbers": numbers[name, part](ratio),
            "bits": round(float(size), 2),
            "channel_uses": round(size / bits_per_use, 2),
            "code": f"5G LDPC {block_bits} -> {coded_bits}",
            "modulation": modulation,
        }
        for (name, ratio), system in systems_of(pixels[None]).items()  # all test images as one session
        for part, size in system.bits_by_part().items()
    ]
)
tables.write_table("aesc_i", f"channel_uses_{images}", channel_uses)
channel_uses
# %% [markdown]
# ## Over a binary symmetric channel
# All bits of a session, whatever code there may be before: the paper's words, taken as they are.
# %%
swept = evaluation.sweep(
    {key: over_bsc(system, scorer, bsc_sessions) for key, system in systems.items()},
    bsc_rates,
    METRICS,
    along="ber",
    keys=("system", "ratio"),
    seed=seed,
    stage=f"aesc_i bsc {images}",
)
table, binary = written("bsc", swept, bsc_sessions), swept
table[table.metric == "recognition_ratio"].pivot(index="ber", columns=["system", "ratio"], values="value").round(3)
# %% [markdown]
# ## Errors in the decoder, in the latents, in JPEG's scans
# Only the decoder's bits (with all ranges), or only the latents', pass the channel; the others arrive as sent. Beside them JPEG,
# which has nothing but its scans. The last ratio; the bit error rate is that of the damaged part.
# %%
parts = {"decoder": "aesc", "latents": "aesc", "scans": "jpeg"}
swept = evaluation.sweep(
    {part: damaged(systems[system, ratios[-1]], scorer, part, bsc_sessions) for part, system in parts.items()},
    bsc_rates,
    METRICS,
    along="ber",
    keys=("part",),
    seed=seed,
    stage=f"aesc_i decoder errors {images}",
)
table = written("decoder_errors", swept, bsc_sessions)
table[table.metric == "recognition_ratio"].pivot(index="ber", columns="part", values="value").round(3)
# %% [markdown]
# ## Over the coded channels
# All ratios over AWGN; over the delay line the last one, which is the paper's choice, and direct transmission.


# %%
def longest(keys, count: int) -> int:
    """Bits of the longest stream of these systems' first sessions."""
    return max(len(systems[key].stream(session)) for key in keys for session in range(count))


delay_line = TappedDelayLine(num_taps, decay, num_subcarriers)
channels = {
    "awgn": (Awgn(), awgn_sessions, awgn_snrs_db, list(systems)),
    "delay_line": (delay_line, multipath_sessions, multipath_snrs_db, last),
}
transmissions, measured = {}, {}
for channel, (law, count, snrs_db, keys) in channels.items():
    fades = session_fades(law, count, generator=seeds.torch_generator(seed, "aesc_i", images, channel, "fades"))
    errors = SessionErrors(link, fades, longest(keys, count))
    transmissions[channel] = {
        (channel, spread, *key): Transmission(systems[key], errors, scorer, spread=spread)
        for spread in SPREADS
        for key in keys
    }
    measured[channel] = evaluation.sweep(
        transmissions[channel],
        snrs_db,
        METRICS,
        keys=("channel", "spread", "system", "ratio"),
        seed=seed,
        stage=f"aesc_i transmission {images} {channel}",
    )
# %% [markdown]
# ## Slow fading, from AWGN's counts
# Each session's counts at a mean SNR are those of AWGN's points, weighted by how likely the gain makes each of them; from the last
# point on a session counts as free of errors. The same sessions are drawn again as over AWGN.
# %%
slow = []
for (_, *key), transmission in transmissions["awgn"].items():
    error_free = without_errors(systems[tuple(key[1:])], scorer, awgn_sessions)
    at_points = [*(transmission.counts[snr_db] for snr_db in awgn_snrs_db), error_free]
    for snr_db in slow_snrs_db:
        counts = slow_fading.integrated(at_points, slow_fading.weights(awgn_snrs_db, snr_db))
        rows, draws = evaluation.summarise(counts, METRICS, rng=seeds.numpy_generator(seed, "bootstrap"))
        at = dict(zip(("channel", "spread", "system", "ratio"), ("rayleigh", *key), strict=True)) | {"snr_db": snr_db}
        slow.append(Swept(pd.DataFrame([at | row for row in rows.to_dict("records")]), draws))
swept = evaluation.joined([measured["awgn"], *slow, measured["delay_line"]])
sizes = swept.table.channel.map({"awgn": awgn_sessions, "rayleigh": awgn_sessions, "delay_line": multipath_sessions})
table = written("transmission", swept, sizes)
by_system = {"index": ["channel", "spread", "snr_db"], "columns": ["system", "ratio"], "values": "value"}
table[table.metric == "recognition_ratio"].pivot(**by_system).round(3)
# %% [markdown]
# ## How soft the cliffs are
# Of the judge's recognition, on each system's own way from its lowest to its error-free value, so that a higher end does not count
# as softer: the width from a tenth to nine tenths of the way, and the share of the way in the mean over the SNRs between 0 and
# 2 dB.


# %%
def error_free(count: int) -> dict[tuple[str, int], np.ndarray]:
    """Each system's recognition of its first sessions free of errors, then its draws: (1 + draws,)."""
    judged = {cliffs.METRIC: METRICS[cliffs.METRIC]}
    ends = {}
    for key, system in systems.items():
        rng = seeds.numpy_generator(seed, "bootstrap")
        end = evaluation.summarise(without_errors(system, scorer, count), judged, rng=rng)
        ends[key] = np.append(end.table.value, end.draws)
    return ends


swept = evaluation.joined(
    [
        cliffs.measured(measured["awgn"], error_free(awgn_sessions), along="snr_db"),
        cliffs.measured(binary, error_free(bsc_sessions), along="ber"),
    ]
)
tables.write_table("aesc_i", f"cliffs_{images}", swept.table)
write_draws("aesc_i", f"cliffs_{images}", swept.draws)
swept.table.pivot(index=["channel", "spread", "metric"], columns=["system", "ratio"], values="value").round(2)
# %% [markdown]
# ## What arrives
# The share of wrong bits behind the channel decoder, over all sessions. Spreading moves errors and makes none.
# %%
table[table.metric == "bit_error_rate"].pivot(**by_system).map("{:.1e}".format)
# %% [markdown]
# ## Images to look at
# Images of different classes of one session at the last ratio, its bits spread: over AWGN, and over slow fading at the gain that
# half of all sessions exceed, $|h|^2 = \ln 2$.
# %%
first = np.sort(np.unique(session_labels[0], return_index=True)[1])[:shown_images]
kept = {"sent": sessions[0][first]}
gains = {"awgn": (1.0, shown_awgn_snrs_db), "rayleigh": (math.log(2), shown_slow_snrs_db)}
for channel, (power, snrs_db) in gains.items():
    fade = SessionFade(torch.tensor([power**0.5], dtype=torch.complex64))
    errors = SessionErrors(link, [fade], longest(last[:2], 1))
    kept[f"{channel}_snrs_db"] = np.array(snrs_db)
    shown = {key[0]: Transmission(systems[key], errors, scorer, spread="session") for key in last[:2]}
    received = {name: [] for name in shown}
    for snr_db in snrs_db:  # both systems at one, whose errors are drawn once
        for name, transmission in shown.items():
            images_hat = transmission.received(0, snr_db, seeds.torch_generator(seed, "channel", snr_db))
            received[name].append(images_hat[first])
    kept |= {f"{channel}_{name}": np.stack(images_hat, axis=1) for name, images_hat in received.items()}
with paths.replacing(paths.RESULTS / "aesc_i" / f"strips_{images}.npz") as temporary:
    np.savez(temporary, **kept)
print(f"classes shown: {', '.join(str(label) for label in session_labels[0][first])}")
