"""Images that are recognised, or not: what is counted, and the two systems that hear nothing of a channel.

    Ideal         the network without a channel
    Guessing      the floor: always the same label

A trial is an image; ``systems`` has those that send something. Whatever is compared is counted here.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from semcom_lib.arguments import check_integer
from semcom_lib.evaluation import Counts, Metric, System
from semcom_lib.physical_layer.fading import child_generators
from semcom_lib.sources.images import to_tensor

RECOGNISED_AT_ONCE = 500
"""Images that share a generator: all systems must have the same, to meet the same noise."""


class Recogniser(Protocol):
    """Images in, labels out, a channel between."""

    def recognise(self, x: Tensor, quality: float, *, generator: torch.Generator) -> Tensor:
        """Images (n, 3, H, W) in 0..1 -> labels int64 (n,), over a channel of this quality."""
        ...


@dataclass(frozen=True, eq=False)
class Ideal:
    """The network without a channel, at every quality the same."""

    network: nn.Module

    def recognise(self, x: Tensor, quality: float, *, generator: torch.Generator) -> Tensor:
        """As :class:`Recogniser`; nothing is drawn."""
        return self.network(x).argmax(dim=1)


@dataclass(frozen=True, eq=False)
class Guessing:
    """The receiver that hears nothing: the most frequent label of training."""

    label: int

    @classmethod
    def most_frequent(cls, labels: np.ndarray) -> "Guessing":
        """The floor for training labels (n,); of equally frequent ones the first."""
        return cls(int(np.bincount(labels).argmax()))

    def recognise(self, x: Tensor, quality: float, *, generator: torch.Generator) -> Tensor:
        """As :class:`Recogniser`; nothing is drawn."""
        return torch.full((len(x),), self.label)


def counted(recogniser: Recogniser, images: np.ndarray, labels: np.ndarray, num_labels: int) -> System:
    """The system for :func:`semcom_lib.evaluation.sweep`: these images uint8 (n, H, W, 3) at each point, a trial each."""

    def run(quality: float, generator: torch.Generator) -> Counts:
        return count_right(recognised(recogniser, images, quality, generator=generator), labels, num_labels)

    return run


@torch.inference_mode()
def recognised(recogniser: Recogniser, images: np.ndarray, quality: float, *, generator: torch.Generator) -> np.ndarray:
    """The labels that images uint8 (n, H, W, 3) are recognised as over a channel of this quality, int64 (n,)."""
    starts = range(0, len(images), RECOGNISED_AT_ONCE)
    parts = [
        recogniser.recognise(to_tensor(images[start : start + RECOGNISED_AT_ONCE]), quality, generator=noise)
        for start, noise in zip(starts, child_generators(generator, len(starts)), strict=True)
    ]
    return torch.cat([torch.empty(0, dtype=torch.int64), *parts]).numpy()


def count_right(guessed: np.ndarray, labels: np.ndarray, num_labels: int) -> dict[str, np.ndarray]:
    """What is counted at each image: that it was there, and whether it was recognised, by label.

    guessed (n,), labels (n,) in 0..num_labels - 1 -> {"images_0", "right_0", "images_1", ...}, float64 (n,) each. Raises ValueError
    for labels beyond, or another number of them.
    """
    if len(guessed) != len(labels):
        raise ValueError(f"guessed has {len(guessed)} labels: it must have one for each of {len(labels)} images")
    if len(labels):
        check_integer("the largest label", labels.max(), 0, num_labels - 1)
    counts = {}
    for label in range(num_labels):
        counts[f"images_{label}"] = (labels == label).astype(np.float64)
        counts[f"right_{label}"] = ((labels == label) & (guessed == label)).astype(np.float64)
    return counts


def accuracy(counts: Counts) -> np.ndarray:
    """Images that were recognised among all."""
    images, right = (
        sum(count for name, count in counts.items() if name.startswith(kind)) for kind in ("images_", "right_")
    )
    return right / images


def accuracy_of(label: int) -> Metric:
    """The metric of one label's accuracy, Fig. 10; NaN in a bootstrap draw without an image of it."""

    def metric(counts: Counts) -> np.ndarray:
        images = np.asarray(counts[f"images_{label}"])
        return np.divide(counts[f"right_{label}"], images, out=np.full(images.shape, np.nan), where=images > 0)

    return metric
