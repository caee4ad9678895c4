"""Fading laws as values, and the one transmission: y = h x + n, the receiver's CSI, the equaliser  [l_deepsc eqs. 2, 12-15].

    x --- h x + n --- equaliser --- x_hat, n0_hat
                          |
          h --- CSI --- h_est

Learned systems and coded ones all go through :func:`transmit`. The physics, and its conventions, are those of
:mod:`semcom_lib.physical_layer.channels`.
"""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Protocol

import torch
from torch import Tensor

from semcom_lib.arguments import check_integer, check_tensor
from semcom_lib.physical_layer import channels
from semcom_lib.physical_layer.correlation import check_doppler, correlated_gain, exponential_correlation, jakes_gain
from semcom_lib.physical_layer.csi import PERFECT, Csi
from semcom_lib.physical_layer.modulation import MIN_N0


class Fading(Protocol):
    """A law of the gains h in y = h x + n, E[|h|^2] = 1; a gain holds for ``block_length`` symbols (None: a whole item)."""

    block_length: int | None

    def gain(self, batch: int, num_blocks: int = 1, *, generator: torch.Generator) -> Tensor:
        """Gains of successive blocks, complex64 (batch, num_blocks)."""
        ...


@dataclass(frozen=True)
class Awgn:
    """No fading, h = 1: nothing is drawn."""

    block_length: ClassVar[None] = None

    def gain(self, batch: int, num_blocks: int = 1, *, generator: torch.Generator) -> Tensor:
        """Ones, complex64 (batch, num_blocks). Raises ValueError for a negative number of them."""
        check_integer("batch", batch, 0)
        check_integer("num_blocks", num_blocks, 0)
        return torch.ones(batch, num_blocks, dtype=torch.complex64)


@dataclass(frozen=True)
class Rayleigh:
    """h ~ CN(0, 1). Successive blocks are independent, or with ``doppler`` = f_D T correlated in time (Jakes' model).

    Raises ValueError for a ``block_length`` below 1 or a ``doppler`` that is negative or not finite.
    """

    block_length: int | None = None
    doppler: float | None = None

    def __post_init__(self) -> None:
        count_blocks(1, self.block_length)
        if self.doppler is not None:
            check_doppler(self.doppler)

    def gain(self, batch: int, num_blocks: int = 1, *, generator: torch.Generator) -> Tensor:
        """Rayleigh gains, complex64 (batch, num_blocks)."""
        if self.doppler is None:
            return channels.rayleigh_gain(batch, num_blocks, generator=generator)
        return jakes_gain(batch, num_blocks, doppler=self.doppler, generator=generator)


@dataclass(frozen=True)
class Rician:
    """A constant line of sight and scattered power in the ratio ``k_factor``, the latter as in :class:`Rayleigh`.

    Raises ValueError unless ``k_factor`` is finite and >= 0, and as :class:`Rayleigh`.
    """

    k_factor: float = 2.0
    block_length: int | None = None
    doppler: float | None = None

    def __post_init__(self) -> None:
        channels.add_line_of_sight(torch.zeros(1), self.k_factor)
        Rayleigh(self.block_length, self.doppler)

    def gain(self, batch: int, num_blocks: int = 1, *, generator: torch.Generator) -> Tensor:
        """Rician gains, complex64 (batch, num_blocks)."""
        scattered = Rayleigh(doppler=self.doppler).gain(batch, num_blocks, generator=generator)
        return channels.add_line_of_sight(scattered, self.k_factor)


@dataclass(frozen=True)
class MatrixRayleigh:
    """Rayleigh gains, one an item, that neighbours share: those of ``side``^2 successive items are one matrix, row by row.

    The Kronecker model with exponential ``correlation`` at both ends, ``correlation.correlated_gain``: as if each item took
    another pair of antennas of two arrays. Matrices are independent; the last one is cut where the items end. Raises ValueError
    for a ``correlation`` outside [0, 1) or a ``side`` below 1.
    """

    correlation: float
    side: int = 16
    block_length: ClassVar[None] = None

    def __post_init__(self) -> None:
        exponential_correlation(self.side, self.correlation)

    def gain(self, batch: int, num_blocks: int = 1, *, generator: torch.Generator) -> Tensor:
        """Rayleigh gains, complex64 (batch, num_blocks); blocks have matrices of their own. Raises ValueError below 0."""
        check_integer("batch", batch, 0)
        check_integer("num_blocks", num_blocks, 0)
        ends = {"correlation_receive": self.correlation, "correlation_transmit": self.correlation}
        matrices = -(-batch // self.side**2)  # of each block
        h = correlated_gain(num_blocks * matrices, self.side, self.side, **ends, generator=generator)
        return h.reshape(num_blocks, matrices * self.side**2)[:, :batch].T


class Received(NamedTuple):
    """What a receiver has of each symbol: ``x_hat``, equalised, and ``n0_hat``, the noise variance that it reckons with."""

    x_hat: Tensor
    n0_hat: Tensor


def transmit(
    x: Tensor,
    num_symbols: Tensor,
    law: Fading,
    n0: float | Tensor,
    *,
    csi: Csi = PERFECT,
    generator: torch.Generator,
) -> Received:
    """Send items of any lengths and equalise what arrives: x complex64 (total,) -> x_hat and n0_hat, both (total,).

    ``num_symbols`` int64 (num_items,) cuts x into items; each meets gains of its own. ``n0`` is a number or, one SNR an item,
    (num_items,); 0 is allowed. The receiver equalises with the gains that ``csi`` gives it and reckons with the noise variance
    n0_hat = (n0 + error variance of the estimate) / |h_est|^2, at least 1e-20 / |h_est|^2: symbols have unit power, so that a
    wrong gain acts like noise of that power.

    Common random numbers: fades, noise and pilots each have a generator of their own, derived from ``generator``. Whatever
    systems send and know, equally seeded generators give item i the same gain, its k-th symbol the same noise, and its pilots
    the same noise. (Gains that are correlated in time agree only between systems with equally many blocks.)

    Raises ValueError for ``num_symbols`` that are negative or do not add up to x, an x that is not complex, or an ``n0`` out of
    range or of another shape.
    """
    check_tensor("x", x, "complex")
    check_tensor("num_symbols", num_symbols, "integer")
    if bool((num_symbols < 0).any()):
        raise ValueError(f"num_symbols = {int(num_symbols.min())} at its lowest: it must hold numbers of at least 0")
    if x.dim() != 1 or num_symbols.dim() != 1 or int(num_symbols.sum()) != len(x):
        total = int(num_symbols.sum())
        raise ValueError(f"num_symbols must add up to the {len(x)} symbols of x {tuple(x.shape)}, got {total}")
    fades, noise, pilots = child_generators(generator, 3)
    num_items, longest = len(num_symbols), int(num_symbols.max()) if len(num_symbols) else 0
    num_blocks = count_blocks(longest, law.block_length)
    variance = channels.noise_variance(n0)
    if variance.shape not in ((), (num_items,)):
        raise ValueError(
            f"n0 has shape {tuple(variance.shape)}: it must be a number, or one for each of {num_items} items"
        )
    variance = variance.expand(num_items)[:, None]
    again = fades.clone_state()
    h = law.gain(num_items, num_blocks, generator=fades)

    def following(count: int) -> Tensor:
        """The gains after the items': where the law relates items, those that belong to the last ones."""
        return law.gain(num_items + count, num_blocks, generator=again)[num_items:]

    h_est, error = csi.estimate(h, variance, more=following, generator=pilots)

    symbols_left = num_symbols[:, None] - (law.block_length or longest) * torch.arange(num_blocks)
    symbols_of_gain = symbols_left.clamp(0, law.block_length or longest).flatten()

    def of_symbols(of_gains: Tensor) -> Tensor:
        """What stands at each gain, (num_items or 1, num_blocks or 1) -> at each symbol, (total,)."""
        return of_gains.expand(num_items, num_blocks).flatten().repeat_interleave(symbols_of_gain).to(x.device)

    n = noise_of_items(num_symbols, generator=noise).to(x.device)
    y = of_symbols(h) * x + of_symbols(variance).sqrt() * n
    h_hat = of_symbols(h_est)
    n0_hat = of_symbols(variance + error).clamp_min(MIN_N0) / h_hat.abs().square()
    return Received(channels.equalise(y, h_hat), n0_hat)


def noise_of_items(num_symbols: Tensor, *, generator: torch.Generator) -> Tensor:
    """CN(0, 1) for each symbol of items of these lengths, (total,); an item's k-th does not depend on the lengths."""
    longest = int(num_symbols.max()) if len(num_symbols) else 0
    drawn = channels.complex_normal_by_column(len(num_symbols), longest, generator=generator)
    return drawn[torch.arange(longest) < num_symbols[:, None]]


def child_generators(generator: torch.Generator, count: int) -> list[torch.Generator]:
    """So many generators seeded from the next draws of this one: what one of them draws changes nothing for the others."""
    drawn = torch.randint(2**62, (count,), generator=generator).tolist()
    return [torch.Generator().manual_seed(seed) for seed in drawn]


def count_blocks(num_symbols: int, block_length: int | None) -> int:
    """Fading blocks of an item: ceil(num_symbols / block_length); None is one block for the whole item.

    Raises ValueError for a ``block_length`` that is not a number of at least 1.
    """
    if block_length is None:
        return 1
    check_integer("block_length", block_length, 1)
    return -(-num_symbols // block_length)
