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
# # Digital-SC: training at other rates, quantisers and labels
# **The paper** has 2 bits and 13 channels, a learned quantiser and natural labels (eq. 13).
#
# **We run** what it leaves out: 1 to 4 bits and several numbers of channels, the uniform quantiser whose ends are learned, the one
# of eq. 8, which spans the features' range, and Gray labels. All begin from the same analog system, which the l1 norm has made
# sparse, and take as many steps over the same batches; they differ in the block alone.
# %% tags=["parameters"]
seed = 2026
accelerator = "cpu"
bits = [1, 2, 3, 4]
num_channels = [6, 13, 26]
compared_bits = 2
compared_channels = 13
bit_error_rate = 0.01
ce_weight = 0.5
soft_temperature = 4.0
tuning_steps = 250
learning_rate = 0.002
warmup_steps = 20
images_per_batch = 64
crop_margin = 4
flip = True
validate_every = 250
# %%
import pandas as pd
import torch

from semcom_lib import paths, tables
from semcom_lib.digital_sc.algorithm import Settings, Trainer, with_block
from semcom_lib.digital_sc.bottleneck import DigitalBlock
from semcom_lib.digital_sc.ideal import load_network
from semcom_lib.digital_sc.trained import load_split, save_split
from semcom_lib.sources.images import load_images

torch.use_deterministic_algorithms(True)
torch.utils.deterministic.fill_uninitialized_memory = False  # a sixth of the time, for what is written anyway
torch.set_flush_denormal(True)  # of weights that the l1 norm or the ideal network's decay has brought near zero
folder = paths.DATA / "digital_sc"
train, validation = (load_images(folder, part) for part in ("train", "validation"))
settings = Settings(
    ce_weight=ce_weight,
    soft_temperature=soft_temperature,
    sparsity_weight=0.0,
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
sparse = load_split("analog/soft_sparse")
kinds = [("learned", "natural", q, z) for q in bits for z in num_channels]
kinds += [("even", "natural", q, compared_channels) for q in bits if q != compared_bits]
kinds += [("even", "natural", compared_bits, z) for z in num_channels]
kinds += [("range", "natural", compared_bits, compared_channels), ("learned", "gray", compared_bits, compared_channels)]
# %%
rows = []
for quantiser, labels, q, z in kinds:
    name = f"{quantiser}_{labels}_{q}_{z}"
    block = DigitalBlock(len(sparse.block.pruning.scaling), q, quantiser=quantiser, labels=labels)
    model = with_block(sparse, block, z)
    trainer.start(model)
    trainer.run(model, name, "rates", tuning_steps, quality=bit_error_rate)
    save_split(model, f"rates/{name}")
    uses = {"bits_per_image": block.count_bits(*model.map_shape), "channel_uses": model.channel_uses}
    rows.append({"quantiser": quantiser, "labels": labels, "bits": q, "num_channels": z} | uses)
tables.write_table("digital_sc", "rates_uses", pd.DataFrame(rows))
history = pd.concat(trainer.histories, ignore_index=True)
tables.write_table("digital_sc", "training_rates", history)
history.round(4)
# %% [markdown]
# ## What each sends
# %%
pd.DataFrame(rows)
