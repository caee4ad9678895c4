"""Uploads: the semantic features of a device's sentences, and the header that says which model made them.

    header   device, number of sentences, version and fingerprint of the transmitter, CRC-32 of these

The header travels with the devices' control messages, error free or detected as damaged by its checksum, and is counted; the
symbols meet fading, one gain a sentence, and are equalised with what the cloud knows of it.
"""

import math
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from semcom_lib.l_deepsc.transmission import over_link
from semcom_lib.physical_layer.equalised_link import EqualisedLink

_CONTENT = struct.Struct("<HHII")
_CRC = struct.Struct("<I")
HEADER_BYTES = _CONTENT.size + _CRC.size


class Rejected(ValueError):
    """An upload that the cloud does not decode."""


class DamagedUpload(Rejected):
    """The header fails its checksum, or does not fit the symbols that came with it."""


class UnknownVersion(Rejected):
    """The upload was made with a transmitter to which the cloud has no receiver (any more)."""


@dataclass(frozen=True)
class Header:
    """What an upload says of itself; device and num_sentences 0..65535, version and fingerprint 0..2^32 - 1."""

    device: int
    num_sentences: int
    version: int
    fingerprint: int

    def to_bytes(self) -> bytes:
        """The 16 bytes that are sent."""
        data = _CONTENT.pack(self.device, self.num_sentences, self.version, self.fingerprint)
        return data + _CRC.pack(zlib.crc32(data))

    @classmethod
    def from_bytes(cls, data: bytes) -> "Header":
        """Raises DamagedUpload when the checksum or the length is wrong."""
        content, crc = data[: _CONTENT.size], data[_CONTENT.size :]
        if len(content) < _CONTENT.size or crc != _CRC.pack(zlib.crc32(content)):
            raise DamagedUpload(f"the upload's header of {len(data)} bytes is damaged")
        return cls(*_CONTENT.unpack(content))


def count_symbols(num_symbols: Sequence[int], num_pilots: int, goodput: float) -> int:
    """Complex symbols of an upload of sentences of these lengths; its header goes at ``goodput`` bits a symbol."""
    return sum(num_symbols) + num_pilots * len(num_symbols) + math.ceil(8 * HEADER_BYTES / goodput)


@dataclass(frozen=True)
class Upload:
    """``header`` bytes, and for each sentence its symbols, complex64 (num_symbols,)."""

    header: bytes
    symbols: tuple[Tensor, ...]

    def count_channel_uses(self, num_pilots: int, goodput: float) -> int:
        """Complex symbols on the air: features, the pilots of each sentence's gain, and the header at so many bits a symbol."""
        return count_symbols([len(x) for x in self.symbols], num_pilots, goodput)


def over_the_air(upload: Upload, link: EqualisedLink, snr_db: float, *, generator: torch.Generator) -> Upload:
    """The upload as the cloud has it: every sentence's symbols faded, in noise, and equalised."""
    return replace(upload, symbols=over_link(upload.symbols, link, snr_db, generator=generator))
