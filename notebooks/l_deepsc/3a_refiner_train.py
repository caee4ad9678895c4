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
# # L-DeepSC: training the refiner of a fading channel
# **The paper refines** the least-squares estimate of the gains with a denoising network, $H_{refine} = ADNet(H_{rough})$ (eq. 15).
#
# **We chose** what it leaves open. A sentence meets one gain, so the gains of 16 x 16 successive sentences make the matrix that
# ADNet cleans. Where these gains are independent (Rician and Rayleigh fading, Figs. 8 and 9) there is nothing to be cleaned but
# each gain by itself: the best estimate is LS shrunk towards the mean, for Rayleigh gains LS / (1 + n0), and ADNet can do no
# better. The paper's picture needs gains that have to do with each other: `rayleigh_correlated` is that case, neighbours in
# the matrix with a correlation of 0.9, with one and with four pilots a gain.
#
# **We deviate**: the network is told the noise level, so that one serves one pilot and four, and sees all SNRs of the figures,
# not 0 to 10 dB alone; the physical layer's CSI notebook shows why.
# %% tags=["parameters"]
seed = 2026
accelerator = "cpu"
channel = "rician"
num_pilots = 4
k_factor = 2.0
width = 16
steps = 1000
learning_rate = 0.005
matrices_per_batch = 32
validation_matrices = 200
snr_low_db = 0.0
snr_high_db = 20.0
# %%
import pandas as pd
import torch

from semcom_lib import paths, seeds
from semcom_lib.l_deepsc.trained import refiner_file
from semcom_lib.l_deepsc.variants import laws
from semcom_lib.learning import training
from semcom_lib.learning.checkpoints import save_checkpoint
from semcom_lib.physical_layer import adnet
from semcom_lib.physical_layer.adnet_training import RefinerTask, matrices_of_items

torch.use_deterministic_algorithms(True)
file = refiner_file(paths.CHECKPOINTS / "l_deepsc" / "fading", channel)
with seeds.initialising(seed, "l_deepsc", "refiner"):
    refiner = adnet.ADNet(width)
task = RefinerTask(
    matrices_of_items(laws(k_factor)[channel]),
    num_pilots=num_pilots,
    snr_low_db=snr_low_db,
    snr_high_db=snr_high_db,
    matrices_per_batch=matrices_per_batch,
    validation_matrices=validation_matrices,
    seed=seed,
    stage="l_deepsc refiner",
    channel=channel,
)
history = training.train(
    refiner,
    task.loss,
    training.Plan(
        steps=steps, learning_rate=learning_rate, warmup_steps=steps // 20, validate_every=max(1, steps // 4)
    ),
    validate=task.validate,
    resume=paths.CHECKPOINTS / "resume" / f"l_deepsc_{file.stem}.pt",
    stage=f"l_deepsc {file.stem}",
    accelerator=accelerator,
)
task.measure_errors(refiner)
save_checkpoint(file, adnet.to_checkpoint(refiner))
# %% [markdown]
# ## How the loss fell
# Half the squared error of a matrix of 256 gains over the variance of the LS error, which would itself cost 128.
# %%
pd.DataFrame(history).round(3)
