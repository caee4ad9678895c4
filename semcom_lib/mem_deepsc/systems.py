"""Systems that hear stories over a channel and answer questions about them, as the evaluator calls them.

A sentence is one transmission with a fade of its own; all systems make the same transmissions in the same order, and so meet the
same fades. What a system has in its memory it has received once, and answers all questions of the story with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from semcom_lib.evaluation import Metric, ratio
from semcom_lib.mem_deepsc.asked import Asked, by_memory
from semcom_lib.mem_deepsc.floor import Answerer
from semcom_lib.mem_deepsc.masked import Masked
from semcom_lib.mem_deepsc.model import MemDeepSC, Sending
from semcom_lib.mem_deepsc.sentences import Sentences
from semcom_lib.mem_deepsc.task import MEMORY_LENGTHS
from semcom_lib.physical_layer.channels import snr_to_n0
from semcom_lib.physical_layer.equalised_link import EqualisedLink

QUESTIONS_AT_ONCE = 1000


class System(Protocol):
    """What hears stories and answers."""

    def answer(
        self, texts: Sequence[str], asked: Asked, sentences: Sentences, snr_db: float, *, generator: torch.Generator
    ) -> np.ndarray:
        """The class that each question is answered with, int64 (n,); ``texts`` are the transmissions that ``asked`` refers to."""
        ...


class TextChain(Protocol):
    """Texts over a channel: a ``coded.Coded``."""

    def receive(self, texts: Sequence[str], snr_db: float, *, generator: torch.Generator) -> list[str]:
        """The texts as they arrive."""
        ...


@dataclass(frozen=True, eq=False)
class Learned:
    """Mem-DeepSC over ``link``, under a mask where it has one; with None its features arrive as they are."""

    model: MemDeepSC
    link: EqualisedLink | None
    mask: Masked | None = None

    @torch.no_grad()
    def hear(self, texts: Sequence[str], sentences: Sentences, snr_db: float, *, generator: torch.Generator) -> Tensor:
        """The features of transmissions as they arrive, (transmissions, width)."""
        indices = torch.tensor([sentences.index(text) for text in texts])
        distinct, which = torch.unique(indices, return_inverse=True)
        send = None
        if self.link is not None:
            send = Sending(self.link, torch.full((len(which), 1), snr_to_n0(snr_db)), generator)
            send = send if self.mask is None else self.mask.masking(send)
        return self.model.transfer(self.model.encode(sentences.ids[distinct]), which, send)

    def answer(
        self, texts: Sequence[str], asked: Asked, sentences: Sentences, snr_db: float, *, generator: torch.Generator
    ) -> np.ndarray:
        """As :class:`System`."""
        return _answers(self.model, self.hear(texts, sentences, snr_db, generator=generator), asked)


@dataclass(frozen=True, eq=False)
class Chained:
    """A classical chain that delivers texts, and the answerer of a ``model`` that was trained on texts as they are.

    What arrives garbled is read as far as it has words that the answerer knows.
    """

    model: MemDeepSC
    chain: TextChain

    @torch.no_grad()
    def answer(
        self, texts: Sequence[str], asked: Asked, sentences: Sentences, snr_db: float, *, generator: torch.Generator
    ) -> np.ndarray:
        """As :class:`System`."""
        received = self.chain.receive(texts, snr_db, generator=generator)
        indices = torch.tensor([sentences.index_of_received(text) for text in received])
        distinct, which = torch.unique(indices, return_inverse=True)
        z_hat = self.model.transfer(self.model.encode(sentences.ids[distinct]), which, None)
        return _answers(self.model, z_hat, asked)


@dataclass(frozen=True, eq=False)
class Guessing:
    """A floor: answers of the question's text alone, at every SNR the same."""

    guess: Answerer
    answer_classes: Sequence[str]

    def answer(
        self, texts: Sequence[str], asked: Asked, sentences: Sentences, snr_db: float, *, generator: torch.Generator
    ) -> np.ndarray:
        """As :class:`System`; nothing is drawn."""
        classes = {answer: i for i, answer in enumerate(self.answer_classes)}
        asked_of = zip(asked.questions.tolist(), asked.tasks.tolist(), strict=True)
        return np.array([classes[self.guess.answer(texts[question], task)] for question, task in asked_of])


@torch.no_grad()
def _answers(model: MemDeepSC, z_hat: Tensor, asked: Asked) -> np.ndarray:
    answers = np.empty(len(asked), np.int64)
    parts = np.array_split(np.argsort(asked.num_kept, kind="stable"), -(-len(asked) // QUESTIONS_AT_ONCE))
    for part in parts:
        for rows, batch in by_memory(asked, part, MEMORY_LENGTHS):
            answers[rows] = model.answer(z_hat, batch.contexts, batch.questions).argmax(dim=1).numpy()
    return answers


def counted(
    system: System,
    texts: Sequence[str],
    asked: Asked,
    sentences: Sentences,
    snr_db: float,
    generator: torch.Generator,
) -> dict[str, np.ndarray]:
    """A trial for each question, as ``evaluation.sweep`` counts them."""
    return count_right(system.answer(texts, asked, sentences, snr_db, generator=generator), asked)


def count_right(answers: np.ndarray, asked: Asked) -> dict[str, np.ndarray]:
    """What the evaluator counts at each question: whether it was asked and whether it was answered right, by task."""
    counts = {}
    for task in np.unique(asked.tasks).tolist():
        is_of_task = asked.tasks == task
        counts[f"asked_{task}"] = is_of_task.astype(np.float64)
        counts[f"right_{task}"] = (is_of_task & (answers == asked.answers)).astype(np.float64)
    return counts


def accuracy(counts: Mapping[str, np.ndarray]) -> np.ndarray:
    """The mean of the tasks' accuracies: each task counts equally, however many questions it asks.

    A task that asks none, as one of few stories does in some bootstrap draws, is left out.
    """
    tasks = [name.removeprefix("asked_") for name in counts if name.startswith("asked_")]
    asked, right = (np.array([counts[f"{kind}_{task}"] for task in tasks]) for kind in ("asked", "right"))
    return (right / np.maximum(asked, 1)).sum(axis=0) / (asked > 0).sum(axis=0)


def accuracy_of(task: int) -> Metric:
    """The metric of one task's accuracy."""
    return ratio(f"right_{task}", f"asked_{task}")


@torch.no_grad()
def attention(
    system: Learned,
    texts: Sequence[str],
    asked: Asked,
    sentences: Sentences,
    snr_db: float,
    *,
    generator: torch.Generator,
) -> np.ndarray:
    """How much each question looks at each slot of the memory as it was received, the mean over the decoder's steps: (n, slots).

    Slots are those of ``asked.contexts``; what is missing to a sum of 1 the question looks at itself. Raises ValueError for a
    system without a memory.
    """
    if not system.model.has_memory:
        raise ValueError("the system has no memory: there is nothing to look at")
    z_hat = system.hear(texts, sentences, snr_db, generator=generator)
    contexts, questions = torch.from_numpy(asked.contexts), torch.from_numpy(asked.questions)
    return system.model.attention(z_hat, contexts, questions).mean(dim=0).numpy()
