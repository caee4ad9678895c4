"""Chains of separate source and channel coding that Digital-SC is compared with  [digital_sc Sec. IV-B].

bpg_capacity    the picture, HEVC intra, at the best quality whose bits an ideal code carries in the learned system's channel
                uses; then the ideal network. The paper's.
FeatureChain    the paper lacks it: device and server of a trained split, its levels entropy-coded with their own statistics, over a
                5G LDPC code and QPSK or 16-QAM with soft decisions, in the same channel uses.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from semcom_lib.arguments import check_integer, check_number
from semcom_lib.coding.hevc import HevcIntra
from semcom_lib.coding.joined import Joined
from semcom_lib.coding.ldpc import MAX_K, MAX_K_BASE_GRAPH_2, Ldpc5G
from semcom_lib.coding.level_huffman import LevelHuffman
from semcom_lib.digital_sc.bottleneck import DigitalBlock
from semcom_lib.digital_sc.recognition import Ideal, count_right, recognised
from semcom_lib.digital_sc.split import SplitClassifier
from semcom_lib.evaluation import Counts, System
from semcom_lib.physical_layer.channels import snr_to_n0
from semcom_lib.physical_layer.fading import Awgn
from semcom_lib.physical_layer.link import Link
from semcom_lib.physical_layer.modulation import Modulation
from semcom_lib.physical_layer.theory import capacity_awgn

Anything = TypeVar("Anything")
_LOWEST_RATE, _LOWEST_RATE_OF_LONG_BLOCKS, _HIGHEST_RATE = 0.2, 1 / 3, 0.9


def pictures_within(images: np.ndarray, budgets_bits: Sequence[float], *, chroma: str = "4:2:0") -> np.ndarray:
    """Images uint8 (n, H, W, 3) as HEVC intra keeps them within each budget: uint8 (num_budgets, n, H, W, 3).

    ``chroma`` is as in ``HevcIntra``. Mid-grey where a budget is below the smallest picture. Raises ValueError for a negative
    budget, or images of another kind.
    """
    pictures = np.empty((len(budgets_bits), *images.shape), np.uint8)
    code = HevcIntra(0, tuple(images.shape[1:]), chroma)
    for i, image in enumerate(images):  # budgets within images: the code remembers an image's encodings
        for place, budget in enumerate(budgets_bits):
            pictures[place, i] = code.fit(image, budget)[1]
    return pictures


def bpg_capacity(
    network: nn.Module,
    images: np.ndarray,
    labels: np.ndarray,
    num_labels: int,
    snrs_db: Sequence[float],
    channel_uses: int,
    *,
    chroma: str = "4:2:0",
    capacity: Callable[[float], float] = capacity_awgn,
) -> System:
    """HEVC intra at the bits that ``capacity`` (bits a symbol, of an SNR in dB) allows in ``channel_uses``, without errors.

    ``network`` recognises the pictures. All is computed here, for these images and SNRs; the system only counts. Raises ValueError
    for a number of channel uses below 1, and the system at another SNR.
    """
    check_integer("channel_uses", channel_uses, 1)
    pictures = pictures_within(images, [channel_uses * float(capacity(snr_db)) for snr_db in snrs_db], chroma=chroma)
    counts: Mapping[float, Counts] = {
        snr_db: count_right(recognised(Ideal(network), kept, snr_db, generator=torch.Generator()), labels, num_labels)
        for snr_db, kept in zip(snrs_db, pictures, strict=True)
    }

    def run(snr_db: float, generator: torch.Generator) -> Counts:
        return at(counts, snr_db)

    return run


def ldpc_within(channel_uses: int, rate: float, bits_per_symbol: int = 2) -> Joined:
    """A 5G LDPC code of about this ``rate`` whose coded bits fill ``channel_uses`` symbols, or a few less; layered decoding.

    In as few blocks as the standard's sizes allow. Raises ValueError for a rate outside [0.2, 0.9], or fewer than 32 channel uses.
    """
    check_number("rate", rate, f"[{_LOWEST_RATE}, {_HIGHEST_RATE}]")
    check_integer("channel_uses", channel_uses, 32)
    longest = MAX_K if rate >= _LOWEST_RATE_OF_LONG_BLOCKS else MAX_K_BASE_GRAPH_2
    count = int(-(-bits_per_symbol * channel_uses * rate // longest))
    n = bits_per_symbol * (channel_uses // count)
    return Joined(Ldpc5G(math.ceil(rate * n), n, num_bits_per_symbol=bits_per_symbol, schedule="layered"), count)


def at(of_snr: Mapping[float, Anything], snr_db: float) -> Anything:
    """What belongs to this SNR in dB. Raises ValueError for another one."""
    if snr_db not in of_snr:
        raise ValueError(f"snr_db = {snr_db:g} must be one of {', '.join(f'{known:g}' for known in of_snr)}")
    return of_snr[snr_db]


@dataclass(frozen=True, eq=False)
class FeatureChain:
    """Device and server of ``model``, which has a ``DigitalBlock``; between them ``source``, LDPC ``code`` and ``modulation``.

    The receiver knows the statistics of the training features, and the size of the map; one code rate for all images. A rate below
    what the features' bits need cuts the channels of the smallest scaling. Raises ValueError where the code has not the room for
    what the source may send.
    """

    model: SplitClassifier
    source: LevelHuffman
    code: Joined
    modulation: Modulation

    def __post_init__(self) -> None:
        if self.source.max_bits > self.code.k:
            raise ValueError(
                f"source sends up to {self.source.max_bits} bits: the code must have room, k = {self.code.k}"
            )

    @classmethod
    def fitted(
        cls, model: SplitClassifier, x: Tensor, *, channel_uses: int, rate: float, run: int, modulation: str = "qpsk"
    ) -> "FeatureChain":
        """The chain of this code rate and ``modulation`` that takes the ``channel_uses`` of the system that it is compared with.

        Statistics are those of training images x (n, C, H, W), a symbol of the source code ``run`` features.
        """
        symbols = Modulation(modulation)
        code = ldpc_within(channel_uses, rate, symbols.num_bits_per_symbol)
        num_levels = 2 ** _block(model).labels.bits
        source = LevelHuffman.from_maps(feature_maps(model, x), num_levels, run=run, max_bits=code.k)
        return cls(model, source, code, symbols)

    @cached_property
    def link(self) -> Link:
        """Source code, channel code and modulation; a map is one transmission."""
        return Link(self.source, self.code, self.modulation)

    @property
    def channel_uses(self) -> int:
        """Complex symbols of an image, whatever its bits."""
        return self.code.n // self.modulation.num_bits_per_symbol

    @torch.no_grad()
    def recognise(self, x: Tensor, quality: float, *, generator: torch.Generator) -> Tensor:
        """As :class:`semcom_lib.digital_sc.recognition.Recogniser`; ``quality`` is an SNR in dB."""
        received = self.link.send(list(feature_maps(self.model, x)), Awgn(), snr_to_n0(quality), generator=generator)
        block = _block(self.model)
        indices = torch.from_numpy(np.stack(received.items_hat).astype(np.int64))
        levels = block.quantiser.levels[indices[:, _by_scaling(block).argsort()]].unflatten(2, self.model.map_shape)
        return self.model.network.server(block.pruning.restore(levels), self.model.split).argmax(dim=1)


@torch.no_grad()
def feature_maps(model: SplitClassifier, x: Tensor) -> np.ndarray:
    """The levels' indices of images x (n, C, H, W), the channel of the largest scaling first: uint8 (n, num_kept, h w).

    Raises ValueError for a model without a ``DigitalBlock``.
    """
    block = _block(model)
    indices = block.quantiser.indices(block.pruning(model.network.device(x, model.split)))
    return indices[:, _by_scaling(block)].flatten(2).to(torch.uint8).numpy()


@dataclass(frozen=True, eq=False)
class Adaptive:
    """The chain of each SNR in dB, as a sender that knows the SNR chooses code rate and modulation."""

    chains: Mapping[float, FeatureChain]

    def recognise(self, x: Tensor, quality: float, *, generator: torch.Generator) -> Tensor:
        """As :class:`semcom_lib.digital_sc.recognition.Recogniser`. Raises ValueError at an SNR without a chain."""
        return at(self.chains, quality).recognise(x, quality, generator=generator)


def _by_scaling(block: DigitalBlock) -> Tensor:
    """The places of the kept channels, int64 (num_kept,), those with the largest |scaling| first."""
    return block.pruning.scaling.detach()[block.pruning.kept].abs().argsort(descending=True, stable=True)


def _block(model: SplitClassifier) -> DigitalBlock:
    if not isinstance(model.block, DigitalBlock):
        raise ValueError(f"model has a block of type {type(model.block).__name__}: it must be a DigitalBlock")
    return model.block
