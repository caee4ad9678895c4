"""Fine-tuning of trained transceivers: over another link, pruned, or with coarse weights  [l_deepsc Algorithms 1, 2]."""

from dataclasses import replace
from typing import Protocol

from torch import Tensor

from semcom_lib import paths
from semcom_lib.compression.pruning import gradient_rms, kept_at_zero, magnitude_masks
from semcom_lib.compression.quantisation import quantisation_aware
from semcom_lib.l_deepsc.compressed import Compressed, name_of
from semcom_lib.l_deepsc.transceiver import DeepSC
from semcom_lib.learning import training

History = list[dict[str, float]]  # one row for every validation, as training.train returns it


class Task(Protocol):
    """What is learned, as :class:`semcom_lib.l_deepsc.task.TransceiverTask` says it."""

    purpose: tuple[object, ...]

    def loss(self, model: DeepSC, step: int) -> Tensor:
        """The loss of one step, a scalar."""
        ...

    def validate(self, model: DeepSC) -> dict[str, float]:
        """``validation_loss`` and what else is measured on held-out data."""
        ...


def tune(model: DeepSC, task: Task, plan: training.Plan, *, name: str, accelerator: str = "cpu") -> History:
    """Train ``model`` on in place; the task's purpose and ``name`` say in which file a killed run goes on."""
    parts = [*map(str, task.purpose), name]
    return training.train(
        model,
        task.loss,
        plan,
        validate=task.validate,
        resume=paths.CHECKPOINTS / "resume" / f"{'_'.join(parts)}.pt",
        stage=" ".join(parts),
        accelerator=accelerator,
    )


def measure_sensitivity(model: DeepSC, task: Task, batches: int, shrinkage: float) -> dict[str, Tensor]:
    """:func:`semcom_lib.compression.pruning.gradient_rms` of the task's loss, over batches that no training step draws."""
    return gradient_rms(model, lambda batch: task.loss(model, -1 - batch), batches, shrinkage=shrinkage)


def prune_and_tune(
    model: DeepSC,
    task: Task,
    plan: training.Plan,
    *,
    sparsity: float,
    sensitivity: dict[str, Tensor] | None = None,
    accelerator: str = "cpu",
) -> tuple[Compressed, History]:
    """Prune ``model`` in place and tune what is kept; pruned weights stay at zero  [l_deepsc Algorithm 1].

    Without a ``sensitivity`` one threshold prunes all matrices, as the paper's.
    """
    masks = magnitude_masks(model, sparsity, sensitivity=sensitivity)
    with kept_at_zero(model, masks):
        history = tune(model, task, plan, name=name_of(sparsity), accelerator=accelerator)
    return Compressed(model, masks, sparsity), history


def quantise_and_tune(
    compressed: Compressed, task: Task, plan: training.Plan, *, bits: int, accelerator: str = "cpu"
) -> tuple[Compressed, History]:
    """Quantise the model's kept weights in place, tuned straight through the rounding  [l_deepsc Algorithm 2 phase 1]."""
    with quantisation_aware(compressed.model, compressed.masks, bits):
        name = name_of(compressed.sparsity, bits)
        history = tune(compressed.model, task, plan, name=name, accelerator=accelerator)
    return replace(compressed, bits=bits, sensitivity=None), history
