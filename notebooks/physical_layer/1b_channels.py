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
# # The physical layer: the channels against theory
# Every comparison in the five papers stands on these channels, so they come first: `y = h x + n` with E|x|² = 1, E|h|² = 1 for
# every fading model, n0 the noise variance per complex dimension, SNR = Es/N0 = 1/n0. Bands and bars are 95 % intervals of the
# simulation, dashed lines are closed forms. Nothing is fitted.
# %% tags=["parameters"]
profile = "demo"
# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from semcom_lib import figures, paths
from semcom_lib.physical_layer import theory

results = paths.RESULTS / "physical_layer"
SIMULATED = "simulated"


def theory_line(axes, x, y):
    axes.plot(x, y, color="0.25", linestyle="--", linewidth=1, zorder=1)


# %% [markdown]
# ## The fading amplitude
# Rayleigh, and Rician with the papers' K.
# %%
fading = pd.read_csv(results / "fading.csv")
k_factor = float(fading.k_factor.max())
names = {"rayleigh": "Rayleigh", "rician": f"Rician, K = {k_factor:g}"}
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
# %% [markdown]
# ## Outage
# The probability that the fade does not carry the rate, for rates in bits per symbol.
# %%
outage = pd.read_csv(results / "outage.csv")
outage[["fading", "rate"]] = outage.system.str.split(" ", expand=True)
figure, panels = figures.new(
    figures.caption(profile, SIMULATED, f"{outage.trials.iloc[0]} fades a point, 95 % bands; dashed: closed form"),
    columns=2,
)
for axes, (fading_name, rows) in zip(panels, outage.groupby("fading", sort=False), strict=True):
    figures.draw_curves(axes, rows[rows.value > 0], x="snr_db", y="value", hue="rate")
    snr_db = np.linspace(outage.snr_db.min(), outage.snr_db.max(), 200)
    for rate in rows.rate.unique():
        if fading_name == "rayleigh":
            theory_line(axes, snr_db, theory.outage_rayleigh(float(rate), snr_db))
        else:
            theory_line(axes, snr_db, theory.outage_rician(float(rate), snr_db, k_factor))
    axes.set(yscale="log", ylim=(3e-4, 1.5), xlabel="SNR (dB)", title=names[fading_name])
    axes.legend(title="bits per symbol")
panels[0].set_ylabel("outage probability")
figures.save(figure, "physical_layer", "physical_layer_outage")
plt.show()
# %% [markdown]
# ## Uncoded bit error rate
# Gray-labelled constellations, hard decisions, the gain known to the receiver.
# %%
uncoded = pd.read_csv(results / "uncoded.csv")
uncoded[["modulation", "channel"]] = uncoded.system.str.split(" ", expand=True)
closed_form = {"awgn": theory.ber_awgn, "rayleigh": theory.ber_rayleigh}
figure, panels = figures.new(
    figures.caption(profile, SIMULATED, "95 % bands; dashed: closed form"),
    columns=2,
)
for axes, (channel, rows) in zip(panels, uncoded.groupby("channel", sort=False), strict=True):
    figures.draw_curves(axes, rows[rows.value > 0], x="snr_db", y="value", hue="modulation")
    snr_db = np.linspace(uncoded.snr_db.min(), uncoded.snr_db.max(), 200)
    for modulation in rows.modulation.unique():
        theory_line(axes, snr_db, closed_form[channel](modulation, snr_db))
    axes.set(yscale="log", ylim=(1e-5, 0.6), xlabel="SNR (dB)", title={"awgn": "AWGN", "rayleigh": "Rayleigh"}[channel])
    axes.legend()
panels[0].set_ylabel("bit error rate")
figures.save(figure, "physical_layer", "physical_layer_uncoded_ber")
plt.show()
# %% [markdown]
# ## Do they agree?
# Of all points with errors, the share whose 95 % interval holds the closed form: it should be near 0.95.
# %%
outage["expected"] = [
    float(
        theory.outage_rayleigh(float(row.rate), row.snr_db)
        if row.fading == "rayleigh"
        else theory.outage_rician(float(row.rate), row.snr_db, k_factor)
    )
    for row in outage.itertuples()
]
uncoded["expected"] = [float(closed_form[row.channel](row.modulation, row.snr_db)) for row in uncoded.itertuples()]
agreement = []
for name, table in {"outage": outage, "uncoded bit error rate": uncoded}.items():
    seen = table[table.value > 0]
    inside = (seen.low <= seen.expected) & (seen.expected <= seen.high)
    agreement.append(
        {"quantity": name, "points": len(seen), "inside": int(inside.sum()), "share": round(inside.mean(), 3)}
    )
pd.DataFrame(agreement)
