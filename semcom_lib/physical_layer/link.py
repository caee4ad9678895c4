"""Separate source and channel coding, the chain that every learned system is compared with.

    items ------ source code -- [CRC] -- channel code -- [interleaver] -- modulation ---- h x + n
                                                                                             |
    items_hat -- source code -- [CRC] -- channel code -- [interleaver] -- demodulation -- equaliser

An item (a sentence, a clip, an image) is one transmission. Its source bits are padded with zeros to whole code blocks,
its coded bits to whole symbols; padding is sent, and counted in the channel uses. The receiver knows the number of
blocks of each item, as it sees where a transmission ends, but not the number of source bits: the source decoder gets
the padding too. Texts and images carry their own end; PCM, which has none, makes a few more samples of it.

Gains hold for as long as the fading law says. The receiver knows of them what its CSI gives it: with the estimate it equalises,
and (n0 + the estimate's error variance) / |h_est|^2 is the noise variance of its soft decisions.

Corrupted bits never raise. Without a CRC the receiver cannot know them; its source decoder does what it can, and has a
defined value (empty text, grey image) for what it cannot decode. With a CRC it can have ``failure`` instead.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, Protocol

import numpy as np
import torch

from semcom_lib.arguments import check_integer
from semcom_lib.coding.blocks import Array, bit_blocks, llr_blocks
from semcom_lib.coding.crc import Crc
from semcom_lib.coding.interleaver import BlockInterleaver, RandomInterleaver
from semcom_lib.physical_layer.amc import Mcs
from semcom_lib.physical_layer.csi import PERFECT, Csi
from semcom_lib.physical_layer.fading import Fading, Received, transmit
from semcom_lib.physical_layer.modulation import LLR_METHODS, MIN_N0, Modulation
from semcom_lib.physical_layer.padding import count_by_item, fill, is_filled


class SourceCode(Protocol):
    """Items to bits and back; decode never raises and always returns, whatever the bits."""

    def encode(self, item: Any) -> np.ndarray:
        """Item -> bits uint8 (num_bits,)."""
        ...

    def decode(self, bits: np.ndarray) -> Any:
        """Bits uint8 of any number and with any errors -> item, or the code's failure value."""
        ...


class ChannelCode(Protocol):
    """A block code of k information bits and n coded bits a block."""

    k: int
    n: int

    def encode(self, bits: np.ndarray) -> np.ndarray:
        """Information bits uint8 (batch, k) -> coded bits uint8 (batch, n)."""
        ...

    def decode(self, llr: np.ndarray) -> np.ndarray:
        """LLRs float32 (batch, n), positive for bit 1 -> information bits uint8 (batch, k)."""
        ...


@dataclass(frozen=True)
class Uncoded:
    """No channel code: blocks of k = n bits, decided by the signs of their LLRs; k = 1 needs no padding.

    Raises ValueError unless k >= 1.
    """

    k: int

    def __post_init__(self) -> None:
        check_integer("k", self.k, 1)

    @property
    def n(self) -> int:
        """Coded bits a block, k."""
        return self.k

    @property
    def rate(self) -> float:
        """Code rate 1."""
        return 1.0

    def encode(self, bits: Array) -> Array:
        """A copy of the bits, (..., k) as uint8. Raises ValueError for another shape, or entries other than 0 and 1."""
        blocks = bit_blocks("bits", bits, self.k)
        return blocks.back(blocks.rows.copy())

    def decode(self, llr: Array) -> Array:
        """Hard decisions: llr (..., k) -> uint8 (..., k). Raises ValueError for another shape, or NaN or infinite LLRs."""
        blocks = llr_blocks("llr", llr, self.k)
        return blocks.back((blocks.rows > 0).view(np.uint8))


@dataclass(frozen=True, eq=False)
class LinkResult:
    """What came of the items sent: all counts are int64 (num_items,).

    ``items_hat`` is in the order of the items. ``coded_bits`` leaves out, ``channel_uses`` (complex symbols) has in it,
    the padding to whole symbols. ``bit_errors`` counts the wrong ones among the ``source_bits`` behind the channel
    decoder, ``block_errors`` the blocks with a wrong information bit (padding included, CRC not), ``detected_errors``
    those whose CRC failed, and is None without a CRC.
    """

    items_hat: list[Any]
    source_bits: np.ndarray
    num_blocks: np.ndarray
    coded_bits: np.ndarray
    channel_uses: np.ndarray
    bit_errors: np.ndarray
    block_errors: np.ndarray
    detected_errors: np.ndarray | None

    @property
    def bit_error_rate(self) -> float:
        """Wrong source bits among all of them; NaN when there are none."""
        return _ratio(self.bit_errors, self.source_bits)

    @property
    def block_error_rate(self) -> float:
        """Wrong blocks among all of them; NaN when there are none."""
        return _ratio(self.block_errors, self.num_blocks)


@dataclass(frozen=True, eq=False)
class Frame:
    """Items as a link sends them: symbols ``x`` complex64 (total,), ``channel_uses`` of them for each item.

    ``bits`` uint8 (blocks, info_bits) are the blocks' information bits with their padding, ``num_blocks`` of them for each item,
    ``source_bits`` of these the item's own: int64 (num_items,) all three.
    """

    x: torch.Tensor
    channel_uses: np.ndarray
    bits: np.ndarray
    num_blocks: np.ndarray
    source_bits: np.ndarray


@dataclass(frozen=True, eq=False)
class Link:
    """Source code, channel code and modulation in a chain; holds no state, so that it can be used again and again.

    The ``interleaver`` permutes the n coded bits of a block. The parity bits of ``crc`` take the last of a block's k
    information bits. ``failure`` is the item that stands for one in which a CRC failed, such as "" or silence; with
    None it is delivered as decoded. ``method`` is that of :meth:`Modulation.llr`.

    Raises ValueError when interleaver or CRC do not fit the code, for a failure without CRC, another method, or what is
    no Modulation.
    """

    source: SourceCode
    code: ChannelCode
    modulation: Modulation
    _: KW_ONLY
    interleaver: RandomInterleaver | BlockInterleaver | None = None
    crc: Crc | None = None
    failure: Any = None
    method: str = "exact"

    def __post_init__(self) -> None:
        if not isinstance(self.modulation, Modulation):
            raise ValueError(f"modulation must be a Modulation, got {self.modulation!r}")
        if self.interleaver is not None and self.interleaver.n != self.code.n:
            raise ValueError(f"interleaver must have the n = {self.code.n} places of a block, got {self.interleaver.n}")
        if self.info_bits < 1:
            raise ValueError(f"crc must have fewer than the code's k = {self.code.k} bits, got {self.crc}")
        if self.failure is not None and self.crc is None:
            raise ValueError("failure must be None without a crc: the receiver would not know when to deliver it")
        if self.method not in LLR_METHODS:
            raise ValueError(f"method must be one of {LLR_METHODS}, got {self.method!r}")

    @property
    def info_bits(self) -> int:
        """Information bits of a block that are the source's: k without the CRC."""
        return self.code.k - (self.crc.num_parity_bits if self.crc else 0)

    def count_blocks(self, source_bits: int | np.ndarray) -> int | np.ndarray:
        """Code blocks of items with so many source bits: ceil(source_bits / info_bits)."""
        return -(-source_bits // self.info_bits)

    def count_channel_uses(self, source_bits: int | np.ndarray) -> int | np.ndarray:
        """Complex symbols of items with so many source bits: ceil(blocks n / num_bits_per_symbol)."""
        return -(-self.count_blocks(source_bits) * self.code.n // self.modulation.num_bits_per_symbol)

    @torch.no_grad()
    def send(
        self,
        items: Sequence[Any],
        law: Fading,
        n0: float,
        *,
        csi: Csi = PERFECT,
        generator: torch.Generator,
    ) -> LinkResult:
        """Send items over the fading ``law`` with noise variance n0 = 1 / SNR, 0 included, and receive them.

        ``csi`` is what the receiver knows of the gains. Random numbers are common to all systems, learned ones too, as
        :func:`semcom_lib.physical_layer.fading.transmit` says.

        Raises ValueError for an ``items`` that is one text, an ``n0`` out of range, and what the source code raises for an item
        that it cannot encode.
        """
        frame = self.encode(payloads_of(self.source, items))
        received = transmit(frame.x, torch.from_numpy(frame.channel_uses), law, n0, csi=csi, generator=generator)
        return self.decode(frame, received)

    def encode(self, payloads: Sequence[np.ndarray]) -> Frame:
        """Source bits of each item, uint8 (num_bits,), in their blocks, coded and modulated."""
        source_bits = np.array([len(payload) for payload in payloads], np.int64)
        num_blocks, channel_uses = self.count_blocks(source_bits), self.count_channel_uses(source_bits)
        is_source = is_filled(source_bits, num_blocks * self.info_bits)
        bits = fill(is_source, np.concatenate([np.empty(0, np.uint8), *payloads])).reshape(-1, self.info_bits)
        x = self.modulation.modulate(fill(self._is_coded(num_blocks, channel_uses), self._encode(bits).ravel()))
        return Frame(x, channel_uses, bits, num_blocks, source_bits)

    def decode(self, frame: Frame, received: Received) -> LinkResult:
        """What becomes of a frame of which this was received."""
        n0_hat = received.n0_hat.clamp_min(MIN_N0)
        llr = self.modulation.llr(received.x_hat, n0_hat, method=self.method).numpy()
        coded = llr[self._is_coded(frame.num_blocks, frame.channel_uses)].reshape(-1, self.code.n)
        bits_hat, failed = self._decode(coded)

        wrong = bits_hat != frame.bits
        is_source = is_filled(frame.source_bits, frame.num_blocks * self.info_bits)
        detected_errors = None if failed is None else count_by_item(failed, frame.num_blocks)
        return LinkResult(
            self._deliver(bits_hat, frame.num_blocks, detected_errors),
            frame.source_bits,
            frame.num_blocks,
            frame.num_blocks * self.code.n,
            frame.channel_uses,
            count_by_item(wrong.ravel()[is_source], frame.source_bits),
            count_by_item(wrong.any(axis=1), frame.num_blocks),
            detected_errors,
        )

    def _is_coded(self, num_blocks: np.ndarray, channel_uses: np.ndarray) -> np.ndarray:
        """Which of the bits that items' symbols carry are coded bits and not padding: bool (total,)."""
        return is_filled(num_blocks * self.code.n, channel_uses * self.modulation.num_bits_per_symbol)

    def _encode(self, bits: np.ndarray) -> np.ndarray:
        """Information bits (batch, info_bits) -> interleaved coded bits (batch, n)."""
        coded = self.code.encode(bits if self.crc is None else self.crc.append(bits))
        return coded if self.interleaver is None else self.interleaver.forward(coded)

    def _decode(self, llr: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Interleaved LLRs (batch, n) -> information bits (batch, info_bits) and, with a CRC, if it failed (batch,)."""
        bits_hat = self.code.decode(llr if self.interleaver is None else self.interleaver.inverse(llr))
        return bits_hat[:, : self.info_bits], None if self.crc is None else ~self.crc.check(bits_hat)

    def _deliver(self, bits_hat: np.ndarray, num_blocks: np.ndarray, detected_errors: np.ndarray | None) -> list[Any]:
        items_hat = []
        for i, end in enumerate(np.cumsum(num_blocks)):
            if self.failure is not None and detected_errors[i] > 0:
                items_hat.append(copy.copy(self.failure))
            else:
                items_hat.append(self.source.decode(bits_hat[end - num_blocks[i] : end].ravel()))
        return items_hat


def payloads_of(source: SourceCode, items: Sequence[Any]) -> list[np.ndarray]:
    """The source bits of each item. Raises ValueError for an ``items`` that is one text, and as the source code."""
    if isinstance(items, str):
        raise ValueError(f"items must be a sequence of items, got one text {items!r:.40}")
    return [source.encode(item) for item in items]


def link_for_mcs(mcs: Mcs, source: SourceCode, make_code: Callable[[str], ChannelCode]) -> Link:
    """The link of an MCS, for adaptive modulation and coding: :func:`semcom_lib.physical_layer.amc.select_mcs` chooses one.

    ``make_code`` makes the code of a rate, such as "1/2": ``functools.partial(TurboCode, 256)``.
    """
    return Link(source, make_code(str(mcs.code_rate)), Modulation(mcs.modulation))


def _ratio(part: np.ndarray, whole: np.ndarray) -> float:
    return float(part.sum() / whole.sum()) if whole.any() else float("nan")
