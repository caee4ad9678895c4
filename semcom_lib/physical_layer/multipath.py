"""Frequency-selective fading, and slow fading that many transmissions share: one session's fade  [aesc_i eqs. 4, 5].

Laws beside those of :mod:`semcom_lib.physical_layer.fading`; all go through its ``transmit``.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from semcom_lib.arguments import check_integer, check_number, check_tensor
from semcom_lib.physical_layer.channels import complex_normal
from semcom_lib.physical_layer.fading import Fading

_STEEPEST = 1e4  # beyond it all power is in one tap, in float64 too


def exponential_power_delay_profile(num_taps: int, decay: float) -> Tensor:
    """Tap powers proportional to exp(-decay l), l = 0..num_taps-1, that sum to 1 -> (num_taps,).

    A negative ``decay`` makes later taps the stronger ones. Raises ValueError for fewer than one tap or a ``decay`` that is
    not finite.
    """
    check_integer("num_taps", num_taps, 1)
    check_number("decay", decay, "(-inf, inf)")
    exponents = -min(max(decay, -_STEEPEST), _STEEPEST) * torch.arange(num_taps, dtype=torch.float64)
    powers = torch.exp(exponents - exponents.max())
    return (powers / powers.sum()).to(torch.float32)


@dataclass(frozen=True)
class TappedDelayLine:
    """Slow frequency-selective fading seen through OFDM: one gain a subcarrier  [aesc_i eqs. 4, 5].

    The taps are independent CN(0, p_l) with powers p_l that fall as exp(-decay l) and sum to 1, constant over an item; with a
    cyclic prefix at least as long as the delay line each subcarrier k meets the flat gain
    H_k = sum_l a_l exp(-2j pi k l / num_subcarriers), so that a one-tap equaliser suffices. Symbol k is on subcarrier
    k mod ``num_subcarriers``. Raises ValueError for fewer taps than 1 or more than subcarriers.
    """

    num_taps: int
    decay: float
    num_subcarriers: int
    block_length: ClassVar[int] = 1

    def __post_init__(self) -> None:
        exponential_power_delay_profile(self.num_taps, self.decay)
        check_integer("num_subcarriers", self.num_subcarriers, 1)
        if self.num_taps > self.num_subcarriers:
            raise ValueError(f"num_taps = {self.num_taps}; num_subcarriers = {self.num_subcarriers} allows no more")

    def gain(self, batch: int, num_blocks: int = 1, *, generator: torch.Generator) -> Tensor:
        """Gains complex64 (batch, num_blocks), E[|h|^2] = 1, the item's taps constant."""
        profile = exponential_power_delay_profile(self.num_taps, self.decay)
        check_integer("batch", batch, 0)
        check_integer("num_blocks", num_blocks, 0)
        taps = profile.sqrt() * complex_normal(batch, self.num_taps, generator=generator)
        return repeated(torch.fft.fft(taps, n=self.num_subcarriers, dim=1), num_blocks)


@dataclass(frozen=True, eq=False)
class SessionFade:
    """The fade of one session, the same in all its transmissions: gains ``h`` (num_gains,), symbol k has h[k mod num_gains].

    Draws nothing: systems that are given equal fades meet equal ones. Raises ValueError unless ``h`` is complex, finite and
    has at least one gain.
    """

    h: Tensor

    def __post_init__(self) -> None:
        check_tensor("h", self.h, "complex", "(num_gains,)")
        if not len(self.h) or not bool(torch.isfinite(self.h).all()):
            raise ValueError(f"h holds {len(self.h)} gains: it must hold at least one, and all of them finite")

    @property
    def block_length(self) -> int | None:
        """A gain for all symbols of an item, or one a symbol."""
        return None if len(self.h) == 1 else 1

    @property
    def power(self) -> float:
        """The mean of |h|^2: the session's SNR over the average one."""
        return float(self.h.abs().square().mean())

    def gain(self, batch: int, num_blocks: int = 1, *, generator: torch.Generator) -> Tensor:
        """The fade, complex64 (batch, num_blocks)."""
        return repeated(self.h[None], num_blocks).expand(batch, -1)


def session_fades(law: Fading, num_sessions: int, *, generator: torch.Generator) -> list[SessionFade]:
    """One fade a session. Raises ValueError for a negative number of sessions."""
    check_integer("num_sessions", num_sessions, 0)
    num_gains = law.num_subcarriers if isinstance(law, TappedDelayLine) else 1
    return [SessionFade(h) for h in law.gain(num_sessions, num_gains, generator=generator)]


def repeated(h: Tensor, num_symbols: int) -> Tensor:
    """The gain that each symbol meets on its subcarrier: h (batch, num_subcarriers) -> (batch, num_symbols)."""
    return h.repeat(1, -(-num_symbols // h.shape[1]))[:, :num_symbols]
