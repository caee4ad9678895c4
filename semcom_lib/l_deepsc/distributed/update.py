"""What the cloud learns between two broadcasts: its corpus, and agreed sentences as they really came in  [l_deepsc Sec. II]."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, replace

import numpy as np
import torch
from torch import Tensor

from semcom_lib import seeds
from semcom_lib.compression.pruning import kept_at_zero
from semcom_lib.l_deepsc.distributed.cloud import Cloud
from semcom_lib.l_deepsc.task import TransceiverTask
from semcom_lib.l_deepsc.transceiver import DeepSC
from semcom_lib.l_deepsc.tuning import tune
from semcom_lib.learning import training
from semcom_lib.sources.text import by_length


@dataclass(frozen=True)
class UpdateTask:
    """The sum of two losses: the transceiver's on ``corpus_task``, the receiver's on features received from the devices.

    ``agreed`` are the sentences that the cloud knows, ``received`` for each upload their equalised symbols, in the same order;
    without uploads the first loss is all. A batch of received features has about ``tokens_per_batch`` words. Batches and noise in
    training are those of round ``number`` alone; validation is that of the corpus task, the same in every round.
    """

    corpus_task: TransceiverTask
    agreed: list[list[int]]
    received: Sequence[Sequence[Tensor]]
    _: KW_ONLY
    number: int
    tokens_per_batch: int

    @property
    def purpose(self) -> tuple[object, ...]:
        """What the training is for, without the round."""
        return self.corpus_task.purpose

    def loss(self, model: DeepSC, step: int) -> Tensor:
        """Both losses of one step in nats per word, summed."""
        here = replace(self.corpus_task, purpose=(*self.purpose, self.number))
        value = here.loss(model, step)
        if not self.received:
            return value
        ids, x_hat = self.draw(seeds.numpy_generator(here.seed, *here.purpose, "received", step))
        device = next(model.parameters()).device
        x_hat = x_hat.to(device)
        return value + model.loss(
            ids.to(device),
            lambda x, n0, generator: x_hat,
            None,
            num_negatives=here.num_negatives or None,
            generator=seeds.torch_generator(here.seed, *here.purpose, "negatives", step),
        )

    def validate(self, model: DeepSC) -> dict[str, float]:
        """validation_loss of the corpus task."""
        return self.corpus_task.validate(model)

    def draw(self, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Agreed sentences of one length, ids (batch, num_words), and some device's symbols of each (batch, num_symbols)."""
        groups = by_length(self.agreed)
        words = np.array([ids.numel() for _, ids in groups.values()])
        indices, ids = groups[rng.choice(list(groups), p=words / words.sum())]
        rows = rng.integers(len(ids), size=max(1, self.tokens_per_batch // ids.shape[1]))
        senders = rng.integers(len(self.received), size=len(rows))
        x_hat = [self.received[sender][indices[row]] for sender, row in zip(senders, rows, strict=True)]
        return ids[torch.from_numpy(rows)], torch.stack(x_hat)


def update(cloud: Cloud, task: UpdateTask, plan: training.Plan, *, accelerator: str = "cpu") -> float:
    """Train the cloud's model for a round, its pruned weights at zero -> its last validation loss."""
    with kept_at_zero(cloud.model, cloud.masks):
        history = tune(cloud.model, task, plan, name=str(task.number), accelerator=accelerator)
    return history[-1]["validation_loss"]
