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
# | ADNet | nothing; it was trained on such channels |
# | full-covariance MMSE | the SNR and the covariance of all gains: the bound of every estimator |
# %% tags=["parameters"]
seed = 2026
snrs_db = [0.0, 2.5, 5.0, 7.5, 10.0, 12.5, 15.0, 17.5, 20.0]
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
def estimators(model, num_pilots, covariance):
    """Name -> (h_rough, n0) -> h_est."""

    def refine(h_rough, n0):
        with torch.inference_mode():
            return torch.cat([model.refine(batch, csi.ls_mse(n0, num_pilots)) for batch in h_rough.split(BATCH)])

    return {
        "ls": lambda h_rough, n0: h_rough,
        "mmse": lambda h_rough, n0: csi.mmse_estimate(h_rough, n0, num_pilots),
        "adnet": refine,
        "mmse_full": lambda h_rough, n0: csi.mmse_estimate_full(h_rough, n0, num_pilots, covariance),
    }


def theory(num_pilots, covariance):
    """Name -> n0 -> the MSE's closed form, where there is one."""
    return {
        "ls": lambda n0: csi.ls_mse(n0, num_pilots),
        "mmse": lambda n0: csi.mmse_mse(n0, num_pilots),
        "adnet": lambda n0: np.nan,
        "mmse_full": lambda n0: csi.mmse_full_mse(n0, num_pilots, covariance),
    }


def system(estimator, gains, num_pilots):
    """One matrix a trial: its squared error and its number of gains."""

    def run(snr_db, generator):
        n0 = channels.snr_to_n0(snr_db)
        h = gains(trials, generator=generator)
        error = estimator(csi.ls_estimate(h, n0, num_pilots, generator=generator), n0) - h
        squared = error.abs().square().flatten(1).double().sum(dim=1).numpy()
        return {"squared_error": squared, "gains": np.full(trials, h[0].numel())}

    return run


# %% [markdown]
# ## Error against SNR
# %%
def evaluate(channel):
    """The tidy rows of one channel, with the closed forms and the checkpoint's settings beside them."""
    checkpoint = checkpoints.load_checkpoint(
        paths.CHECKPOINTS / "physical_layer" / f"adnet_{channel}.pt", "settings", "state"
    )
    settings = checkpoint["settings"]
    arrays = {
        "num_receive": settings["num_receive"],
        "num_transmit": settings["num_transmit"],
        "correlation_receive": settings["correlation"],
        "correlation_transmit": settings["correlation"],
    }
    gains, covariance = partial(correlated_gain, **arrays), kronecker_covariance(**arrays)
    num_pilots = settings["num_pilots"]
    chosen = estimators(adnet.from_checkpoint(checkpoint), num_pilots, covariance)
    table = evaluation.sweep(
        {name: system(estimator, gains, num_pilots) for name, estimator in chosen.items()},
        snrs_db,
        {"mse": evaluation.ratio("squared_error", "gains")},
        seed=seed,
        stage=f"physical_layer csi_evaluate {channel}",
    ).table
    closed = theory(num_pilots, covariance)
    table["theory"] = [closed[row.system](channels.snr_to_n0(row.snr_db)) for row in table.itertuples()]
    table.insert(0, "channel", channel)
    return table.assign(**settings)


mse = pd.concat([evaluate(channel) for channel in ("iid", "correlated")], ignore_index=True)
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
