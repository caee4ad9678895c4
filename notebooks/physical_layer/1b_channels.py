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
# # The physical layer: the channels against theory
# Every comparison in the five papers stands on these channels, so they come first: `y = h x + n` with E|x|² = 1, E|h|² = 1 for
# every fading model, n0 the noise variance per complex dimension, SNR = Es/N0 = 1/n0. Bands and bars are 95 % intervals of the
# simulation, dashed lines are closed forms. Nothing is fitted.
# %% tags=["parameters"]
profile = "laptop"
# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from semcom_lib import figures
from semcom_lib.ledger import layout, seen
from semcom_lib.ledger.names import decimals
from semcom_lib.physical_layer import theory
from semcom_lib.tables import read_table

SIMULATED = "simulated"
fading = read_table("physical_layer", "fading")
k_factor = float(fading.k_factor.max())
names = {"rayleigh": "Rayleigh", "rician": f"Rician, K = {k_factor:g}", "awgn": "AWGN"}
modulations = {"bpsk": "BPSK", "qpsk": "QPSK", "16qam": "16-QAM", "64qam": "64-QAM", "256qam": "256-QAM"}


def theory_line(axes, x, y):
    """A closed form, dashed."""
    axes.plot(x, y, color="0.25", linestyle="--", linewidth=1, zorder=1)


def inside(table):
    """Does a point's interval hold the closed form?"""
    return (table.low <= table.expected) & (table.expected <= table.high)


# %% [markdown]
# ## The fading amplitude
# Rayleigh, and Rician with the papers' K.
# %%
figure, (axes,) = figures.new(
    figures.caption(profile, SIMULATED, f"{fading.trials.iloc[0]} gains, 95 % bands; dashed: density in closed form")
)
figures.draw_curves(axes, fading, x="amplitude", y="density", hue="fading", names=names)
amplitude = np.linspace(0.0, 3.0, 200)
theory_line(axes, amplitude, theory.rayleigh_pdf(amplitude))
theory_line(axes, amplitude, theory.rician_pdf(amplitude, k_factor))
axes.set(xlabel="|h|", ylabel="probability density")
axes.legend()
figures.save(figure, "physical_layer", "physical_layer_fading_density")
plt.show()
# %%
deep = 0.5  # an amplitude of half the root mean square: 6 dB down
of_kind = {kind: rows.set_index("amplitude") for kind, rows in fading.groupby("fading", sort=False)}
closed = {"rayleigh": theory.rayleigh_pdf, "rician": lambda h: theory.rician_pdf(h, k_factor)}
off = {kind: float(np.abs(rows.density - closed[kind](rows.index.to_numpy())).max()) for kind, rows in of_kind.items()}
width = float(np.diff(of_kind["rayleigh"].index[:2])[0])
share = {kind: float(rows.density[rows.index < deep].sum() * width) for kind, rows in of_kind.items()}
power = {kind: float((rows.density * rows.index**2).sum() * width) for kind, rows in of_kind.items()}
seen.Sentences(
    f"The simulated density of either kind lies within {decimals(max(off.values()))} of its closed form.",
    f"Amplitudes below {deep:g} make {seen.percent(share['rayleigh'])} of all Rayleigh gains and {seen.percent(share['rician'])} "
    "of all Rician ones.",
    f"The line of sight sets the two channels apart, not their mean power, {power['rayleigh']:.2f} and {power['rician']:.2f}.",
)
# %% [markdown]
# ## Outage
# The probability that the fade does not carry the rate, for rates in bits per symbol.
# %%
outage = read_table("physical_layer", "outage")
outage[["fading", "rate"]] = outage.system.str.split(" ", expand=True)
outage["expected"] = [
    float(
        theory.outage_rayleigh(float(row.rate), row.snr_db)
        if row.fading == "rayleigh"
        else theory.outage_rician(float(row.rate), row.snr_db, k_factor)
    )
    for row in outage.itertuples()
]
figure, panels = figures.new(
    figures.caption(profile, SIMULATED, f"{outage.trials.iloc[0]} fades a point, 95 % bands; dashed: closed form"),
    columns=2,
)
for axes, (kind, rows) in zip(panels, outage.groupby("fading", sort=False), strict=True):
    figures.draw_curves(axes, rows[rows.value > 0], x="snr_db", y="value", hue="rate")
    snr_db = np.linspace(outage.snr_db.min(), outage.snr_db.max(), 200)
    for rate in rows.rate.unique():
        if kind == "rayleigh":
            theory_line(axes, snr_db, theory.outage_rayleigh(float(rate), snr_db))
        else:
            theory_line(axes, snr_db, theory.outage_rician(float(rate), snr_db, k_factor))
    axes.set(yscale="log", ylim=(3e-4, 1.5), xlabel=figures.LABELS["snr_db"], title=names[kind])
    axes.legend(title="bits per symbol", loc="lower left")
panels[0].set_ylabel("outage probability")
figures.save(figure, "physical_layer", "physical_layer_outage")
plt.show()
# %%
counted = outage[outage.value > 0]
low_rate = {kind: seen.curve(outage, fading=kind, rate="1").value for kind in ("rayleigh", "rician")}
high, decade = low_rate["rayleigh"].index[-1], low_rate["rayleigh"].index[-1] - 10
seen.Sentences(
    f"Of {len(counted)} points with outage {inside(counted).sum()} intervals hold the closed form.",
    f"From {seen.point(decade)} to {seen.point(high)} Rayleigh outage at one bit per symbol falls "
    f"{low_rate['rayleigh'][decade] / low_rate['rayleigh'][high]:.1f} times; without diversity it must fall about ten times.",
    f"At {seen.point(decade)} a line of sight lowers it from {decimals(low_rate['rayleigh'][decade])} to "
    f"{decimals(low_rate['rician'][decade])}.",
)
# %% [markdown]
# ## Uncoded bit error rate
# Gray-labelled constellations, hard decisions, the gain known to the receiver.
# %%
uncoded = read_table("physical_layer", "uncoded")
uncoded[["modulation", "channel"]] = uncoded.system.str.split(" ", expand=True)
closed_form = {"awgn": theory.ber_awgn, "rayleigh": theory.ber_rayleigh}
uncoded["expected"] = [float(closed_form[row.channel](row.modulation, row.snr_db)) for row in uncoded.itertuples()]
figure, panels = figures.new(
    figures.caption(profile, SIMULATED, "95 % bands; dashed: closed form"),
    columns=2,
)
for axes, (channel, rows) in zip(panels, uncoded.groupby("channel", sort=False), strict=True):
    figures.draw_curves(axes, rows[rows.value > 0], x="snr_db", y="value", hue="modulation", names=modulations)
    snr_db = np.linspace(uncoded.snr_db.min(), uncoded.snr_db.max(), 200)
    for modulation in rows.modulation.unique():
        theory_line(axes, snr_db, closed_form[channel](modulation, snr_db))
    axes.set(yscale="log", ylim=(1e-6, 0.6), xlabel=figures.LABELS["snr_db"], title=names[channel])
    axes.legend(loc="lower left")
panels[0].set_ylabel("bit error rate")
figures.save(figure, "physical_layer", "physical_layer_uncoded_ber")
plt.show()
# %%
counted = uncoded[uncoded.value > 0]
qpsk = {channel: seen.curve(uncoded, channel=channel, modulation="qpsk") for channel in ("awgn", "rayleigh")}
last = qpsk["awgn"].index[qpsk["awgn"].value > 0][-1]
high = qpsk["rayleigh"].index[-1]
seen.Sentences(
    f"Of {len(counted)} points with errors {inside(counted).sum()} intervals hold the closed form.",
    f"At {seen.point(last)}, the last SNR at which QPSK still errs over AWGN, its bit error rate is "
    f"{seen.scientific(qpsk['awgn'].value[last])} there and {seen.scientific(qpsk['rayleigh'].value[last])} over Rayleigh fading.",
    f"Even at {seen.point(high)} fading leaves {seen.scientific(qpsk['rayleigh'].value[high])}: "
    "without a code, errors fall no faster than outage.",
)
# %% [markdown]
# ## Do they agree?
# Of all points with errors, the share whose 95 % interval holds the closed form: it should be near 0.95.
# %%
agreement = {}
for name, table in {"outage": outage, "uncoded bit error rate": uncoded}.items():
    counted = table[table.value > 0]
    agreement[name] = {"points": len(counted), "inside": int(inside(counted).sum()), "share": inside(counted).mean()}
layout.Table(pd.DataFrame.from_dict(agreement, orient="index").rename_axis("quantity"))
