"""What Digital-SC learns, as ``training.train`` asks for it  [digital_sc Sec. III-E, Algorithm 1].

    IdealTask     Psi, the network without a channel
    SplitTask     step 1, and with a ``sparsity_weight`` step 2: device, block and server of one split point
    PolicyTask    step 3, the rest frozen

Images are uint8 (n, H, W, 3), labels (n,). Everything random is derived from (seed, purpose, step).
"""

from collections.abc import Callable, Iterator
from dataclasses import KW_ONLY, dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semcom_lib import seeds
from semcom_lib.arguments import check_number
from semcom_lib.digital_sc.losses import semantic_learning_loss
from semcom_lib.digital_sc.policy import SplitTable, draw_ber, policy_loss
from semcom_lib.digital_sc.quantiser import annealed
from semcom_lib.digital_sc.split import SplitClassifier
from semcom_lib.sources.augmentation import random_crop, random_flip
from semcom_lib.sources.images import ShuffledBatches, to_tensor

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
        x, labels = self.train.at(step, _device(model))
        return F.cross_entropy(model(x), labels, label_smoothing=self.label_smoothing)

    def validate(self, model: nn.Module) -> dict[str, float]:
        """validation_loss, the mean cross-entropy in nats of the validation images as they are, and their accuracy."""
        parts = [
            (F.cross_entropy(z := model(x), c), _accuracy(z, c), len(c)) for x, c in _parts(model, self.validation)
        ]
        return _means(parts, "validation_loss", "accuracy")


@dataclass(frozen=True)
class SplitTask:
    """Steps 1 and 2 of Algorithm 1: a ``SplitClassifier`` learns to classify over a channel of one ``quality``.

    The loss is L_se + gamma L_c [digital_sc eqs. 25, 26]: gamma is ``sparsity_weight``, 0 in step 1; lambda ``ce_weight`` and T_se
    ``soft_temperature`` are those of L_se, whose ``ideal`` network is frozen and in evaluation mode, or None where ``ce_weight`` is
    1. The quantiser's temperature at each of ``steps`` is ``schedule``'s. Raises ValueError for an ideal network that is missing
    or in training mode, a ``ce_weight`` outside [0, 1], or a negative ``sparsity_weight``.
    """

    train: TrainingImages
    validation: Labelled
    ideal: nn.Module | None
    _: KW_ONLY
    quality: float
    ce_weight: float
    soft_temperature: float
    sparsity_weight: float
    steps: int
    schedule: Callable[[float], float] = annealed

    def __post_init__(self) -> None:
        check_number("ce_weight", self.ce_weight, "[0, 1]")
        check_number("sparsity_weight", self.sparsity_weight, "[0, inf)")
        if self.ideal is None and self.ce_weight < 1:
            raise ValueError(f"ideal is None: with ce_weight = {self.ce_weight} it must be a trained network")
        if self.ideal is not None and self.ideal.training:
            raise ValueError("ideal is in training mode; it must be in evaluation mode, or it would go on learning")

    def loss(self, model: SplitClassifier, step: int) -> Tensor:
        """The loss of one step's images over one step's channel, the quantiser as soft as it is at that step."""
        x, labels = self.train.at(step, _device(model))
        temperature = self.schedule(step / self.steps)
        z_hat = model(x, self.quality, generator=self.train.generator("channel", step), temperature=temperature)
        return self._loss(model, x, labels, z_hat)

    def validate(self, model: SplitClassifier) -> dict[str, float]:
        """validation_loss, the loss of the validation images with hard levels over always the same channel; and their accuracy."""
        generator, parts = self.train.generator("validate"), []
        for x, labels in _parts(model, self.validation):
            z_hat = model(x, self.quality, generator=generator)
            parts.append((self._loss(model, x, labels, z_hat), _accuracy(z_hat, labels), len(labels)))
        return _means(parts, "validation_loss", "accuracy")

    def _loss(self, model: SplitClassifier, x: Tensor, labels: Tensor, z_hat: Tensor) -> Tensor:
        meant = z_hat
        if self.ideal is not None:
            with torch.no_grad():
                meant = self.ideal.to(x.device)(x)
        weights = {"ce_weight": self.ce_weight, "temperature": self.soft_temperature}
        loss = semantic_learning_loss(z_hat, labels, meant, **weights)
        return loss + self.sparsity_weight * model.block.pruning.sparsity_loss()


@dataclass(frozen=True)
class PolicyTask:
    """Step 3 of Algorithm 1: the policy learns which split point ``table`` says is best for an image's label and a random BER."""

    train: TrainingImages
    validation: Labelled
    table: SplitTable

    def loss(self, model: nn.Module, step: int) -> Tensor:
        """F_MSE [digital_sc eq. 23] of one step's images, each over a channel of its own BER."""
        x, labels = self.train.at(step, _device(model))
        return self._judged(model, x, labels, self.train.generator("ber", step))[0]

    def validate(self, model: nn.Module) -> dict[str, float]:
        """validation_loss over always the same BERs, and agreement, how often the best split point is chosen."""
        generator = self.train.generator("validate")
        parts = [(*self._judged(model, x, c, generator), len(c)) for x, c in _parts(model, self.validation)]
        return _means(parts, "validation_loss", "agreement")

    def _judged(self, model: nn.Module, x: Tensor, labels: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        ber = draw_ber(len(x), generator=generator)
        targets = self.table.targets(labels.cpu(), ber).to(x.device)
        h_hat = model(x, ber.to(x.device))
        return policy_loss(h_hat, targets), _accuracy(h_hat, targets)


def _device(model: nn.Module) -> torch.device:
    return next(model.parameters()).device


def _parts(model: nn.Module, labelled: Labelled) -> Iterator[tuple[Tensor, Tensor]]:
    """Images and labels, as many at once as memory is meant to take, on the model's device."""
    images, labels = labelled
    for start in range(0, len(images), VALIDATED_AT_ONCE):
        chosen = slice(start, start + VALIDATED_AT_ONCE)
        x, of_images = to_tensor(images[chosen]), torch.from_numpy(labels[chosen]).long()
        yield x.to(_device(model)), of_images.to(_device(model))


def _accuracy(scores: Tensor, labels: Tensor) -> Tensor:
    return (scores.argmax(dim=1) == labels).float().mean()


def _means(parts: list[tuple[Tensor, Tensor, int]], *names: str) -> dict[str, float]:
    """Means over images of what parts of them have as means."""
    total = sum(size for *_, size in parts)
    return {
        name: sum(float(part[place].detach()) * part[-1] for part in parts) / total for place, name in enumerate(names)
    }
