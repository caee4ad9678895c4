"""Several blocks of one code as one block, so that an interleaver can spread an error burst over them."""

from dataclasses import dataclass
from typing import Protocol

from semcom_lib.arguments import check_integer
from semcom_lib.coding.blocks import Array, bit_blocks, llr_blocks


class BlockCode(Protocol):
    """A code of k information bits and n coded bits a block, as all of this room."""

    k: int
    n: int

    def encode(self, bits: Array) -> Array:
        """(..., k) -> (..., n)."""
        ...

    def decode(self, llr: Array) -> Array:
        """(..., n) -> (..., k)."""
        ...


@dataclass(frozen=True, eq=False)
class Joined:
    """``count`` blocks of ``code`` after one another: count k information bits, count n coded ones.

    Raises ValueError for fewer than one block.
    """

    code: BlockCode
    count: int

    def __post_init__(self) -> None:
        check_integer("count", self.count, 1)

    @property
    def k(self) -> int:
        """Information bits of all blocks."""
        return self.count * self.code.k

    @property
    def n(self) -> int:
        """Coded bits of all blocks."""
        return self.count * self.code.n

    def encode(self, bits: Array) -> Array:
        """(..., count k) -> (..., count n). Raises ValueError for another shape, or entries other than 0 and 1."""
        blocks = bit_blocks("bits", bits, self.k)
        return blocks.back(self.code.encode(blocks.rows.reshape(-1, self.code.k)).reshape(-1, self.n))

    def decode(self, llr: Array) -> Array:
        """(..., count n) -> (..., count k). Raises ValueError for another shape, NaN or infinity."""
        blocks = llr_blocks("llr", llr, self.n)
        return blocks.back(self.code.decode(blocks.rows.reshape(-1, self.code.n)).reshape(-1, self.k))
