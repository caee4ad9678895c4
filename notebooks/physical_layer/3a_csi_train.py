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
# **We run** that network twice: on matrices of independent Rayleigh gains, which have nothing in common with a picture, and on
# matrices whose neighbouring gains are correlated (Kronecker model, exponential correlation at both ends), which do.
#
# **We chose** what the paper leaves open: the matrices' size and correlation, one SNR a matrix, drawn uniformly, the pilots'
# number, the network's width and its first weights (`semcom_lib.physical_layer.adnet` says why).
# %% tags=["parameters"]
seed = 2026
accelerator = "cpu"
num_receive = 16
num_transmit = 16
correlation = 0.9
num_pilots = 1
width = 16
steps = 1500
learning_rate = 0.005
warmup_steps = 50
matrices_per_batch = 32
snr_low_db = 0.0
snr_high_db = 10.0
validation_matrices = 500
validate_every = 250
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
correlations = {"iid": 0.0, "correlated": correlation}
# %% [markdown]
# ## Training
# Every step draws new channels, new noise and a new SNR for each matrix: nothing is seen twice.


# %%
def task_of(channel):
    """What the network of this channel learns."""
    ends = {"correlation_receive": correlations[channel], "correlation_transmit": correlations[channel]}
    return RefinerTask(
        partial(correlated_gain, num_receive=num_receive, num_transmit=num_transmit, **ends),
        num_pilots=num_pilots,
        snr_low_db=snr_low_db,
        snr_high_db=snr_high_db,
        matrices_per_batch=matrices_per_batch,
        validation_matrices=validation_matrices,
        seed=seed,
        stage="csi",
        channel=channel,
    )


rows = []
for channel in correlations:
    with seeds.initialising(seed, "csi", "init"):
        model = adnet.ADNet(width)
    task = task_of(channel)
    history = training.train(
        model,
        task.loss,
        training.Plan(
            steps=steps, learning_rate=learning_rate, warmup_steps=warmup_steps, validate_every=validate_every
        ),
        validate=task.validate,
        resume=paths.CHECKPOINTS / "resume" / f"physical_layer_adnet_{channel}.pt",
        stage=f"physical_layer csi_train {channel}",
        accelerator=accelerator,
    )
    settings = {
        "num_receive": num_receive,
        "num_transmit": num_transmit,
        "correlation": correlations[channel],
        "num_pilots": num_pilots,
        "trained_from_db": snr_low_db,
        "trained_to_db": snr_high_db,
    }
    task.measure_errors(model)
    checkpoint = paths.CHECKPOINTS / "physical_layer" / f"adnet_{channel}.pt"
    training.save_checkpoint(checkpoint, adnet.to_checkpoint(model) | {"settings": settings})
    rows += [{"channel": channel, **row} for row in history]
history = pd.DataFrame(rows)
tables.write_table("physical_layer", "csi_training", history)
print(f"{sum(p.numel() for p in model.parameters()):,} weights of width {width}; Tian et al. have a width of 64")
# %% [markdown]
# ## How the loss fell
# Half the squared error a matrix, on new matrices (training) and on a fixed set of held-out ones (validation).
# %%
history.pivot(index="step", columns="channel", values=["train_loss", "validation_loss"]).round(3)
# %% [markdown]
# ## What could be reached
# The validation loss as an MSE a gain, beside the closed forms averaged over the same SNRs. The full-covariance MMSE, which is
# told the SNR and the covariance, bounds every estimator from below.
# %%
grid = [channels.snr_to_n0(snr_db) for snr_db in np.linspace(snr_low_db, snr_high_db, 201)]
reached = {}
for channel, rho in correlations.items():
    ends = {"correlation_receive": rho, "correlation_transmit": rho}
    covariance = kronecker_covariance(num_receive, num_transmit, **ends)
    best = history[history.channel == channel].validation_loss.min()
    reached[channel] = {
        "LS": np.mean([csi.ls_mse(n0, num_pilots) for n0 in grid]),
        "element-wise MMSE": np.mean([csi.mmse_mse(n0, num_pilots) for n0 in grid]),
        "ADNet (validation)": 2 * best / (num_receive * num_transmit),
        "full-covariance MMSE": np.mean([csi.mmse_full_mse(n0, num_pilots, covariance) for n0 in grid]),
    }
pd.DataFrame(reached).T.round(4)
