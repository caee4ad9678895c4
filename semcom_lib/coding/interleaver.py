"""Interleavers: permutations of the last axis that spread the error bursts of a fading channel over a code word."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from torch import Tensor

from semcom_lib.arguments import check_integer, describe
from semcom_lib.coding.blocks import Array, permute


class _Interleaver:
    """A permutation of the n places of the last axis: place i of the output holds place permutation[i] of the input."""

    n: int
    permutation: np.ndarray

    def forward(self, x: Array) -> Array:
        """Interleave x (..., n), an array or a tensor of any type, gradients included; raises ValueError on another width."""
        self._check_width(x)
        return permute(x, self.permutation)

    def inverse(self, x: Array) -> Array:
        """Undo forward: x (..., n); raises ValueError on another width."""
        self._check_width(x)
        return permute(x, self._inverse_permutation)

    @cached_property
    def _inverse_permutation(self) -> np.ndarray:
        return np.argsort(self.permutation)

    def _check_width(self, x: Array) -> None:
        if not isinstance(x, np.ndarray | Tensor):
            raise ValueError(f"x is {describe(x)}: it must be an array or a tensor of shape (..., {self.n})")
        if x.ndim == 0 or x.shape[-1] != self.n:
            raise ValueError(f"x has shape {tuple(x.shape)}: it must be (..., {self.n})")


class RandomInterleaver(_Interleaver):
    """A uniformly drawn permutation of n places; raises ValueError unless n >= 1."""

    def __init__(self, n: int, *, generator: np.random.Generator):
        check_integer("n", n, 1)
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
        check_integer("rows", self.rows, 1)
        check_integer("cols", self.cols, 1)

    @property
    def n(self) -> int:
        """Places of a block, rows times cols."""
        return self.rows * self.cols

    @cached_property
    def permutation(self) -> np.ndarray:
        """Input place of every output place (n,)."""
        return np.arange(self.n).reshape(self.rows, self.cols).T.ravel()
