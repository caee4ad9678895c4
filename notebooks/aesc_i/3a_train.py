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
# **We run** Tables I and II on the same loss, $L_{SE}$ on the features of our own classifier $M$, which stays frozen.
#
# **We deviate** where the profile says so: the steps are the profile's, the learning rate rises over the first of them and falls
# linearly to zero, and batches may be smaller. With a warm start, each ratio but the first begins from the first one's weights,
# except for the two layers that Z gives another shape.
# %% tags=["parameters"]
seed = 2026
accelerator = "cpu"
images = "digits"
z_dims = [196, 98, 40]
steps = [3200, 1200, 1200]
gamma = 0.5
learning_rate = 0.003
warmup_steps = 100
images_per_batch = 256
warm_start = True
validation_images = 1000
validate_every = 200
# %%
import pandas as pd
import torch

from semcom_lib import paths, tables
from semcom_lib.aesc_i import classifiers
from semcom_lib.aesc_i.autoencoders import compression_ratio, to_checkpoint
from semcom_lib.aesc_i.task import AutoencoderTask, initialised
from semcom_lib.learning import training
from semcom_lib.sources.images import ShuffledBatches, load_images

torch.use_deterministic_algorithms(True)
folder = paths.DATA / "aesc_i" / images
checkpoints = paths.CHECKPOINTS / "aesc_i"
train_images, _ = load_images(folder, "train")
held_out = {
    "train": train_images[:validation_images],
    "validation": load_images(folder, "validation", validation_images)[0],
}
classifier = classifiers.load_classifier(checkpoints / f"classifier_{images}.pt")
classifier.requires_grad_(False)
print(f"{len(train_images)} training images, {images_per_batch} a batch")


# %% [markdown]
# ## The autoencoders
# %%
def train(z, num_steps, parent):
    """The autoencoder of a ratio, trained and kept: (model, one row for every validation)."""
    model = initialised(images, z, parent=parent if warm_start else None, seed=seed)
    batches = ShuffledBatches(len(train_images), images_per_batch, seed, "aesc_i", images, z)
    task = AutoencoderTask(train_images, held_out, batches, classifier, gamma)
    history = training.train(
        model,
        task.loss,
        training.Plan(
            steps=num_steps, learning_rate=learning_rate, warmup_steps=warmup_steps, validate_every=validate_every
        ),
        validate=task.validate,
        resume=paths.CHECKPOINTS / "resume" / f"aesc_i_{images}_z{z}.pt",
        stage=f"aesc_i train {images} Z = {z}",
        accelerator=accelerator,
        epoch_steps=batches.steps_per_epoch,
    )
    model = model.cpu()
    training.save_checkpoint(checkpoints / images / f"z{z}.pt", to_checkpoint(model))
    kept = {"z_dims": z, "images_per_epoch": len(train_images)}
    return model, [kept | {"epoch": row["step"] / batches.steps_per_epoch} | row for row in history]


models, rows = [], []
for z, num_steps in zip(z_dims, steps, strict=True):
    model, history = train(z, num_steps, models[0] if models else None)
    models.append(model)
    rows += history
history = pd.DataFrame(rows)
tables.write_table("aesc_i", f"training_{images}", history)
pd.DataFrame(
    [
        {
            "Z": model.z_dims,
            "ratio": compression_ratio(model.image_shape, model.latent_shape),
            "encoder's weights": sum(p.numel() for p in model.encoder.parameters()),
            "decoder's weights": sum(p.numel() for p in model.decoder.parameters()),
        }
        for model in models
    ]
).round(2)
# %% [markdown]
# ## How the loss fell
# Both parts, on held-out images: binary cross-entropy in nats (digits) or mean squared error (pictures), and $L_{SE}$.
# %%
history.pivot(index="step", columns="z_dims", values=["validation_pixel", "validation_semantic"]).round(4)
