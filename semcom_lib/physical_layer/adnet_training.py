"""What ADNet learns: matrices of gains from their LS estimates at random SNRs, as ``training.train`` asks for it."""

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass

import torch
from torch import Tensor

from semcom_lib import seeds
from semcom_lib.arguments import check_integer, check_number
from semcom_lib.physical_layer.adnet import ADNet
from semcom_lib.physical_layer.channels import snr_to_n0
from semcom_lib.physical_layer.csi import ls_estimate
from semcom_lib.physical_layer.equalised_link import MATRIX_SIDE
from semcom_lib.physical_layer.fading import Fading

GainMatrices = Callable[..., Tensor]  # (batch, *, generator) -> exact gains, complex64 (batch, rows, cols)


def matrices_of_items(law: Fading) -> GainMatrices:
    """Gains of ``MATRIX_SIDE``^2 items as one matrix: what the refiner of an ``EqualisedLink`` over this law is shown."""

    def draw(batch: int, *, generator: torch.Generator) -> Tensor:
        h = law.gain(batch * MATRIX_SIDE**2, generator=generator)  # (batch * side^2, 1)
        return h.reshape(batch, MATRIX_SIDE, MATRIX_SIDE)

    return draw


@dataclass(frozen=True)
class RefinerTask:
    """Matrices of one kind of channel, new ones in every step, and a fixed set of held-out ones.

    ``gains(batch, generator=generator)`` draws exact matrices complex64 (batch, rows, cols). Each matrix has an SNR of its
    own, uniform in ``snr_low_db`` .. ``snr_high_db`` [l_deepsc Sec. IV]. Everything random is derived from (``seed``,
    ``stage``, ``channel``) and the step alone. Raises ValueError for SNRs in falling order or not finite, or numbers of
    matrices or pilots below 1.
    """

    gains: GainMatrices
    _: KW_ONLY
    num_pilots: int
    snr_low_db: float
    snr_high_db: float
    matrices_per_batch: int
    validation_matrices: int
    seed: int
    stage: str
    channel: str

    def __post_init__(self) -> None:
        check_number("snr_low_db", self.snr_low_db, "(-inf, inf)")
        check_number("snr_high_db", self.snr_high_db, "(-inf, inf)")
        if not self.snr_low_db <= self.snr_high_db:
            raise ValueError(f"snr_low_db = {self.snr_low_db} must not be above snr_high_db = {self.snr_high_db}")
        for name in ("num_pilots", "matrices_per_batch", "validation_matrices"):
            check_integer(name, getattr(self, name), 1)

    def draw(self, batch: int, *, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """LS estimates and the exact matrices, both complex64 (batch, rows, cols)  [l_deepsc eqs. 13, 14]."""
        h = self.gains(batch, generator=generator)
        snr_db = self.snr_low_db + (self.snr_high_db - self.snr_low_db) * torch.rand(batch, 1, 1, generator=generator)
        return ls_estimate(h, snr_to_n0(snr_db), self.num_pilots, generator=generator), h

    def loss(self, model: ADNet, step: int) -> Tensor:
        """Half the squared error a matrix of one step, a scalar; its matrices, SNRs and noise depend on the step alone."""
        generator = seeds.torch_generator(self.seed, self.stage, "train", self.channel, step)
        return self._loss(model, self.matrices_per_batch, generator)

    def validate(self, model: ADNet) -> dict[str, float]:
        """validation_loss: half the squared error a matrix, always over the same matrices and noise."""
        generator = seeds.torch_generator(self.seed, self.stage, "validate", self.channel)
        return {"validation_loss": float(self._loss(model, self.validation_matrices, generator).detach())}

    def _loss(self, model: ADNet, batch: int, generator: torch.Generator) -> Tensor:
        device = next(model.parameters()).device
        h_rough, h = self.draw(batch, generator=generator)
        return model.loss(h_rough.to(device), h.to(device))
