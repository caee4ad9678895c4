"""Huffman source code over characters, the text baseline of l_deepsc [Sec. V-A].

Two symbols join the characters seen in training: END closes every text, since channel blocks are padded, and ESCAPE
precedes the 21-bit code point of a character outside the table. Codes are canonical (ordered by length, then by code
point), hence the all-zero word, which is what padding looks like to a decoder that has lost END, is the shortest one.
[Huffman, Proc. IRE 40(9), 1952]
"""

import heapq
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numba import njit
from numba.extending import register_jitable

from semcom_lib.arguments import check_integer, describe
from semcom_lib.coding.blocks import bit_row

NUM_CODE_POINTS = 0x110000
END = NUM_CODE_POINTS
ESCAPE = NUM_CODE_POINTS + 1
CODE_POINT_BITS = 21
REPLACEMENT_CHARACTER = 0xFFFD
MAX_CODE_LENGTH = 63


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
        if max(self._lengths.values()) > MAX_CODE_LENGTH:
            raise ValueError(
                f"counts must give code words of at most {MAX_CODE_LENGTH} bits, got {max(self._lengths.values())}"
            )

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
        symbols, words, lengths = self._encoder
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
        return _decode(bit_row("bits", bits), self._children).tobytes().decode("utf-32-le")

    @cached_property
    def mean_length(self) -> float:
        """Mean code word length in bits a symbol, END and ESCAPE included, under the training weights."""
        weights = self._weights
        return sum(weights[symbol] * length for symbol, length in self._lengths.items()) / sum(weights.values())

    @cached_property
    def codewords(self) -> dict[str, str]:
        """The table for readers, in canonical order: character, "END" or "ESCAPE" to its word, a string of 0 and 1."""
        names = {END: "END", ESCAPE: "ESCAPE"}
        return {
            names.get(symbol) or chr(symbol): f"{word:0{self._lengths[symbol]}b}"
            for symbol, word in self._words.items()
        }

    @cached_property
    def _weights(self) -> dict[int, int]:
        weights = {ord(character): count for character, count in sorted(self.counts.items())}
        return weights | {END: self.num_texts, ESCAPE: 1}

    @cached_property
    def _lengths(self) -> dict[int, int]:
        """Code word length of every symbol: the depth of its leaf in Huffman's tree."""
        heap = [(weight, age, [symbol]) for age, (symbol, weight) in enumerate(self._weights.items())]
        heapq.heapify(heap)
        lengths = dict.fromkeys(self._weights, 0)
        for age in range(len(heap), 2 * len(heap) - 1):
            weight_0, _, leaves_0 = heapq.heappop(heap)
            weight_1, _, leaves_1 = heapq.heappop(heap)
            merged = leaves_0 + leaves_1
            for symbol in merged:
                lengths[symbol] += 1
            heapq.heappush(heap, (weight_0 + weight_1, age, merged))
        return lengths

    @cached_property
    def _words(self) -> dict[int, int]:
        """Canonical code word of every symbol as an integer, in canonical order."""
        words = {}
        word, previous_length = -1, 0
        for symbol, length in sorted(self._lengths.items(), key=lambda item: (item[1], item[0])):
            word = (word + 1) << (length - previous_length)
            words[symbol] = word
            previous_length = length
        return words

    @cached_property
    def _encoder(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Symbols in increasing order, so that END and ESCAPE come last, their code words and lengths."""
        symbols = sorted(self._words)
        words = np.array([self._words[symbol] for symbol in symbols], np.int64)
        return np.array(symbols), words, np.array([self._lengths[symbol] for symbol in symbols])

    @cached_property
    def _children(self) -> np.ndarray:
        """The code tree: int32 (num_nodes, 2), the child node on bit 0 and 1 or, at a leaf, -1 - symbol; root 0."""
        children = np.zeros((len(self._words) - 1, 2), np.int32)
        num_nodes = 1
        for symbol, word in self._words.items():
            node = 0
            for shift in range(self._lengths[symbol] - 1, 0, -1):
                bit = word >> shift & 1
                if not children[node, bit]:
                    children[node, bit] = num_nodes
                    num_nodes += 1
                node = children[node, bit]
            children[node, word & 1] = -1 - symbol
        return children


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
def _decode(bits, children):
    code_points = np.empty(len(bits), np.int32)
    num_decoded = position = node = 0
    while position < len(bits):
        node = children[node, bits[position] & 1]
        position += 1
        if node >= 0:
            continue
        code_point = -1 - node
        node = 0
        if code_point == END:
            break
        if code_point == ESCAPE:
            if len(bits) - position < CODE_POINT_BITS:
                break
            code_point = 0
            for _ in range(CODE_POINT_BITS):
                code_point = code_point << 1 | bits[position] & 1
                position += 1
            if code_point >= NUM_CODE_POINTS or _is_surrogate(code_point):
                code_point = REPLACEMENT_CHARACTER
        code_points[num_decoded] = code_point
        num_decoded += 1
    return code_points[:num_decoded]
