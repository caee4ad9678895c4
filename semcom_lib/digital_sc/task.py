"""What Digital-SC learns behind the ideal network, as ``training.train`` asks for it  [digital_sc Sec. III-E, Algorithm 1].

    SplitTask     step 1, and with a ``sparsity_weight`` step 2: device, block and server of one split point
    PolicyTask    step 3, the rest frozen

Images are uint8 (n, H, W, 3), labels (n,). Everything random is derived from (seed, purpose, step).
"""

from collections.abc import Callable, Iterator
from dataclasses import KW_ONLY, dataclass

import torch
from torch import Tensor, nn

from semcom_lib.arguments import check_number
from semcom_lib.digital_sc.ideal import (
    Labelled,
    TrainingImages,
    device_of,
    labelled_parts,
    mean_accuracy,
    weighted_means,
)
from semcom_lib.digital_sc.losses import semantic_learning_loss
from semcom_lib.digital_sc.policy import SplitTable, draw_ber, policy_loss
from semcom_lib.digital_sc.quantiser import annealed
from semcom_lib.digital_sc.split import SplitClassifier


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
        x, labels = self.train.at(step, device_of(model))
        temperature = self.schedule(step / self.steps)
        z_hat = model(x, self.quality, generator=self.train.generator("channel", step), temperature=temperature)
        return self._loss(model, x, labels, z_hat)

    def validate(self, model: SplitClassifier) -> dict[str, float]:
        """validation_loss, the loss of the validation images with hard levels over always the same channel; and their accuracy."""
        generator, parts = self.train.generator("validate"), []
        for x, labels in self.parts(model):
            z_hat = model(x, self.quality, generator=generator)
            parts.append((self._loss(model, x, labels, z_hat), mean_accuracy(z_hat, labels), len(labels)))
        return weighted_means(parts, "validation_loss", "accuracy")

    def parts(self, model: nn.Module) -> Iterator[tuple[Tensor, Tensor]]:
        """The validation images and labels, as many at once as memory is meant to take, on the model's device."""
        return labelled_parts(model, self.validation)

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
        x, labels = self.train.at(step, device_of(model))
        return self._judged(model, x, labels, self.train.generator("ber", step))[0]

    def validate(self, model: nn.Module) -> dict[str, float]:
        """validation_loss over always the same BERs, and agreement, how often the best split point is chosen."""
        generator = self.train.generator("validate")
        parts = [(*self._judged(model, x, c, generator), len(c)) for x, c in labelled_parts(model, self.validation)]
        return weighted_means(parts, "validation_loss", "agreement")

    def _judged(self, model: nn.Module, x: Tensor, labels: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        ber = draw_ber(len(x), generator=generator)
        targets = self.table.targets(labels.cpu(), ber).to(x.device)
        h_hat = model(x, ber.to(x.device))
        return policy_loss(h_hat, targets), mean_accuracy(h_hat, targets)
