"""What changed between two versions of a packed model: the levels of its weights, the bits of all else.

All versions share the first one's grid: the same masks, the same range of every weight (:func:`on_grid_of`). A delta is,
for the tensors in the order of their names, the places that changed and the signed changes there, both entropy coded:

    length of the index, length of the changes, Rice parameter;  sparse index;  Rice code of the changes

A weight's numbers are the levels of its kept values; any other tensor's are its bytes, four by four, with changes modulo 2^32:
neighbouring floating-point numbers are neighbouring integers, so that a bias that moved a little costs about half of its bits.
"""

import struct
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from semcom_lib.compression import sparse_index
from semcom_lib.compression.integer_codes import rice_decode, rice_encode, rice_parameter
from semcom_lib.compression.packed_tensors import Reader
from semcom_lib.compression.packing import Unpacked
from semcom_lib.compression.quantisation import weight_levels
from semcom_lib.compression.uniform_quantiser import check_bits, from_levels, to_levels

MAX_BITS = 16
_WORD = 2**32
_SIZES = "IIB"


class NoDelta(ValueError):
    """Two versions that differ in more than numbers on one grid: the newer one must be sent whole."""


def on_grid_of(base: Unpacked, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state with its weights pruned and quantised as in ``base``: base's masks, base's ranges, clamped to them.

    The two weights of a matrix that span its range stay where they are, so that the range of the result is the same again.
    Raises ValueError for a state with other names or shapes, or a base of more than 16 bits a weight.
    """
    check_bits(base.bits, MAX_BITS)
    _check_alike(base.state, state)
    return {
        name: _quantised_alike(tensor, base.state[name], base.masks[name], base.bits) if name in base.masks else tensor
        for name, tensor in state.items()
    }


def _quantised_alike(weight: Tensor, base: Tensor, mask: Tensor, bits: int) -> Tensor:
    result = torch.zeros_like(base)
    spanned = base[mask]
    if len(spanned):
        low, high = spanned.double().aminmax()
        kept = from_levels(to_levels(weight.detach()[mask].double(), low, high, bits), low, high, bits).float()
        for end in (spanned.argmin(), spanned.argmax()):
            kept[end] = spanned[end]
        result[mask] = kept
    return result


def encode(base: Unpacked, new: Unpacked) -> bytes:
    """The delta that leads from ``base`` to ``new``; raises NoDelta unless names, shapes, bits, masks and ranges agree."""
    try:
        _check_alike(base.state, new.state)
    except ValueError as error:
        raise NoDelta(str(error)) from error
    if base.bits != new.bits or base.bits > MAX_BITS:
        raise NoDelta(f"{base.bits} and {new.bits} bits a weight: a delta needs the same number, at most {MAX_BITS}")
    chunks = []
    for name in sorted(base.state):
        if name in base.masks and not _same_grid(base, new, name):
            raise NoDelta(f"weight {name} has another mask or range")
        chunks.append(_changes_bytes(_numbers(base, name), _numbers(new, name)))
    return b"".join(chunks)


def apply(base: Unpacked, data: bytes) -> dict[str, Tensor]:
    """The state that ``encode(base, new)`` made the data of; raises ValueError for data that fit no version."""
    reader = Reader(data)
    state = {}
    for name in sorted(base.state):
        numbers = _changed(_numbers(base, name), reader)
        make = _weight if name in base.masks else _plain
        state[name] = make(numbers, base, name)
    reader.check_end()
    return state


def _check_alike(base: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> None:
    different = sorted(base.keys() ^ state.keys())
    if different:
        raise ValueError(f"{different[0]} is in only one of the two versions")
    for name, tensor in base.items():
        if (state[name].dtype, state[name].shape) != (tensor.dtype, tensor.shape):
            raise ValueError(f"{name} is {tensor.dtype} of {tuple(tensor.shape)} in only one of the two versions")


def _same_grid(base: Unpacked, new: Unpacked, name: str) -> bool:
    mask = base.masks[name]
    if name not in new.masks or not torch.equal(mask, new.masks[name]):
        return False
    if not bool(mask.any()):
        return True
    old_range, new_range = base.state[name][mask].aminmax(), new.state[name][mask].aminmax()
    return torch.equal(old_range.min, new_range.min) and torch.equal(old_range.max, new_range.max)


def _numbers(model: Unpacked, name: str) -> np.ndarray:
    """What a delta is taken of, int64 (n,): a weight's levels, or a tensor's bytes as 32-bit words."""
    if name in model.masks:
        kept = model.state[name][model.masks[name]]
        return weight_levels(kept, model.bits)[0].numpy().astype(np.int64) if len(kept) else np.zeros(0, np.int64)
    octets = _octets(model.state[name])
    return np.frombuffer(octets + bytes(-len(octets) % 4), "<u4").astype(np.int64)


def _octets(tensor: Tensor) -> bytes:
    return tensor.contiguous().flatten().view(torch.uint8).numpy().tobytes()


def _weight(levels: np.ndarray, base: Unpacked, name: str) -> Tensor:
    if len(levels) and levels.max() >= 2**base.bits:
        raise ValueError(
            f"the delta takes a level of {name} to {levels.max()}, {base.bits} bits allow no more than that"
        )
    mask = base.masks[name]
    weight = torch.zeros_like(base.state[name])
    if len(levels):
        low, high = base.state[name][mask].double().aminmax()
        weight[mask] = from_levels(torch.from_numpy(levels).double(), low, high, base.bits).float()
    return weight


def _plain(words: np.ndarray, base: Unpacked, name: str) -> Tensor:
    old = base.state[name]
    if not old.numel():
        return old.clone()
    octets = words.astype("<u4").tobytes()[: old.numel() * old.dtype.itemsize]
    return torch.frombuffer(bytearray(octets), dtype=old.dtype).view(old.shape)


def _changes_bytes(old: np.ndarray, new: np.ndarray) -> bytes:
    difference = (new - old + _WORD // 2) % _WORD - _WORD // 2
    changed = difference != 0
    # 1, -1, 2, -2, ... -> 0, 1, 2, 3, ...
    values = np.where(difference > 0, 2 * difference - 2, -2 * difference - 1)[changed]
    k = rice_parameter(values)
    index, code = sparse_index.encode(changed), rice_encode(values, k)
    return struct.pack(f"<{_SIZES}", len(index), len(code), k) + index + code


def _changed(old: np.ndarray, reader: Reader) -> np.ndarray:
    index_length, code_length, k = reader.numbers(_SIZES)
    if k > 32:
        raise ValueError(f"the delta has a Rice parameter of {k}, at most 32 is possible")
    changed = sparse_index.decode(reader.take(index_length), len(old))
    values = rice_decode(reader.take(code_length), k, int(changed.sum()))
    new = old.copy()
    new[changed] += np.where(values % 2 == 0, values // 2 + 1, -(values + 1) // 2)
    return new % _WORD
