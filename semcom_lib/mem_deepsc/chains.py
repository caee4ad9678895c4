"""The classical chains that Mem-DeepSC is compared with: sentences and questions as text  [mem_deepsc Sec. V].

The paper's is UTF-8, turbo code and 16-QAM, in Fig. 6 with adaptive modulation and coding: six times the learned system's channel
uses and more, because it sends letters. Two are added: blocks that fit the sentence, and words of the vocabulary, which the learned
system shares with its receiver too, at that system's own 32 symbols a sentence.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import torch

from semcom_lib.coding.turbo import TurboCode
from semcom_lib.coding.utf8 import Utf8
from semcom_lib.coding.word_huffman import WordHuffman
from semcom_lib.physical_layer.amc import AMC_TABLE, Mcs, select_mcs
from semcom_lib.physical_layer.coded import Coded
from semcom_lib.physical_layer.csi import Csi
from semcom_lib.physical_layer.fading import Fading
from semcom_lib.physical_layer.fitted_codes import fitted_ldpc, turbo_length
from semcom_lib.physical_layer.fitted_link import FittedLink
from semcom_lib.physical_layer.link import Link, link_for_mcs
from semcom_lib.physical_layer.modulation import Modulation
from semcom_lib.sources.stories import Story, words

TURBO_BLOCK = 256
"""K, information bits of a turbo block [mem_deepsc Sec. V-A]: 32 letters."""


@dataclass(frozen=True, eq=False)
class Adaptive:
    """A chain for each modulation and coding scheme. The sender knows the mean SNR, by which it chooses, and not the gain."""

    schemes: Mapping[Mcs, Coded]

    def at(self, snr_db: float) -> Coded:
        """The chain that is used at this SNR, by :func:`semcom_lib.physical_layer.amc.select_mcs`."""
        return self.schemes[select_mcs(snr_db, tuple(self.schemes))]

    @property
    def pilots(self) -> int:
        """As in :class:`Coded`: the same whatever the scheme."""
        return next(iter(self.schemes.values())).pilots

    def receive(self, sentences: Sequence[str], snr_db: float, *, generator: torch.Generator) -> list[str]:
        """As :meth:`Coded.receive`."""
        return self.at(snr_db).receive(sentences, snr_db, generator=generator)

    def count_channel_uses(self, sentences: Sequence[str], snr_db: float) -> np.ndarray:
        """Complex symbols of each sentence at this SNR, padding included, int64 (n,)."""
        return self.at(snr_db).count_channel_uses(sentences)


@dataclass(frozen=True, eq=False)
class Words:
    """A source code for the words of a text, without its marks; what it delivers has none, whatever the bits."""

    code: WordHuffman

    def encode(self, text: str) -> np.ndarray:
        """text -> bits uint8 (num_bits,)."""
        return self.code.encode(" ".join(words(text)))

    def decode(self, bits: np.ndarray) -> str:
        """bits (num_bits,) -> words with a space between; never raises on corrupted bits."""
        return self.code.decode(bits)


def word_code(told: Iterable[Story]) -> Words:
    """The Huffman code of the words of training stories, counted as often as they are sent. Raises ValueError for no story."""
    texts = [text for story in told for text in (*story.sentences, *(question.text for question in story.questions))]
    as_words = {text: " ".join(words(text)) for text in set(texts)}
    vocabulary = sorted({word for spelled in as_words.values() for word in spelled.split()})
    return Words(WordHuffman.from_sentences((as_words[text] for text in texts), vocabulary))


def chains(code: Words, law: Fading, csi: Csi, *, iterations: int, word_rate: float) -> dict[str, Coded | Adaptive]:
    """The four over one channel; ``csi`` is what their receivers know of the gains. Turbo codes are decoded by log-MAP.

    - ``utf8_turbo``: turbo code of rate 1/3 in blocks of K = 256, 16-QAM, the paper's.
    - ``utf8_turbo_amc``: the same blocks, modulation and rate by the mean SNR; the paper does not list its schemes.
    - ``utf8_turbo_fitted``: as the first, but one block of the next of the standard's lengths a sentence: the paper's 190 symbols,
      which blocks of 256 exceed.
    - ``word_code``: the paper lacks it. ``code`` over words, 5G LDPC code of rate ``word_rate``, a block a sentence, QPSK;
      :func:`semcom_lib.mem_deepsc.costs.rate_of_words` gives the rate that takes 32 symbols.

    Why this LDPC code: over AWGN at 2 dB it lost 49 % of bAbI's sentences. At the same cost it lost 66 % in lengths of multiples of
    8, 62 % with 16-QAM, 53 % with sum-product decoding; a turbo code of rate 1/3 and 16-QAM lost 69 %. (At rate 1/2 and QPSK the
    turbo code takes 43 symbols.) Why no interleaver: a random one behind the turbo code cost up to 0.25 dB.

    Text that arrives garbled may have no words at all. Raises ValueError for a number of iterations or a rate that the codes have
    not.
    """
    turbo = partial(TurboCode, algorithm="log-map", iterations=iterations)

    @cache
    def link_of_length(k: int) -> Link:
        return Link(Utf8(), turbo(k, "1/3"), Modulation("16qam"))

    return {
        "utf8_turbo": Coded(link_of_length(TURBO_BLOCK), law, csi),
        "utf8_turbo_amc": Adaptive(
            {mcs: Coded(link_for_mcs(mcs, Utf8(), partial(turbo, TURBO_BLOCK)), law, csi) for mcs in AMC_TABLE}
        ),
        "utf8_turbo_fitted": Coded(FittedLink(Utf8(), lambda bits: link_of_length(turbo_length(bits))), law, csi),
        "word_code": Coded(fitted_ldpc(code, word_rate, step=1), law, csi),
    }
