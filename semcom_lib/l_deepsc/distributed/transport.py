"""Packets over a link that leaves bit errors: transport blocks with a checksum each, repeated until every listener has them.

    packet    payload_bits | CRC-24    payload_bits | CRC-24    ...    the last payload is filled up with zeros

A packet under one checksum is lost with its first wrong bit; of transport blocks only the wrong ones are sent again. After each
sending every listener that lacks something answers with a bit for each block that was sent, and the sender repeats what
anyone lacks, for all to hear. Blocks need no number: the order, and after that the answers, say which is which.
[3GPP TS 38.212 Sec. 5.1, 7.2.1: CRC-24A; TS 38.321: requests]
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from semcom_lib.arguments import check_integer, check_number
from semcom_lib.coding.crc import Crc
from semcom_lib.physical_layer import channels

CHECKSUM = Crc("crc24a")
MIN_SHARE_INTACT = 1e-3  # a block that arrives more rarely is given up before it is sent


def share_intact(num_bits: int, bit_error_rate: float) -> float:
    """The probability that so many bits arrive without an error, errors being independent: (1 - bit_error_rate)^num_bits."""
    check_integer("num_bits", num_bits, 0)
    check_number("bit_error_rate", bit_error_rate, "[0, 1)")
    return math.exp(num_bits * math.log1p(-bit_error_rate))


@dataclass(frozen=True)
class Transfer:
    """What a packet's way to its listeners took.

    ``copies`` are what each listener has in the end, ``damaged`` how many blocks came to it with a wrong checksum. ``blocks``
    cut the packet, ``blocks_sent`` went over the air in ``sendings`` goes; ``bits`` is what those are with their checksums,
    ``feedback_bits`` what the listeners answered.
    """

    copies: tuple[bytes, ...]
    damaged: tuple[int, ...]
    blocks: int
    blocks_sent: int
    sendings: int
    bits: int
    feedback_bits: int


def segment(data: bytes, payload_bits: int) -> np.ndarray:
    """The packet's blocks, uint8 (num_blocks, payload_bits + 24). Raises ValueError for an empty packet or payload."""
    check_integer("payload_bits", payload_bits, 1)
    check_integer("the packet's number of bytes", len(data), 1)
    bits = np.unpackbits(np.frombuffer(data, np.uint8))
    padded = np.pad(bits, (0, -len(bits) % payload_bits))
    return CHECKSUM.append(padded.reshape(-1, payload_bits))


def reassemble(blocks: np.ndarray, num_bytes: int) -> bytes:
    """Blocks of :func:`segment` -> the packet of so many bytes."""
    payloads = blocks[:, : -CHECKSUM.num_parity_bits]
    return np.packbits(payloads.flatten()[: 8 * num_bytes]).tobytes()


def send(data: bytes, bit_error_rates: Sequence[float], payload_bits: int, *, generator: torch.Generator) -> Transfer:
    """Send a packet to listeners until each has it; listener i's bits are flipped with probability bit_error_rates[i].

    A copy differs from the packet only where a checksum missed an error, of wrong blocks a share of about 2^-24. Raises ValueError
    for no listener, and for a bit error rate at which less than one block in a thousand would arrive.
    """
    blocks = segment(data, payload_bits)
    check_integer("the number of listeners", len(bit_error_rates), 1)
    for rate in bit_error_rates:
        if share_intact(blocks.shape[1], rate) < MIN_SHARE_INTACT:
            highest = -math.expm1(math.log(MIN_SHARE_INTACT) / blocks.shape[1])
            raise ValueError(f"bit_error_rate = {rate:g}: blocks of {blocks.shape[1]} bits need at most {highest:.2g}")
    held = [np.empty_like(blocks) for _ in bit_error_rates]
    lacking = np.ones((len(bit_error_rates), len(blocks)), bool)
    damaged = np.zeros(len(bit_error_rates), np.int64)
    sent = sendings = feedback = 0
    while (wanted := np.flatnonzero(lacking.any(axis=0))).size:
        sent, sendings = sent + wanted.size, sendings + 1
        for listener in np.flatnonzero(lacking.any(axis=1)):
            sending = torch.from_numpy(blocks[wanted])
            arrived = channels.bsc(sending, bit_error_rates[listener], generator=generator).numpy()
            right = CHECKSUM.check(arrived)
            held[listener][wanted[right]] = arrived[right]
            lacking[listener, wanted[right]] = False
            damaged[listener] += np.count_nonzero(~right)
            feedback += wanted.size
    return Transfer(
        tuple(reassemble(blocks_held, len(data)) for blocks_held in held),
        tuple(damaged.tolist()),
        len(blocks),
        sent,
        sendings,
        sent * blocks.shape[1],
        feedback,
    )
