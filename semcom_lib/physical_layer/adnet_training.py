"""What ADNet learns: matrices of gains from their LS estimates at random SNRs, as ``training.train`` asks for it.

And how wrong the trained network still is at each SNR, for receivers that reckon with it.
"""

import math
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass

import numpy as np
import torch
from torch import Tensor

from semcom_lib import seeds
from semcom_lib.arguments import check_integer, check_number
from semcom_lib.physical_layer.adnet import ERROR_LEVELS, ADNet
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
    own, uniform in ``snr_low_db`` .. ``snr_high_db`` [l_deepsc Sec. IV]. All that the network knows of the pilots is the LS
    error, so one serves any number of them: ``num_pilots`` is the most that it shall serve, and from one pilot at
    ``snr_low_db`` to so many at ``snr_high_db`` the LS error is uniform in dB. Everything random is derived from (``seed``,
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

    @property
    def pilots_high_db(self) -> float:
        """The best SNR of an LS estimate, that of all pilots together."""
        return self.snr_high_db + 10 * math.log10(self.num_pilots)

    def draw(self, batch: int, *, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """LS estimates (batch, rows, cols), their error variances (batch, 1, 1), exact matrices  [l_deepsc eqs. 13, 14]."""
        h = self.gains(batch, generator=generator)
        snr_db = self.snr_low_db + (self.pilots_high_db - self.snr_low_db) * torch.rand(
            batch, 1, 1, generator=generator
        )
        error = snr_to_n0(snr_db)
        return ls_estimate(h, error, 1, generator=generator), error, h

    def loss(self, model: ADNet, step: int) -> Tensor:
        """``ADNet.loss`` of one step's matrices, a scalar; they, their SNRs and noise depend on the step alone."""
        generator = seeds.torch_generator(self.seed, self.stage, "train", self.channel, step)
        return self._loss(model, self.matrices_per_batch, generator)

    def validate(self, model: ADNet) -> dict[str, float]:
        """validation_loss: ``ADNet.loss``, always over the same matrices and noise."""
        generator = seeds.torch_generator(self.seed, self.stage, "validate", self.channel)
        return {"validation_loss": float(self._loss(model, self.validation_matrices, generator).detach())}

    @torch.inference_mode()
    def measure_errors(self, model: ADNet) -> None:
        """Have the trained ``model``, in evaluation mode, state how wrong it is over the held-out matrices, SNR by SNR.

        Every SNR has new noise. What it states is kept with its weights, see ``ADNet.error_variance``.
        """
        device = next(model.parameters()).device
        levels = [snr_to_n0(float(db)) for db in np.linspace(self.pilots_high_db, self.snr_low_db, ERROR_LEVELS)]
        generator = seeds.torch_generator(self.seed, self.stage, "errors", self.channel)
        h = self.gains(self.validation_matrices, generator=generator)
        mse = []
        for level in levels:
            h_rough = ls_estimate(h, level, 1, generator=generator).to(device)
            mse.append(float((model.refine(h_rough, level) - h.to(device)).abs().square().mean()))
        model.keep_errors(levels, mse)

    def _loss(self, model: ADNet, batch: int, generator: torch.Generator) -> Tensor:
        device = next(model.parameters()).device
        h_rough, error, h = (drawn.to(device) for drawn in self.draw(batch, generator=generator))
        return model.loss(h_rough, error, h)
