"""Encoder and decoder of quasi-cyclic LDPC codes with 5G's structure, fast on a CPU  [3GPP TS 38.212 Sec. 5.3.2].

A parity-check matrix H of ``rows`` x ``columns`` blocks; each block is empty or a z x z identity whose columns are shifted:
entry (i, (i + shift) mod z) is 1. The first ``systematic`` block columns hold information. Four core rows follow, whose parity
columns are 5G's

    P_a I . .        and further rows, whose last block is an identity of its own: parity that is never needed
    ? I I .          for another one. P_a and the other entry of the first parity column, P_b, are shifted identities:
    ? . I I          the sum of the four rows leaves P_b alone.
    P_a . . I

The decoder is layered min-sum belief propagation: block row after block row, each with the newest beliefs, messages scaled by
``SCALE``  [Hocevar 2004; Chen et al. 2005]. It needs about half the iterations of a flooding schedule, stops at a codeword, and
costs additions, comparisons and shifted copies of contiguous float32, which the compiler makes SIMD of. A block's bits depend on
no other block, and arithmetic is plain IEEE, nothing fused or reordered: the same bits on every machine.

D. Hocevar, "A reduced complexity decoder architecture via layered decoding of LDPC codes", SiPS 2004.
J. Chen et al., "Reduced-complexity decoding of LDPC codes", IEEE Trans. Commun. 53(8), 2005.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numba
import numpy as np
from numba import njit
from numpy.typing import NDArray

CORE_ROWS = 4
SCALE = np.float32(0.75)
_HUGE = np.float32(1e30)
_ZERO, _ONE = np.float32(0), np.float32(1)


@dataclass(frozen=True, eq=False)
class QuasiCyclicCode:
    """H as its non-empty blocks in row order: ``starts`` (rows + 1,) into ``columns`` and ``shifts`` (num_blocks,), all int64."""

    z: int
    systematic: int
    num_columns: int
    starts: NDArray[np.int64]
    columns: NDArray[np.int64]
    shifts: NDArray[np.int64]

    @classmethod
    def from_base_matrix(cls, base: NDArray, z: int, systematic: int) -> "QuasiCyclicCode":
        """From shifts (rows, columns), -1 where a block is empty; shifts are taken modulo z."""
        rows, columns = np.nonzero(base >= 0)
        starts = np.searchsorted(rows, np.arange(len(base) + 1))
        return cls(z, systematic, base.shape[1], starts, columns, base[rows, columns].astype(np.int64) % z)

    @property
    def num_rows(self) -> int:
        """Block rows."""
        return len(self.starts) - 1

    def encode(self, bits: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Information bits (batch, systematic z) -> codewords (batch, num_columns z)."""
        codewords = np.zeros((len(bits), self.num_columns * self.z), np.uint8)
        codewords[:, : self.systematic * self.z] = bits
        _encode(codewords, self.z, self.systematic, self.starts, self.columns, self.shifts)
        return codewords

    def decode(
        self, llr: NDArray[np.float32], num_iterations: int, num_bits: int, *, soft: bool = False
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.int64]]:
        """LLRs, positive for bit 1, of all code bits (batch, num_columns z) -> what is known of the first ``num_bits``.

        Bits (batch, num_bits), their a-posteriori LLRs of the same shape ((batch, 0) unless ``soft``), iterations (batch,).
        """
        bits, iterations = np.empty((len(llr), num_bits), np.uint8), np.empty(len(llr), np.int64)
        beliefs = np.empty((len(llr), num_bits if soft else 0), np.float32)
        num_threads = numba.config.NUMBA_NUM_THREADS
        piece = max(1, -(-len(llr) // num_threads))

        def decode_piece(first: int) -> None:
            rows = slice(first, first + piece)
            results = bits[rows], beliefs[rows], iterations[rows]
            _decode(llr[rows], *results, num_iterations, self.z, self.starts, self.columns, self.shifts)

        # Not numba's own threads: see turbo.py.
        with ThreadPoolExecutor(num_threads) as pool:
            list(pool.map(decode_piece, range(0, len(llr), piece)))
        return bits, beliefs, iterations

    def peeling(self, known: NDArray[np.bool_]) -> list[int]:
        """Blocks that give unknown columns, one after the other: each the only unknown one of its row. known (num_columns,).

        Shorter than the number of unknown systematic columns where no row is left with one unknown.
        """
        known, order = known.copy(), []
        while True:
            for row in range(self.num_rows):
                blocks = np.arange(self.starts[row], self.starts[row + 1])
                unknown = blocks[~known[self.columns[blocks]]]
                if len(unknown) == 1 and self.columns[unknown[0]] < self.systematic:
                    order.append(int(unknown[0]))
                    known[self.columns[unknown[0]]] = True
                    break
            else:
                return order

    def fill(self, words: NDArray[np.uint8], peeling: list[int]) -> None:
        """Write the columns that ``peeling`` gives into words (batch, num_columns z), of which the others are known."""
        columns = words.reshape(len(words), self.num_columns, self.z)
        for target in peeling:
            row = np.searchsorted(self.starts, target, side="right") - 1
            total = np.zeros((len(words), self.z), np.uint8)
            for block in range(self.starts[row], self.starts[row + 1]):
                if block != target:
                    total ^= np.roll(columns[:, self.columns[block]], -self.shifts[block], axis=1)
            columns[:, self.columns[target]] = np.roll(total, self.shifts[target], axis=1)


@njit(cache=True)
def _encode(codewords, z, systematic, starts, columns, shifts):
    sums = np.empty((CORE_ROWS, z), np.uint8)
    first = systematic * z
    for word in codewords:
        sums[:] = 0
        inner = 0  # the shift of P_b: that of the first parity column in a row between the outer two
        for row in range(CORE_ROWS):
            for block in range(starts[row], starts[row + 1]):
                if columns[block] < systematic:
                    _add_rotated(sums[row], word, columns[block] * z, shifts[block], z)
                elif columns[block] == systematic and 0 < row < CORE_ROWS - 1:
                    inner = shifts[block]
        for i in range(z):  # P_b p_0 = the sum of all rows
            word[first + (i + inner) % z] = sums[0, i] ^ sums[1, i] ^ sums[2, i] ^ sums[3, i]
        for row in range(CORE_ROWS):
            for block in range(starts[row], starts[row + 1]):
                if columns[block] == systematic:
                    _add_rotated(sums[row], word, first, shifts[block], z)
        for row in range(CORE_ROWS - 1):  # I p_row + I p_(row + 1) = sum, the first row without p_0
            for i in range(z):
                before = word[first + row * z + i] if row > 0 else 0
                word[first + (row + 1) * z + i] = sums[row, i] ^ before
        for row in range(CORE_ROWS, len(starts) - 1):
            own = starts[row + 1] - 1
            parity = word[columns[own] * z : (columns[own] + 1) * z]
            for block in range(starts[row], own):
                _add_rotated(parity, word, columns[block] * z, shifts[block], z)


@njit(cache=True)
def _add_rotated(target, word, start, shift, z):
    """target[i] ^= word[start + (i + shift) mod z]; slices first, so that the compiler sees that no index is negative."""
    head, tail = word[start + shift : start + z], word[start : start + shift]
    for i in range(len(head)):
        target[i] ^= head[i]
    rest = target[z - shift : z]
    for i in range(len(tail)):
        rest[i] ^= tail[i]


@njit(cache=True)
def _satisfied(word, syndrome, z, starts, columns, shifts):
    for row in range(len(starts) - 1):
        syndrome[:] = 0
        for block in range(starts[row], starts[row + 1]):
            _add_rotated(syndrome, word, columns[block] * z, shifts[block], z)
        for i in range(z):
            if syndrome[i]:
                return False
    return True


@njit(cache=True, nogil=True)
def _decode(llr, bits, beliefs, iterations, num_iterations, z, starts, columns, shifts):
    widest = 0
    for row in range(len(starts) - 1):
        widest = max(widest, starts[row + 1] - starts[row])
    messages = np.empty((len(columns), z), np.float32)
    incoming = np.empty((widest, z), np.float32)
    smallest, second, sign = np.empty(z, np.float32), np.empty(z, np.float32), np.empty(z, np.float32)
    hard, syndrome = np.empty(llr.shape[1], np.uint8), np.empty(z, np.uint8)
    belief = np.empty(llr.shape[1], np.float32)
    for index in range(len(llr)):
        _copy(llr[index], belief)
        messages[:] = 0
        for iteration in range(num_iterations):
            iterations[index] = iteration + 1
            for row in range(len(starts) - 1):
                begin, end = starts[row], starts[row + 1]
                smallest[:] = _HUGE
                second[:] = _HUGE
                sign[:] = _ONE
                for block in range(begin, end):
                    _gather(incoming[block - begin], belief, columns[block] * z, shifts[block], z)
                    _compare(incoming[block - begin], messages[block], smallest, second, sign, z)
                for block in range(begin, end):
                    _reply(incoming[block - begin], messages[block], smallest, second, sign, z)
                    _scatter(incoming[block - begin], belief, columns[block] * z, shifts[block], z)
            for i in range(len(hard)):
                hard[i] = belief[i] > _ZERO
            if _satisfied(hard, syndrome, z, starts, columns, shifts):
                break
        _copy(hard[: bits.shape[1]], bits[index])
        _copy(belief[: beliefs.shape[1]], beliefs[index])


@njit(cache=True)
def _copy(source, target):
    """target[:] = source, which numba would compile with all of the words of its error message: half of the compilation."""
    for i in range(len(source)):
        target[i] = source[i]


@njit(cache=True)
def _gather(target, belief, start, shift, z):
    _copy(belief[start + shift : start + z], target[: z - shift])
    _copy(belief[start : start + shift], target[z - shift : z])


@njit(cache=True)
def _scatter(source, belief, start, shift, z):
    _copy(source[: z - shift], belief[start + shift : start + z])
    _copy(source[z - shift : z], belief[start : start + shift])


@njit(cache=True)
def _compare(incoming, message, smallest, second, sign, z):
    """What a check hears from one of its bits: the belief without the check's own message; two smallest sizes and the sign.

    All loads stand before the first store: only then does the compiler make SIMD of it.
    """
    for i in range(z):
        value = incoming[i] - message[i]
        size, least, next_least, others = abs(value), smallest[i], second[i], sign[i]
        incoming[i] = value
        second[i] = min(max(size, least), next_least)
        smallest[i] = min(size, least)
        sign[i] = -others if value > _ZERO else others


@njit(cache=True)
def _reply(incoming, message, smallest, second, sign, z):
    """The check's answer to that bit, made of what the others said, and the new belief in ``incoming``."""
    for i in range(z):
        value, least, next_least, others = incoming[i], smallest[i], second[i], sign[i]
        size = next_least if abs(value) == least else least
        answer = SCALE * size * (others if value > _ZERO else -others)  # the sum modulo 2 of the other bits
        message[i] = answer
        incoming[i] = value + answer
