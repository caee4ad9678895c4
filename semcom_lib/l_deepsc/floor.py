"""The floor of every figure: what a receiver scores that hears nothing but knows how many words were said."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from semcom_lib.arguments import describe


@dataclass(frozen=True, eq=False)
class Floor:
    """Answers N words with a fixed list of N frequent words: no channel use, the same answer at every SNR.

    ``counts`` has for each N how many training sentences of N words say a word at least j times, {N: {(word, j): sentences}}. A
    list that holds a word j times matches it min(j, times said), so that the N most frequent (word, j) are the list of the most
    expected matches: the best that such a receiver can do in BLEU-1. (In BLEU-4 it has nothing.)
    """

    counts: dict[int, Counter[tuple[str, int]]]
    pilots: int = 0

    @classmethod
    def from_sentences(cls, sentences: Iterable[str]) -> "Floor":
        """The floor of a training text. Raises ValueError when it has no words, or for one text."""
        if isinstance(sentences, str):
            raise ValueError(f"sentences is {describe(sentences)}: it must be an iterable of texts")
        counts: dict[int, Counter[tuple[str, int]]] = defaultdict(Counter)
        for sentence in sentences:
            words = sentence.split()
            times: Counter[str] = Counter()
            for word in words:
                times[word] += 1
                counts[len(words)][word, times[word]] += 1
        if not counts:
            raise ValueError("sentences hold no words: there is nothing to guess from")
        return cls(dict(counts))

    def answer(self, num_words: int) -> str:
        """The list for a sentence of so many words; those of the nearest length that was seen in training."""
        nearest = min(self.counts, key=lambda length: (abs(length - num_words), length))
        ranked = sorted(self.counts[nearest].items(), key=lambda item: (-item[1], item[0]))
        words = [word for (word, _), _ in ranked]
        return " ".join((words * -(-num_words // len(words)))[:num_words])

    def receive(self, sentences: Sequence[str], snr_db: float, *, generator: torch.Generator) -> list[str]:
        """The list for each sentence's number of words, whatever the SNR; nothing is drawn."""
        lengths = [len(sentence.split()) for sentence in sentences]
        answers = {length: self.answer(length) for length in set(lengths)}
        return [answers[length] for length in lengths]

    def count_channel_uses(self, sentences: Sequence[str]) -> np.ndarray:
        """None: int64 zeros (n,)."""
        return np.zeros(len(sentences), np.int64)
