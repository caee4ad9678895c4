"""The ideal network Psi: its training, without a channel, and its file  [digital_sc Sec. III-E, "baseline"].

    IdealTask                                 what ``training.train`` asks for
    save_network(ideal, "ideal")              load_network("ideal")

Images are uint8 (n, H, W, 3), labels (n,). Everything random is derived from (seed, purpose, step). The other trainings share
``TrainingImages`` and what is below it. Nothing here knows of splits, so that what they change leaves this training as it is.
"""

from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semcom_lib import paths, seeds
from semcom_lib.arguments import describe
from semcom_lib.digital_sc.network import SplitResNet
from semcom_lib.learning.checkpoints import load_checkpoint, load_state, save_checkpoint
from semcom_lib.sources.augmentation import random_crop, random_flip
from semcom_lib.sources.images import ShuffledBatches, to_tensor

FOLDER = paths.CHECKPOINTS / "digital_sc"
VALIDATED_AT_ONCE = 500  # images

Labelled = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class TrainingImages:
    """Images and labels by the step: shifted by up to ``crop_margin`` pixels and, with ``flip``, half of them mirrored."""

    images: np.ndarray
    labels: np.ndarray
    batches: ShuffledBatches
    _: KW_ONLY
    crop_margin: int
    flip: bool
    seed: int
    purpose: tuple[object, ...]

    def at(self, step: int, device: torch.device) -> tuple[Tensor, Tensor]:
        """The images (n, 3, H, W) in 0..1 of step 1, 2, ... and their labels (n,), on ``device``."""
        chosen = self.batches.at(step)
        generator = self.generator("augmentation", step)
        x = random_crop(to_tensor(self.images[chosen]), self.crop_margin, generator=generator)
        if self.flip:
            x = random_flip(x, generator=generator)
        return x.to(device), torch.from_numpy(self.labels[chosen]).long().to(device)

    def generator(self, *words: object) -> torch.Generator:
        """A generator for these words within the training's purpose."""
        return seeds.torch_generator(self.seed, *self.purpose, *words)


@dataclass(frozen=True)
class IdealTask:
    """The ideal network's training: cross-entropy, labels smoothed by ``label_smoothing``  [digital_sc Sec. III-E, "baseline"]."""

    train: TrainingImages
    validation: Labelled
    _: KW_ONLY
    label_smoothing: float

    def loss(self, model: nn.Module, step: int) -> Tensor:
        """Cross-entropy in nats of one step's images."""
        x, labels = self.train.at(step, device_of(model))
        return F.cross_entropy(model(x), labels, label_smoothing=self.label_smoothing)

    def validate(self, model: nn.Module) -> dict[str, float]:
        """validation_loss, the mean cross-entropy in nats of the validation images as they are, and their accuracy."""
        parts = [
            (F.cross_entropy(z := model(x), c), mean_accuracy(z, c), len(c))
            for x, c in labelled_parts(model, self.validation)
        ]
        return weighted_means(parts, "validation_loss", "accuracy")


def save_network(network: SplitResNet, name: str) -> None:
    """Write the checkpoint ``name``. Raises ValueError for another network than a ``SplitResNet``."""
    save_checkpoint(FOLDER / f"{name}.pt", {"network": sizes_of(network), "state": network.state_dict()})


def load_network(name: str, folder: Path | None = None) -> SplitResNet:
    """The network of the checkpoint ``name``, in evaluation mode. Raises FileNotFoundError or ValueError naming the file."""
    path = (folder or FOLDER) / f"{name}.pt"
    checkpoint = load_checkpoint(path, "network", "state")
    network = SplitResNet(**checkpoint["network"])
    load_state(network, checkpoint["state"], str(path))
    return network.eval()


def sizes_of(network: object) -> dict[str, int]:
    """By what a network is made again. Raises ValueError for another one than a ``SplitResNet``."""
    if not isinstance(network, SplitResNet):
        raise ValueError(f"network is {describe(network)}: it must be a SplitResNet")
    return {
        "blocks_per_stage": network.blocks_per_stage,
        "width": network.width,
        "num_classes": network.num_classes,
    }


def device_of(model: nn.Module) -> torch.device:
    """Where its weights are, and its inputs must be."""
    return next(model.parameters()).device


def labelled_parts(model: nn.Module, labelled: Labelled) -> Iterator[tuple[Tensor, Tensor]]:
    """Images and labels, as many at once as memory is meant to take, on the model's device."""
    images, labels = labelled
    for start in range(0, len(images), VALIDATED_AT_ONCE):
        chosen = slice(start, start + VALIDATED_AT_ONCE)
        x, of_images = to_tensor(images[chosen]), torch.from_numpy(labels[chosen]).long()
        yield x.to(device_of(model)), of_images.to(device_of(model))


def mean_accuracy(scores: Tensor, labels: Tensor) -> Tensor:
    """The share of scores (n, num_classes) whose largest is at its label (n,)."""
    return (scores.argmax(dim=1) == labels).float().mean()


def weighted_means(parts: list[tuple[Tensor, Tensor, int]], *names: str) -> dict[str, float]:
    """Means over images of what parts of them have as means."""
    total = sum(size for *_, size in parts)
    return {
        name: sum(float(part[place].detach()) * part[-1] for part in parts) / total for place, name in enumerate(names)
    }
