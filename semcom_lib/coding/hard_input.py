"""Hard decisions before a soft decoder: what is lost when each bit is decided before the code is asked."""

from dataclasses import dataclass

import numpy as np

from semcom_lib.coding.blocks import Array, as_float32, llr_blocks
from semcom_lib.coding.joined import BlockCode

MIN_ERROR = 1e-6


@dataclass(frozen=True, eq=False)
class HardInput:
    """``code`` behind a decider: of each LLR its decoder sees the sign, and for a whole block one size.

    That is ln((1 - p) / p), as of a binary symmetric channel whose error probability p is the mean of what the block's LLRs
    promise, 1 / (1 + e^|L|); p is held in 1e-6..1/2.
    """

    code: BlockCode

    @property
    def k(self) -> int:
        """The code's."""
        return self.code.k

    @property
    def n(self) -> int:
        """The code's."""
        return self.code.n

    def encode(self, bits: Array) -> Array:
        """As the code."""
        return self.code.encode(bits)

    def decode(self, llr: Array) -> Array:
        """LLRs (..., n) -> bits uint8 (..., k), from their signs. Raises ValueError for another shape, NaN or infinity."""
        blocks = llr_blocks("llr", llr, self.n)
        rows = as_float32(blocks.rows).astype(np.float64)
        error = np.exp(-np.logaddexp(0, np.abs(rows))).mean(axis=1, keepdims=True).clip(MIN_ERROR, 0.5)
        size = np.log((1 - error) / error)
        return blocks.back(self.code.decode(np.where(rows > 0, size, -size).astype(np.float32)))
