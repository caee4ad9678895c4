"""Huffman source code over the words of a vocabulary: what a classical sender does that shares one with its receiver.

    the vote <unknown> today  ->  the | vote | ESCAPE, letters | today | END

Two symbols join the words: END closes every text, since channel blocks are padded and a decoder of bits does not see how many
words were sent; ESCAPE precedes a word outside the table, which follows in the letters of :mod:`semcom_lib.coding.huffman` with
their own END. Both are paid for in the bits. (Where a receiver is told the number of words, as a learned one is by the number of
symbols, END is what the same knowledge costs here: about four bits a sentence.) Code words are canonical, ordered by length,
then by the place of the word in the vocabulary.

A sentence of 20 words takes about 20 us to encode and to decode; to count six million words takes a second.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from semcom_lib.arguments import check_integer, describe
from semcom_lib.coding.blocks import bit_row
from semcom_lib.coding.huffman import Huffman
from semcom_lib.coding.prefix_code import PrefixCode, read_symbols

END_NAME, ESCAPE_NAME = "end of text", "letters follow"  # with spaces, as no word has


@dataclass(frozen=True, eq=False)
class WordHuffman:
    """The code of words with their ``counts``; ``num_texts`` is the count of END, ``num_unknown`` that of ESCAPE.

    ``letters`` spells what is not in the table. Raises ValueError for a key with spaces in it, a number below 1, or a code word
    above 63 bits.
    """

    counts: Mapping[str, int]
    num_texts: int
    num_unknown: int
    letters: Huffman

    def __post_init__(self) -> None:
        for word, count in self.counts.items():
            if not isinstance(word, str) or word.split() != [word]:
                raise ValueError(f"counts must have words without spaces as keys, got {word!r}")
            check_integer(f"count of {word!r}", count, 1)
        check_integer("num_texts", self.num_texts, 1)
        check_integer("num_unknown", self.num_unknown, 1)
        _ = self._code  # which refuses code words that are too long

    @classmethod
    def from_sentences(cls, sentences: Iterable[str], words: Iterable[str]) -> "WordHuffman":
        """The code of the ``words`` of a vocabulary, counted in training sentences; those that never occur are left out.

        Letters are counted once for each different word: what must be spelled is rare. ESCAPE has at least weight 1. Raises
        ValueError when there is no sentence, or for one text where several are wanted.
        """
        for name, texts in (("sentences", sentences), ("words", words)):
            if isinstance(texts, str):
                raise ValueError(f"{name} is {describe(texts)}: it must be an iterable of texts")
        counts: Counter[str] = Counter()
        num_texts = 0
        for sentence in sentences:
            counts.update(sentence.split())
            num_texts += 1
        check_integer("the number of sentences", num_texts, 1)
        known = {word: counts[word] for word in words if word in counts}
        num_unknown = counts.total() - sum(known.values())
        return cls(known, num_texts, max(1, num_unknown), Huffman.from_text(sorted(counts) or [""]))

    def encode(self, text: str) -> np.ndarray:
        """Code words of the words between spaces, then that of END: uint8 (num_bits,).

        Raises ValueError for what is no text, or an unknown word with lone surrogates.
        """
        if not isinstance(text, str):
            raise ValueError(f"text is {describe(text)}: it must be a text")
        parts = []
        for word in text.split():
            if (known := self._bits.get(word)) is not None:
                parts.append(known)
            else:
                parts += [self._bits[ESCAPE_NAME], self.letters.encode(word)]
        return np.concatenate([*parts, self._bits[END_NAME]])

    def decode(self, bits: np.ndarray) -> str:
        """The text up to the first END or, when it was lost, up to the last whole code word: bits (num_bits,) -> str.

        Words are joined by one space. Never raises on corrupted bits, and has at most a word a bit. Raises ValueError only for
        what is no row of bits.
        """
        bits, position = bit_row("bits", bits), 0
        end, escape = len(self._words), len(self._words) + 1
        words: list[str] = []
        while position < len(bits):
            symbols, position = read_symbols(bits, position, self._code.children, end)
            words += [self._words[symbol] for symbol in symbols.tolist() if symbol < end]
            if not len(symbols) or symbols[-1] != escape:
                break
            spelled, position = self.letters.read(bits, position)
            words.append(spelled)
        return " ".join(filter(None, words))

    @cached_property
    def mean_length(self) -> float:
        """Mean bits a symbol under the training weights, END and ESCAPE included, the letters behind ESCAPE not."""
        return self._code.mean_length

    @cached_property
    def codewords(self) -> dict[str, str]:
        """The table for readers, in canonical order: a word, END_NAME or ESCAPE_NAME to its code word of 0 and 1."""
        names = [*self._words, END_NAME, ESCAPE_NAME]
        return {names[symbol]: self._code.codeword(symbol) for symbol in self._code.order}

    @cached_property
    def _words(self) -> list[str]:
        return list(self.counts)

    @cached_property
    def _code(self) -> PrefixCode:
        """The code of the words in their order, END and ESCAPE."""
        return PrefixCode([*self.counts.values(), self.num_texts, self.num_unknown])

    @cached_property
    def _bits(self) -> dict[str, np.ndarray]:
        """:attr:`codewords` as bits, uint8 (num_bits,) each."""
        return {name: np.frombuffer(word.encode(), np.uint8) & 1 for name, word in self.codewords.items()}
