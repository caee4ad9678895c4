"""What stands between a learned sender and its receiver: a fading law and what is known of its gains  [l_deepsc eqs. 2, 12-15].

The counterpart of :mod:`semcom_lib.physical_layer.link` for symbols that no code protects; both send through
:func:`semcom_lib.physical_layer.fading.transmit`.

A refiner sees the LS estimates of ``MATRIX_SIDE``^2 successive rows as one matrix of independent gains, at one SNR: the picture
that ADNet cleans [l_deepsc Sec. III-A]. The paper leaves open what its matrices hold when a sentence meets one gain; this is
our choice.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from semcom_lib.arguments import check_tensor
from semcom_lib.physical_layer.csi import PERFECT, Csi
from semcom_lib.physical_layer.fading import Fading, transmit

MATRIX_SIDE = 16


@dataclass(frozen=True)
class EqualisedLink:
    """A fading law and what the receiver knows of its gains, called as a channel: link(x, n0, generator=generator)."""

    law: Fading
    csi: Csi = PERFECT

    def __call__(self, x: Tensor, n0: float | Tensor, *, generator: torch.Generator) -> Tensor:
        """Symbols x complex64 (batch, num_symbols) -> equalised symbols of the same shape; a row is an item.

        ``n0`` is a number or, one SNR a row, (batch, 1). Raises ValueError for an x that is not complex or of other
        dimensions, and as ``transmit``.
        """
        check_tensor("x", x, "complex", "(batch, num_symbols)")
        num_symbols = torch.full((x.shape[0],), x.shape[1])
        level = n0.squeeze(1).cpu() if isinstance(n0, Tensor) and n0.dim() == 2 else n0
        return transmit(x.flatten(), num_symbols, self.law, level, csi=self.csi, generator=generator).x_hat.view_as(x)


def csi_of_kind(kind: str, num_pilots: int, refine: Callable[[Tensor], Tensor]) -> Csi:
    """CSI of a ``kind`` that needs no other settings than these; ``refine`` is for "refined", see :func:`refined_csi`."""
    return refined_csi(refine, num_pilots) if kind == "refined" else Csi(kind, num_pilots)


def refined_csi(refine: Callable[[Tensor], Tensor], num_pilots: int = 1) -> Csi:
    """CSI refined by what cleans complex matrices (batch, MATRIX_SIDE, MATRIX_SIDE), such as ``ADNet.refine``."""

    def refine_rows(h_rough: Tensor) -> Tensor:
        with torch.no_grad():
            columns = h_rough.T.reshape(-1, MATRIX_SIDE, MATRIX_SIDE)  # each of its blocks' rows, after one another
            return refine(columns).reshape(h_rough.shape[::-1]).T

    return Csi("refined", num_pilots, refine=refine_rows, group=MATRIX_SIDE**2)
