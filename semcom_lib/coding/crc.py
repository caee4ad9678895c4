"""Cyclic redundancy checks of the 3GPP transport channels: zero initial state, first bit highest degree.

[3GPP TS 38.212 Sec. 5.1; crc8: 3GPP TS 36.212 Sec. 5.1.1]
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numba import njit

from semcom_lib.coding.blocks import Array, bit_blocks

# Number of parity bits L, and the generator polynomial without its leading term D^L; bit i is the coefficient of D^i.
POLYNOMIALS = {
    "crc8": (8, 0x9B),
    "crc16": (16, 0x1021),
    "crc24a": (24, 0x864CFB),
}


@dataclass(frozen=True)
class Crc:
    """The CRC named polynomial: "crc8", "crc16" or "crc24a"; raises ValueError for another name."""

    polynomial: str

    def __post_init__(self) -> None:
        if self.polynomial not in POLYNOMIALS:
            raise ValueError(f"polynomial must be one of {', '.join(POLYNOMIALS)}, got {self.polynomial!r}")

    @property
    def num_parity_bits(self) -> int:
        """Parity bits L a block."""
        return POLYNOMIALS[self.polynomial][0]

    def append(self, bits: Array) -> Array:
        """Bits, then their parity: (..., k) -> uint8 (..., k + L), see :mod:`semcom_lib.coding.blocks`.

        Raises ValueError for entries other than 0 and 1.
        """
        blocks = bit_blocks("bits", bits)
        remainders = _remainders(blocks.rows, self.num_parity_bits, _byte_table(self.polynomial))
        shifts = np.arange(self.num_parity_bits - 1, -1, -1, dtype=np.int32)
        parity = (remainders[:, None] >> shifts & 1).astype(np.uint8)
        return blocks.back(np.concatenate([blocks.rows, parity], axis=1))

    def check(self, bits: Array) -> Array:
        """Whether each block is a multiple: (..., k + L) -> bool (...).

        A wrong block passes with probability 2^-L. Raises ValueError for fewer than L bits, or entries other than 0 and 1.
        """
        blocks = bit_blocks("bits", bits, at_least=self.num_parity_bits)
        return blocks.back(_remainders(blocks.rows, self.num_parity_bits, _byte_table(self.polynomial)) == 0)


@cache
def _byte_table(polynomial: str) -> np.ndarray:
    """byte(D) D^L modulo the polynomial for every byte: int32 (256,)."""
    num_parity_bits, taps = POLYNOMIALS[polynomial]
    remainders = np.arange(256) << (num_parity_bits - 8)
    for _ in range(8):
        overflow = remainders >> (num_parity_bits - 1)
        remainders = (remainders << 1 & (1 << num_parity_bits) - 1) ^ overflow * taps
    return remainders.astype(np.int32)


@njit(cache=True)
def _remainders(bits, num_parity_bits, byte_table):
    """Remainder of bits(D) D^L, int32 (batch,); the first byte is the short one, as leading zeros change nothing."""
    batch, num_bits = bits.shape
    mask = (1 << num_parity_bits) - 1
    remainders = np.empty(batch, np.int32)
    for b in range(batch):
        remainder = 0
        start = 0
        for stop in range((num_bits - 1) % 8 + 1, num_bits + 1, 8):
            byte = 0
            for i in range(start, stop):
                byte = byte << 1 | bits[b, i]
            remainder = (remainder << 8 & mask) ^ byte_table[remainder >> (num_parity_bits - 8) ^ byte]
            start = stop
        remainders[b] = remainder
    return remainders
