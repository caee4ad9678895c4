"""What a text transceiver learns: sentences through a channel at random SNRs, as ``training.train`` asks for it."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.utils import parametrize

from semcom_lib import seeds
from semcom_lib.l_deepsc.transceiver import Channel, DeepSC
from semcom_lib.physical_layer.channels import snr_to_n0
from semcom_lib.sources.text import LengthBuckets, in_batches


@dataclass(frozen=True)
class TransceiverTask:
    """Sentences to train and to validate on, and the channel between transmitter and receiver.

    Everything random is derived from (``seed``, *``purpose``) and the step alone. SNRs are uniform in ``snr_low_db`` ..
    ``snr_high_db``: one a sentence, or with ``one_snr_a_batch`` one for all sentences of a batch, as
    refined CSI needs it. ``num_negatives`` words stand for the vocabulary in training (0: the full softmax); validation
    always has the full one.
    """

    buckets: LengthBuckets
    validation_ids: list[list[int]]
    channel: Channel
    seed: int
    purpose: tuple[object, ...]
    snr_low_db: float
    snr_high_db: float
    num_negatives: int = 0
    one_snr_a_batch: bool = False

    def loss(self, model: DeepSC, step: int) -> Tensor:
        """The loss of one step in nats per word; its batch, SNRs, fades and noise depend on the step alone."""
        ids = self.buckets.draw(seeds.numpy_generator(self.seed, *self.purpose, "batch", step))
        generator = seeds.torch_generator(self.seed, *self.purpose, "train", step)
        return self._loss(model, ids, self.num_negatives or None, generator)

    def validate(self, model: DeepSC) -> dict[str, float]:
        """validation_loss: the cross-entropy per word in nats over all held-out sentences, always over the same noise."""
        generator = seeds.torch_generator(self.seed, *self.purpose, "validate")
        total, words = 0.0, 0
        for _, ids in in_batches(self.validation_ids, 128):
            total += float(self._loss(model, ids, None, generator).detach()) * ids.numel()
            words += ids.numel()
        return {"validation_loss": total / words}

    def _loss(self, model: DeepSC, ids: Tensor, num_negatives: int | None, generator: torch.Generator) -> Tensor:
        ids = ids.to(next(model.parameters()).device)
        n0 = self._draw_n0(len(ids), generator)
        with parametrize.cached():  # the embedding is used three times, and where it is quantised, to be quantised once
            return model.loss(ids, self.channel, n0, num_negatives=num_negatives, generator=generator)

    def _draw_n0(self, batch: int, generator: torch.Generator) -> Tensor:
        """Each sentence's noise variance: (batch, 1)."""
        draws = torch.rand(1 if self.one_snr_a_batch else batch, 1, generator=generator)
        snr_db = self.snr_low_db + (self.snr_high_db - self.snr_low_db) * draws
        return snr_to_n0(snr_db).expand(batch, 1)
