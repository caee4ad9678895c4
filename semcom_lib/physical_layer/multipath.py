"""Slow fading that many transmissions share: the tapped delay line as a law of gains, and one session's fade.

Beside the laws of :mod:`semcom_lib.physical_layer.fading`; all go through :func:`semcom_lib.physical_layer.fading.transmit` and hence through a
:class:`semcom_lib.physical_layer.link.Link`.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from semcom_lib.physical_layer import channels
from semcom_lib.physical_layer.fading import Fading


@dataclass(frozen=True)
class TappedDelayLine:
    """Independent Rayleigh taps, seen through OFDM  [aesc_i eqs. 4, 5], see :func:`semcom_lib.physical_layer.channels.tapped_delay_line`.

    Tap powers fall as exp(-decay l). Block k of a row is symbol k, on subcarrier k mod ``num_subcarriers``: send with a
    ``block_length`` of 1. Raises ValueError for fewer taps than 1 or more than subcarriers.
    """

    num_taps: int
    decay: float
    num_subcarriers: int

    def gain(self, batch: int, num_blocks: int = 1, *, generator: torch.Generator) -> Tensor:
        """Gains complex64 (batch, num_blocks), the row's taps constant."""
        profile = channels.exponential_power_delay_profile(self.num_taps, self.decay)
        _, h = channels.tapped_delay_line(
            torch.zeros(batch, 1, dtype=torch.complex64),
            0.0,
            power_delay_profile=profile,
            num_subcarriers=self.num_subcarriers,
            generator=generator,
        )
        return channels.subcarrier_gain(h, num_blocks)


@dataclass(frozen=True, eq=False)
class SessionFade:
    """The fade of one session, the same in all its transmissions: gains ``h`` (num_gains,), symbol k has h[k mod num_gains].

    Draws nothing: systems that are given equal fades meet equal ones.
    """

    h: Tensor

    @property
    def block_length(self) -> int | None:
        """What :meth:`semcom_lib.physical_layer.link.Link.send` must be told: a gain for all symbols of an item, or one a symbol."""
        return None if len(self.h) == 1 else 1

    @property
    def power(self) -> float:
        """The mean of |h|^2: the session's SNR over the average one."""
        return float(self.h.abs().square().mean())

    def gain(self, batch: int, num_blocks: int = 1, *, generator: torch.Generator) -> Tensor:
        """The fade, complex64 (batch, num_blocks)."""
        return channels.subcarrier_gain(self.h[None], num_blocks).expand(batch, -1)


def session_fades(law: Fading, num_sessions: int, *, generator: torch.Generator) -> list[SessionFade]:
    """One fade a session."""
    num_gains = law.num_subcarriers if isinstance(law, TappedDelayLine) else 1
    return [SessionFade(h) for h in law.gain(num_sessions, num_gains, generator=generator)]
