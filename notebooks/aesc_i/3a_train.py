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
# # AESC-I: training the autoencoders
# **The paper trains** one autoencoder a compression ratio on $L = \gamma L_{SE} + (1-\gamma) L_{MSE}$ (eq. 10) with Adam at 0.001:
# MNIST with binary cross-entropy instead of MSE (eq. 14), $\gamma$ = 0.5 and batches of 256, "trained until the validation loss no
# longer decrease"; CIFAR-10 with $\gamma$ = 0.1, batches of 128 and about 100 epochs (Sec. IV-A1, IV-B1). No channel is in
# training: the channel code is to deliver weights and latents as they were sent.
#
# **We run** Tables I and II on the same loss, $L_{SE}$ on the features of our own classifier $M$, which stays frozen. $\gamma$ "is
# used to balance the scale of the two losses", but $L_{SE}$ has whatever scale M's features have: here it is in units of their
# variance over images, so that $\gamma$ means the same for every M.
#
# **We deviate** in batches, which are smaller (more steps of an epoch), and steps, which are the profile's; the learning rate rises
# over the first of them and falls linearly to zero. Whatever is compared takes equal steps with equal batches. Pictures' fifteen
# layers begin as a linear network and learn pixels alone first ("$L_{MSE}$ helps the semantic model converge faster"); from this
# start of each Z every $\gamma$ goes on, at a rate that does not undo it.
# `part` says what this notebook trains: the start, the paper's ratios, or other $\gamma$ at the highest ratio.
# %% tags=["parameters"]
seed = 2026
accelerator = "cpu"
images = "digits"
part = "ratios"
from_start = False
z_dims = [196, 98, 40]
gammas = [0.5]
steps = 12000
learning_rate = 0.002
warmup_steps = 200
images_per_batch = 64
validation_images = 1000
validate_every = 600
# %%
import itertools

import pandas as pd
import torch

from semcom_lib import paths, tables
from semcom_lib.aesc_i import classifiers
from semcom_lib.aesc_i.autoencoders import compression_ratio, load_autoencoder, to_checkpoint
from semcom_lib.aesc_i.convergence import converged
from semcom_lib.aesc_i.task import AutoencoderTask, initialised
from semcom_lib.learning import training
from semcom_lib.sources.images import ShuffledBatches, load_images

torch.use_deterministic_algorithms(True)
torch.utils.deterministic.fill_uninitialized_memory = False  # a sixth of a step, and no result depends on it
torch.set_flush_denormal(True)
if images == "digits":
    torch.set_num_threads(1)  # two are hardly faster with layers this small; another training can run beside it
folder = paths.DATA / "aesc_i" / images
checkpoints = paths.CHECKPOINTS / "aesc_i"
train_images, _ = load_images(folder, "train")
held_out = {
    "train": train_images[:validation_images],
    "validation": load_images(folder, "validation", validation_images)[0],
}
classifier = classifiers.load_classifier(checkpoints / f"classifier_{images}.pt")
classifier.requires_grad_(False)
variance = classifiers.feature_variance(classifier, train_images[:5000])
start_epochs = tables.read_table("aesc_i", f"training_start_{images}").epoch.max() if from_start else 0.0
print(
    f"{len(train_images)} training images, {images_per_batch} a batch, {steps * images_per_batch / len(train_images):.2f} epochs"
)
print(f"M's features vary by {variance:.4f}, the unit of the semantic loss")


# %% [markdown]
# ## The autoencoders
# %%
def first_weights(z):
    """An autoencoder to train: where its start ended, or drawn."""
    if from_start:
        return load_autoencoder(checkpoints / f"{images}_start" / f"z{z}.pt")
    return initialised(images, z, seed=seed)


def train(z, gamma):
    """The autoencoder of a Z and a gamma, trained and kept: (model, one row for every validation)."""
    name = f"gamma{gamma:g}" if part == "gammas" else f"z{z}"
    model = first_weights(z)
    batches = ShuffledBatches(len(train_images), images_per_batch, seed, "aesc_i", images, part == "start")
    task = AutoencoderTask(train_images, held_out, batches, classifier, variance, gamma)
    history = training.train(
        model,
        task.loss,
        training.Plan(
            steps=steps, learning_rate=learning_rate, warmup_steps=warmup_steps, validate_every=validate_every
        ),
        validate=task.validate,
        resume=paths.CHECKPOINTS / "resume" / f"aesc_i_{images}_{part}_{name}.pt",
        stage=f"aesc_i train {images} {part} {name}",
        accelerator=accelerator,
        epoch_steps=batches.steps_per_epoch,
    )
    model = model.cpu()
    place = images if part == "ratios" else f"{images}_{part}"
    training.save_checkpoint(checkpoints / place / f"{name}.pt", to_checkpoint(model))
    kept = {"z_dims": z, "gamma": gamma, "images_per_epoch": len(train_images), "start_epochs": start_epochs}
    return model, [kept | {"epoch": start_epochs + row["step"] / batches.steps_per_epoch} | row for row in history]


models, rows = [], []
for z, gamma in itertools.product(z_dims, gammas):
    model, history = train(z, gamma)
    models.append(model)
    rows += history
history = pd.DataFrame(rows)
table = f"training_{images}" if part == "ratios" else f"training_{part}_{images}"
tables.write_table("aesc_i", table, history)
pd.DataFrame(
    [
        {
            "Z": model.z_dims,
            "gamma": gamma,
            "ratio": compression_ratio(model.image_shape, model.latent_shape),
            "encoder's weights": sum(p.numel() for p in model.encoder.parameters()),
            "decoder's weights": sum(p.numel() for p in model.decoder.parameters()),
        }
        for model, (_, gamma) in zip(models, itertools.product(z_dims, gammas), strict=True)
    ]
).round(2)
# %% [markdown]
# ## How the loss fell
# Both parts, on held-out images: binary cross-entropy in nats (digits) or mean squared error (pictures), and $L_{SE}$.
# %%
history.pivot(index="step", columns=["z_dims", "gamma"], values=["validation_pixel", "validation_semantic"]).round(4)
# %% [markdown]
# ## Whether it has converged
# The last validation over that at four fifths of the steps, near 1 where little is left to fall, and the share of validations that
# rose. With a learning rate that falls to zero the end is always flat: it says that this schedule has ended, not that a longer one
# would not go lower.
# %%
ends = converged(history)
if part == "ratios":
    tables.write_table("aesc_i", f"converged_{images}", ends)
ends.round(4)
