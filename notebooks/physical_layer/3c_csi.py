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
# # L-DeepSC, Fig. 7: refining the channel estimate
# **The paper claims** for Rayleigh fading that "the MSE of ADNet based LS estimator is significantly lower than that of LS and MMSE
# estimators when SNR is low", and that "with increasing SNR, the MSE of ADNet based LS estimator approaches to that of the LS
# and MMSE estimators" (Sec. IV).
#
# **Read with care.** If the gains are independent and Gaussian, the element-wise MMSE estimate is the conditional mean: no
# estimator, trained or not, has a smaller mean-squared error. The claim can only hold where the gains have a structure that this
# MMSE estimator ignores and the network has learned. So we show both cases.
#
# **We run** LS, element-wise MMSE and ADNet on matrices of independent and of correlated Rayleigh gains, all from the same
# pilots' noise, and the full-covariance MMSE, which knows that structure and bounds everybody.
#
# **We deviate**: matrices' size, correlation and number of pilots are ours (the paper gives none), the network is narrower than
# Tian et al.'s in the small profiles, and its training starts from other weights (`semcom_lib.physical_layer.adnet`).
# %% tags=["parameters"]
profile = "laptop"
# %%
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np

from semcom_lib import figures
from semcom_lib.ledger import claims, layout, seen
from semcom_lib.ledger.reference import load_reference
from semcom_lib.tables import read_table

names = load_reference("l_deepsc").names
systems = {system: names.of("system")[system] for system in ("ls", "mmse", "adnet", "mmse_full")}
mse = read_table("physical_layer", "csi")
first = mse.iloc[0]
data = f"{first.num_receive} × {first.num_transmit} Rayleigh matrices"
rho = mse[mse.channel == "correlated"].correlation.iloc[0]
titles = {
    "iid": names.of("channel")["iid"],
    "correlated": f"{names.of('channel')['correlated']}, ρ = {rho:g} at both ends",
}
curves = {
    channel: {system: seen.curve(mse, channel=channel, system=system) for system in systems} for channel in titles
}
# %% [markdown]
# ## Fig. 7: error against SNR
# The grey ground marks the SNRs that ADNet was trained on. The full-covariance MMSE is the bound.
# %%
caption = figures.caption(
    profile, data, f"pilots a gain: {first.num_pilots}", f"{first.trials} matrices a point, 95 % bands"
)
figure, panels = figures.new(caption, columns=2)
for axes, (channel, title) in zip(panels, titles.items(), strict=True):
    axes.axvspan(first.trained_from_db, first.trained_to_db, color="0.93", zorder=0)
    figures.draw_curves(axes, mse[mse.channel == channel], x="snr_db", y="value", hue="system", names=systems)
    axes.set(
        xlabel=figures.LABELS["snr_db"], title=title, yscale="log", ylim=(0.7 * mse.low.min(), 1.4 * mse.high.max())
    )
panels[0].set_ylabel("MSE of the channel estimate")
panels[0].legend(loc="lower left")
figures.save(figure, "physical_layer", "physical_layer_csi_mse")
plt.show()


# %%
def below(channel):
    """Where ADNet's interval lies below those of LS and of MMSE."""
    adnet, snrs_db = curves[channel]["adnet"], curves[channel]["adnet"].index
    return " and ".join(
        f"below {systems[other]} {seen.at(seen.surely_above(curves[channel][other], adnet), snrs_db)}"
        for other in ("ls", "mmse")
    )


def above_db(channel, other):
    """ADNet's error in dB above another's."""
    return 10 * np.log10(curves[channel]["adnet"].value / curves[channel][other].value)


high = mse.snr_db.max()
to_bound = above_db("correlated", "mmse_full")
seen.Sentences(
    f"With independent gains ADNet lies {below('iid')}: that estimate is the conditional mean, which nothing can be below, "
    f"and ADNet comes within {above_db('iid', 'mmse').min():.2f}\N{NO-BREAK SPACE}dB of it.",
    f"With correlated gains it lies {below('correlated')}, and within {to_bound.min():.2f}\N{NO-BREAK SPACE}dB of the bound, "
    f"which knows the covariance, at {seen.point(to_bound.idxmin())}.",
    f"Above the SNRs of its training ({first.trained_from_db:g} to {first.trained_to_db:g}\N{NO-BREAK SPACE}dB) the paper has it "
    f"approach the others; at {seen.point(high)} ours is {above_db('iid', 'ls')[high]:.1f} and "
    f"{above_db('correlated', 'ls')[high]:.1f}\N{NO-BREAK SPACE}dB above LS.",
)
# %%
claims.show("l_deepsc", exhibit="fig07")
# %% [markdown]
# With independent gains nothing is left to learn beyond the power and the SNR, which a whole matrix betrays: ADNet comes near
# the MMSE estimate and must stay above it. With correlated gains it learns to average neighbours without being told the
# covariance. Above the SNRs of its training it goes on subtracting what it takes for noise; there LS can take its place.
# %% [markdown]
# ## The numbers
# MSE in dB with its 95 % interval.
# %%
decibel = mse.assign(**10 * np.log10(mse[["value", "low", "high"]]))
layout.estimates(decibel, rows=["channel", "snr_db"], columns="system", names=names)
# %% [markdown]
# ## What ADNet wins
# By how many dB ADNet's error lies below each of the others'; negative where it lies above. Against the bound it cannot be
# positive but for chance.
# %%
value = decibel.pivot(index=["channel", "snr_db"], columns="system", values="value").loc[list(titles)]
won = value[["ls", "mmse", "mmse_full"]].sub(value["adnet"], axis=0).rename(columns=systems, index=titles)
layout.Table(won.rename_axis(index=["channel", "SNR (dB)"], columns=None))
# %% [markdown]
# ## How the training went
# Half the squared error a matrix on held-out matrices, SNR uniform in the training range.
# %%
training = read_table("physical_layer", "csi_training")
trained = f"SNR {first.trained_from_db:g} to {first.trained_to_db:g} dB"
figure = figures.curves(
    training,
    x="step",
    y="validation_loss",
    hue="channel",
    names=titles,
    ylabel="½‖error‖² a matrix",
    log_y=True,
    caption=figures.caption(profile, data, trained),
)
figures.save(figure, "physical_layer", "physical_layer_csi_training")
plt.show()
# %%
losses = {channel: rows.validation_loss.tolist() for channel, rows in training.groupby("channel", sort=False)}
last = {channel: seen.percent(1 - loss[-1] / loss[-2], "{:.1f}") for channel, loss in losses.items()}
rises = [later > earlier for loss in losses.values() for earlier, later in pairwise(loss)]
steps = training.step.max()
seen.Sentences(
    f"After {steps:,} steps half the squared error of a matrix is {losses['iid'][-1]:.1f} with independent and "
    f"{losses['correlated'][-1]:.1f} with correlated gains, {losses['iid'][-1] / losses['correlated'][-1]:.1f} times as much.",
    f"The last step between validations takes {last['iid']} and {last['correlated']} off them.",
    f"Of {sum(len(loss) - 1 for loss in losses.values())} such steps {sum(rises)} went up instead of down.",
)
