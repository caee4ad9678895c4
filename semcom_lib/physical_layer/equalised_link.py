"""What stands between a learned sender and its receiver: a fading law and what is known of its gains  [l_deepsc eqs. 2, 12-15].

The counterpart of :mod:`semcom_lib.physical_layer.link` for symbols that no code protects; both send through
:func:`semcom_lib.physical_layer.fading.transmit`.

A refiner sees the LS estimates of ``MATRIX_SIDE``^2 successive rows as one matrix, row by row and at one SNR: the picture that
ADNet cleans [l_deepsc Sec. III-A]. The paper leaves open what its matrices hold when a sentence meets one gain; this is our
choice. Under most laws these gains are independent, under :class:`semcom_lib.physical_layer.fading.MatrixRayleigh` neighbours
are alike.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from semcom_lib.arguments import check_tensor
from semcom_lib.physical_layer.csi import PERFECT, Csi, Refiner
from semcom_lib.physical_layer.fading import Fading, transmit

MATRIX_SIDE = 16


@dataclass(frozen=True)
class EqualisedLink:
    """A fading law and what the receiver knows of its gains, called as a channel: link(x, n0, generator=generator).

    Symbols go through the ``amplifier`` first, if there is one; pilots, of unit amplitude, pass it as they are.
    """

    law: Fading
    csi: Csi = PERFECT
    amplifier: Callable[[Tensor], Tensor] | None = None

    def __call__(self, x: Tensor, n0: float | Tensor, *, generator: torch.Generator) -> Tensor:
        """Symbols x complex64 (batch, num_symbols) -> equalised symbols of the same shape; a row is an item.

        ``n0`` is a number or, one SNR a row, (batch, 1). Raises ValueError for an x that is not complex or of other
        dimensions, and as ``transmit``.
        """
        check_tensor("x", x, "complex", "(batch, num_symbols)")
        num_symbols = torch.full((x.shape[0],), x.shape[1])
        level = n0.squeeze(1).cpu() if isinstance(n0, Tensor) and n0.dim() == 2 else n0
        return self.equalised(x.flatten(), num_symbols, level, generator=generator).view_as(x)

    def equalised(self, x: Tensor, num_symbols: Tensor, n0: float | Tensor, *, generator: torch.Generator) -> Tensor:
        """The same for items of any lengths, one after the other in x (sum of ``num_symbols``,); ``n0`` as ``transmit``'s."""
        sent = x if self.amplifier is None else self.amplifier(x)
        return transmit(sent, num_symbols, self.law, n0, csi=self.csi, generator=generator).x_hat


def csi_of_kind(kind: str, num_pilots: int, refiner: Refiner | None) -> Csi:
    """CSI of a ``kind`` that needs no other settings than these; ``refiner`` is for "refined", see :func:`refined_csi`.

    Raises ValueError as ``Csi``, and for "refined" CSI without a refiner.
    """
    if kind == "refined" and refiner is not None:
        return refined_csi(refiner, num_pilots)
    return Csi(kind, num_pilots)


def refined_csi(refiner: Refiner, num_pilots: int = 1) -> Csi:
    """CSI refined by what cleans complex matrices (batch, MATRIX_SIDE, MATRIX_SIDE) at one SNR, such as an ``ADNet``."""
    return Csi("refined", num_pilots, refiner=_OfMatrices(refiner), group=MATRIX_SIDE**2)


@dataclass(frozen=True)
class _OfMatrices:
    """A refiner of matrices, shown the estimates (n, num_blocks) of n items: each block's, row by row."""

    refiner: Refiner

    def refine(self, h_rough: Tensor, ls_error: Tensor) -> Tensor:
        matrices = h_rough.T.reshape(-1, MATRIX_SIDE, MATRIX_SIDE)
        with torch.no_grad():
            return self.refiner.refine(matrices, ls_error.reshape(1, 1, 1)).reshape(h_rough.shape[::-1]).T

    def error_variance(self, ls_error: Tensor) -> Tensor:
        return self.refiner.error_variance(ls_error)
