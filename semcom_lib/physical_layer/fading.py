"""Fading laws as values, and the transmission of items of different lengths under them.

The physics, and its conventions, are those of :mod:`semcom_lib.physical_layer.channels`, whose functions take rows of equal lengths.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from semcom_lib.physical_layer import channels
from semcom_lib.physical_layer.modulation import MIN_N0

Estimator = Callable[..., Tensor]  # (h, n0, *, generator) -> h_est, both complex (num_items, num_blocks)


class Fading(Protocol):
    """A law of the gains h in y = h x + n, E[|h|^2] = 1."""

    def gain(self, batch: int, num_blocks: int = 1, *, generator: torch.Generator) -> Tensor:
        """Gains, complex64 (batch, num_blocks)."""
        ...


@dataclass(frozen=True)
class Awgn:
    """No fading, h = 1: nothing is drawn."""

    def gain(self, batch: int, num_blocks: int = 1, *, generator: torch.Generator) -> Tensor:
        """Ones, complex64 (batch, num_blocks)."""
        return torch.ones(batch, num_blocks, dtype=torch.complex64)


@dataclass(frozen=True)
class Rayleigh:
    """h ~ CN(0, 1), see :func:`semcom_lib.physical_layer.channels.rayleigh_gain`."""

    def gain(self, batch: int, num_blocks: int = 1, *, generator: torch.Generator) -> Tensor:
        """Rayleigh gains, complex64 (batch, num_blocks)."""
        return channels.rayleigh_gain(batch, num_blocks, generator=generator)


@dataclass(frozen=True)
class Rician:
    """Line of sight and scattered power in the ratio ``k_factor``, see :func:`semcom_lib.physical_layer.channels.rician_gain`."""

    k_factor: float = 2.0

    def gain(self, batch: int, num_blocks: int = 1, *, generator: torch.Generator) -> Tensor:
        """Rician gains, complex64 (batch, num_blocks); raises ValueError unless ``k_factor`` is finite and >= 0."""
        return channels.rician_gain(batch, num_blocks, k_factor=self.k_factor, generator=generator)


def transmit(
    x: Tensor,
    num_symbols: Tensor,
    channel: Fading,
    n0: float,
    *,
    block_length: int | None = None,
    estimate: Estimator | None = None,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Send items one after the other and equalise: x (total,) -> x_hat (total,), noise variances n0_hat (total,).

    ``num_symbols`` int64 (num_items,) cuts x into items. A gain holds for ``block_length`` symbols of an item (default:
    all). The receiver takes ``estimate(h, n0, generator=generator)`` for the gains h (num_items, num_blocks) and
    n0_hat = n0 / |h_est|^2 for the noise variance; by default it knows h. ``n0`` may be 0, and is then 1e-20 in n0_hat.

    Drawn are, in this order: the gains, the noise, what ``estimate`` draws. Thus any system that draws one gain an item
    first meets the same fades, and all estimators meet the same noise.

    Raises ValueError for ``num_symbols`` that do not add up to x, an ``n0`` or ``block_length`` out of range, an estimate
    of another shape or of infinite power.
    """
    if int(num_symbols.sum()) != len(x):
        raise ValueError(f"num_symbols must add up to the {len(x)} symbols of x, got {int(num_symbols.sum())}")
    longest = int(num_symbols.max()) if len(num_symbols) else 0
    num_blocks = channels.count_blocks(longest, block_length)
    block_length = block_length or longest
    symbols_left = num_symbols[:, None] - block_length * torch.arange(num_blocks)
    symbols_of_gain = symbols_left.clamp(0, block_length).flatten()
    h = channel.gain(len(num_symbols), num_blocks, generator=generator)
    y = channels.awgn(h.flatten().repeat_interleave(symbols_of_gain) * x, n0, generator=generator)
    h_est = h if estimate is None else _check_estimate(estimate(h, n0, generator=generator), h)
    h_est = h_est.flatten().repeat_interleave(symbols_of_gain)
    x_hat = channels.equalise(y[:, None], h_est[:, None])[:, 0]
    return x_hat, max(n0, MIN_N0) / h_est.abs().square()


def _check_estimate(h_est: Tensor, h: Tensor) -> Tensor:
    h_est = h_est.to(h)
    if h_est.shape != h.shape or not bool(torch.isfinite(h_est.abs().square()).all()):
        shapes = f"of shape {tuple(h.shape)}, got {tuple(h_est.shape)}"
        raise ValueError(f"estimate must return gains of finite power {shapes}")
    return h_est
