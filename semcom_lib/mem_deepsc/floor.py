"""The floors of every figure: what a receiver answers right that hears nothing of the story, and has read the training stories."""

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from semcom_lib.sources.stories import Story, words

ANY = "_"
"""Stands in a template for a name, a thing or a place."""


class Answerer(Protocol):
    """Answers a question of which it has the text, and knows the task."""

    def answer(self, text: str, task: int) -> str:
        """One of the answer classes of the training stories."""
        ...


@dataclass(frozen=True)
class Majority:
    """The most frequent answer to each task's questions; to those of a task that training lacks, the most frequent of all."""

    answers: Mapping[int, str]
    otherwise: str

    @classmethod
    def from_stories(cls, train: Iterable[Story]) -> "Majority":
        """Raises ValueError when the stories ask nothing."""
        asked = [(story.task, question.answer) for story in train for question in story.questions]
        if not asked:
            raise ValueError("the stories ask no question: there is nothing to guess from")
        return cls(_most_frequent(asked), _most_frequent((None, answer) for _, answer in asked)[None])

    def answer(self, text: str, task: int) -> str:
        """As :class:`Answerer`; the text is not read."""
        return self.answers.get(task, self.otherwise)


@dataclass(frozen=True)
class ByTemplate:
    """The most frequent answer to questions of the same form, whatever the task: "is mary in the park?" is "is _ in the _".

    What varies are ``fillers``, the words that open a sentence of the training stories ("mary went ...") or follow "the" in one:
    names, things, places, and what else stands there. A new form is answered by ``otherwise``.
    """

    answers: Mapping[str, str]
    fillers: frozenset[str]
    otherwise: Answerer

    @classmethod
    def from_stories(cls, train: Iterable[Story]) -> "ByTemplate":
        """Raises ValueError as :class:`Majority`, which is what it falls back on."""
        train = list(train)
        majority = Majority.from_stories(train)
        fillers = _fillers({sentence for story in train for sentence in story.sentences})
        asked = ((_template(q.text, fillers), q.answer) for story in train for q in story.questions)
        return cls(_most_frequent(asked), fillers, majority)

    def template(self, text: str) -> str:
        """The form of a question."""
        return _template(text, self.fillers)

    def answer(self, text: str, task: int) -> str:
        """As :class:`Answerer`."""
        return self.answers.get(self.template(text)) or self.otherwise.answer(text, task)


@dataclass(frozen=True)
class ByQuestion:
    """The most frequent answer to this very question, whatever the task; to a new one, that of ``otherwise``."""

    answers: Mapping[str, str]
    otherwise: Answerer

    @classmethod
    def from_stories(cls, train: Iterable[Story]) -> "ByQuestion":
        """Raises ValueError as :class:`ByTemplate`, which is what it falls back on."""
        train = list(train)
        by_template = ByTemplate.from_stories(train)
        return cls(_most_frequent((q.text, q.answer) for story in train for q in story.questions), by_template)

    def answer(self, text: str, task: int) -> str:
        """As :class:`Answerer`."""
        return self.answers.get(text) or self.otherwise.answer(text, task)


def _most_frequent(asked: Iterable[tuple[Hashable, str]]) -> dict:
    """{key: its most frequent answer, of equally frequent ones the first in the alphabet} of pairs (key, answer)."""
    counts: dict[Hashable, Counter[str]] = defaultdict(Counter)
    for key, answer in asked:
        counts[key][answer] += 1
    return {key: min(counted, key=lambda answer: (-counted[answer], answer)) for key, counted in counts.items()}


_FILLER = re.compile(r"^[a-z]+|(?<=\bthe )[a-z]+")


def _fillers(sentences: Iterable[str]) -> frozenset[str]:
    return frozenset(word for s in sentences for word in _FILLER.findall(" ".join(words(s)))) - {"the"}


def _template(text: str, fillers: frozenset[str]) -> str:
    return " ".join(ANY if word in fillers else word for word in words(text))
