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
# # The physical layer: the channel codes and their limits
# Bit and block error rates against Eb/N0 over AWGN with QPSK. The dotted lines are where bit-interleaved coded QPSK of that rate
# reaches capacity: no code of that rate works to the left of its line. Bands are 95 % intervals; points without an error are
# left out.
# %% tags=["parameters"]
profile = "demo"
# %%
import json

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from semcom_lib import figures, paths
from semcom_lib.physical_layer import theory

coding = pd.read_csv(paths.RESULTS / "physical_layer" / "coding.csv")
coding["ebno_db"] = coding.snr_db - 10 * np.log10(2 * coding.code_rate)
caption = figures.caption(profile, "random bits", "QPSK, AWGN, 95 % bands; dotted: capacity limits of rates 1/2, 1/3")
BITS_A_SYMBOL = 2
snr_db = np.linspace(-8.0, 8.0, 321)
capacity = theory.capacity_bicm("qpsk", snr_db)


def limit_db(rate):
    """The Eb/N0 at which bit-interleaved coded QPSK carries ``rate`` information bits a coded bit."""
    return float(np.interp(rate * BITS_A_SYMBOL, capacity, snr_db) - 10 * np.log10(rate * BITS_A_SYMBOL))


# %%
families = {
    "hard decisions and block codes": ["uncoded", "RS(7,5)", "turbo 1/2 log-map", "LDPC 1/2"],
    "turbo decoders, rate 1/2": ["turbo 1/2 log-map", "turbo 1/2 max-log", "turbo 1/2 sova"],
    "turbo decoders, rate 1/3": ["turbo 1/3 log-map", "turbo 1/3 max-log", "turbo 1/3 sova"],
}
for metric, ylabel in {"ber": "bit error rate", "bler": "block error rate"}.items():
    figure, panels = figures.new(caption, columns=len(families))
    for axes, (title, systems) in zip(panels, families.items(), strict=True):
        rows = coding[(coding.metric == metric) & coding.system.isin(systems) & (coding.value > 0)]
        figures.draw_curves(axes, rows, x="ebno_db", y="value", hue="system")
        for rate in (1 / 2, 1 / 3):
            if rate == 1 / 3 or "1/3" not in title:
                axes.axvline(limit_db(rate), color="0.3", linestyle=":", linewidth=1.2)
        axes.set(
            yscale="log", ylim=(1e-5, 1.5), xlim=(-1.5, 11 if "hard" in title else 5), xlabel="Eb/N0 (dB)", title=title
        )
        axes.legend()
    panels[0].set_ylabel(ylabel)
    figures.save(figure, "physical_layer", f"physical_layer_coding_{metric}")
    plt.show()
# %% [markdown]
# ## How far from the limit
# The Eb/N0 at which the bit error rate falls below the target, interpolated between the two measured points around it (left out
# where the second of them saw no error), and its distance to the capacity limit of the rate as sent.
# %%
TARGET = 1e-3
rows = []
for name, measured in coding[coding.metric == "ber"].groupby("system", sort=False):
    ber = measured.value.to_numpy()
    below = np.flatnonzero(ber < TARGET)
    if len(below) and below[0] > 0 and ber[below[0]] > 0:
        i = below[0]
        weight = (np.log(TARGET) - np.log(ber[i - 1])) / (np.log(ber[i]) - np.log(ber[i - 1]))
        ebno_db = float(
            measured.ebno_db.iloc[i - 1] + weight * (measured.ebno_db.iloc[i] - measured.ebno_db.iloc[i - 1])
        )
        rate = float(measured.code_rate.iloc[0])
        gap = round(ebno_db - limit_db(rate), 2) if rate < 1 else None
        rows.append(
            {"code": name, "rate": round(rate, 4), "Eb/N0 at BER 1e-3 (dB)": round(ebno_db, 2), "to capacity (dB)": gap}
        )
pd.DataFrame(rows)
# %% [markdown]
# ## Throughput
# Information bits a second, ours beside a named peer in the same run, as `make bench` recorded it: a time belongs to the machine it
# was taken on, so it is read from that record and never measured here.
# %%
record = paths.ROOT / "benchmarks" / "coding.jsonl"
throughput = pd.DataFrame([json.loads(line) for line in record.read_text().splitlines()])
throughput[["name", "ours", "peer", "ratio", "unit", "peer_name"]].round(3)
