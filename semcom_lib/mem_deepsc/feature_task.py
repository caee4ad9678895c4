"""What Mem-DeepSC's channel codec learns alone, as ``training.train`` asks for it  [mem_deepsc Algorithm 1, step 2]."""

from dataclasses import KW_ONLY, dataclass

import torch
from torch import Tensor

from semcom_lib import seeds
from semcom_lib.mem_deepsc.model import MemDeepSC, Sending
from semcom_lib.physical_layer.channels import snr_to_n0
from semcom_lib.physical_layer.equalised_link import EqualisedLink


@dataclass(frozen=True)
class FeatureTask:
    """Features z (sentences, width) of distinct sentences and questions, to be had again behind ``link``.

    They are those of the semantic codec that is frozen meanwhile, hence computed once. Every sentence of a step's
    ``sentences_per_batch`` meets an SNR of its own, uniform in ``snr_low_db`` .. ``snr_high_db``. Everything random is derived from
    (``seed``, *``purpose``) and the step alone.
    """

    z: Tensor
    link: EqualisedLink
    _: KW_ONLY
    seed: int
    purpose: tuple[object, ...]
    sentences_per_batch: int
    snr_low_db: float
    snr_high_db: float

    def loss(self, model: MemDeepSC, step: int) -> Tensor:
        """The mean squared error of the features of one step, summed over the width  [mem_deepsc eq. 10]."""
        rng = seeds.numpy_generator(self.seed, *self.purpose, "batch", step)
        rows = torch.from_numpy(rng.integers(len(self.z), size=self.sentences_per_batch))
        return self._loss(model, self.z[rows], seeds.torch_generator(self.seed, *self.purpose, step))

    def validate(self, model: MemDeepSC) -> dict[str, float]:
        """validation_loss: the loss over all of them, always over the same noise.

        There is nothing to hold out: a few thousand sentences are all there are, in training stories and in others.
        """
        generator = seeds.torch_generator(self.seed, *self.purpose, "validate")
        return {"validation_loss": float(self._loss(model, self.z, generator))}

    def _loss(self, model: MemDeepSC, z: Tensor, generator: torch.Generator) -> Tensor:
        snr_db = self.snr_low_db + (self.snr_high_db - self.snr_low_db) * torch.rand(len(z), 1, generator=generator)
        z = z.to(next(model.parameters()).device)
        z_hat = model.transfer(z, torch.arange(len(z)), Sending(self.link, snr_to_n0(snr_db), generator))
        return (z_hat - z).square().sum(dim=1).mean()
