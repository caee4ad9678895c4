"""What a sentence costs each chain, counted on the sentences of stories as they are told.

The same sentence is told in many stories, and some tasks tell ten times as many sentences as others, so that a mean depends on the
count. The mean of the tasks' means weighs tasks as the accuracy does; the paper's 190 symbols agree with it.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from semcom_lib.mem_deepsc.chains import Adaptive, Words
from semcom_lib.physical_layer.coded import Coded
from semcom_lib.physical_layer.fading import Awgn
from semcom_lib.physical_layer.fitted_codes import fitted_ldpc
from semcom_lib.physical_layer.fitted_link import FittedLink
from semcom_lib.sources.stories import Story

_RATES = range(200, 901)  # of the LDPC code, in thousandths


@dataclass(frozen=True, eq=False)
class Told:
    """Distinct ``sentences``, and how often the stories of each task tell each: ``times`` int64 (tasks, sentences)."""

    sentences: tuple[str, ...]
    times: np.ndarray

    @classmethod
    def of(cls, stories: Iterable[Story]) -> "Told":
        """The sentences of stories, not the questions. Raises ValueError when there is none."""
        told = [(story.task, sentence) for story in stories for sentence in story.sentences]
        if not told:
            raise ValueError("the stories tell no sentence: what one costs is not defined")
        tasks, sentences = (tuple(dict.fromkeys(kind)) for kind in zip(*told, strict=True))
        row, column = ({name: i for i, name in enumerate(names)} for names in (tasks, sentences))
        times = np.zeros((len(tasks), len(sentences)), np.int64)
        np.add.at(times, tuple(np.array([(row[task], column[sentence]) for task, sentence in told]).T), 1)
        return cls(sentences, times)

    def by_occurrence(self, cost: np.ndarray) -> float:
        """The mean of what each sentence costs (sentences,), weighed by how often it is told."""
        return float((self.times @ cost).sum() / self.times.sum())

    def by_sentence(self, cost: np.ndarray) -> float:
        """The mean over distinct sentences."""
        return float(cost.mean())

    def by_task(self, cost: np.ndarray) -> float:
        """The mean of the tasks' means by occurrence."""
        return float((self.times @ cost / self.times.sum(axis=1)).mean())


def symbols_per_sentence(systems: Mapping[str, Coded | Adaptive], told: Told, snrs_db: Sequence[float]) -> pd.DataFrame:
    """A row for each system and SNR: modulation, code rate, and mean complex symbols a sentence; padding counted, pilots not.

    ``by_occurrence``, ``by_sentence`` and ``by_task`` are the means of :class:`Told`. ``code_rate`` is k / n of the blocks, tails
    included; of blocks that fit, the mean k over the mean n.
    """
    counted = {coded: _count(coded, told) for coded in {_at(s, snr_db) for s in systems.values() for snr_db in snrs_db}}
    return pd.DataFrame(
        [
            {"system": name, "snr_db": snr_db} | counted[_at(system, snr_db)]
            for name, system in systems.items()
            for snr_db in snrs_db
        ]
    )


def rate_of_words(code: Words, told: Told, num_symbols: float) -> float:
    """The lowest code rate, in thousandths, of ``word_code`` that takes at most so many symbols a sentence, by task.

    The questions are not counted; those of bAbI take one bit less than its sentences. Raises ValueError when even the highest rate
    takes more.
    """

    def fits(rate: int) -> bool:
        chain = Coded(fitted_ldpc(code, rate / 1000, step=1), Awgn())
        return told.by_task(chain.count_channel_uses(told.sentences)) <= num_symbols

    if not fits(_RATES[-1]):
        raise ValueError(
            f"num_symbols = {num_symbols}: no LDPC code is so short; the highest rate is {_RATES[-1] / 1000}"
        )
    return _RATES[bisect_left(_RATES, True, key=fits)] / 1000


def _at(system: Coded | Adaptive, snr_db: float) -> Coded:
    return system.at(snr_db) if isinstance(system, Adaptive) else system


def _count(coded: Coded, told: Told) -> dict[str, object]:
    chain = coded.chain
    if isinstance(chain, FittedLink):
        links = [chain.link_of(len(chain.source.encode(sentence))) for sentence in told.sentences]
    else:
        links = [chain] * len(told.sentences)
    k, n = (told.by_occurrence(np.array(size)) for size in zip(*((x.code.k, x.code.n) for x in links), strict=True))
    uses = coded.count_channel_uses(told.sentences)
    return {
        "modulation": links[0].modulation.name,
        "code_rate": round(k / n, 3),
        "by_occurrence": told.by_occurrence(uses),
        "by_sentence": told.by_sentence(uses),
        "by_task": told.by_task(uses),
    }
