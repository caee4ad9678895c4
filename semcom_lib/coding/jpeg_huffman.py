"""What baseline JPEG's scans say to their Huffman tables, and the best tables for it  [ITU-T T.81 Annexes B, C, F, K.2].

A scan is blocks of 8 x 8 coefficients: a DC category, then AC runs and sizes, each a symbol 0..255 of its table and followed by as
many further bits as it says. Scans read with the standard tables give the symbols; how many bits they take with other tables then
follows from the code words' lengths. Tables have numbers here: 2 id for DC, 2 id + 1 for AC, id 0 luma, 1 chroma.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numba import njit

NUM_TABLES, NUM_SYMBOLS = 4, 256
MAX_CODE_LENGTH = 16
_FRAME, _TABLES, _SCAN = 0xC0, 0xC4, 0xDA
_RESERVED = NUM_SYMBOLS  # takes the word of ones only, which T.81 does not allow
_COEFFICIENTS = 64
# Further bits of each symbol of each table: a DC category is their number, an AC symbol is 16 run + size.
EXTRA_BITS = np.stack([np.arange(NUM_SYMBOLS), np.arange(NUM_SYMBOLS) % 16] * 2)


@dataclass(frozen=True)
class ScanLayout:
    """How the scans behind a ``header`` are read: its tables and the order of its blocks.

    ``legal`` bool (NUM_TABLES, NUM_SYMBOLS) are the symbols that its tables have, ``block_ids`` the table ids of the blocks of an
    MCU, ``num_mcus`` their number.
    """

    legal: np.ndarray
    children: np.ndarray
    block_ids: np.ndarray
    num_mcus: int

    @classmethod
    def of(cls, header: bytes) -> ScanLayout:
        """The layout that a header, SOI up to and including SOS, gives: one scan of all components, baseline."""
        legal = np.zeros((NUM_TABLES, NUM_SYMBOLS), np.bool_)
        children = np.zeros((NUM_TABLES, 2 * NUM_SYMBOLS, 2), np.int32)
        for marker, content in _segments(header):
            if marker == _TABLES:
                while content:
                    table = 2 * (content[0] & 15) + (content[0] >> 4)
                    lengths = np.repeat(np.arange(1, 17), np.frombuffer(content[1:17], np.uint8))
                    symbols = np.frombuffer(content[17 : 17 + len(lengths)], np.uint8)
                    legal[table, symbols] = True
                    _grow(children[table], lengths, symbols)
                    content = content[17 + len(lengths) :]
            elif marker == _FRAME:
                height, width = int.from_bytes(content[1:3]), int.from_bytes(content[3:5])
                sampling = [(content[i + 1] & 15, content[i + 1] >> 4) for i in range(6, len(content), 3)]
            elif marker == _SCAN:
                ids = [content[2 + 2 * i] & 15 for i in range(content[0])]
        if len(sampling) == 1:
            sampling = [(1, 1)]  # blocks of a component alone are not grouped
        blocks = [ident for ident, (down, across) in zip(ids, sampling, strict=True) for _ in range(down * across)]
        tall, wide = (8 * max(factors) for factors in zip(*sampling, strict=True))
        return cls(legal, children, np.array(blocks), -(-height // tall) * -(-width // wide))

    def counts(self, scan: np.ndarray) -> np.ndarray:
        """How often each table's symbols occur: scan bits uint8 (num_bits,) -> int64 (NUM_TABLES, NUM_SYMBOLS).

        Raises ValueError for a scan that ends before its last block, or has a word that no table has.
        """
        return _count(scan, self.children, self.block_ids, self.num_mcus)


def optimal_lengths(counts: np.ndarray) -> np.ndarray:
    """Counts of a table's symbols -> bits of their words, both int64 (NUM_SYMBOLS,), by T.81 Annex K.2; 0 where a symbol has none.

    Huffman's code but for the reserved word of ones and the limit of 16 bits.
    """
    left = dict(enumerate([*counts.tolist(), 1]))
    left = {symbol: count for symbol, count in left.items() if count}
    members = {symbol: [symbol] for symbol in left}
    depths = np.zeros(NUM_SYMBOLS + 1, np.int64)
    while len(left) > 1:
        first, second = sorted(left, key=lambda symbol: (left[symbol], -symbol))[:2]
        left[first] += left.pop(second)
        members[first] += members.pop(second)
        depths[members[first]] += 1
    numbers = np.bincount(depths[depths > 0], minlength=MAX_CODE_LENGTH + 2)  # of words, by length
    for length in range(len(numbers) - 1, MAX_CODE_LENGTH, -1):
        while numbers[length]:  # two siblings: one takes their parent's word, the other shares that of a shorter one
            shorter = np.flatnonzero(numbers[1 : length - 1])[-1] + 1
            np.add.at(numbers, [length, length - 1, shorter, shorter + 1], [-2, 1, -1, 2])
    numbers[np.flatnonzero(numbers)[-1:]] -= 1  # the reserved word
    used = np.flatnonzero(depths[:_RESERVED])
    lengths = np.zeros(NUM_SYMBOLS, np.int64)
    lengths[used[np.argsort(depths[used], kind="stable")]] = np.repeat(np.arange(len(numbers)), numbers)
    return lengths


def num_bits(counts: np.ndarray, lengths: np.ndarray) -> int:
    """Bits of a scan, in whole bytes, by its symbols' counts and their words' lengths, both (NUM_TABLES, NUM_SYMBOLS)."""
    return -(-int((counts * (lengths + EXTRA_BITS)).sum()) // 8) * 8


def _segments(header: bytes) -> list[tuple[int, bytes]]:
    """Markers and what is in their segments, in order."""
    starts = [2]
    while starts[-1] < len(header):
        starts.append(starts[-1] + 2 + int.from_bytes(header[starts[-1] + 2 : starts[-1] + 4]))
    return [(header[start + 1], header[start + 4 : end]) for start, end in pairwise(starts)]


def _grow(children: np.ndarray, lengths: np.ndarray, symbols: np.ndarray) -> None:
    """Enter canonical words into a tree of zeros: the child node on bit 0 and 1 or, at a leaf, -1 - symbol; root 0."""
    word, previous, num_nodes = -1, 0, 1
    for length, symbol in zip(lengths.tolist(), symbols.tolist(), strict=True):
        word = (word + 1) << (length - previous)
        previous, node = length, 0
        for shift in range(length - 1, 0, -1):
            bit = word >> shift & 1
            if not children[node, bit]:
                children[node, bit] = num_nodes
                num_nodes += 1
            node = children[node, bit]
        children[node, word & 1] = -1 - symbol


@njit(cache=True)
def _count(bits, children, block_ids, num_mcus):
    counts = np.zeros((NUM_TABLES, NUM_SYMBOLS), np.int64)
    position = 0
    for block in range(num_mcus * len(block_ids)):
        ident = block_ids[block % len(block_ids)]
        coefficient = 0
        while coefficient < _COEFFICIENTS:
            table = 2 * ident + (coefficient > 0)
            node = 0
            while node >= 0:
                if position >= len(bits):
                    raise ValueError("the scan ends before its last block")
                node = children[table, node, bits[position]]
                position += 1
                if node == 0:
                    raise ValueError("the scan has a word that no table has")
            symbol = -1 - node
            counts[table, symbol] += 1
            if coefficient == 0:
                position += symbol
                coefficient = 1
            elif symbol == 0:  # end of block
                coefficient = _COEFFICIENTS
            else:
                position += symbol & 15
                coefficient += 1 + (symbol >> 4)
    return counts
