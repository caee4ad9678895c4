"""Reed-Solomon codes over GF(2^m) with a hard-decision, bounded-distance decoder.

Systematic and narrow-sense: g(x) = (x - alpha)(x - alpha^2)...(x - alpha^(n-k)), alpha a root of the primitive
polynomial in PRIMITIVE_POLYNOMIALS; a code shorter than 2^m - 1 symbols is the shortened one. Bits enter a symbol most
significant first, symbols enter the polynomial highest degree first. The error pattern depends on the received word
only through its remainder modulo g(x), so short codes such as RS(7, 5) over GF(8), the "(5,7) RS" of l_deepsc
[Sec. V-A], look it up in a table, which the algebraic decoder of the long codes has filled.
[Lin and Costello, Error Control Coding, 2nd ed., Ch. 7]
"""

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numba import njit

from semcom_lib.arguments import check_integer
from semcom_lib.coding.blocks import Array, bit_blocks, contiguous, llr_blocks

# Conway polynomials; bit i is the coefficient of x^i, so 0b1011 is x^3 + x + 1.
PRIMITIVE_POLYNOMIALS = {
    2: 0b111,
    3: 0b1011,
    4: 0b10011,
    5: 0b100101,
    6: 0b1011011,
    7: 0b10000011,
    8: 0b100011101,
}
MAX_TABLE_BITS = 12


@dataclass(frozen=True)
class ReedSolomon:
    """RS code of num_code_symbols symbols of m bits, num_info_symbols of them information, which corrects any t wrong.

    The channel-code contract counts bits: k = m num_info_symbols, n = m num_code_symbols. Raises ValueError unless
    2 <= m <= 8 and 1 <= num_info_symbols < num_code_symbols <= 2^m - 1.
    """

    num_code_symbols: int
    num_info_symbols: int
    m: int

    def __post_init__(self) -> None:
        check_integer("m", self.m, min(PRIMITIVE_POLYNOMIALS), max(PRIMITIVE_POLYNOMIALS))
        check_integer("num_code_symbols", self.num_code_symbols, 2, 2**self.m - 1)
        check_integer("num_info_symbols", self.num_info_symbols, 1, self.num_code_symbols - 1)

    @property
    def k(self) -> int:
        """Information bits a block."""
        return self.num_info_symbols * self.m

    @property
    def n(self) -> int:
        """Coded bits a block."""
        return self.num_code_symbols * self.m

    @property
    def rate(self) -> float:
        """Code rate k / n."""
        return self.k / self.n

    @property
    def num_parity_symbols(self) -> int:
        """Degree of the generator polynomial."""
        return self.num_code_symbols - self.num_info_symbols

    @property
    def t(self) -> int:
        """Symbol errors corrected a block, floor((n - k) / 2)."""
        return self.num_parity_symbols // 2

    def encode(self, bits: Array) -> Array:
        """Append the parity: bits (..., k) -> uint8 (..., n), see :mod:`semcom_lib.coding.blocks`.

        Raises ValueError for another shape, or entries other than 0 and 1.
        """
        blocks = bit_blocks("bits", bits, self.k)
        parity = _remainders(blocks.rows, self.num_info_symbols, self.m, self._feedback)
        coded = np.zeros((len(blocks.rows), self.n), np.uint8)
        coded[:, : self.k] = blocks.rows
        _add_symbols(coded[:, self.k :], parity, self.m)
        return blocks.back(coded)

    def decode(self, llr: Array) -> Array:
        """Decode by the signs of llr: (..., n) -> uint8 (..., k); a block beyond repair is returned as received.

        Hard bits serve as llr too: only llr > 0 counts. Raises ValueError on another width or a NaN or infinite llr.
        """
        return self.decode_with_flag(llr)[0]

    def decode_with_flag(self, llr: Array) -> tuple[Array, Array]:
        """As decode, and the blocks with no codeword within t symbols: bits uint8 (..., k), failed bool (...).

        A failed block is surely wrong in more than t symbols. The others need not be right: with more than t wrong
        symbols a block may lie within t of another codeword. Random words do so with the share of all words that lie
        within t symbols of a codeword, (q - 1)^i C(n, i) / q^(n - k) summed over i = 0..t: of RS(7, 5) 50 in 64, of
        RS(255, 223) 3 in 10^14. Whoever must know puts a CRC inside.
        """
        blocks = llr_blocks("llr", llr, self.n)
        received = contiguous(blocks.rows > 0).view(np.uint8)
        if self.n - self.k <= MAX_TABLE_BITS:
            bits, failed = _decode_by_table(received, *self._table)
        else:
            remainders = _remainders(received, self.num_info_symbols, self.m, self._feedback)
            errors, failed = _find_errors(remainders, self.num_info_symbols, *_field(self.m))
            bits = received[:, : self.k].copy()
            _add_symbols(bits, errors, self.m)
        return blocks.back(bits), blocks.back(failed)

    @cached_property
    def _feedback(self) -> np.ndarray:
        """f x^(n-k) mod g(x) for every symbol f, highest degree first: uint8 (2^m, n - k)."""
        exp, log = _field(self.m)
        generator = np.array([1])
        for root in exp[1 : self.num_parity_symbols + 1]:
            generator = np.append(generator, 0) ^ np.append(0, _scale(generator, root, exp, log))
        return np.stack([_scale(generator[1:], f, exp, log) for f in range(2**self.m)]).astype(np.uint8)

    @cached_property
    def _table(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Remainder of each single bit as an integer (n,); error bits (2^(n-k), k) and failure flag of each integer."""
        shifts = self.m * np.arange(self.num_parity_symbols)
        unit_words = np.eye(self.n, dtype=np.uint8)
        unit_remainders = _remainders(unit_words, self.num_info_symbols, self.m, self._feedback) @ (1 << shifts)
        remainders = (np.arange(2 ** (self.n - self.k))[:, None] >> shifts & (2**self.m - 1)).astype(np.uint8)
        errors, failed = _find_errors(remainders, self.num_info_symbols, *_field(self.m))
        error_bits = np.zeros((len(errors), self.k), np.uint8)
        _add_symbols(error_bits, errors, self.m)
        return unit_remainders.astype(np.int16), error_bits, failed


@cache
def _field(m: int) -> tuple[np.ndarray, np.ndarray]:
    """alpha^i for i in [0, 2 (2^m - 1)), and the logarithm of every non-zero element (of 0: unused)."""
    order = 2**m - 1
    exp, log = np.zeros(2 * order, np.int64), np.zeros(order + 1, np.int64)
    element = 1
    for i in range(order):
        exp[i] = exp[i + order] = element
        log[element] = i
        element <<= 1
        if element > order:
            element ^= PRIMITIVE_POLYNOMIALS[m]
    return exp, log


def _scale(elements: np.ndarray, factor: int, exp: np.ndarray, log: np.ndarray) -> np.ndarray:
    return np.where((elements > 0) & (factor > 0), exp[log[elements] + log[factor]], 0)


@njit(cache=True)
def _multiply(a, b, exp, log):
    return exp[log[a] + log[b]] if a and b else 0


@njit(cache=True)
def _evaluate(polynomial, degree, x, exp, log):
    """Horner's rule; the coefficient of x^i is polynomial[i]."""
    value = 0
    for i in range(degree, -1, -1):
        value = _multiply(value, x, exp, log) ^ polynomial[i]
    return value


@njit(cache=True)
def _remainders(bits, num_info_symbols, m, feedback):
    """Remainder modulo g(x), (batch, n - k) symbols, of every word; without parity bits that of info(x) x^(n-k)."""
    num_symbols = bits.shape[1] // m
    num_parity_symbols = feedback.shape[1]
    words = np.zeros((len(bits), num_info_symbols + num_parity_symbols), np.uint8)
    for b in range(len(bits)):
        word = words[b]
        for i in range(num_symbols):
            symbol = 0
            for j in range(m):
                symbol = symbol << 1 | bits[b, i * m + j]
            word[i] = symbol
        for i in range(num_info_symbols):
            quotient = word[i]
            for j in range(num_parity_symbols):
                word[i + 1 + j] ^= feedback[quotient, j]
    return words[:, num_info_symbols:]


@njit(cache=True)
def _add_symbols(bits, symbols, m):
    """Add symbols (batch, s) to bits (batch, s m) in place."""
    for b in range(len(bits)):
        for i in range(symbols.shape[1]):
            for j in range(m):
                bits[b, i * m + j] ^= symbols[b, i] >> (m - 1 - j) & 1


@njit(cache=True)
def _decode_by_table(received, unit_remainders, error_bits, is_failure):
    """Information bits (batch, k) and failure flags (batch,): the linear remainder of a word selects its error bits."""
    batch, k = len(received), error_bits.shape[1]
    bits = np.empty((batch, k), np.uint8)
    failed = np.empty(batch, np.bool_)
    for b in range(batch):
        remainder = np.int16(0)
        for i in range(received.shape[1]):
            remainder ^= unit_remainders[i] & -np.int16(received[b, i])
        for i in range(k):
            bits[b, i] = received[b, i] ^ error_bits[remainder, i]
        failed[b] = is_failure[remainder]
    return bits, failed


@njit(cache=True)
def _find_errors(remainders, num_info_symbols, exp, log):
    """Error symbols at the information places, (batch, num_info_symbols), and whether decoding failed, (batch,)."""
    errors = np.zeros((len(remainders), num_info_symbols), np.uint8)
    failed = np.zeros(len(remainders), np.bool_)
    for b in range(len(remainders)):
        if remainders[b].any():
            failed[b] = not _find_error(remainders[b], errors[b], exp, log)
    return errors, failed


@njit(cache=True)
def _find_error(remainder, error, exp, log):
    """Write the error pattern of one remainder at the information places, or leave it and return False."""
    order = len(log) - 1
    num_parity_symbols = len(remainder)
    num_info_symbols = len(error)
    syndromes = np.zeros(num_parity_symbols, np.int64)
    for i in range(num_parity_symbols):
        syndromes[i] = _evaluate(remainder[::-1], num_parity_symbols - 1, exp[i + 1], exp, log)
    locator, num_errors = _berlekamp_massey(syndromes, exp, log)
    if num_errors > num_parity_symbols // 2:
        return False
    places = np.empty(num_errors, np.int64)
    found = 0
    for place in range(num_info_symbols + num_parity_symbols):  # Chien search; place = degree of x
        if found < num_errors and not _evaluate(locator, num_errors, exp[order - place], exp, log):
            places[found] = place
            found += 1
    if found < num_errors:
        return False
    evaluator = np.zeros(num_errors, np.int64)
    for i in range(num_errors):
        for j in range(i + 1):
            evaluator[i] ^= _multiply(locator[j], syndromes[i - j], exp, log)
    derivative = locator[1:].copy()
    derivative[1::2] = 0
    for place in places:  # Forney's formula
        if place >= num_parity_symbols:
            inverse = exp[order - place]
            numerator = _evaluate(evaluator, num_errors - 1, inverse, exp, log)
            denominator = _evaluate(derivative, num_errors - 1, inverse, exp, log)
            error[num_info_symbols + num_parity_symbols - 1 - place] = _multiply(
                numerator, exp[order - log[denominator]], exp, log
            )
    return True


@njit(cache=True)
def _berlekamp_massey(syndromes, exp, log):
    """Shortest locator polynomial, lowest degree first, that generates the syndromes, and its length."""
    order = len(log) - 1
    size = len(syndromes) + 1
    locator, previous = np.zeros(size, np.int64), np.zeros(size, np.int64)
    locator[0] = previous[0] = 1
    length, shift, previous_discrepancy = 0, 1, 1
    for i in range(len(syndromes)):
        discrepancy = syndromes[i]
        for j in range(1, length + 1):
            discrepancy ^= _multiply(locator[j], syndromes[i - j], exp, log)
        if discrepancy:
            scale = _multiply(discrepancy, exp[order - log[previous_discrepancy]], exp, log)
            updated = locator.copy()
            for j in range(shift, size):
                updated[j] ^= _multiply(scale, previous[j - shift], exp, log)
            if 2 * length <= i:
                length = i + 1 - length
                previous, previous_discrepancy, shift = locator, discrepancy, 0
            locator = updated
        shift += 1
    return locator, length
