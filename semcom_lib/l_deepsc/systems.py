"""Text systems as the Monte Carlo compares them: sentences in, sentences out, channel uses counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from semcom_lib.evaluation import Counts, System
from semcom_lib.l_deepsc.trained import COMPARED, link_of, system_file
from semcom_lib.l_deepsc.transceiver import DeepSC, load_transceiver
from semcom_lib.l_deepsc.transmission import receive_sentences
from semcom_lib.metrics.text import ngram_counts
from semcom_lib.physical_layer.coded import pilots_of
from semcom_lib.physical_layer.equalised_link import EqualisedLink
from semcom_lib.sources.text import Vocabulary


class TextSystem(Protocol):
    """A transmitter, a fading channel and a receiver for sentences. Equally seeded generators give equal fades and noise."""

    @property
    def pilots(self) -> int:
        """Pilots that a sentence costs beside its channel uses: those of its one gain."""
        ...

    def receive(self, sentences: Sequence[str], snr_db: float, *, generator: torch.Generator) -> list[str]:
        """Every sentence once through the channel: the received ones, in the order of the sent ones."""
        ...

    def count_channel_uses(self, sentences: Sequence[str]) -> np.ndarray:
        """Complex symbols of each sentence, int64 (n,)."""
        ...


@dataclass(frozen=True, eq=False)
class Learned:
    """A transceiver over a link. A word that ``vocabulary`` lacks is sent as unknown."""

    model: DeepSC
    vocabulary: Vocabulary
    link: EqualisedLink

    @property
    def pilots(self) -> int:
        """As in :class:`TextSystem`."""
        return pilots_of(self.link.csi)

    def receive(self, sentences: Sequence[str], snr_db: float, *, generator: torch.Generator) -> list[str]:
        """As :func:`semcom_lib.l_deepsc.transmission.receive_sentences`."""
        encoded = [self.vocabulary.encode(sentence) for sentence in sentences]
        return receive_sentences(self.model, encoded, self.vocabulary, self.link, snr_db, generator=generator)

    def count_channel_uses(self, sentences: Sequence[str]) -> np.ndarray:
        """Words times symbols a word, int64 (n,); pilots are not counted."""
        return self.model.sizes.symbols_per_word * np.array([len(s.split()) for s in sentences], np.int64)


def load_learned(vocabulary: Vocabulary, folder: Path, k_factor: float) -> dict[tuple[str, str], Learned]:
    """The systems of ``trained.COMPARED`` as their training stages left them in ``folder``: {(system, channel): system}.

    Raises FileNotFoundError or ValueError naming a checkpoint that is missing or of another vocabulary.
    """
    return {
        (name, channel): Learned(
            load_transceiver(system_file(folder, channel, name), vocabulary),
            vocabulary,
            link_of(folder, channel, name, k_factor),
        )
        for channel, names in COMPARED.items()
        for name in names
    }


def counted(system: TextSystem, sentences: Sequence[str]) -> System:
    """The system for :func:`semcom_lib.evaluation.sweep`: these sentences at each SNR, and what BLEU needs of each."""

    def run(snr_db: float, generator: torch.Generator) -> Counts:
        return ngram_counts(system.receive(sentences, snr_db, generator=generator), sentences)

    return run
