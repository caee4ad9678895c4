"""Huffman source code over characters, the text baseline of l_deepsc [Sec. V-A].

Two symbols join the characters seen in training: END closes every text, since channel blocks are padded, and ESCAPE
precedes the 21-bit code point of a character outside the table. Codes are canonical (ordered by length, then by code
point), as :mod:`semcom_lib.coding.prefix_code` says.
[Huffman, Proc. IRE 40(9), 1952]
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numba import njit
from numba.extending import register_jitable

from semcom_lib.arguments import check_integer, describe
from semcom_lib.coding.blocks import bit_row
from semcom_lib.coding.prefix_code import PrefixCode

NUM_CODE_POINTS = 0x110000
END = NUM_CODE_POINTS
ESCAPE = NUM_CODE_POINTS + 1
CODE_POINT_BITS = 21
REPLACEMENT_CHARACTER = 0xFFFD


@dataclass(frozen=True)
class Huffman:
    """The Huffman code of a training text: counts of its characters, and num_texts, the count of END.

    ESCAPE, which a training text never needs, has weight 1. Equal weights are merged oldest first, characters by code
    point. Raises ValueError for a key that is not one character, a count or num_texts below 1, or a code word above
    63 bits.
    """

    counts: dict[str, int]
    num_texts: int

    def __post_init__(self) -> None:
        for character, count in self.counts.items():
            if not isinstance(character, str) or len(character) != 1 or _is_surrogate(ord(character)):
                raise ValueError(f"counts must have single characters as keys, got {character!r}")
            if not isinstance(count, int | np.integer) or count < 1:
                raise ValueError(f"counts must be at least 1, got {count} for {character!r}")
        check_integer("num_texts", self.num_texts, 1)
        _ = self._code  # which refuses code words that are too long

    @classmethod
    def from_text(cls, texts: Iterable[str]) -> "Huffman":
        """The code of the character counts of texts; raises ValueError when there is no text, or only one and no list."""
        if isinstance(texts, str):
            raise ValueError(f"texts is {describe(texts)}: it must be an iterable of texts")
        counts: Counter[str] = Counter()
        num_texts = 0
        for text in texts:
            counts.update(text)
            num_texts += 1
        return cls(dict(sorted(counts.items())), num_texts)

    @classmethod
    def from_dict(cls, state: dict) -> "Huffman":
        """Inverse of to_dict."""
        return cls(dict(state["counts"]), state["num_texts"])

    def to_dict(self) -> dict:
        """Plain dict, fit for JSON, from which from_dict rebuilds the same code words."""
        return {"counts": dict(self.counts), "num_texts": self.num_texts}

    def encode(self, text: str) -> np.ndarray:
        """Code words of the characters, then that of END: uint8 (num_bits,); raises ValueError for lone surrogates."""
        if not isinstance(text, str):
            raise ValueError(f"text is {describe(text)}: it must be a text")
        try:
            code_points = np.frombuffer(text.encode("utf-32-le"), np.int32)
        except UnicodeEncodeError as error:
            raise ValueError(f"text must be free of lone surrogates, got one at index {error.start}") from None
        symbols, words, lengths = self._symbols, self._code.words, self._code.lengths
        index = np.searchsorted(symbols, code_points)
        index = np.where(symbols[index] == code_points, index, len(symbols) - 1)
        num_escapes = np.count_nonzero(index == len(symbols) - 1)
        num_bits = int(lengths[index].sum()) + CODE_POINT_BITS * num_escapes + int(lengths[-2])
        return _encode(code_points, index, words, lengths, num_bits)

    def decode(self, bits: np.ndarray) -> str:
        """The text up to the first END or, when it was lost, up to the last whole code word: bits (num_bits,) -> str.

        Never raises on corrupted bits: an escaped code point that is no character becomes U+FFFD. Raises
        ValueError only for what is no row of bits.
        """
        return self.read(bit_row("bits", bits), 0)[0]

    def read(self, bits: np.ndarray, position: int) -> tuple[str, int]:
        """What :meth:`decode` makes of uint8 bits (num_bits,) from a position on, and the position behind END."""
        code_points, behind = _decode(bits, position, self._code.children, self._symbols)
        return code_points.tobytes().decode("utf-32-le"), behind

    @cached_property
    def mean_length(self) -> float:
        """Mean code word length in bits a symbol, END and ESCAPE included, under the training weights."""
        return self._code.mean_length

    @cached_property
    def codewords(self) -> dict[str, str]:
        """The table for readers, in canonical order: character, "END" or "ESCAPE" to its word, a string of 0 and 1."""
        names = [*map(chr, self._symbols[:-2].tolist()), "END", "ESCAPE"]
        return {names[index]: self._code.codeword(index) for index in self._code.order}

    @cached_property
    def _symbols(self) -> np.ndarray:
        """The characters' code points in increasing order, then END and ESCAPE."""
        return np.array([*sorted(map(ord, self.counts)), END, ESCAPE], np.int32)

    @cached_property
    def _code(self) -> PrefixCode:
        """The code words of :attr:`_symbols`, by their place in it."""
        return PrefixCode([*(count for _, count in sorted(self.counts.items())), self.num_texts, 1])


@register_jitable
def _is_surrogate(code_point):
    return 0xD800 <= code_point <= 0xDFFF


@njit(cache=True)
def _encode(code_points, index, words, lengths, num_bits):
    bits = np.empty(num_bits, np.uint8)
    end, escape = len(words) - 2, len(words) - 1
    position = 0
    for i in range(len(index) + 1):
        symbol = index[i] if i < len(index) else end
        for shift in range(lengths[symbol] - 1, -1, -1):
            bits[position] = words[symbol] >> shift & 1
            position += 1
        if symbol == escape:
            for shift in range(CODE_POINT_BITS - 1, -1, -1):
                bits[position] = code_points[i] >> shift & 1
                position += 1
    return bits


@njit(cache=True)
def _decode(bits, position, children, symbols):
    code_points = np.empty(len(bits) - position, np.int32)
    num_decoded = node = 0
    while position < len(bits):
        node = children[node, bits[position] & 1]
        position += 1
        if node >= 0:
            continue
        code_point = symbols[-1 - node]
        node = 0
        if code_point == END:
            break
        if code_point == ESCAPE:
            if len(bits) - position < CODE_POINT_BITS:
                position = len(bits)
                break
            code_point = 0
            for _ in range(CODE_POINT_BITS):
                code_point = code_point << 1 | bits[position] & 1
                position += 1
            if code_point >= NUM_CODE_POINTS or _is_surrogate(code_point):
                code_point = REPLACEMENT_CHARACTER
        code_points[num_decoded] = code_point
        num_decoded += 1
    return code_points[:num_decoded], position
