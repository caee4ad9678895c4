"""The uniform grid that weights, activations and symbols share: 2^m levels between two ends  [l_deepsc eqs. 18, 22, 24].

Level l stands for low + l step, step = (high - low) / (2^m - 1); the highest stands for ``high`` itself, so that quantising
again changes nothing as long as the step exceeds the type's own spacing.

Differs from the paper: eq. 22 clamps to [-T, T], T = 2^m - 1, which does not fit its own unsigned grid; we clamp to [0, T].
"""

import numpy as np
import torch
from torch import Tensor

from semcom_lib.arguments import check_tensor, shown

FULL_BITS = 32  # float32 as it is


def check_bits(bits: int, highest: int = FULL_BITS) -> None:
    """Raise ValueError for bits that are no integer in 1..highest."""
    if not isinstance(bits, int | np.integer) or isinstance(bits, bool) or not 1 <= bits <= highest:
        raise ValueError(f"bits = {shown(bits)} is outside 1..{highest}, or no integer")


def to_levels(x: Tensor, low: Tensor, high: Tensor, bits: int) -> Tensor:
    """The nearest levels of x (...), as x's floating type, clamped to 0..2^bits - 1  [l_deepsc eqs. 18, 22].

    NaN stays NaN. Raises ValueError for bits outside 1..32 or an x that is not floating-point; that low <= high, both finite,
    is the caller's to see to, once for all that he quantises.
    """
    check_bits(bits)
    check_tensor("x", x, "floating-point")
    highest = 2**bits - 1
    step = (high - low) / highest
    return torch.round((x - low) / torch.where(step > 0, step, 1)).clamp(0, highest)


def from_levels(levels: Tensor, low: Tensor, high: Tensor, bits: int) -> Tensor:
    """What the levels (...) stand for, of the same type  [l_deepsc eq. 24]. Raises ValueError as :func:`to_levels`."""
    check_bits(bits)
    check_tensor("levels", levels, "floating-point")
    highest = 2**bits - 1
    return torch.where(levels == highest, high, low + levels * ((high - low) / highest))


class StraightThrough(torch.autograd.Function):
    """x_q forwards, bit for bit; backwards to x the gradient where ``passes``, else 0  [l_deepsc Sec. III-B]."""

    @staticmethod
    def forward(ctx, x: Tensor, x_q: Tensor, passes: Tensor) -> Tensor:
        ctx.save_for_backward(passes)
        return x_q.view_as(x_q)

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, None, None]:
        (passes,) = ctx.saved_tensors
        return grad.masked_fill(~passes, 0.0), None, None
