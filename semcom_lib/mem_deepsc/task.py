"""The questions that Mem-DeepSC learns to answer, as ``training.train`` asks for them  [mem_deepsc Algorithm 1, steps 1 and 3]."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from semcom_lib import seeds
from semcom_lib.mem_deepsc.asked import UNKNOWN_ANSWER, Asked, Batch, by_memory
from semcom_lib.mem_deepsc.model import MemDeepSC, Sending
from semcom_lib.physical_layer.channels import snr_to_n0
from semcom_lib.physical_layer.equalised_link import EqualisedLink

MEMORY_LENGTHS = (5, 10, 20, 40)
"""Questions are decoded in groups of memories up to these lengths, and longer ones."""


@dataclass(frozen=True)
class AnswerTask:
    """Questions to train and to validate on; ``link`` is None where features arrive as they are (the first step).

    ``ids`` (sentences, longest) are the words of the distinct texts that ``train`` and ``validation`` refer to.

    A step draws whole stories, with all their questions, until it has ``questions_per_batch``: they share their sentences, each of
    which is encoded once. Every question meets an SNR of its own, uniform in ``snr_low_db`` .. ``snr_high_db``; all sentences of
    its memory have that SNR and fades of their own. Everything random is derived from (``seed``, *``purpose``) and the step alone.
    """

    ids: Tensor
    train: Asked
    validation: Asked
    link: EqualisedLink | None
    _: KW_ONLY
    seed: int
    purpose: tuple[object, ...]
    questions_per_batch: int
    snr_low_db: float = 0.0
    snr_high_db: float = 0.0

    def loss(self, model: MemDeepSC, step: int) -> Tensor:
        """The mean cross-entropy of the answers of one step, in nats  [mem_deepsc eq. 9]."""
        rows = self._draw(seeds.numpy_generator(self.seed, *self.purpose, "batch", step))
        logits, answers = self._answer(model, self.train, rows, seeds.torch_generator(self.seed, *self.purpose, step))
        return F.cross_entropy(logits, answers, ignore_index=UNKNOWN_ANSWER)

    def validate(self, model: MemDeepSC) -> dict[str, float]:
        """validation_loss: the mean cross-entropy over all held-out questions, always over the same noise; and their accuracy.

        A question whose answer training lacks is left out of the mean, and is answered wrong.
        """
        loss, right, known = 0.0, 0, 0
        for number, rows in enumerate(np.array_split(np.arange(len(self.validation)), -(-len(self.validation) // 500))):
            generator = seeds.torch_generator(self.seed, *self.purpose, "validate", number)
            logits, answers = self._answer(model, self.validation, rows, generator)
            loss += float(F.cross_entropy(logits, answers, ignore_index=UNKNOWN_ANSWER, reduction="sum"))
            right += int((logits.argmax(dim=1) == answers).sum())
            known += int((answers != UNKNOWN_ANSWER).sum())
        return {"validation_loss": loss / known, "accuracy": right / len(self.validation)}

    def _answer(
        self, model: MemDeepSC, asked: Asked, rows: np.ndarray, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        groups = [batch for _, batch in by_memory(asked, rows, MEMORY_LENGTHS)]
        send = None if self.link is None else self._send(model, groups, generator)
        logits = model(self.ids, groups, send)
        return logits, torch.cat([batch.answers for batch in groups]).to(logits.device)

    def _send(self, model: MemDeepSC, groups: Sequence[Batch], generator: torch.Generator) -> Sending:
        of_question = model.transmissions(groups)
        draws = torch.rand(int(of_question[-1]) + 1, generator=generator)
        snr_db = self.snr_low_db + (self.snr_high_db - self.snr_low_db) * draws
        return Sending(self.link, snr_to_n0(snr_db)[of_question, None], generator)

    def _draw(self, rng: np.random.Generator) -> np.ndarray:
        """The rows of whole stories, at least ``questions_per_batch`` of them."""
        first, num_questions = self._stories
        rows: list[np.ndarray] = []
        while sum(map(len, rows)) < self.questions_per_batch:
            story = rng.integers(len(first))
            rows.append(np.arange(first[story], first[story] + num_questions[story]))
        return np.concatenate(rows)

    @cached_property
    def _stories(self) -> tuple[np.ndarray, np.ndarray]:
        """Each training story's first row and its number of questions."""
        _, first, num_questions = np.unique(self.train.stories, return_index=True, return_counts=True)
        return first, num_questions
