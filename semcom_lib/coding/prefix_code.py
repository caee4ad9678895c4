"""Canonical Huffman codes of numbered symbols: what the codes over letters and over words share.

Symbols are 0, 1, ..., num_symbols - 1. Code words are canonical: ordered by length, then by symbol, so that the lengths alone
say them all, and the all-zero word, which is what padding looks like, is the shortest one.
[Huffman, Proc. IRE 40(9), 1952]
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numba import njit

MAX_CODE_LENGTH = 63


@dataclass(frozen=True)
class PrefixCode:
    """The Huffman code of symbols with these ``weights``, integers of at least 1; equal ones are merged oldest first.

    Raises ValueError for fewer than two symbols, or a code word above 63 bits.
    """

    weights: Sequence[int]

    def __post_init__(self) -> None:
        if len(self.weights) < 2:
            raise ValueError(f"weights must be of at least 2 symbols, got {len(self.weights)}")
        if (longest := int(self.lengths.max())) > MAX_CODE_LENGTH:
            raise ValueError(f"counts must give code words of at most {MAX_CODE_LENGTH} bits, got {longest}")

    @cached_property
    def lengths(self) -> np.ndarray:
        """Bits of each symbol's code word, the depth of its leaf in Huffman's tree: int64 (num_symbols,)."""
        heap = [(weight, age, [age]) for age, weight in enumerate(self.weights)]
        heapq.heapify(heap)
        lengths = [0] * len(heap)
        for age in range(len(heap), 2 * len(heap) - 1):
            weight_0, _, leaves_0 = heapq.heappop(heap)
            weight_1, _, leaves_1 = heapq.heappop(heap)
            merged = leaves_0 + leaves_1
            for symbol in merged:
                lengths[symbol] += 1
            heapq.heappush(heap, (weight_0 + weight_1, age, merged))
        return np.array(lengths, np.int64)

    @cached_property
    def order(self) -> list[int]:
        """The symbols in canonical order."""
        return np.argsort(self.lengths, kind="stable").tolist()

    @cached_property
    def words(self) -> np.ndarray:
        """Each symbol's code word as an integer, most significant bit first: int64 (num_symbols,)."""
        words = np.zeros(len(self.lengths), np.int64)
        word, previous_length = -1, 0
        for symbol in self.order:
            length = int(self.lengths[symbol])
            word = (word + 1) << (length - previous_length)
            words[symbol] = word
            previous_length = length
        return words

    @cached_property
    def mean_length(self) -> float:
        """Mean code word length in bits a symbol under the weights."""
        return sum(w * n for w, n in zip(self.weights, self.lengths.tolist(), strict=True)) / sum(self.weights)

    @cached_property
    def children(self) -> np.ndarray:
        """The code tree: int32 (num_symbols - 1, 2), the child node on bit 0 and 1 or, at a leaf, -1 - symbol; root 0."""
        children = np.zeros((len(self.lengths) - 1, 2), np.int32)
        num_nodes = 1
        for symbol in self.order:
            word, node = int(self.words[symbol]), 0
            for shift in range(int(self.lengths[symbol]) - 1, 0, -1):
                bit = word >> shift & 1
                if not children[node, bit]:
                    children[node, bit] = num_nodes
                    num_nodes += 1
                node = children[node, bit]
            children[node, word & 1] = -1 - symbol
        return children

    def codeword(self, symbol: int) -> str:
        """A symbol's code word for readers, a string of 0 and 1."""
        return f"{int(self.words[symbol]):0{int(self.lengths[symbol])}b}"


@njit(cache=True)
def read_symbols(bits, position, children, first_last):
    """The symbols from a position on, up to the first of at least ``first_last``, it included, or to the last whole word.

    bits uint8 (num_bits,), children of :class:`PrefixCode` -> symbols int32 (n,) and the position behind them.
    """
    symbols = np.empty(len(bits) - position, np.int32)
    num_read = node = 0
    while position < len(bits):
        node = children[node, bits[position] & 1]
        position += 1
        if node < 0:
            symbols[num_read] = -1 - node
            num_read += 1
            node = 0
            if symbols[num_read - 1] >= first_last:
                break
    return symbols[:num_read], position
