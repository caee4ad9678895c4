"""Sentences as the text papers see them: cleaning, splitting, the vocabulary, and batches of equal length."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from semcom_lib import paths, seeds

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


def split_by_day(
    days: Mapping[str, Iterable[str]],
    *,
    min_words: int,
    max_words: int,
    validation_share: float,
    test_share: float,
    seed: int,
) -> dict[str, list[str]]:
    """Distinct cleaned sentences of min_words..max_words words: {"train": ..., "validation": ..., "test": ...}.

    Whole sitting days go to one split. A sentence said on several days (the formulas of the house) stays where it
    comes first in the order train, validation, test, so that no sentence is in two splits, and held-out text is text
    that the model never saw. Raises ValueError when nothing survives.
    """
    names = sorted(days)
    order = seeds.numpy_generator(seed, "split").permutation(len(names))
    num_test, num_validation = round(test_share * len(names)), round(validation_share * len(names))
    held_out = {"test": order[:num_test], "validation": order[num_test : num_test + num_validation]}
    assigned = {names[i]: split for split, chosen in held_out.items() for i in chosen}
    seen: set[str] = set()
    sentences: dict[str, list[str]] = {}
    for split in SPLITS:
        sentences[split] = []
        for day in names:
            if assigned.get(day, "train") != split:
                continue
            for line in days[day]:
                words = clean(line)
                sentence = " ".join(words)
                if min_words <= len(words) <= max_words and sentence not in seen:
                    seen.add(sentence)
                    sentences[split].append(sentence)
        if not sentences[split]:
            raise ValueError(
                f"the corpus leaves no {split} sentence of {min_words}..{max_words} words in {len(names)} days"
            )
    return sentences


class Vocabulary:
    """The words a model knows, by falling frequency, after the four special tokens.

    ``encode`` maps unknown words to UNKNOWN_ID; ``decode`` stops before END and writes unknown words as "<unk>".
    """

    def __init__(self, words: Iterable[str]):
        self.words = (*SPECIAL, *words)
        self._ids = {word: i for i, word in enumerate(self.words)}
        if len(self._ids) != len(self.words):
            raise ValueError("the vocabulary names a word twice")

    def __len__(self) -> int:
        return len(self.words)

    @classmethod
    def from_sentences(cls, sentences: Iterable[str], size: int) -> "Vocabulary":
        """The most frequent words, at most ``size`` with the special tokens; ties in alphabetical order."""
        if size <= len(SPECIAL):
            raise ValueError(f"vocabulary_size = {size} must be at least {len(SPECIAL) + 1}")
        counts = Counter(word for sentence in sentences for word in sentence.split())
        ranked = sorted(counts, key=lambda word: (-counts[word], word))
        return cls(ranked[: size - len(SPECIAL)])

    def encode(self, sentence: str) -> list[int]:
        return [self._ids.get(word, UNKNOWN_ID) for word in sentence.split()]

    def decode(self, ids: Iterable[int]) -> str:
        words = []
        for i in ids:
            if i == END_ID:
                break
            words.append(self.words[i])
        return " ".join(words)

    def coverage(self, sentences: Iterable[str]) -> float:
        """The share of running words that the vocabulary knows."""
        ids = [i for sentence in sentences for i in self.encode(sentence)]
        return 1.0 - ids.count(UNKNOWN_ID) / len(ids)


def save_corpus(folder: Path, sentences: Mapping[str, list[str]], vocabulary: Vocabulary) -> None:
    """Write train.txt, validation.txt, test.txt (a sentence a line) and vocabulary.txt (a word a line)."""
    for split in SPLITS:
        paths.write_text(folder / f"{split}.txt", "\n".join(sentences[split]) + "\n")
    paths.write_text(folder / "vocabulary.txt", "\n".join(vocabulary.words[len(SPECIAL) :]) + "\n")


class Corpus:
    """A prepared corpus in ``folder``: its ``vocabulary`` and, when asked for, the sentences of its splits."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.vocabulary = Vocabulary(_lines(folder / "vocabulary.txt"))

    def sentences(self, split: str, limit: int | None = None) -> list[str]:
        """The first ``limit`` sentences (default: all) of one split. Raises ValueError when it has fewer."""
        sentences = _lines(self.folder / f"{split}.txt")
        if limit is not None and limit > len(sentences):
            raise ValueError(f"{limit} sentences asked for, {self.folder / split}.txt has {len(sentences)}")
        return sentences[:limit]

    def encoded(self, split: str, limit: int | None = None) -> list[list[int]]:
        """The words' ids of :meth:`sentences`."""
        return [self.vocabulary.encode(sentence) for sentence in self.sentences(split, limit)]


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
    has about ``tokens_per_batch`` words.
    """

    def __init__(self, encoded: list[list[int]], tokens_per_batch: int):
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
    """Every sentence once, in batches of equal length: (indices (n,), ids (n, num_words))."""
    for indices, ids in by_length(encoded).values():
        yield from zip(indices.split(max_sentences), ids.split(max_sentences), strict=True)
