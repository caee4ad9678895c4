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
# # Digital-SC: training on ImageNet
# **The paper** trains for "five epochs with the parameter T = 1", "T is then increased from 1 to 10 for the next five epochs",
# and "for two more epochs with T = 100" (Sec. IV-B). It does not say on which network, behind which block, with how many channels.
#
# **We run** EfficientNet-Lite0 with its ImageNet weights. The device keeps them; what learns is the block at the split point, the
# server and, before all, the last layer, which begins as the rows of our classes. So features are computed once, as the images are
# and mirrored.
#
# One analog system is made sparse by the l1 norm. From it all others take as many steps, over the same batches: analog ones with
# as many channels as the digital one and in as many channel uses, and the digital one.
# %% tags=["parameters"]
seed = 2026
accelerator = "cpu"
size = 224
split = 11
bits = 2
num_channels = 28
bit_error_rate = 0.01
ce_weight = 0.5
soft_temperature = 4.0
sparsity_weight = 0.005
head_steps = 100
head_rate = 0.001
sparse_steps = 140
steps = 336
learning_rate = 0.0005
warmup_steps = 20
images_per_batch = 32
validate_every = 84
# %%
import copy

import numpy as np
import pandas as pd
import torch

from semcom_lib import paths, tables
from semcom_lib.digital_sc.analog import AnalogBlock, analog_channels, ber_to_snr_db
from semcom_lib.digital_sc.bottleneck import DigitalBlock
from semcom_lib.digital_sc.efficientnet import (
    FeatureTask,
    HeadTask,
    TrainingFeatures,
    behind,
    count_flops,
    features_of,
    inputs_of_last_layer,
    load_efficientnet,
    save_server,
)
from semcom_lib.digital_sc.quantiser import imagenet_temperature
from semcom_lib.digital_sc.split import SplitClassifier
from semcom_lib.learning import training
from semcom_lib.sources.imagenet import rows_of_imagenet
from semcom_lib.sources.images import ShuffledBatches, load_images

torch.use_deterministic_algorithms(True)
torch.utils.deterministic.fill_uninitialized_memory = False  # a sixth of the time, for what is written anyway
torch.set_num_threads(1)  # of batches as small, so that trainings can run side by side
folder = paths.DATA / "digital_sc_imagenet"
train, validation = (load_images(folder, part) for part in ("train", "validation"))
network = load_efficientnet(rows_of_imagenet(1 + int(train[1].max())), size)
available, height, width = network.feature_shape(split)
share = network.device_flops(split) / count_flops(network)
print(
    f"{available} x {height} x {width} features behind block {split} of {network.num_blocks}; the device computes {share:.0%}"
)
print(f"{len(train[0]):,} training images; {steps * images_per_batch / len(train[0]):.1f} epochs")
# %% [markdown]
# ## The features, and the last layer
# %%
server = behind(network, split)
features = np.stack([features_of(network, split, train[0], mirrored=mirrored) for mirrored in (False, True)])
held_out = features_of(network, split, validation[0])
inputs = np.concatenate([inputs_of_last_layer(server, side) for side in features])
task = HeadTask((inputs, np.concatenate([train[1], train[1]])), (inputs_of_last_layer(server, held_out), validation[1]))
plan = training.Plan(steps=head_steps, learning_rate=head_rate, warmup_steps=0, validate_every=max(1, head_steps // 4))
history = training.train(
    server.head[-1],
    task.loss,
    plan,
    validate=task.validate,
    resume=paths.CHECKPOINTS / "resume" / "digital_sc_imagenet_head.pt",
    stage="digital_sc imagenet head",
    accelerator=accelerator,
)
server.cpu().eval()
histories = [pd.DataFrame(history).assign(system="ideal", training="head")]
pd.DataFrame(history).round(4)
# %% [markdown]
# ## The splits
# %%


def trained(model, name, step, num_steps, *, quality, gamma=0.0):
    """The model after ``num_steps`` steps over a channel of this ``quality``; batches and noise are those of ``step``."""
    purpose = ("digital_sc", "imagenet", step)
    batches = ShuffledBatches(len(train[0]), images_per_batch, seed, *purpose)
    task = FeatureTask(
        TrainingFeatures(features, train[1], batches, seed, purpose),
        (held_out, validation[1]),
        server,
        quality=quality,
        ce_weight=ce_weight,
        soft_temperature=soft_temperature,
        sparsity_weight=gamma,
        steps=num_steps,
        schedule=imagenet_temperature,
    )
    history = training.train(
        model,
        task.loss,
        training.Plan(
            steps=num_steps, learning_rate=learning_rate, warmup_steps=warmup_steps, validate_every=validate_every
        ),
        validate=task.validate,
        resume=paths.CHECKPOINTS / "resume" / f"digital_sc_imagenet_{name}.pt",
        stage=f"digital_sc imagenet {name}",
        accelerator=accelerator,
    )
    histories.append(pd.DataFrame(history).assign(system=name, training=step))
    return model.cpu()


started_with = torch.from_numpy(features[0, :200])
snr_db = ber_to_snr_db(bit_error_rate)
sparse = SplitClassifier(copy.deepcopy(server), 1, AnalogBlock(available))
save_server(sparse, split, size, "imagenet/ideal")
sparse.start(started_with)
sparse = trained(sparse, "analog_sparse", "sparse", sparse_steps, quality=snr_db, gamma=sparsity_weight)
blocks = {
    "analog": (AnalogBlock(available), analog_channels(num_channels, bits, available), snr_db),
    "analog_channels": (AnalogBlock(available), num_channels, snr_db),
    "proposed": (DigitalBlock(available, bits), num_channels, bit_error_rate),
}
models = {}
for name, (block, channels, quality) in blocks.items():
    block.pruning.load_state_dict(sparse.block.pruning.state_dict())
    block.pruning.prune(channels)
    model = SplitClassifier(copy.deepcopy(sparse.network), 1, block)
    model.start(started_with)
    models[name] = trained(model, name, "server", steps, quality=quality)
    save_server(models[name], split, size, f"imagenet/{name}")
history = pd.concat(histories, ignore_index=True)
tables.write_table("digital_sc", "training_imagenet", history)
history.round(4)
# %% [markdown]
# ## What each sends
# Complex symbols an image.
# %%
sent = [
    {"system": name, "channels": model.block.pruning.num_kept, "channel_uses": model.channel_uses}
    for name, model in models.items()
]
sent = pd.DataFrame(sent).assign(split=split, available=available, device_share=share)
tables.write_table("digital_sc", "imagenet_uses", sent)
sent
