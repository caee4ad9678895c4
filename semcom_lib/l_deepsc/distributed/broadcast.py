"""Packets of the downlink: a packed transmitter whole, or its delta against a version that the devices hold  [l_deepsc Sec. II].

    header   "SCLB", format version, kind (0 full, 1 delta), total length,
             version and fingerprint of the model, version and fingerprint of the base (0, 0 in a full packet)
    body     full: the pack; delta: what :mod:`semcom_lib.l_deepsc.distributed.delta` says
    footer   CRC-32 of everything before

A fingerprint is the CRC-32 that ends a pack: two models that happen to have one version number are still two models. What
a device holds after a delta is, byte for byte, the pack that a full packet would have brought.

The CRC finds every one and every two flipped bits; of heavier damage it overlooks a share of about 2^-32.
"""

import struct
import zlib
from dataclasses import dataclass

from semcom_lib.compression.packing import PackError, pack, unpack
from semcom_lib.l_deepsc.distributed import delta

FORMAT_VERSION = 1
KINDS = ("full", "delta")
_MAGIC = b"SCLB"
_HEADER = struct.Struct("<4sBBIIIII")
_CRC = struct.Struct("<I")


class Refused(ValueError):
    """A packet that a device does not use; what it holds stays as it was."""


class DamagedPacket(Refused):
    """Not a whole, undamaged packet of this format version."""


class DuplicatePacket(Refused):
    """A packet of the very model that the device holds."""


class OutdatedPacket(Refused):
    """A packet of another model whose version is not newer than what the device holds."""


class WrongBase(Refused):
    """A delta against a model that the device does not hold: it missed a broadcast."""


@dataclass(frozen=True)
class Broadcast:
    """One packet: the model's ``version`` and ``fingerprint``, for a delta those of its base, and the ``body``."""

    version: int
    fingerprint: int
    body: bytes
    base_version: int = 0
    base_fingerprint: int = 0
    kind: str = "full"

    def to_bytes(self) -> bytes:
        """What goes over the downlink."""
        length = _HEADER.size + len(self.body) + _CRC.size
        numbers = (length, self.version, self.fingerprint, self.base_version, self.base_fingerprint)
        data = _HEADER.pack(_MAGIC, FORMAT_VERSION, KINDS.index(self.kind), *numbers) + self.body
        return data + _CRC.pack(zlib.crc32(data))


def full(packed: bytes) -> Broadcast:
    """The packet that brings a pack whole."""
    return Broadcast(unpack(packed).model_version, fingerprint(packed), packed)


def against(base: bytes, packed: bytes) -> Broadcast:
    """The packet that leads from one pack to another; raises delta.NoDelta where only a full packet can."""
    old, new = unpack(base), unpack(packed)
    body = delta.encode(old, new)
    packet = Broadcast(new.model_version, fingerprint(packed), body, old.model_version, fingerprint(base), KINDS[1])
    if _rebuilt(packet, base) != packed:  # tied tensors become two: nothing but a full packet brings them
        raise delta.NoDelta("the delta does not lead to the same bytes")
    return packet


def smallest(base: bytes | None, packed: bytes) -> Broadcast:
    """The smaller of the full packet and the delta against ``base``; full where there is no base, or no delta."""
    whole = full(packed)
    if base is None:
        return whole
    try:
        changes = against(base, packed)
    except delta.NoDelta:
        return whole
    return changes if len(changes.body) < len(whole.body) else whole


def fingerprint(packed: bytes) -> int:
    """The CRC-32 that ends a pack."""
    return _CRC.unpack_from(packed, len(packed) - _CRC.size)[0]


def read(data: bytes) -> Broadcast:
    """Received bytes -> the packet; raises DamagedPacket for anything but a whole one of this format version."""
    if len(data) < _HEADER.size + _CRC.size or not data.startswith(_MAGIC):
        raise DamagedPacket(f"{len(data)} bytes that are not a broadcast: no {_MAGIC.decode()} header")
    _, format_version, kind, length, *numbers = _HEADER.unpack_from(data)
    if len(data) != length:
        raise DamagedPacket(f"the packet has {len(data)} bytes, its header says {length}")
    if _CRC.unpack_from(data, length - _CRC.size)[0] != zlib.crc32(data[: -_CRC.size]):
        raise DamagedPacket(f"the checksum of {length} bytes is wrong")
    if format_version != FORMAT_VERSION or kind >= len(KINDS):
        raise DamagedPacket(f"the packet is of format version {format_version}, kind {kind}: unknown to this reader")
    version, model, base_version, base = numbers
    return Broadcast(version, model, data[_HEADER.size : -_CRC.size], base_version, base, KINDS[kind])


def received(data: bytes, held: bytes | None) -> bytes:
    """The pack that a device has after these bytes came in, given the pack that it held.

    Raises DamagedPacket, DuplicatePacket, OutdatedPacket or WrongBase, in this order of precedence.
    """
    packet = read(data)
    if held is not None:
        version = unpack(held).model_version
        if (packet.version, packet.fingerprint) == (version, fingerprint(held)):
            raise DuplicatePacket(f"version {version} is here already")
        if packet.version <= version:
            raise OutdatedPacket(f"version {packet.version} came, which is not newer than the version {version} here")
    if packet.kind == "full":
        packed = packet.body
    else:
        _check_base(packet, held)
        packed = _rebuilt(packet, held)
    if (_version_of(packed), fingerprint(packed)) != (packet.version, packet.fingerprint):
        raise DamagedPacket(f"the content is not version {packet.version} with fingerprint {packet.fingerprint:08x}")
    return packed


def _check_base(packet: Broadcast, held: bytes | None) -> None:
    needed = f"the delta to version {packet.version} needs version {packet.base_version}"
    if held is None:
        raise WrongBase(f"{needed}, no version is here")
    if (unpack(held).model_version, fingerprint(held)) != (packet.base_version, packet.base_fingerprint):
        raise WrongBase(
            f"{needed} ({packet.base_fingerprint:08x}), "
            f"version {unpack(held).model_version} ({fingerprint(held):08x}) is here"
        )


def _rebuilt(packet: Broadcast, base: bytes) -> bytes:
    old = unpack(base)
    try:
        state = delta.apply(old, packet.body)
    except (ValueError, IndexError, MemoryError) as error:
        raise DamagedPacket(f"the packet's checksum is right but its content is not: {error}") from error
    return pack(state, old.bits, old.masks, model_version=packet.version)


def _version_of(packed: bytes) -> int:
    try:
        return unpack(packed).model_version
    except PackError as error:
        raise DamagedPacket(str(error)) from error
