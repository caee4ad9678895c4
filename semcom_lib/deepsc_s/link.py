"""What stands between a speech transmitter and its receiver: a fading law and what is known of its gains, one gain a clip."""

from dataclasses import dataclass

import torch
from torch import Tensor

from semcom_lib.arguments import check_tensor
from semcom_lib.physical_layer.csi import PERFECT, Csi
from semcom_lib.physical_layer.fading import Fading, Received, transmit


@dataclass(frozen=True)
class SpeechLink:
    """Called as a channel, link(x, n0, generator=generator); its receiver hears of each symbol how noisy it is.

    The counterpart, for receivers that use this, of :class:`semcom_lib.physical_layer.equalised_link.EqualisedLink`. The paper
    assumes accurate CSI [deepsc_s Sec. V].
    """

    law: Fading
    csi: Csi = PERFECT

    def __call__(self, x: Tensor, n0: float | Tensor, *, generator: torch.Generator) -> Received:
        """Symbols x complex64 (batch, num_symbols), a row an item -> equalised symbols and noise variances of that shape.

        ``n0`` is a number or, one SNR a row, (batch,). Raises ValueError for another x, and as ``transmit``.
        """
        check_tensor("x", x, "complex", "(batch, num_symbols)")
        num_symbols = torch.full((x.shape[0],), x.shape[1])
        received = transmit(x.flatten(), num_symbols, self.law, n0, csi=self.csi, generator=generator)
        return Received(*(part.to(x.device).view(x.shape) for part in received))
