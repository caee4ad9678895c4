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
# # The physical layer: the channel codes and their limits
# Bit and block error rates against Eb/N0 over AWGN with QPSK. The dotted lines are where bit-interleaved coded QPSK of that rate
# reaches capacity: no code of that rate works to the left of its line. Bands are 95 % intervals; points without an error are
# left out.
# %% tags=["parameters"]
profile = "laptop"
# %%
import json

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from semcom_lib import figures, paths
from semcom_lib.ledger import layout, seen
from semcom_lib.physical_layer import theory
from semcom_lib.tables import read_table

BITS_A_SYMBOL = 2
TARGET = 1e-3  # bit error rate
coding = read_table("physical_layer", "coding")
coding["ebno_db"] = coding.snr_db - 10 * np.log10(BITS_A_SYMBOL * coding.code_rate)
caption = figures.caption(profile, "random bits", "QPSK, AWGN, 95 % bands; dotted: capacity limits of rates 1/2, 1/3")
snr_db = np.linspace(-8.0, 8.0, 321)
capacity = theory.capacity_bicm("qpsk", snr_db)


def limit_db(rate):
    """The Eb/N0 at which bit-interleaved coded QPSK carries ``rate`` information bits a coded bit."""
    return float(np.interp(rate * BITS_A_SYMBOL, capacity, snr_db) - 10 * np.log10(rate * BITS_A_SYMBOL))


def ebno_at_target(system):
    """The Eb/N0 at which the bit error rate falls below TARGET, between two measured points; None if it is not between two."""
    measured = coding[(coding.metric == "ber") & (coding.system == system)]
    ber, ebno_db = measured.value.to_numpy(), measured.ebno_db.to_numpy()
    below = np.flatnonzero(ber < TARGET)
    if not len(below) or below[0] == 0 or ber[below[0]] == 0:
        return None
    i = below[0]
    weight = (np.log(TARGET) - np.log(ber[i - 1])) / (np.log(ber[i]) - np.log(ber[i - 1]))
    return float(ebno_db[i - 1] + weight * (ebno_db[i] - ebno_db[i - 1]))


def first_below(system, rate):
    """The first measured Eb/N0 at which fewer than ``rate`` of the blocks fail; None if there is none."""
    blocks = coding[(coding.metric == "bler") & (coding.system == system)]
    below = blocks.ebno_db[blocks.value < rate]
    return float(below.iloc[0]) if len(below) else None


decoders = {"log-map": "log-MAP", "max-log": "max-log", "sova": "SOVA"}
rates = coding.groupby("system", sort=False).code_rate.first()
shown = dict(zip(rates.index, rates.index.to_series().replace(decoders, regex=True), strict=True))
needed = pd.Series({system: ebno_at_target(system) for system in rates.index}, dtype=float)
gap = needed - rates[rates < 1].map(limit_db)
# %% [markdown]
# ## Bit error rate
# %%
FAMILIES = {
    "hard decisions and block codes": ["uncoded", "RS(7,5)", "turbo 1/2 log-map", "LDPC 1/2"],
    "turbo decoders, rate 1/2": ["turbo 1/2 log-map", "turbo 1/2 max-log", "turbo 1/2 sova"],
    "turbo decoders, rate 1/3": ["turbo 1/3 log-map", "turbo 1/3 max-log", "turbo 1/3 sova"],
}


def draw(metric, ylabel):
    """A panel a family of codes, with the limits of their rates."""
    figure, panels = figures.new(caption, columns=len(FAMILIES))
    for axes, (title, systems) in zip(panels, FAMILIES.items(), strict=True):
        rows = coding[(coding.metric == metric) & coding.system.isin(systems) & (coding.value > 0)]
        figures.draw_curves(axes, rows, x="ebno_db", y="value", hue="system", names=shown)
        for rate in sorted({rates[system] for system in systems if system.startswith(("turbo", "LDPC"))}):
            axes.axvline(limit_db(rate), color="0.3", linestyle=":", linewidth=1.2)
        has_room_above = metric == "ber" or "uncoded" not in systems  # for the legend; without a code every block fails
        right = 11 if "uncoded" in systems else 6
        axes.set(yscale="log", ylim=(1e-6, 1.5), xlim=(-1.5, right), xlabel="Eb/N0 (dB)", title=title)
        axes.legend(loc="upper right" if has_room_above else "lower right")
    panels[0].set_ylabel(ylabel)
    figures.save(figure, "physical_layer", f"physical_layer_coding_{metric}")
    plt.show()


draw("ber", "bit error rate")


# %%
def in_db(x):
    """A distance in words."""
    return seen.with_unit(f"{x:.2f}", "dB") if np.isfinite(x) else "a distance not measured here"


seen.Sentences(
    f"At a bit error rate of {TARGET:g} the codes are {in_db(gap.min())} ({shown[gap.idxmin()]}) to {in_db(gap.max())} "
    f"({shown[gap.idxmax()]}) away from the limits of their rates.",
    f"Of the turbo decoders at rate 1/2, max-log loses {in_db(needed['turbo 1/2 max-log'] - needed['turbo 1/2 log-map'])} and SOVA "
    f"{in_db(needed['turbo 1/2 sova'] - needed['turbo 1/2 log-map'])} against log-MAP.",
    f"RS(7,5), decoded from hard decisions, wins {in_db(needed['uncoded'] - needed['RS(7,5)'])} over no code at all, "
    f"where LDPC 1/2 wins {in_db(needed['uncoded'] - needed['LDPC 1/2'])}.",
)
# %% [markdown]
# ## Block error rate
# %%
draw("bler", "block error rate")
# %%
RARE = 0.01
starts = {
    shown[system]: first_below(system, RARE)
    for system in ("turbo 1/2 log-map", "turbo 1/2 sova", "LDPC 1/2", "RS(7,5)")
}
reached = [f"{name} from {in_db(ebno_db)} on" for name, ebno_db in starts.items() if ebno_db is not None]
block_bits = coding.groupby("system", sort=False).block_bits.first()
longest = block_bits.index[(block_bits == block_bits.max()) & (rates < 1)]  # a limit is one of long blocks
halves = {system: first_below(system, 0.5) for system in longest}
room = pd.Series({system: x - limit_db(rates[system]) for system, x in halves.items() if x is not None})
seen.Sentences(
    f"Of the points measured, fewer than {seen.percent(RARE)} of the blocks fail with {seen.listed(reached)}.",
    f"Blocks differ in length, {block_bits['turbo 1/2 log-map']} bits in the turbo codes and {block_bits['RS(7,5)']} in RS(7,5): "
    "their bit error rates can be compared, their block error rates cannot.",
    f"No code works to the left of its limit: where half of the blocks come through, the nearest ({shown[room.idxmin()]}) is still "
    f"{in_db(room.min())} to the right of it.",
)
# %% [markdown]
# ## How far from the limit
# The Eb/N0 at which the bit error rate falls below the target, interpolated between the two measured points around it (left out
# where the second of them saw no error), and its distance to the capacity limit of the rate as sent.
# %%
print(f"bit error rate {TARGET:g}")
distance = pd.DataFrame({"rate": rates, "Eb/N0 (dB)": needed, "to capacity (dB)": gap}).loc[rates.index]
layout.Table(distance[distance["Eb/N0 (dB)"].notna()].rename(index=shown).rename_axis("code"))
# %% [markdown]
# ## Throughput
# Information bits a second, ours beside a named peer in the same run, as `make bench` recorded it: a time belongs to the machine it
# was taken on, so it is read from that record and never measured here.
# %%
record = paths.ROOT / "benchmarks" / "coding.jsonl"
throughput = pd.DataFrame([json.loads(line) for line in record.read_text().splitlines()]).set_index("name")
layout.Table(throughput[["ours", "peer", "ratio", "unit", "peer_name"]].rename(columns={"peer_name": "the peer is"}))
