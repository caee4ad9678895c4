"""Questions as arrays: what is in the memory when each is asked, and its answer.

A story's sentences are transmitted once, in their order, however many questions are asked about them; then each question is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from semcom_lib.arguments import check_integer
from semcom_lib.sources.stories import Story

EMPTY = -1
"""The index of a slot of the memory that holds nothing."""

UNKNOWN_ANSWER = -1
"""The class of an answer that no training story has: no system can give it."""


@dataclass(frozen=True)
class Asked:
    """n questions in the order of their stories.

    ``contexts`` (n, slots) are the transmissions in the memory, the newest first, EMPTY after the oldest; ``questions`` (n,) the
    questions' own; ``answers`` (n,) are classes; ``tasks`` and ``stories`` (n,) say where a question is from; ``num_dropped`` (n,)
    how many sentences were older than the memory reaches [mem_deepsc eq. 6]. All are int64.
    """

    contexts: np.ndarray
    questions: np.ndarray
    answers: np.ndarray
    tasks: np.ndarray
    stories: np.ndarray
    num_dropped: np.ndarray

    def __len__(self) -> int:
        return len(self.questions)

    @property
    def num_kept(self) -> np.ndarray:
        """How many sentences are in the memory at each question, (n,)."""
        return (self.contexts != EMPTY).sum(axis=1)

    def of(self, which: Sequence[int] | np.ndarray) -> "Asked":
        """The same questions, transmission i standing for which[i]: for the text of that index, for example."""
        index = np.append(np.asarray(which), EMPTY)  # where EMPTY = -1 finds itself
        return replace(self, contexts=index[self.contexts], questions=index[self.questions])

    def rows(self, rows: np.ndarray) -> "Asked":
        """Some of the questions."""
        return Asked(*(getattr(self, name)[rows] for name in Asked.__dataclass_fields__))


class Batch(NamedTuple):
    """Questions with memories of about one length: contexts (n, slots), questions (n,), answers (n,), all int64."""

    contexts: Tensor
    questions: Tensor
    answers: Tensor


def tell(stories: Iterable[Story], answer_classes: Sequence[str], memory: int) -> tuple[list[str], Asked]:
    """What is transmitted of ``stories``, and the questions to a receiver whose memory holds so many sentences.

    Raises ValueError for no question, a question before any sentence, or a memory below 1.
    """
    check_integer("memory", memory, 1)
    classes = {answer: i for i, answer in enumerate(answer_classes)}
    texts: list[str] = []
    contexts, rows = [], []
    for number, story in enumerate(stories):
        first = len(texts)
        texts += story.sentences
        for question in story.questions:
            if question.num_sentences < 1:
                raise ValueError(f"{question.text!r:.60} is asked before anything was said")
            kept = range(first, first + question.num_sentences)[::-1][:memory]
            answer = classes.get(question.answer, UNKNOWN_ANSWER)
            contexts.append(kept)
            rows.append((len(texts), answer, story.task, number, question.num_sentences - len(kept)))
            texts.append(question.text)
    if not rows:
        raise ValueError("the stories ask no question")
    matrix = np.full((len(rows), max(map(len, contexts))), EMPTY)
    for row, kept in zip(matrix, contexts, strict=True):
        row[: len(kept)] = kept
    return texts, Asked(matrix, *np.array(rows).T)


def by_memory(asked: Asked, rows: np.ndarray, lengths: Sequence[int]) -> list[tuple[np.ndarray, Batch]]:
    """Questions ``rows`` in groups of about equally full memories, so that little of a group is padding.

    ``lengths``, increasing, are the groups' longest but one: [5, 10] makes up to three groups. Each comes with the rows that are in
    it, in the order of the batch.
    """
    kept = (asked.contexts[rows] != EMPTY).sum(axis=1)
    order = np.argsort(kept, kind="stable")
    groups = np.split(order, np.searchsorted(kept[order], lengths, side="right"))
    return [(rows[group], _batch(asked, rows[group], int(kept[group].max()))) for group in groups if len(group)]


def _batch(asked: Asked, rows: np.ndarray, slots: int) -> Batch:
    parts = asked.contexts[rows, :slots], asked.questions[rows], asked.answers[rows]
    return Batch(*map(torch.from_numpy, parts))
