"""Cyclic redundancy checks of the 3GPP transport channels: zero initial state, first bit highest degree.

[3GPP TS 38.212 Sec. 5.1; crc8: 3GPP TS 36.212 Sec. 5.1.1]
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numba import njit

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

    def append(self, bits: np.ndarray) -> np.ndarray:
        """Bits, then their parity: uint8 (batch, k) -> uint8 (batch, k + L); raises ValueError for any other."""
        _check_bits(bits, 0)
        remainders = _remainders(bits, self.num_parity_bits, _byte_table(self.polynomial))
        shifts = np.arange(self.num_parity_bits - 1, -1, -1, dtype=np.int32)
        parity = (remainders[:, None] >> shifts & 1).astype(np.uint8)
        return np.concatenate([bits, parity], axis=1)

    def check(self, bits: np.ndarray) -> np.ndarray:
        """Whether each block is a multiple: uint8 (batch, k + L) -> bool (batch,); raises ValueError for any other."""
        _check_bits(bits, self.num_parity_bits)
        return _remainders(bits, self.num_parity_bits, _byte_table(self.polynomial)) == 0


def _check_bits(bits: np.ndarray, min_width: int) -> None:
    if bits.dtype != np.uint8 or bits.ndim != 2 or bits.shape[1] < min_width:
        raise ValueError(
            f"bits must be uint8 of shape (batch, at least {min_width}), got {bits.dtype} of shape {bits.shape}"
        )
    if bits.size and bits.max() > 1:
        raise ValueError(f"bits must be 0 or 1, got {bits.max()}")


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
