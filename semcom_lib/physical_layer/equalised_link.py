"""What stands between a learned sender and its receiver: fading, CSI of some kind, the equaliser  [l_deepsc eqs. 2, 12-15].

    x --- h x + n --- equaliser --- x_hat
                          |
          pilots --- LS - ADNet -- h_est

The counterpart of :mod:`semcom_lib.physical_layer.link` for symbols that no code protects: one gain a row (a sentence, an image), the
receiver equalises with the gain that it estimated. A refiner sees the estimates of ``MATRIX_SIDE``^2 successive rows as one
matrix of independent gains, at one SNR: the picture that ADNet cleans [l_deepsc Sec. III-A]. The paper leaves open what its
matrices hold when a sentence meets one gain; this is our choice.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from semcom_lib.physical_layer import channels, csi
from semcom_lib.physical_layer.fading import Fading

MATRIX_SIDE = 16


@dataclass(frozen=True)
class FadingLink:
    """A fading law and what the receiver knows of its gains; ``kind`` is one of :data:`semcom_lib.physical_layer.csi.KINDS`.

    ``refine`` cleans complex matrices (batch, MATRIX_SIDE, MATRIX_SIDE) of LS estimates (kind "refined" only), and ``num_pilots``
    are spent on each gain. Every kind draws the same from a generator, so that links differ by their CSI alone.
    """

    law: Fading
    kind: str
    num_pilots: int = 1
    refine: Callable[[Tensor], Tensor] | None = None

    def gains(self, rows: int, n0: float, *, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """The gain of each row and the receiver's estimate of it, both complex64 (rows, 1).

        The rows' gains are drawn first, as :func:`semcom_lib.physical_layer.fading.transmit` draws them; gains that fill the last matrix follow.
        Raises ValueError for an unknown kind, or "refined" without ``refine``.
        """
        size = MATRIX_SIDE**2
        h = self.law.gain(rows, generator=generator)
        h = torch.cat([h, self.law.gain(-rows % size, generator=generator)]) if rows % size else h
        refine = None if self.refine is None else self._refine_column
        h_est = csi.estimate(self.kind, h, n0, self.num_pilots, generator=generator, refine=refine)
        return h[:rows], h_est[:rows]

    def _refine_column(self, h_rough: Tensor) -> Tensor:
        with torch.no_grad():
            matrices = h_rough.reshape(-1, MATRIX_SIDE, MATRIX_SIDE)
            return self.refine(matrices).reshape(-1, 1)

    def __call__(self, x: Tensor, n0: Tensor, *, generator: torch.Generator) -> Tensor:
        """Symbols x (batch, num_symbols) at one noise variance ``n0`` (batch, 1) -> equalised symbols of the same shape.

        Raises ValueError when the rows' noise variances differ: a matrix of estimates has one SNR.
        """
        if not bool((n0 == n0[0]).all()):
            raise ValueError(
                f"n0 differs between rows ({float(n0.min()):g}..{float(n0.max()):g}): it must be one number"
            )
        h, h_est = self.gains(len(x), float(n0[0]), generator=generator)
        y = channels.awgn(channels.block_fading(h, x), n0, generator=generator)
        return channels.equalise(y, h_est.to(x.device))
