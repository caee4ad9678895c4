"""Texts as their words' ids: the few thousand distinct sentences and questions that make all stories, each once."""

from collections.abc import Sequence

import torch
from torch import Tensor

from semcom_lib.arguments import check_integer
from semcom_lib.sources.stories import words

UNKNOWN = 1
"""The id of a word that the vocabulary lacks."""


class Sentences:
    """Distinct texts and their words' ids, 0 where a text has ended, UNKNOWN for an unknown word, 2.. for those of ``vocabulary``.

    Raises ValueError for a text without words, or of more than ``max_words``.
    """

    def __init__(self, vocabulary: Sequence[str], max_words: int):
        check_integer("max_words", max_words, 1)
        self.max_words = max_words
        self._ids = {word: i for i, word in enumerate(vocabulary, 2)}
        self._index: dict[str, int] = {}
        self._rows: list[list[int]] = []
        self._matrix: Tensor | None = None
        self._mended: set[str] = set()  # texts that arrived and that nobody may send
        self.unknown: set[str] = set()  # words that were met and that the vocabulary lacks

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def texts(self) -> list[str]:
        """The distinct texts in the order of their indices."""
        return list(self._index)

    def index(self, text: str) -> int:
        """The index of ``text``, a new one where it is new."""
        if (known := self._index.get(text)) is not None and text not in self._mended:
            return known
        spelled = words(text)
        if not spelled:
            raise ValueError(f"{text!r:.60} has no words")
        if len(spelled) > self.max_words:
            raise ValueError(f"{text!r:.60} has {len(spelled)} words; max_words = {self.max_words}")
        return self._add(text, spelled)

    def index_of_received(self, text: str) -> int:
        """The index of what a chain delivered, which may be anything.

        What has no words is one unknown word; of a text that is too long its first ``max_words`` words are read.
        """
        if (known := self._index.get(text)) is not None:
            return known
        spelled = words(text)
        if not 1 <= len(spelled) <= self.max_words:
            self._mended.add(text)
        return self._add(text, spelled[: self.max_words] or [""])

    def _add(self, text: str, spelled: list[str]) -> int:
        self.unknown.update(word for word in spelled if word not in self._ids)
        self._index[text] = len(self._rows)
        self._rows.append([self._ids.get(word, UNKNOWN) for word in spelled])
        self._matrix = None
        return self._index[text]

    @property
    def ids(self) -> Tensor:
        """int64 (number of texts, their longest)."""
        if self._matrix is None:
            longest = max(map(len, self._rows), default=0)
            self._matrix = torch.zeros(len(self._rows), longest, dtype=torch.int64)
            for row, spelled in zip(self._matrix, self._rows, strict=True):
                row[: len(spelled)] = torch.tensor(spelled)
        return self._matrix


def num_word_ids(vocabulary: Sequence[str]) -> int:
    """How many different ids a text can have: those of the words, of an unknown one, and of the end."""
    return len(vocabulary) + 2
