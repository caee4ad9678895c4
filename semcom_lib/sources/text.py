"""Sentences as the text papers see them: cleaning, splitting, the vocabulary, and batches of equal length."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from semcom_lib import paths, seeds
from semcom_lib.arguments import check_integer, check_number, describe, shown

PAD, START, END, UNKNOWN = "<pad>", "<start>", "<end>", "<unk>"
SPECIAL = (PAD, START, END, UNKNOWN)
PAD_ID, START_ID, END_ID, UNKNOWN_ID = range(4)
SPLITS = ("train", "validation", "test")

_POSSESSIVE = re.compile(r"(?<=\w) ?' s\b")
_WORD = re.compile(r"'s\b|[^\W\d_]+(?:[.'][^\W\d_]+)*|\d+(?:[.,]\d+)*|[^\w\s]")


def clean(line: str) -> list[str]:
    """The words of one line: lower case, composed accents, numbers and punctuation marks as words of their own.

    A line that holds markup has no words.
    """
    if "<" in line:
        return []
    line = unicodedata.normalize("NFC", line).replace("\xad", "").lower()
    return _WORD.findall(_POSSESSIVE.sub(" 's", line))


class Dated(NamedTuple):
    """Sentences, and of each the sitting day on which it was said first."""

    sentences: list[str]
    days: list[str]


def split_by_day(
    days: Mapping[str, Iterable[str]],
    *,
    min_words: int,
    max_words: int,
    validation_share: float,
    test_share: float,
    seed: int,
) -> dict[str, Dated]:
    """Distinct cleaned sentences of min_words..max_words words: {"train": ..., "validation": ..., "test": ...}.

    Whole sitting days go to one split. A sentence said on several days (the formulas of the house) stays where it
    comes first in the order train, validation, test, so that no sentence is in two splits, and held-out text is text
    that the model never saw. Training sentences are in the order of their days, held-out ones in random order: the
    first n of them are a sample of all held-out days. Raises ValueError when nothing survives, for negative numbers of
    words, or shares that are not in 0..1 together.
    """
    check_integer("min_words", min_words, 0)
    check_integer("max_words", max_words, min_words)
    check_number("validation_share", validation_share, "[0, 1]")
    check_number("test_share", test_share, "[0, 1]")
    if test_share + validation_share > 1:
        raise ValueError(
            f"test_share = {test_share} and validation_share = {validation_share} must add up to at most 1"
        )
    names = sorted(days)
    order = seeds.numpy_generator(seed, "split").permutation(len(names))
    num_test, num_validation = round(test_share * len(names)), round(validation_share * len(names))
    held_out = {"test": order[:num_test], "validation": order[num_test : num_test + num_validation]}
    assigned = {names[i]: split for split, chosen in held_out.items() for i in chosen}
    seen: set[str] = set()
    splits: dict[str, Dated] = {}
    for split in SPLITS:
        dated: list[tuple[str, str]] = []
        for day in names:
            if assigned.get(day, "train") != split:
                continue
            for line in days[day]:
                words = clean(line)
                sentence = " ".join(words)
                if min_words <= len(words) <= max_words and sentence not in seen:
                    seen.add(sentence)
                    dated.append((sentence, day))
        if not dated:
            raise ValueError(
                f"the corpus leaves no {split} sentence of {min_words}..{max_words} words in {len(names)} days"
            )
        if split in held_out:
            dated = [dated[i] for i in seeds.numpy_generator(seed, "order", split).permutation(len(dated))]
        splits[split] = Dated(*map(list, zip(*dated, strict=True)))
    return splits


class Vocabulary:
    """The words a model knows, by falling frequency, after the four special tokens.

    ``encode`` maps unknown words to UNKNOWN_ID; ``decode`` stops before END and writes unknown words as "<unk>".
    Raises ValueError for words that are named twice, empty or with spaces in them, which no encoded sentence could hold.
    """

    def __init__(self, words: Iterable[str]):
        if isinstance(words, str):
            raise ValueError(f"words = {shown(words)} is one text: it must be an iterable of words")
        self.words = (*SPECIAL, *words)
        for word in self.words:
            if not isinstance(word, str) or word.split() != [word]:
                raise ValueError(f"words holds {shown(word)}: each must be a text without spaces")
        self._ids = {word: i for i, word in enumerate(self.words)}
        if len(self._ids) != len(self.words):
            raise ValueError("the vocabulary names a word twice")

    def __len__(self) -> int:
        return len(self.words)

    @classmethod
    def from_sentences(cls, sentences: Iterable[str], size: int) -> "Vocabulary":
        """The most frequent words, at most ``size`` with the special tokens; ties in alphabetical order."""
        check_integer("vocabulary_size", size, len(SPECIAL) + 1)
        counts = Counter(word for sentence in sentences for word in sentence.split())
        ranked = sorted(counts, key=lambda word: (-counts[word], word))
        return cls(ranked[: size - len(SPECIAL)])

    def encode(self, sentence: str) -> list[int]:
        """The ids of a sentence's words. Raises ValueError for what is no text."""
        if not isinstance(sentence, str):
            raise ValueError(f"sentence is {describe(sentence)}: it must be a text")
        return [self._ids.get(word, UNKNOWN_ID) for word in sentence.split()]

    def decode(self, ids: Iterable[int]) -> str:
        """The words of ids (num_words,) up to END, from a list, an array or a tensor.

        Raises ValueError for an id before END that is no integer in 0..len - 1.
        """
        words = []
        for i in ids.tolist() if isinstance(ids, Tensor | np.ndarray) else ids:
            if not isinstance(i, int | np.integer) or not 0 <= i < len(self.words):
                raise ValueError(f"ids holds {shown(i)}: each must be an integer in 0..{len(self.words) - 1}")
            if i == END_ID:
                break
            words.append(self.words[i])
        return " ".join(words)

    def coverage(self, sentences: Iterable[str]) -> float:
        """The share of running words that the vocabulary knows. Raises ValueError for no words, or one text."""
        if isinstance(sentences, str):
            raise ValueError(f"sentences = {shown(sentences)} is one text: it must be an iterable of texts")
        ids = [i for sentence in sentences for i in self.encode(sentence)]
        if not ids:
            raise ValueError("sentences hold no words: their coverage is not defined")
        return 1.0 - ids.count(UNKNOWN_ID) / len(ids)


def save_corpus(folder: Path, splits: Mapping[str, Dated], vocabulary: Vocabulary) -> None:
    """Write train.txt, train_days.txt and so on (a sentence, its day a line) and vocabulary.txt (a word a line)."""
    for split in SPLITS:
        paths.write_text(folder / f"{split}.txt", "\n".join(splits[split].sentences) + "\n")
        paths.write_text(folder / f"{split}_days.txt", "\n".join(splits[split].days) + "\n")
    paths.write_text(folder / "vocabulary.txt", "\n".join(vocabulary.words[len(SPECIAL) :]) + "\n")


class Corpus:
    """A prepared corpus in ``folder``: its ``vocabulary`` and, when asked for, the sentences of its splits."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.vocabulary = Vocabulary(_lines(folder / "vocabulary.txt"))

    def sentences(self, split: str, limit: int | None = None) -> list[str]:
        """The first ``limit`` sentences (default: all) of one split.

        Raises ValueError when it has fewer, or for a negative limit or an unknown split.
        """
        return self._first(split, "", limit)

    def days(self, split: str, limit: int | None = None) -> list[str]:
        """The sitting day of each of :meth:`sentences`."""
        return self._first(split, "_days", limit)

    def encoded(self, split: str, limit: int | None = None) -> list[list[int]]:
        """The words' ids of :meth:`sentences`."""
        return [self.vocabulary.encode(sentence) for sentence in self.sentences(split, limit)]

    def _first(self, split: str, what: str, limit: int | None) -> list[str]:
        _check_limit(split, limit)
        lines = _lines(self.folder / f"{split}{what}.txt")
        if limit is not None and limit > len(lines):
            raise ValueError(f"{limit} sentences asked for, {self.folder / split}{what}.txt has {len(lines)}")
        return lines[:limit]


def _check_limit(split: str, limit: int | None) -> None:
    if split not in SPLITS:
        raise ValueError(f"split = {shown(split)} is unknown: it must be one of {SPLITS}")
    if limit is not None:
        check_integer("limit", limit, 0)


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; make it with the data stage: dvc repro {path.parent.name}_data")
    return path.read_text(encoding="utf-8").splitlines()


def by_length(encoded: list[list[int]]) -> dict[int, tuple[Tensor, Tensor]]:
    """Group encoded sentences: {num_words: (indices into ``encoded`` (n,), ids (n, num_words))}, shortest first."""
    groups: dict[int, list[int]] = {}
    for i, ids in enumerate(encoded):
        groups.setdefault(len(ids), []).append(i)
    return {
        length: (torch.tensor(chosen), torch.tensor([encoded[i] for i in chosen]))
        for length, chosen in sorted(groups.items())
    }


class LengthBuckets:
    """Endless random batches of sentences of one length: no padding, hence no masks and no wasted work.

    A length is drawn in proportion to the words that it holds, so that every running word is equally likely; a batch
    has about ``tokens_per_batch`` words. Raises ValueError for fewer than one, or when there are no words.
    """

    def __init__(self, encoded: list[list[int]], tokens_per_batch: int):
        check_integer("tokens_per_batch", tokens_per_batch, 1)
        if not any(encoded):
            raise ValueError(f"encoded holds {len(encoded)} sentences and no words: there is nothing to draw from")
        self._groups = [ids for _, ids in by_length(encoded).values()]
        words = np.array([ids.numel() for ids in self._groups], dtype=np.float64)
        self._shares = words / words.sum()
        self._tokens_per_batch = tokens_per_batch

    def draw(self, generator: np.random.Generator) -> Tensor:
        """One batch of ids, shape (sentences, num_words)."""
        group = self._groups[generator.choice(len(self._groups), p=self._shares)]
        size = max(1, self._tokens_per_batch // group.shape[1])
        return group[torch.from_numpy(generator.integers(len(group), size=size))]


def in_batches(encoded: list[list[int]], max_sentences: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Every sentence once, in batches of equal length: (indices (n,), ids (n, num_words)).

    Raises ValueError, when the first batch is asked for, for batches of fewer than one sentence.
    """
    check_integer("max_sentences", max_sentences, 1)
    for indices, ids in by_length(encoded).values():
        yield from zip(indices.split(max_sentences), ids.split(max_sentences), strict=True)
