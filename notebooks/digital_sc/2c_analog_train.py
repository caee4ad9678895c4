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
# # Digital-SC: training the analog systems
# **The paper compares** with DJSCC, which "uses arbitrary complex values for transmission in the analog form" (Sec. IV-B), and its
# Table III has analog cases: with cross-entropy or the SLL, with all 128 channels or 13.
#
# **We run** these at the main split point, over AWGN at the SNR at which uncoded QPSK has the digital systems' BER, and one that
# the paper does not have: DJSCC in as many channel uses as the digital system, which keeps twice as many channels at 2 bits.
#
# All take as many steps as the digital systems; those that keep all channels are trained without the l1 norm.
# %% tags=["parameters"]
seed = 2026
accelerator = "cpu"
split = 3
bits = 2
num_channels = 13
bit_error_rate = 0.01
ce_weight = 0.5
soft_temperature = 4.0
sparsity_weight = 0.005
joint_steps = 100
sparse_steps = 200
tuning_steps = 600
learning_rate = 0.002
warmup_steps = 30
images_per_batch = 64
crop_margin = 4
flip = True
validate_every = 200
# %%
import copy

import pandas as pd
import torch

from semcom_lib import paths, tables
from semcom_lib.digital_sc.algorithm import Settings, Trainer
from semcom_lib.digital_sc.analog import AnalogBlock, analog_channels, ber_to_snr_db
from semcom_lib.digital_sc.ideal import load_network
from semcom_lib.digital_sc.trained import save_split
from semcom_lib.sources.images import load_images

torch.use_deterministic_algorithms(True)
torch.utils.deterministic.fill_uninitialized_memory = False  # a sixth of the time, for what is written anyway
torch.set_flush_denormal(True)  # of weights that the l1 norm or the ideal network's decay has brought near zero
folder = paths.DATA / "digital_sc"
train, validation = (load_images(folder, part) for part in ("train", "validation"))
settings = Settings(
    ce_weight=ce_weight,
    soft_temperature=soft_temperature,
    sparsity_weight=sparsity_weight,
    learning_rate=learning_rate,
    warmup_steps=warmup_steps,
    images_per_batch=images_per_batch,
    crop_margin=crop_margin,
    flip=flip,
    validate_every=validate_every,
    seed=seed,
    accelerator=accelerator,
)
trainer = Trainer(load_network("ideal"), train, validation, settings)
available = trainer.ideal.feature_shape(split)[0]
snr_db = ber_to_snr_db(bit_error_rate)
print(f"{available} channels behind block {split}; a BER of {bit_error_rate:g} is that of {snr_db:.2f} dB")
# %% [markdown]
# ## The trainings
# One training of the first step for each loss; from there with the l1 norm and without.
# %%
pruned_to = {"pruned": num_channels, "equal_uses": analog_channels(num_channels, bits, available)}
models = {}
for loss, soft in {"soft": True, "cross_entropy": False}.items():
    how = {"quality": snr_db, "with_soft_targets": soft}
    joint = trainer.run(trainer.cut(split, AnalogBlock(available)), f"analog_{loss}", "joint", joint_steps, **how)
    whole = trainer.run(copy.deepcopy(joint), f"analog_{loss}_whole", "sparse", sparse_steps, **how)
    models[loss, "whole"] = trainer.run(whole, f"analog_{loss}_whole", "tuned", tuning_steps, **how)
    sparse = trainer.run(joint, f"analog_{loss}_sparse", "sparse", sparse_steps, sparse=True, **how)
    models[loss, "sparse"] = sparse
    for name, channels in pruned_to.items():
        if soft or name == "pruned":
            model = copy.deepcopy(sparse)
            model.block.pruning.prune(channels)
            models[loss, name] = trainer.run(model, f"analog_{loss}_{name}", "tuned", tuning_steps, **how)
for (loss, name), model in models.items():
    save_split(model, f"analog/{loss}_{name}")
history = pd.concat(trainer.histories, ignore_index=True)
tables.write_table("digital_sc", "training_analog", history)
history.round(4)
# %% [markdown]
# ## What each sends
# %%
pd.DataFrame(
    [
        {"loss": loss, "system": name, "channels": model.block.pruning.num_kept, "channel uses": model.channel_uses}
        for (loss, name), model in models.items()
    ]
)
