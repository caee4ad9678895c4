"""What AESC-I's networks learn, as ``training.train`` asks for it: to recognise images, and to compress them  [aesc_i Sec. IV].

Images are uint8 (n, H, W[, 3]), labels (n,). A batch and what is done to its images depend on the step alone.
"""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass

import numpy as np
import torch
from torch import Tensor, nn

from semcom_lib import seeds
from semcom_lib.aesc_i.autoencoders import AUTOENCODERS, Autoencoder, Losses
from semcom_lib.aesc_i.linear_start import linear_start
from semcom_lib.sources.augmentation import random_crop, random_flip
from semcom_lib.sources.images import ShuffledBatches, to_tensor

RECOGNISED_AT_ONCE, COMPRESSED_AT_ONCE = 500, 250  # images


@dataclass(frozen=True)
class RecognitionTask:
    """Images of a ``kind`` ("digits" or "pictures") and their labels, for the recognition model M.

    Training images are shifted by up to ``crop_margin`` pixels and, with ``flip``, half of them mirrored, at random from
    (``seed``, ``kind``, step).
    """

    kind: str
    train: tuple[np.ndarray, np.ndarray]
    validation: tuple[np.ndarray, np.ndarray]
    batches: ShuffledBatches
    _: KW_ONLY
    crop_margin: int
    flip: bool
    label_smoothing: float
    seed: int

    def loss(self, model: nn.Module, step: int) -> Tensor:
        """Cross-entropy in nats of one step's images."""
        images, labels = (part[self.batches.at(step)] for part in self.train)
        generator = seeds.torch_generator(self.seed, "aesc_i", "classifier", self.kind, "augmentation", step)
        x = random_crop(to_tensor(images), self.crop_margin, generator=generator)
        if self.flip:
            x = random_flip(x, generator=generator)
        return _cross_entropy(model, x, labels, label_smoothing=self.label_smoothing)

    def validate(self, model: nn.Module) -> dict[str, float]:
        """validation_loss: mean cross-entropy in nats of the validation images as they are."""
        images, labels = self.validation
        total = 0.0
        for start in range(0, len(images), RECOGNISED_AT_ONCE):
            chosen = slice(start, start + RECOGNISED_AT_ONCE)
            loss = _cross_entropy(model, to_tensor(images[chosen]), labels[chosen])
            total += float(loss.detach()) * len(labels[chosen])
        return {"validation_loss": total / len(images)}


@dataclass(frozen=True)
class AutoencoderTask:
    """Images for an autoencoder, and the frozen recognition model M that says what they mean.

    ``gamma`` weighs the semantic loss [aesc_i eqs. 10, 14], which is in units of ``feature_variance``; ``held_out`` has the
    images of "train" and "validation" on which both parts are measured. No channel is in training. Raises ValueError for a
    classifier in training mode.
    """

    train: np.ndarray
    held_out: Mapping[str, np.ndarray]
    batches: ShuffledBatches
    classifier: nn.Module
    feature_variance: float
    gamma: float

    def __post_init__(self) -> None:
        if self.classifier.training:
            raise ValueError(
                "classifier is in training mode; it must be in evaluation mode, or it would go on learning"
            )

    def loss(self, model: Autoencoder, step: int) -> Tensor:
        """The loss of one step's images; without a semantic part M is not asked."""
        images = self.train[self.batches.at(step)]
        if self.gamma == 0:
            x = to_tensor(images).to(next(model.parameters()).device)
            return model.pixel_loss(x, model(x))
        return self._losses(model, images).total

    def validate(self, model: Autoencoder) -> dict[str, float]:
        """validation_loss, and both parts as train_pixel, validation_pixel, train_semantic, validation_semantic."""
        means = {split: self._means(model, images) for split, images in self.held_out.items()}
        parts = {
            f"{split}_{part}": getattr(means[split], part) for part in ("pixel", "semantic") for split in self.held_out
        }
        return {"validation_loss": means["validation"].total} | parts

    def _losses(self, model: Autoencoder, images: np.ndarray) -> Losses:
        device = next(model.parameters()).device
        return model.loss(to_tensor(images).to(device), self.classifier.to(device), self.gamma, self.feature_variance)

    def _means(self, model: Autoencoder, images: np.ndarray) -> Losses:
        """The loss and its parts as numbers, means over these images."""
        total = torch.zeros(len(Losses._fields), dtype=torch.float64)
        for start in range(0, len(images), COMPRESSED_AT_ONCE):
            batch = images[start : start + COMPRESSED_AT_ONCE]
            parts = [float(part.detach()) for part in self._losses(model, batch)]
            total += len(batch) * torch.tensor(parts, dtype=torch.float64)
        return Losses(*(total / len(images)).tolist())


def initialised(kind: str, z_dims: int, *, seed: int) -> Autoencoder:
    """An autoencoder to train, drawn from (``seed``, ``kind``, ``z_dims``); of pictures one that starts as a linear network."""
    if kind == "pictures":
        return linear_start(z_dims, seed=seed)
    with seeds.initialising(seed, "aesc_i", kind, "init", z_dims):
        return AUTOENCODERS[kind](z_dims)


def _cross_entropy(model: nn.Module, x: Tensor, labels: np.ndarray, *, label_smoothing: float = 0.0) -> Tensor:
    device = next(model.parameters()).device
    return model.loss(x.to(device), torch.from_numpy(labels).long().to(device), label_smoothing=label_smoothing)
