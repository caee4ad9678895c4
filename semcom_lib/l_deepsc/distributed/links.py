"""What the two directions carry: a downlink whose rate follows from its SNR, and text over the fading uplink.

Both choose among the schemes of :mod:`semcom_lib.physical_layer.amc`. The downlink does not fade, its sender knows the SNR; what
the code leaves wrong is a stated bit error rate. The uplink fades, one gain a block, and its sender knows the mean SNR alone.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from semcom_lib.arguments import check_integer, check_number
from semcom_lib.l_deepsc.distributed import transport
from semcom_lib.l_deepsc.distributed.upload import count_symbols
from semcom_lib.physical_layer import theory
from semcom_lib.physical_layer.amc import AMC_TABLE, Mcs, select_mcs


@dataclass(frozen=True)
class Downlink:
    """``bandwidth_hz`` at ``snr_db``, with ``bit_error_rate`` after decoding, in transport blocks of ``payload_bits``.

    Raises ValueError for a bandwidth or a payload that is not positive, an SNR that is NaN, a rate outside [0, 0.5].
    """

    bandwidth_hz: float
    snr_db: float
    bit_error_rate: float = 0.0
    payload_bits: int = 1000

    def __post_init__(self) -> None:
        check_number("bandwidth_hz", self.bandwidth_hz, "(0, inf)")
        check_number("bit_error_rate", self.bit_error_rate, "[0, 0.5]")
        check_integer("payload_bits", self.payload_bits, 1)
        select_mcs(self.snr_db)

    @property
    def scheme(self) -> Mcs:
        """The fastest scheme that the SNR carries."""
        return select_mcs(self.snr_db)

    def latency_s(self, num_bits: int) -> float:
        """Seconds that so many bits take at the scheme's rate, a symbol a second and hertz."""
        return num_bits / (self.bandwidth_hz * self.scheme.spectral_efficiency)

    def send(self, data: bytes, listeners: int | Sequence[float], *, generator: torch.Generator) -> transport.Transfer:
        """A packet to so many listeners, or to listeners of other bit error rates, as :func:`transport.send`."""
        rates = [self.bit_error_rate] * listeners if isinstance(listeners, int) else listeners
        return transport.send(data, rates, self.payload_bits, generator=generator)


class SourceCode(Protocol):
    """Text to bits, as the codes of :mod:`semcom_lib.coding` have it."""

    def encode(self, text: str) -> np.ndarray:
        """uint8 (num_bits,)."""
        ...


@dataclass(frozen=True)
class Repeated:
    """A scheme whose blocks are repeated, over a gain of their own each time, until one gets through."""

    mcs: Mcs
    outage: float

    @property
    def goodput(self) -> float:
        """Information bits a symbol, repeats counted: (1 - outage) times the spectral efficiency."""
        return (1 - self.outage) * self.mcs.spectral_efficiency


def best_with_repeats(snr_db: float, k_factor: float, table: Sequence[Mcs] = AMC_TABLE) -> Repeated:
    """The scheme of highest goodput over Rician fading of mean SNR ``snr_db``, one gain a block.

    A block is taken to get through when |h|^2 SNR reaches the scheme's threshold, and to be lost below it.
    """
    check_number("snr_db", snr_db, "[-100, 100]")

    def repeated(mcs: Mcs) -> Repeated:
        rate = float(theory.capacity_awgn(mcs.min_snr_db))
        return Repeated(mcs, float(theory.outage_rician(rate, snr_db, k_factor)))

    return max(map(repeated, table), key=lambda scheme: scheme.goodput)


@dataclass(frozen=True)
class TextUplink:
    """Text by a ``source`` code in transport blocks of ``payload_bits``, each with ``num_pilots``, repeated until right."""

    source: SourceCode
    scheme: Repeated
    num_pilots: int
    payload_bits: int = 1000

    def count_channel_uses(self, sentences: Sequence[str]) -> int:
        """Complex symbols that one upload of the sentences takes in the mean: checksums, pilots and repeats counted."""
        num_bits = sum(len(self.source.encode(sentence)) for sentence in sentences)
        bits = self.payload_bits + transport.CHECKSUM.num_parity_bits
        symbols = math.ceil(bits / self.scheme.mcs.spectral_efficiency) + self.num_pilots
        return math.ceil(math.ceil(num_bits / self.payload_bits) * symbols / (1 - self.scheme.outage))


@dataclass(frozen=True)
class FeatureUplink:
    """Features, ``symbols_per_word``, with the pilots of each sentence's gain and the upload's header as text by ``control``."""

    symbols_per_word: int
    control: Repeated
    num_pilots: int

    def count_channel_uses(self, sentences: Sequence[str]) -> int:
        """Complex symbols of one upload of the sentences, as :meth:`Upload.count_channel_uses` counts those that it holds."""
        num_symbols = [self.symbols_per_word * len(sentence.split()) for sentence in sentences]
        return count_symbols(num_symbols, self.num_pilots, self.control.goodput)
