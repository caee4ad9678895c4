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
# # Digital-SC: training the policy
# **The paper** tests the trained splits: "the performance of classification accuracy with different labels is tested in different
# BER situations at the selected split points, and these results are used to constitute a new dataset to train the policy network"
# (Sec. III-D). The policy network learns, from an image and the BER, the split point that is best for its label (eq. 23).
#
# **We run** that with all splits frozen. The table is measured on validation images, which no split was trained on; the policy
# learns on training images, whose labels it looks up there.
#
# **We chose** the BERs of the table; between two of them the nearer one counts, by their logarithms.
# %% tags=["parameters"]
seed = 2026
accelerator = "cpu"
splits = [2, 3, 4, 5]
error_rates = [1e-05, 0.0001, 0.001, 0.01, 0.03, 0.1]
width = 16
steps = 1400
learning_rate = 0.003
warmup_steps = 100
images_per_batch = 128
crop_margin = 4
flip = True
validate_every = 200
# %%
import pandas as pd
import torch

from semcom_lib import paths, seeds, tables
from semcom_lib.digital_sc.ideal import TrainingImages
from semcom_lib.digital_sc.policy import PolicyNetwork
from semcom_lib.digital_sc.received import Received
from semcom_lib.digital_sc.task import PolicyTask
from semcom_lib.digital_sc.trained import load_split, save_policy
from semcom_lib.learning import training
from semcom_lib.sources.images import ShuffledBatches, load_images

torch.use_deterministic_algorithms(True)
torch.utils.deterministic.fill_uninitialized_memory = False  # a sixth of the time, for what is written anyway
folder = paths.DATA / "digital_sc"
train, validation = (load_images(folder, part) for part in ("train", "validation"))
models = [load_split(f"splits/split_{split}") for split in splits]
# %% [markdown]
# ## What teaches it
# The accuracy of each label at each BER and split point.
# %%
received = Received(models, *validation, models[0].network.num_classes)
table = received.table(error_rates, seed)
rows = pd.DataFrame(
    [
        {"ber": ber, "split": split, "label": label, "value": table.accuracy[i, j, label]}
        for i, ber in enumerate(error_rates)
        for j, split in enumerate(splits)
        for label in range(table.accuracy.shape[2])
    ]
)
tables.write_table("digital_sc", "split_table", rows)
rows.pivot(index=["ber", "split"], columns="label", values="value").round(3)
# %% [markdown]
# ## Which split is the best of each label
# %%
pd.DataFrame(table.best, index=pd.Index(error_rates, name="ber")).map(lambda place: splits[place])
# %% [markdown]
# ## The training
# %%
with seeds.initialising(seed, "digital_sc", "policy", "init"):
    policy = PolicyNetwork(len(splits), width)
print(f"{sum(p.numel() for p in policy.parameters()):,} weights")
purpose = ("digital_sc", "policy")
batches = ShuffledBatches(len(train[0]), images_per_batch, seed, *purpose)
images = TrainingImages(*train, batches, crop_margin=crop_margin, flip=flip, seed=seed, purpose=purpose)
task = PolicyTask(images, validation, table)
history = training.train(
    policy,
    task.loss,
    training.Plan(steps=steps, learning_rate=learning_rate, warmup_steps=warmup_steps, validate_every=validate_every),
    validate=task.validate,
    resume=paths.CHECKPOINTS / "resume" / "digital_sc_policy.pt",
    stage="digital_sc policy",
    accelerator=accelerator,
    epoch_steps=batches.steps_per_epoch,
)
save_policy(policy.cpu(), splits, "policy")
history = pd.DataFrame(history)
tables.write_table("digital_sc", "training_policy", history)
history.round(4)
