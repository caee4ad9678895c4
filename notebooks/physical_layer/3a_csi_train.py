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
# # The physical layer: training the CSI refiner
# **The paper** (L-DeepSC, Sec. III-A) estimates the channel by least squares from few pilots, $H_{rough} = H + \hat N$ (eq. 14),
# takes the noisy matrix for a noisy picture and cleans it with a denoising network, $H_{refine} = ADNet(H_{rough})$ (eq. 15),
# trained with $\frac{1}{2}\|H_{refine} - H\|_F^2$ on SNRs "from 0 dB to 10 dB" (Sec. IV). The network sees the picture and
# nothing else: neither the SNR nor the channel's statistics.
#
# **We run** that network on matrices of independent Rayleigh gains, which have nothing in common with a picture, and on
# matrices whose neighbouring gains are more and more correlated (Kronecker model, exponential correlation $\rho$ at both ends).
#
# **We deviate**: ours is told the standard deviation of the LS error, $\sqrt{n_0 / N_p}$ with $N_p$ pilots, as a third plane of
# the picture. A receiver knows it. The blind network was tried, from 0 to 10 dB as in the paper: beyond 10 dB it went on taking
# off what it took for noise and soon erred more than LS. Ours is trained over all SNRs of the figures, from one pilot to the most
# that it shall serve, and each error counts in units of the LS error: of the plain squared error hardly anything would be left
# to learn from at high SNR.
#
# **We chose** what the paper leaves open: the matrices' size and correlation, one SNR a matrix, drawn uniformly, the pilots'
# number, the network's width and its first weights (`semcom_lib.physical_layer.adnet` says why).
# %% tags=["parameters"]
seed = 2026
accelerator = "cpu"
num_receive = 16
num_transmit = 16
correlations = [0.0, 0.5, 0.9, 0.99]
num_pilots = 4
width = 16
steps = 1500
learning_rate = 0.005
warmup_steps = 50
matrices_per_batch = 32
snr_low_db = 0.0
snr_high_db = 20.0
validation_matrices = 500
validate_every = 500
# %%
from functools import partial

import numpy as np
import pandas as pd
import torch

from semcom_lib import paths, seeds, tables
from semcom_lib.learning import training
from semcom_lib.physical_layer import adnet, channels, csi
from semcom_lib.physical_layer.adnet_training import RefinerTask
from semcom_lib.physical_layer.correlation import correlated_gain, kronecker_covariance

torch.use_deterministic_algorithms(True)
# %% [markdown]
# ## Training
# Every step draws new channels, new noise and a new SNR for each matrix: nothing is seen twice.


# %%
def task_of(correlation):
    """What the network of gains with this correlation learns."""
    ends = {"correlation_receive": correlation, "correlation_transmit": correlation}
    return RefinerTask(
        partial(correlated_gain, num_receive=num_receive, num_transmit=num_transmit, **ends),
        num_pilots=num_pilots,
        snr_low_db=snr_low_db,
        snr_high_db=snr_high_db,
        matrices_per_batch=matrices_per_batch,
        validation_matrices=validation_matrices,
        seed=seed,
        stage="csi",
        channel=f"{correlation:g}",
    )


rows = []
for correlation in correlations:
    with seeds.initialising(seed, "csi", "init"):
        model = adnet.ADNet(width)
    task = task_of(correlation)
    history = training.train(
        model,
        task.loss,
        training.Plan(
            steps=steps, learning_rate=learning_rate, warmup_steps=warmup_steps, validate_every=validate_every
        ),
        validate=task.validate,
        resume=paths.CHECKPOINTS / "resume" / f"physical_layer_adnet_{correlation:g}.pt",
        stage=f"physical_layer csi_train {correlation:g}",
        accelerator=accelerator,
    )
    settings = {
        "num_receive": num_receive,
        "num_transmit": num_transmit,
        "correlation": correlation,
        "num_pilots": num_pilots,
        "trained_from_db": snr_low_db,
        "trained_to_db": snr_high_db,
    }
    task.measure_errors(model)
    checkpoint = paths.CHECKPOINTS / "physical_layer" / f"adnet_{correlation:g}.pt"
    training.save_checkpoint(checkpoint, adnet.to_checkpoint(model) | {"settings": settings})
    rows += [{"correlation": correlation, **row} for row in history]
history = pd.DataFrame(rows)
tables.write_table("physical_layer", "csi_training", history)
print(f"{sum(p.numel() for p in model.parameters()):,} weights of width {width}; Tian et al. have a width of 64")
# %% [markdown]
# ## How the loss fell
# Half the squared error a matrix over the variance of the LS error, on new matrices (training) and on a fixed set of held-out ones
# (validation). The LS estimate itself costs half the number of gains.
# %%
history.pivot(index="step", columns="correlation", values=["train_loss", "validation_loss"]).round(3)
# %% [markdown]
# ## What could be reached
# The validation loss as an error a gain over that of LS, beside the closed forms, the mean over the same SNRs. The full-covariance
# MMSE, which is told the covariance, bounds every estimator from below; without correlation it is the element-wise one.
# %%
best_db = snr_high_db + 10 * np.log10(num_pilots)
grid = [channels.snr_to_n0(snr_db) for snr_db in np.linspace(snr_low_db, best_db, 201)]
reached = {}
for rho in correlations:
    covariance = kronecker_covariance(num_receive, num_transmit, correlation_receive=rho, correlation_transmit=rho)
    best = history[history.correlation == rho].validation_loss.min()
    reached[rho] = {
        "element-wise MMSE": np.mean([csi.mmse_mse(n0, 1) / n0 for n0 in grid]),
        "ADNet (validation)": 2 * best / (num_receive * num_transmit),
        "full-covariance MMSE": np.mean([csi.mmse_full_mse(n0, 1, covariance) / n0 for n0 in grid]),
    }
pd.DataFrame(reached).T.rename_axis(index="correlation").round(4)
