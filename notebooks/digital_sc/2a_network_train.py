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
# # Digital-SC: training the ideal network
# **The paper** begins with "the ideal network with the noiseless channel" (Sec. III-E), a ResNet-56 of bottleneck blocks: its
# weights are those of every split before training, and its outputs the soft targets.
#
# **We run** a network of the same kind, of the depth that is printed below, on cross-entropy with Adam; the rate rises, then falls
# linearly to zero. Training images are shifted by a few pixels and half of them mirrored.
#
# **And on**, by the trainings of a split one after the other, without its channel: whoever answers without one (BPG, the
# features' classical chain, case 1 of Table III) is compared after the same steps at the same rates. Validation chooses of the two.
# %% tags=["parameters"]
seed = 2026
accelerator = "cpu"
blocks_per_stage = 2
width = 16
steps = 21000
learning_rate = 0.005
warmup_steps = 400
weight_decay = 0.0001
label_smoothing = 0.0
tuning_steps = [100, 200, 600]
tuning_rate = 0.002
tuning_warmup_steps = 30
images_per_batch = 64
crop_margin = 4
flip = True
validate_every = 1000
# %%
import numpy as np
import pandas as pd
import torch

from semcom_lib import evaluation, paths, seeds, tables
from semcom_lib.digital_sc.ideal import IdealTask, TrainingImages, save_network
from semcom_lib.digital_sc.network import SplitResNet
from semcom_lib.digital_sc.recognition import Ideal, recognised
from semcom_lib.learning import training
from semcom_lib.sources.images import ShuffledBatches, load_images

torch.use_deterministic_algorithms(True)
torch.utils.deterministic.fill_uninitialized_memory = False  # a sixth of the time, for what is written anyway
folder = paths.DATA / "digital_sc"
train, validation, test = (load_images(folder, split) for split in ("train", "validation", "test"))
with seeds.initialising(seed, "digital_sc", "init"):
    network = SplitResNet(blocks_per_stage, width)
print(
    f"ResNet-{network.depth}: {network.num_blocks} blocks, {sum(p.numel() for p in network.parameters()):,} weights, "
    f"{network.device_flops(network.num_blocks) / 1e6:,.0f} MFLOP an image"
)
print(f"{len(train[0]):,} training images; {steps * images_per_batch / len(train[0]):.1f} epochs")
# %% [markdown]
# ## The training
# %%


def trained(step, steps, learning_rate, warmup_steps):
    """Train the network in place, the training ``step``; each validation's row."""
    batches = ShuffledBatches(len(train[0]), images_per_batch, seed, "digital_sc", step)
    purpose = ("digital_sc", step)
    settings = {"crop_margin": crop_margin, "flip": flip, "seed": seed, "purpose": purpose}
    task = IdealTask(TrainingImages(*train, batches, **settings), validation, label_smoothing=label_smoothing)
    history = training.train(
        network,
        task.loss,
        training.Plan(
            steps=steps,
            learning_rate=learning_rate,
            warmup_steps=warmup_steps,
            weight_decay=weight_decay,
            validate_every=validate_every,
        ),
        validate=task.validate,
        resume=paths.CHECKPOINTS / "resume" / f"digital_sc_{step}.pt",
        stage=f"digital_sc {step}",
        accelerator=accelerator,
        epoch_steps=batches.steps_per_epoch,
    )
    network.cpu()
    return pd.DataFrame(history).assign(system="ideal", training=step)


history = [trained("ideal", steps, learning_rate, warmup_steps)]
save_network(network, "ideal")


def measured(step):
    """The share of test images that are recognised, with its 95 % bootstrap interval."""
    guessed = recognised(Ideal(network), test[0], 0.0, generator=torch.Generator())
    counts = {"right": guessed == test[1], "images": np.ones(len(guessed))}
    rng = seeds.numpy_generator(seed, "bootstrap")
    metrics = {"accuracy": evaluation.ratio("right", "images")}
    return evaluation.summarise(counts, metrics, rng=rng).table.assign(training=step, depth=network.depth)


recognition = [measured("ideal")]
for part, part_steps in zip(
    ("joint", "sparse", "tuned"), tuning_steps, strict=True
):  # as a split's trainings are called
    history.append(trained(part, part_steps, tuning_rate, tuning_warmup_steps))
save_network(network, "tuned")
recognition.append(measured("tuned"))
history = pd.concat(history, ignore_index=True)
tables.write_table("digital_sc", "training_network", history)
history.round(4)
# %% [markdown]
# ## How much it recognises
# Test images, after the training and after the further steps.
# %%
recognition = pd.concat(recognition, ignore_index=True)
tables.write_table("digital_sc", "recognition", recognition)
recognition.round(4)
