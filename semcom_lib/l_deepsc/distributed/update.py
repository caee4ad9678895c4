"""What the cloud learns between two broadcasts, and what becomes of it: published where it is better, else thrown away.

A round's loss is the sum of what it learns from: text over the simulated link (:class:`semcom_lib.l_deepsc.task.TransceiverTask`),
and features that really came in for sentences whose text the cloud knows (:class:`ReceivedFeatures`)  [l_deepsc Sec. II].
"""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from semcom_lib import seeds
from semcom_lib.compression.pruning import kept_at_zero
from semcom_lib.l_deepsc.distributed.broadcast import Broadcast
from semcom_lib.l_deepsc.distributed.cloud import Cloud, Version
from semcom_lib.l_deepsc.task import TransceiverTask
from semcom_lib.l_deepsc.transceiver import DeepSC
from semcom_lib.l_deepsc.tuning import tune
from semcom_lib.learning import training
from semcom_lib.sources.text import by_length, in_batches


@dataclass(frozen=True)
class ReceivedFeatures:
    """The receiver's loss on ``sentences`` (ids) of which ``x_hat`` came in, equalised symbols (num_symbols,) each.

    A batch has about ``tokens_per_batch`` words. Nothing of it reaches the channel encoder: what devices send is sent.
    """

    sentences: list[list[int]]
    x_hat: Sequence[Tensor]
    _: KW_ONLY
    tokens_per_batch: int
    seed: int
    purpose: tuple[object, ...]
    num_negatives: int = 0

    def loss(self, model: DeepSC, step: int) -> Tensor:
        """The loss of one step in nats per word."""
        ids, x_hat = self.draw(seeds.numpy_generator(self.seed, *self.purpose, "received", step))
        generator = seeds.torch_generator(self.seed, *self.purpose, "negatives", step)
        return self._loss(model, ids, x_hat, self.num_negatives or None, generator)

    @torch.no_grad()
    def validate(self, model: DeepSC) -> dict[str, float]:
        """validation_loss: the cross-entropy per word in nats over all the sentences as they came in."""
        total, words = 0.0, 0
        for indices, ids in in_batches(self.sentences, 128):
            x_hat = torch.stack([self.x_hat[i] for i in indices.tolist()])
            total += float(self._loss(model, ids, x_hat, None, None)) * ids.numel()
            words += ids.numel()
        return {"validation_loss": total / words}

    def draw(self, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Sentences of one length, ids (batch, num_words), and the symbols of each (batch, num_symbols)."""
        groups = by_length(self.sentences)
        words = np.array([ids.numel() for _, ids in groups.values()])
        indices, ids = groups[rng.choice(list(groups), p=words / words.sum())]
        rows = torch.from_numpy(rng.integers(len(ids), size=max(1, self.tokens_per_batch // ids.shape[1])))
        return ids[rows], torch.stack([self.x_hat[i] for i in indices[rows].tolist()])

    def _loss(
        self, model: DeepSC, ids: Tensor, x_hat: Tensor, num_negatives: int | None, generator: torch.Generator | None
    ) -> Tensor:
        device = next(model.parameters()).device
        came_in = x_hat.to(device)
        return model.loss(
            ids.to(device), lambda x, n0, generator: came_in, None, num_negatives=num_negatives, generator=generator
        )


@dataclass(frozen=True)
class RoundTask:
    """What round ``number`` learns: the sum of the losses of ``learned``, judged by the validation of ``judge``.

    Batches and noise in training are the round's own; validation is the same in every round.
    """

    number: int
    learned: Sequence[TransceiverTask | ReceivedFeatures]
    judge: TransceiverTask | ReceivedFeatures

    @property
    def purpose(self) -> tuple[object, ...]:
        """What the training is for, without the round."""
        return self.judge.purpose

    def loss(self, model: DeepSC, step: int) -> Tensor:
        """The summed losses of one step in nats per word."""
        own = [replace(task, purpose=(*task.purpose, self.number)) for task in self.learned]
        return torch.stack([task.loss(model, step) for task in own]).sum()

    def validate(self, model: DeepSC) -> dict[str, float]:
        """validation_loss of the judge."""
        return self.judge.validate(model)


class Update(NamedTuple):
    """The judge's loss of the newest version and of the new draft, and the draft's packet; None where it was not better."""

    loss_before: float
    loss_after: float
    packet: Broadcast | None


def update(cloud: Cloud, task: RoundTask, plan: training.Plan, *, name: str, accelerator: str = "cpu") -> Update:
    """Train the cloud's model for a round, its pruned weights at zero, and publish it if it is better as it would be sent.

    Otherwise the model goes back to the weights of the newest version, as if there had been no round. ``name`` says in which
    file a killed round goes on.
    """
    before = _loss_of(cloud.published, task)
    with kept_at_zero(cloud.model, cloud.masks):
        tune(cloud.model, task, plan, name=f"{name}_{task.number}", accelerator=accelerator)
    draft = cloud.draft()
    after = _loss_of(draft, task)
    if after < before:
        return Update(before, after, cloud.publish(draft))
    cloud.revert()
    return Update(before, after, None)


@torch.no_grad()
def _loss_of(version: Version, task: RoundTask) -> float:
    return task.validate(version.transceiver)["validation_loss"]
