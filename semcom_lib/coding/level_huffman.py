"""Huffman codes of quantised feature maps: what a classical sender makes of features whose statistics its receiver knows.

A map is numbers 0..num_levels - 1, (num_channels, num_places). Every channel has a code of its own, over runs of neighbouring
places; the receiver knows how many there are, so that no symbol must end the map. Runs let a code spend less than a bit on a
level, and use what neighbours have in common.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from semcom_lib.arguments import check_integer, describe
from semcom_lib.coding.blocks import bit_row
from semcom_lib.coding.prefix_code import PrefixCode, read_symbols

MAX_SYMBOLS = 2**12


@dataclass(frozen=True, eq=False)
class LevelHuffman:
    """The code of maps (len(codes), num_places) by the ``codes`` of the channels' runs of ``run`` levels.

    Of a map's bits ``max_bits`` are sent at most; runs that this cuts off are received as their channel's most frequent one. Raises
    ValueError for codes of another size than num_levels^run, or a ``run`` that does not divide the places.
    """

    codes: Sequence[PrefixCode]
    num_levels: int
    num_places: int
    run: int
    max_bits: int

    def __post_init__(self) -> None:
        check_integer("num_levels", self.num_levels, 2)
        check_integer("run", self.run, 1)
        check_integer("max_bits", self.max_bits, 1)
        check_integer("the number of channels", len(self.codes), 1)
        if self.num_places < self.run or self.num_places % self.run:
            raise ValueError(f"run = {self.run} must divide the {self.num_places} places of a channel")
        if self.num_symbols > MAX_SYMBOLS:
            raise ValueError(f"run = {self.run} makes {self.num_symbols} symbols: there must be at most {MAX_SYMBOLS}")
        if sizes := {len(code.weights) for code in self.codes} - {self.num_symbols}:
            raise ValueError(f"codes have {sizes.pop()} symbols: they must have {self.num_levels}^{self.run}")

    @classmethod
    def from_maps(cls, maps: np.ndarray, num_levels: int, *, run: int, max_bits: int) -> "LevelHuffman":
        """The code of the runs of training maps, integers (n, num_channels, num_places); each run counts once more than it occurs.

        Raises ValueError for no map, levels out of range, and as the class.
        """
        check_integer("num_levels", num_levels, 2)
        check_integer("run", run, 1, MAX_SYMBOLS.bit_length())
        if not isinstance(maps, np.ndarray) or maps.dtype.kind not in "iu" or maps.ndim != 3 or not len(maps):
            raise ValueError(
                f"maps is {describe(maps)}: it must be integers (n, num_channels, num_places), n at least 1"
            )
        if maps.shape[2] % run:
            raise ValueError(f"run = {run} must divide the {maps.shape[2]} places of a channel")
        symbols = _symbols(maps, num_levels, run)
        counts = [1 + np.bincount(channel.ravel(), minlength=num_levels**run) for channel in symbols.swapaxes(0, 1)]
        codes = [PrefixCode(channel.tolist()) for channel in counts]
        return cls(codes, num_levels, maps.shape[2], run, max_bits)

    @property
    def num_symbols(self) -> int:
        """Different runs."""
        return self.num_levels**self.run

    def num_bits(self, levels: np.ndarray) -> int:
        """Bits that a map (num_channels, num_places) takes, those beyond ``max_bits`` included."""
        symbols = self._checked(levels)
        return int(sum(code.lengths[of].sum() for code, of in zip(self.codes, symbols, strict=True)))

    def encode(self, levels: np.ndarray) -> np.ndarray:
        """A map, integers (num_channels, num_places) -> bits uint8 (num_bits,). Raises ValueError for another shape or levels."""
        symbols = self._checked(levels)
        lengths = np.concatenate([code.lengths[of] for code, of in zip(self.codes, symbols, strict=True)])
        words = np.concatenate([code.words[of] for code, of in zip(self.codes, symbols, strict=True)])
        ends = np.cumsum(lengths)
        shifts = np.repeat(ends, lengths) - 1 - np.arange(ends[-1])
        return (np.repeat(words, lengths) >> shifts & 1).astype(np.uint8)[: self.max_bits]

    def decode(self, bits: np.ndarray) -> np.ndarray:
        """bits (any number,), with any errors -> a map uint16 (num_channels, num_places).

        What is behind the map is ignored. Raises ValueError only for what is no row of bits.
        """
        bits, position = bit_row("bits", bits), 0
        symbols = np.empty((len(self.codes), self.num_places // self.run), np.int64)
        for row, code, likeliest in zip(symbols, self.codes, self._likeliest, strict=True):
            read, _ = read_symbols(bits, position, code.children, self.num_symbols)
            read = read[: len(row)]
            row[: len(read)], row[len(read) :] = read, likeliest
            position += int(code.lengths[read].sum()) if len(read) == len(row) else len(bits) - position
        places = self.num_levels ** np.arange(self.run)[::-1]
        return (symbols[..., None] // places % self.num_levels).reshape(len(symbols), -1).astype(np.uint16)

    @cached_property
    def _likeliest(self) -> list[int]:
        return [int(np.argmax(code.weights)) for code in self.codes]

    def _checked(self, levels: np.ndarray) -> np.ndarray:
        shape = (len(self.codes), self.num_places)
        if not isinstance(levels, np.ndarray) or levels.dtype.kind not in "iu" or levels.shape != shape:
            raise ValueError(f"levels is {describe(levels)}: it must be integers {shape}")
        return _symbols(levels, self.num_levels, self.run)


def _symbols(levels: np.ndarray, num_levels: int, run: int) -> np.ndarray:
    """Runs as numbers: (..., num_places) -> int64 (..., num_places / run), the first level the most significant."""
    if levels.size and not 0 <= levels.min() <= levels.max() < num_levels:
        raise ValueError(f"levels lie in {levels.min()}..{levels.max()}: they must be in 0..{num_levels - 1}")
    runs = levels.reshape(*levels.shape[:-1], -1, run).astype(np.int64)
    return runs @ num_levels ** np.arange(run)[::-1]
