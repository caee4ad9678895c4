"""A compressed model as the bytes that are really sent, and the ratio that the paper counts  [l_deepsc eq. 25].

    header   "SCLM", format version, bits a weight, model version, total length, number of tensors
    tensors  in the order of their names: the name (its part that differs from the one before), then the tensor
    footer   CRC-32 of everything before

Equal models give equal bytes, on any machine.
"""

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import takewhile

import torch
from torch import Tensor

from semcom_lib.arguments import check_integer, describe
from semcom_lib.compression.packed_tensors import Reader, Tied, plain_bytes, read_tensor, tied_bytes, weight_bytes
from semcom_lib.compression.pruning import Masks
from semcom_lib.compression.uniform_quantiser import FULL_BITS, check_bits

FORMAT_VERSION = 1
MAX_WEIGHTS = 2**26
_MAGIC = b"SCLM"
_HEADER = struct.Struct("<4sBBIQI")
_CRC = struct.Struct("<I")


class PackError(ValueError):
    """Bytes that are not a whole, undamaged pack of this format version."""


@dataclass(frozen=True)
class Unpacked:
    """What a pack holds: the state dict (weights on their grid, 0 where pruned), masks, bits a weight, model version."""

    state: dict[str, Tensor]
    masks: dict[str, Tensor]
    bits: int
    model_version: int


def psi(num_weights: int, kept: int, bits: int) -> float:
    """The paper's compression ratio, 32 num_weights / (bits kept): no index, no biases  [l_deepsc eq. 25].

    Raises ValueError for kept outside 1..num_weights or bits outside 1..32.
    """
    check_bits(bits)
    check_integer("num_weights", num_weights, 1)
    check_integer("kept", kept, 1, num_weights)
    return FULL_BITS * num_weights / (bits * kept)


def pack(state: Mapping[str, Tensor], bits: int, masks: Masks, *, model_version: int = 0) -> bytes:
    """A state dict -> bytes: the tensors that have a mask are pruned and quantised, all others are kept as they are.

    A part of a model (an IoT device's transmitter) packs as that part of the state dict, with its masks. Tensors that
    share memory are sent once. Raises ValueError for what is no tensor, bits outside 1..32, a model version outside
    0..2^32 - 1, masks that do not fit the state, or weights that are not finite float32.
    """
    check_bits(bits)
    check_integer("model_version", model_version, 0, 2**32 - 1)
    _check_masks(state, masks)
    names = sorted(state)
    owners = _owners(state, masks, names)
    chunks = []
    for number, (before, name) in enumerate(zip(["", *names], names, strict=False)):
        chunks.append(_name_bytes(name, before))
        if owners[number] != number:
            chunks.append(tied_bytes(state[name], owners[number]))
        elif name in masks:
            chunks.append(weight_bytes(state[name], bits, masks[name]))
        else:
            chunks.append(plain_bytes(state[name]))
    body = b"".join(chunks)
    length = _HEADER.size + len(body) + _CRC.size
    data = _HEADER.pack(_MAGIC, FORMAT_VERSION, bits, model_version, length, len(names)) + body
    return data + _CRC.pack(zlib.crc32(data))


def _check_masks(state: Mapping[str, Tensor], masks: Masks) -> None:
    for name, tensor in state.items():
        if not isinstance(tensor, Tensor):
            raise ValueError(f"state's {name} is {describe(tensor)}: it must be a torch tensor")
    for name, mask in masks.items():
        if name not in state:
            raise ValueError(f"masks has {name}, which is not in the state")
        weight = state[name]
        if mask.dtype != torch.bool or mask.shape != weight.shape:
            expected = tuple(weight.shape)
            raise ValueError(f"mask {name} must be bool of shape {expected}, got {mask.dtype} of {tuple(mask.shape)}")
        if weight.dtype != torch.float32:
            raise ValueError(f"weight {name} must be float32, got {weight.dtype}")
        if not weight.isfinite().all():
            raise ValueError(f"weight {name} is not finite")


def _owners(state: Mapping[str, Tensor], masks: Masks, names: list[str]) -> list[int]:
    """For each name the number of the tensor that is stored for its memory: one with a mask if there is any."""
    first: dict[object, int] = {}
    for number, name in sorted(enumerate(names), key=lambda item: item[1] not in masks):
        first.setdefault(_memory(name, state[name]), number)
    return [first[_memory(name, state[name])] for name in names]


def _memory(name: str, tensor: Tensor) -> object:
    return (tensor.data_ptr(), tensor.dtype, tensor.shape, tensor.stride()) if tensor.numel() else name


def _name_bytes(name: str, before: str) -> bytes:
    same = takewhile(lambda pair: pair[0] == pair[1], zip(name, before, strict=False))
    shared = min(255, len(list(same)))
    rest = name[shared:].encode()
    if len(rest) > 255:
        raise ValueError(f"name {name[:40]}... is longer than 255 bytes")
    return struct.pack("<BB", shared, len(rest)) + rest


def unpack(data: bytes, *, max_weights: int = MAX_WEIGHTS) -> Unpacked:
    """Bytes -> the model that was packed; raises PackError for damaged, truncated or other bytes.

    The checksum finds damage and no forgery: every length is checked before memory is taken for it. A few bytes can stand
    for a matrix of any size that is pruned entirely; all weights together are at most ``max_weights`` (5 bytes each).
    """
    bits, model_version, num_tensors = _check_whole(data)
    reader = Reader(data[_HEADER.size : -_CRC.size])
    names: list[str] = []
    tensors: list[Tensor | Tied] = []
    masks = {}
    try:
        check_bits(bits)
        for _ in range(num_tensors):
            shared, length = reader.numbers("BB")
            names.append((names[-1][:shared] if names else "") + reader.take(length).decode())
            tensor, mask = read_tensor(reader, bits, max_weights)
            tensors.append(tensor)
            if mask is not None:
                masks[names[-1]] = mask
                max_weights -= mask.numel()
        reader.check_end()
        state = {name: _owned(tensor, tensors) for name, tensor in zip(names, tensors, strict=True)}
        if len(state) < len(names):
            raise ValueError("two tensors have the same name")
    except (ValueError, RuntimeError, MemoryError) as error:
        raise PackError(f"the pack's checksum is right but its content is not: {error}") from error
    return Unpacked(state, masks, bits, model_version)


def _owned(tensor: Tensor | Tied, tensors: list[Tensor | Tied]) -> Tensor:
    """The tensor itself, or the one whose memory it shares; raises ValueError for one that it cannot share."""
    if isinstance(tensor, Tensor):
        return tensor
    owner = tensors[tensor.owner] if tensor.owner < len(tensors) else None
    if not isinstance(owner, Tensor) or owner.dtype != tensor.dtype or owner.shape != tensor.shape:
        raise ValueError(
            f"tensor {tensor.owner} does not exist, or is not what a tied one says: {tensor.dtype} {tensor.shape}"
        )
    return owner


def _check_whole(data: bytes) -> tuple[int, int, int]:
    """Bits, model version and number of tensors from the header of data that are whole; raises PackError otherwise."""
    if not isinstance(data, bytes | bytearray | memoryview):
        raise PackError(f"data is {describe(data)}: it must be bytes")
    if len(data) < _HEADER.size + _CRC.size or not data.startswith(_MAGIC):
        raise PackError(f"{len(data)} bytes that are not a packed model: no {_MAGIC.decode()} header")
    _, version, bits, model_version, length, num_tensors = _HEADER.unpack_from(data)
    if len(data) != length:
        raise PackError(f"the pack has {len(data)} bytes, its header says {length}: truncated or damaged")
    if _CRC.unpack_from(data, length - _CRC.size)[0] != zlib.crc32(data[: -_CRC.size]):
        raise PackError("the pack's checksum is wrong: damaged")
    if version != FORMAT_VERSION:
        raise PackError(f"the pack is of format version {version}, this reader knows {FORMAT_VERSION}")
    return bits, model_version, num_tensors
