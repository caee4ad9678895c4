"""Interleavers: permutations of the last axis that spread the error bursts of a fading channel over a code word."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np


class _Interleaver:
    """A permutation of the n places of the last axis: place i of the output holds place permutation[i] of the input."""

    n: int
    permutation: np.ndarray

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Interleave x (..., n); raises ValueError on another width."""
        self._check_width(x)
        return np.take(x, self.permutation, axis=-1)

    def inverse(self, x: np.ndarray) -> np.ndarray:
        """Undo forward: x (..., n); raises ValueError on another width."""
        self._check_width(x)
        return np.take(x, self._inverse_permutation, axis=-1)

    @cached_property
    def _inverse_permutation(self) -> np.ndarray:
        return np.argsort(self.permutation)

    def _check_width(self, x: np.ndarray) -> None:
        if x.ndim == 0 or x.shape[-1] != self.n:
            raise ValueError(f"x must have shape (..., {self.n}), got {x.shape}")


class RandomInterleaver(_Interleaver):
    """A uniformly drawn permutation of n places; raises ValueError unless n >= 1."""

    def __init__(self, n: int, *, generator: np.random.Generator):
        if n < 1:
            raise ValueError(f"n must be at least 1, got {n}")
        self.n = n
        self.permutation = generator.permutation(n)


@dataclass(frozen=True)
class BlockInterleaver(_Interleaver):
    """Written row by row into rows x cols, read column by column, so that neighbours end up rows places apart.

    Raises ValueError unless rows >= 1 and cols >= 1.
    """

    rows: int
    cols: int

    def __post_init__(self) -> None:
        if self.rows < 1:
            raise ValueError(f"rows must be at least 1, got {self.rows}")
        if self.cols < 1:
            raise ValueError(f"cols must be at least 1, got {self.cols}")

    @property
    def n(self) -> int:
        """Places of a block, rows times cols."""
        return self.rows * self.cols

    @cached_property
    def permutation(self) -> np.ndarray:
        """Input place of every output place (n,)."""
        return np.arange(self.n).reshape(self.rows, self.cols).T.ravel()
