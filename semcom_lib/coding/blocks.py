"""Blocks of bits and of LLRs, as all codes take and return them: one block in the last dimension of an array or a tensor.

    encode: bits (..., k) -> uint8 (..., n)        decode: llr (..., n) -> uint8 (..., k)

The other dimensions are any, none included, and stay as they are. A torch tensor gives a tensor on its device (results carry
no gradient), everything else that numpy makes an array of gives an array. Bits may be of any real type, as long as they are
0 and 1; LLRs too, as long as they are finite.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semcom_lib.arguments import describe

Array = np.ndarray | Tensor

_FLOAT32_MAX = np.finfo(np.float32).max


@dataclass(frozen=True, eq=False)
class Blocks:
    """Blocks as ``rows`` (batch, width), and what they came as: ``leading`` dimensions, the tensor's device."""

    rows: NDArray
    leading: tuple[int, ...]
    device: torch.device | None

    def back(self, results: NDArray) -> Array:
        """Results of the rows, (batch, ...), in the kind and the leading dimensions that the blocks had: (*leading, ...)."""
        shaped = results.reshape(self.leading + results.shape[1:])
        return shaped if self.device is None else torch.from_numpy(shaped).to(self.device)


def bit_blocks(name: str, bits: Any, width: int | None = None, *, at_least: int = 0) -> Blocks:
    """Bits (..., width) as contiguous uint8 rows; with no ``width`` any of ``at_least``.

    Raises ValueError for another width or type, or entries other than 0 and 1.
    """
    blocks = _blocks(name, bits, width, at_least)
    rows = blocks.rows
    is_bits = rows.max(initial=0) <= 1 if rows.dtype == np.uint8 else ((rows == 0) | (rows == 1)).all()
    if not is_bits:
        raise ValueError(f"{name} is {describe(bits)} with other entries: it must hold only 0 and 1")
    return Blocks(contiguous(rows.astype(np.uint8, copy=False)), blocks.leading, blocks.device)


def bit_row(name: str, bits: Any) -> NDArray[np.uint8]:
    """Bits (num_bits,), as source decoders take them, as uint8. Raises ValueError for other dimensions, types or entries."""
    blocks = bit_blocks(name, bits)
    if blocks.leading:
        raise ValueError(f"{name} has shape {(*blocks.leading, blocks.rows.shape[1])}: it must be (num_bits,)")
    return blocks.rows[0]


def llr_blocks(name: str, llr: Any, width: int) -> Blocks:
    """LLRs (..., width) as rows of their own type and layout. Raises ValueError for another width or type, NaN or infinity."""
    blocks = _blocks(name, llr, width, 0)
    if not np.isfinite(blocks.rows).all():
        raise ValueError(f"{name} is {describe(llr)} with NaN or infinite entries: it must be finite")
    return blocks


def contiguous(rows: NDArray) -> NDArray:
    """Rows as the compiled functions know them: in C order and writeable; copied only if they are not."""
    return np.require(rows, requirements=["C", "W"])


def as_float32(rows: NDArray) -> NDArray[np.float32]:
    """Finite rows of any real type as float32; what is beyond its range saturates."""
    if rows.dtype != np.float32 and rows.dtype.kind == "f":
        rows = np.clip(rows, -_FLOAT32_MAX, _FLOAT32_MAX)
    return rows.astype(np.float32, copy=False)


def permute(x: Array, places: NDArray[np.int64]) -> Array:
    """x (..., n) with its last dimension in the order of ``places``; a tensor keeps its device and its gradient."""
    if isinstance(x, Tensor):
        return x[..., torch.from_numpy(places).to(x.device)]
    return np.take(x, places, axis=-1)


def _blocks(name: str, value: Any, width: int | None, at_least: int) -> Blocks:
    expected = f"(..., {width})" if width is not None else f"(..., at least {at_least})"
    given, device = value, None
    if isinstance(value, Tensor):
        device = value.device
        given = value.detach().cpu()
        given = (given.float() if given.dtype == torch.bfloat16 else given.resolve_conj().resolve_neg()).numpy()
    try:
        rows = np.asarray(given)
    except ValueError:  # lists of unequal lengths
        rows = np.empty(0, object)
    if rows.dtype.kind not in "biuf":
        raise ValueError(f"{name} is {describe(value)}: it must be real numbers of shape {expected}")
    if rows.ndim < 1 or (rows.shape[-1] != width if width is not None else rows.shape[-1] < at_least):
        raise ValueError(f"{name} has shape {rows.shape}: it must be {expected}")
    leading = rows.shape[:-1]
    return Blocks(rows.reshape(math.prod(leading), rows.shape[-1]), leading, device)
