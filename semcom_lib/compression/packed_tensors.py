"""One tensor as bytes: kind, dtype, shape, then its content by kind.

    weight   sparse index, low and high (float32), levels of the kept values, ``bits`` bits each;
             with 32 bits the kept values themselves (float32)
    plain    the tensor's own bytes, bit for bit: biases, normalisations, buffers
    tied     the number of the tensor whose memory it shares

Numbers are little-endian; bit strings begin with the most significant bit.
"""

import math
import struct
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from semcom_lib.compression import sparse_index
from semcom_lib.compression.integer_codes import fixed_width_decode, fixed_width_encode, fixed_width_num_bytes
from semcom_lib.compression.quantisation import weight_levels
from semcom_lib.compression.uniform_quantiser import FULL_BITS, from_levels

_PLAIN, _WEIGHT, _TIED = range(3)
_DTYPES = (
    torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.complex64,
    torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool,
)  # fmt: skip


class Reader:
    """Takes bytes from the front of ``data``; raises ValueError when there are too few."""

    def __init__(self, data: bytes):
        self.data = data
        self.position = 0

    def take(self, num_bytes: int) -> bytes:
        """The next ``num_bytes`` bytes."""
        start, self.position = self.position, self.position + num_bytes
        if self.position > len(self.data):
            raise ValueError(f"{len(self.data)} bytes end within a field that ends at {self.position}")
        return self.data[start : self.position]

    def check_end(self) -> None:
        """Raise ValueError when bytes are left."""
        if self.position < len(self.data):
            raise ValueError(f"{len(self.data) - self.position} bytes follow the last field")

    def numbers(self, layout: str) -> tuple:
        """The next numbers, by their ``struct`` format characters."""
        return struct.unpack(f"<{layout}", self.take(struct.calcsize(f"<{layout}")))


def weight_bytes(weight: Tensor, bits: int, mask: Tensor) -> bytes:
    """A float32 weight, on the grid of its kept values, and where they are  [l_deepsc eqs. 16, 18]."""
    weight, mask = weight.detach().cpu(), mask.cpu()
    index = sparse_index.encode(mask.flatten().numpy())
    head = _head(_WEIGHT, weight) + struct.pack("<I", len(index)) + index
    kept = weight[mask]
    if bits == FULL_BITS or not len(kept):
        return head + _content(kept)
    levels, low, high = weight_levels(kept, bits)
    return head + struct.pack("<ff", low, high) + fixed_width_encode(levels.numpy(), bits)


def plain_bytes(tensor: Tensor) -> bytes:
    """Any tensor as it is; raises ValueError for a dtype without a code."""
    return _head(_PLAIN, tensor) + _content(tensor.detach().cpu())


def tied_bytes(tensor: Tensor, owner: int) -> bytes:
    """A tensor that is the same memory as tensor number ``owner``."""
    return _head(_TIED, tensor) + struct.pack("<I", owner)


def _head(kind: int, tensor: Tensor) -> bytes:
    if tensor.dtype not in _DTYPES:
        raise ValueError(f"a tensor of {tensor.dtype} cannot be packed")
    return struct.pack(f"<BBB{tensor.dim()}I", kind, _DTYPES.index(tensor.dtype), tensor.dim(), *tensor.shape)


def _content(tensor: Tensor) -> bytes:
    return tensor.contiguous().flatten().view(torch.uint8).numpy().tobytes()


@dataclass(frozen=True)
class Tied:
    """A tensor that is the same memory as tensor number ``owner``, which must be of this dtype and shape."""

    owner: int
    dtype: torch.dtype
    shape: tuple[int, ...]


def read_tensor(reader: Reader, bits: int, max_weights: int) -> tuple[Tensor | Tied, Tensor | None]:
    """The next tensor and, for a weight of at most ``max_weights`` numbers, its mask.

    Raises ValueError for other bytes, before it allocates more than a fixed multiple of them and of ``max_weights``.
    """
    kind, dtype_code, num_dims = reader.numbers("BBB")
    if dtype_code >= len(_DTYPES):
        raise ValueError(f"dtype code {dtype_code} is out of range")
    dtype, shape = _DTYPES[dtype_code], reader.numbers(f"{num_dims}I")
    if kind == _TIED:
        return Tied(*reader.numbers("I"), dtype, shape), None
    if kind == _PLAIN:
        return _read_content(reader, dtype, math.prod(shape)).view(shape), None
    if kind != _WEIGHT or dtype != torch.float32:
        raise ValueError(f"tensor kind {kind} of {dtype} is unknown")
    if math.prod(shape) > max_weights:
        raise ValueError(f"a weight of shape {shape} is larger than the {max_weights:,} weights that are still allowed")
    index = reader.take(*reader.numbers("I"))
    mask = torch.from_numpy(sparse_index.decode(index, math.prod(shape)))
    weight = torch.zeros(len(mask))
    weight[mask] = _read_kept(reader, bits, int(mask.sum()))
    return weight.view(shape), mask.view(shape)


def _read_kept(reader: Reader, bits: int, n: int) -> Tensor:
    if bits == FULL_BITS or not n:
        kept = _read_content(reader, torch.float32, n)
        if not bool(kept.isfinite().all()):
            raise ValueError("a weight is not finite")
        return kept
    low, high = torch.tensor(reader.numbers("ff"), dtype=torch.float64)
    if not -math.inf < low <= high < math.inf:
        raise ValueError(f"a weight's range is {low:g}..{high:g}")
    levels = fixed_width_decode(reader.take(fixed_width_num_bytes(n, bits)), bits, n)
    return from_levels(torch.from_numpy(levels.astype(np.float64)), low, high, bits).float()


def _read_content(reader: Reader, dtype: torch.dtype, n: int) -> Tensor:
    return (
        torch.frombuffer(bytearray(reader.take(n * dtype.itemsize)), dtype=dtype) if n else torch.empty(0, dtype=dtype)
    )
