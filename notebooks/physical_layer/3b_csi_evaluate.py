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
# # The physical layer: how well the channel is known
# Monte Carlo for L-DeepSC's Fig. 7: the mean-squared error of channel estimates against SNR. Every trial is one channel matrix,
# estimated by least squares from pilots; the other estimators start from that same noisy estimate.
#
# | estimator | is told |
# |---|---|
# | LS | nothing |
# | element-wise MMSE | the SNR and the gains' power |
# | ADNet | the SNR; it was trained on such channels |
# | full-covariance MMSE | the SNR and the covariance of all gains: the bound of every estimator |
#
# And the networks on channels that they were not trained on: each one at each correlation, also with more pilots.
# %% tags=["parameters"]
seed = 2026
correlation = 0.9
num_pilots = 1
more_pilots = 4
snrs_db = [0.0, 2.5, 5.0, 7.5, 10.0, 12.5, 15.0, 17.5, 20.0]
mismatch_snrs_db = [0.0, 10.0, 20.0]
trials = 1000
# %%
from functools import partial

import numpy as np
import pandas as pd
import torch

from semcom_lib import evaluation, paths, tables
from semcom_lib.learning import checkpoints
from semcom_lib.physical_layer import adnet, channels, csi
from semcom_lib.physical_layer.correlation import correlated_gain, kronecker_covariance

torch.use_deterministic_algorithms(True)
BATCH = 250  # matrices that ADNet refines at once


# %%
def load_networks():
    """Correlation -> the network that was trained on it, and what its checkpoint says of the training."""
    files = (paths.CHECKPOINTS / "physical_layer").glob("adnet_*.pt")
    loaded = [checkpoints.load_checkpoint(file, "width", "state", "settings") for file in files]
    loaded.sort(key=lambda checkpoint: checkpoint["settings"]["correlation"])
    return {one["settings"]["correlation"]: (adnet.from_checkpoint(one), one["settings"]) for one in loaded}


def refined_by(model, pilots):
    """(h_rough, n0) -> h_est."""

    def refine(h_rough, n0):
        with torch.inference_mode():
            return torch.cat([model.refine(batch, csi.ls_mse(n0, pilots)) for batch in h_rough.split(BATCH)])

    return refine


def estimators(model, covariance):
    """Name -> (h_rough, n0) -> h_est."""
    return {
        "ls": lambda h_rough, n0: h_rough,
        "mmse": lambda h_rough, n0: csi.mmse_estimate(h_rough, n0, num_pilots),
        "adnet": refined_by(model, num_pilots),
        "mmse_full": lambda h_rough, n0: csi.mmse_estimate_full(h_rough, n0, num_pilots, covariance),
    }


def theory(covariance):
    """Name -> n0 -> the MSE's closed form, where there is one."""
    return {
        "ls": lambda n0: csi.ls_mse(n0, num_pilots),
        "mmse": lambda n0: csi.mmse_mse(n0, num_pilots),
        "adnet": lambda n0: np.nan,
        "mmse_full": lambda n0: csi.mmse_full_mse(n0, num_pilots, covariance),
    }


def system(estimator, gains, pilots):
    """One matrix a trial: its squared error and its number of gains."""

    def run(snr_db, generator):
        n0 = channels.snr_to_n0(snr_db)
        h = gains(trials, generator=generator)
        error = estimator(csi.ls_estimate(h, n0, pilots, generator=generator), n0) - h
        squared = error.abs().square().flatten(1).double().sum(dim=1).numpy()
        return {"squared_error": squared, "gains": np.full(trials, h[0].numel())}

    return run


networks = load_networks()
if missing := {0.0, correlation} - networks.keys():
    raise ValueError(f"no network was trained at the correlation {missing.pop():g}; there are {[*networks]}")
sides = {key: networks[correlation][1][key] for key in ("num_receive", "num_transmit")}
metrics = {"mse": evaluation.ratio("squared_error", "gains")}


def channel_of(rho):
    """What draws matrices of this correlation, and their covariance."""
    ends = {"correlation_receive": rho, "correlation_transmit": rho}
    return partial(correlated_gain, **sides, **ends), kronecker_covariance(**sides, **ends)


# %% [markdown]
# ## Error against SNR
# %%
def evaluate(channel, rho):
    """The tidy rows of one channel, with the closed forms and the training's settings beside them."""
    (gains, covariance), (model, settings) = channel_of(rho), networks[rho]
    table = evaluation.sweep(
        {name: system(estimator, gains, num_pilots) for name, estimator in estimators(model, covariance).items()},
        snrs_db,
        metrics,
        seed=seed,
        stage=f"physical_layer csi_evaluate {channel}",
    ).table
    closed = theory(covariance)
    table["theory"] = [closed[row.system](channels.snr_to_n0(row.snr_db)) for row in table.itertuples()]
    table.insert(0, "channel", channel)
    return table.assign(**settings | {"num_pilots": num_pilots})


mse = pd.concat([evaluate("iid", 0.0), evaluate("correlated", correlation)], ignore_index=True)
tables.write_table("physical_layer", "csi", mse)
mse.pivot(index=["channel", "snr_db"], columns="system", values="value").round(4)
# %% [markdown]
# ## Against the closed forms
# Measured over computed, where there is a closed form, and how many of the 95 % intervals hold it. The estimators at one SNR
# share their draws, so that neighbours err together.
# %%
known = mse.dropna(subset="theory")
held = known.theory.between(known.low, known.high)
print(f"{held.sum()} of {len(held)} intervals hold the closed form")
(known.value / known.theory).groupby([known.channel, known.system], sort=False).agg(["min", "max"]).round(4)


# %% [markdown]
# ## Trained on another channel
# Every network at every correlation, and with more pilots. A network knows of the pilots only how wrong the LS estimate is.
# %%
def mismatched(rho, pilots):
    """The tidy rows of one channel: the error of each network, and the closed forms of LS and of the bound."""
    gains, covariance = channel_of(rho)
    table = evaluation.sweep(
        {trained: system(refined_by(model, pilots), gains, pilots) for trained, (model, _) in networks.items()},
        mismatch_snrs_db,
        metrics,
        keys=("trained",),
        seed=seed,
        stage=f"physical_layer csi_evaluate mismatch {rho:g}",
    ).table
    n0 = [channels.snr_to_n0(snr_db) for snr_db in table.snr_db]
    table["ls"] = [csi.ls_mse(each, pilots) for each in n0]
    table["mmse_full"] = [csi.mmse_full_mse(each, pilots, covariance) for each in n0]
    return table.assign(correlation=rho, num_pilots=pilots)


tested = [*((rho, num_pilots) for rho in networks), (correlation, more_pilots)]
mismatch = pd.concat([mismatched(rho, pilots) for rho, pilots in tested], ignore_index=True)
tables.write_table("physical_layer", "csi_mismatch", mismatch)
over_ls = (mismatch.value / mismatch.ls).rename("error over that of LS")
pd.concat([mismatch, over_ls], axis=1).pivot(
    index=["snr_db", "trained"], columns=["correlation", "num_pilots"], values=over_ls.name
).round(3)
