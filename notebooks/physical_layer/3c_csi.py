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
profile = "demo"
close_db = 1.0
# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from semcom_lib import figures, paths

results = paths.RESULTS / "physical_layer"
mse = pd.read_csv(results / "csi.csv")
training = pd.read_csv(results / "csi_training.csv")
size = f"{mse.num_receive.iloc[0]} × {mse.num_transmit.iloc[0]}"
rho = mse[mse.channel == "correlated"].correlation.iloc[0]
trained = f"{mse.trained_from_db.iloc[0]:.0f} to {mse.trained_to_db.iloc[0]:.0f} dB"
titles = {"iid": "independent gains", "correlated": f"correlated gains, ρ = {rho:g} at both ends"}
names = {
    "ls": "LS",
    "mmse": "MMSE (element-wise)",
    "adnet": "ADNet based LS",
    "mmse_full": "MMSE (full covariance): bound",
}
# %% [markdown]
# ## Fig. 7: error against SNR
# The grey ground marks the SNRs that ADNet was trained on.
# %%
caption = figures.caption(
    profile,
    f"{size} Rayleigh matrices",
    f"pilots a gain: {mse.num_pilots.iloc[0]}",
    f"{mse.trials.iloc[0]} matrices a point, 95 % bands",
)
figure, panels = figures.new(caption, columns=2)
for axes, (channel, title) in zip(panels, titles.items(), strict=True):
    axes.axvspan(mse.trained_from_db.iloc[0], mse.trained_to_db.iloc[0], color="0.93", zorder=0)
    figures.draw_curves(axes, mse[mse.channel == channel], x="snr_db", y="value", hue="system", names=names)
    axes.set(
        xlabel=figures.LABELS["snr_db"], title=title, yscale="log", ylim=(0.7 * mse.low.min(), 1.4 * mse.high.max())
    )
panels[0].set_ylabel("MSE of the channel estimate")
panels[0].legend(loc="lower left")
figures.save(figure, "physical_layer", "physical_layer_csi_mse")
plt.show()
# %% [markdown]
# ## The numbers
# MSE in dB with its 95 % interval.
# %%
decibel = 10 * np.log10(mse[["value", "low", "high"]])
table = mse.assign(mse_db=[f"{r.value:.2f} [{r.low:.2f}, {r.high:.2f}]" for r in decibel.itertuples()])
table.pivot(index=["channel", "snr_db"], columns="system", values="mse_db").loc[list(titles), list(names)].rename(
    columns=names
)
# %% [markdown]
# ## What ADNet wins
# By how many dB ADNet's error lies below each of the others'; negative where it lies above. Against the bound it cannot be
# positive but for chance.
# %%
value = (
    mse.assign(db=decibel["value"]).pivot(index=["channel", "snr_db"], columns="system", values="db").loc[list(titles)]
)
won = value[["ls", "mmse", "mmse_full"]].sub(value["adnet"], axis=0)
won.rename(columns=names).round(2)
# %% [markdown]
# ## Against the paper
# "Low" is the lowest SNR, and lower is lower when ADNet's whole interval is; "high" is the highest SNR, and an error approaches
# another when they are at most `close_db` apart.
# %%
low_snr, high_snr = mse.snr_db.min(), mse.snr_db.max()
rows = []
for channel in titles:
    points = mse[mse.channel == channel].set_index(["snr_db", "system"])
    for other in ("ls", "mmse"):
        holds = points.high[low_snr, "adnet"] < points.low[low_snr, other]
        rows.append((channel, f"below {names[other]} at low SNR", low_snr, won[other][channel, low_snr], holds))
    for other in ("ls", "mmse"):
        holds = abs(won[other][channel, high_snr]) <= close_db
        rows.append((channel, f"approaches {names[other]} at high SNR", high_snr, won[other][channel, high_snr], holds))
verdicts = pd.DataFrame(rows, columns=["channel", "claim about ADNet", "SNR (dB)", "won (dB)", "verdict"])
verdicts["verdict"] = verdicts.verdict.map({True: "reproduced", False: "not reproduced"})
verdicts["channel"] = verdicts.channel.map(titles)
verdicts.round(2)
# %% [markdown]
# ## What is seen
# %%
for channel, title in titles.items():
    points = mse[mse.channel == channel].set_index(["system", "snr_db"])
    nearest = won["mmse_full"][channel].idxmax()
    print(f"{title}:")
    for other in ("ls", "mmse"):
        lower = points.high["adnet"] < points.low[other]
        where = ", ".join(f"{snr_db:g} dB" for snr_db in lower[lower].index) or "no SNR"
        print(f"  ADNet's interval lies below that of {names[other]} at {where}")
    print(f"  nearest to the bound: {-won['mmse_full'][channel, nearest]:.2f} dB above it, at {nearest:g} dB")
    print(f"  beyond its training ({trained}): {-won['ls'][channel, high_snr]:+.2f} dB against LS at {high_snr:g} dB")
# %% [markdown]
# With independent gains nothing is left to learn beyond the power and the SNR, which a whole matrix betrays: ADNet comes near
# the MMSE estimate and must stay above it. With correlated gains it learns to average neighbours without being told the
# covariance, and passes the element-wise MMSE. Above the SNRs of its training it goes on subtracting what it takes for noise;
# there, as the paper says, LS can take its place.
# %% [markdown]
# ## How the training went
# Half the squared error a matrix on held-out matrices, SNR uniform in the training range.
# %%
figure = figures.curves(
    training,
    x="step",
    y="validation_loss",
    hue="channel",
    names=titles,
    ylabel="½‖error‖² a matrix",
    log_y=True,
    caption=figures.caption(profile, f"{size} Rayleigh matrices", f"SNR {trained}"),
)
figures.save(figure, "physical_layer", "physical_layer_csi_training")
plt.show()
