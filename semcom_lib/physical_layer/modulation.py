"""Gray-labelled BPSK and square QAM: mapping, exact and max-log soft demapping, hard decisions.

The labelling is that of [3GPP TS 38.211 Sec. 5.1]: the bits of a symbol go to the in-phase and the quadrature axis in
turn, b0 b2 b4 ... to the real and b1 b3 b5 ... to the imaginary part, and each axis is a Gray-labelled PAM whose first
bit is the sign (0 is positive). BPSK departs from the standard, which turns it by 45 degrees: ours is real, x = 1 - 2b.

The axes are independent under circular noise, so a soft decision weighs the sqrt(M) levels of an axis, never the M
points. LLRs are ln P(b = 1 | y) / P(b = 0 | y), positive for bit 1. Everything runs on the device of its input.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce

import numpy as np
import torch
from torch import Tensor

from semcom_lib.arguments import check_fits, check_tensor, describe

NUM_BITS_PER_SYMBOL = {"bpsk": 1, "qpsk": 2, "16qam": 4, "64qam": 6, "256qam": 8}

MIN_N0 = 1e-20
"""Smallest noise variance of a soft decision: below it float32 LLRs would overflow."""

LLR_METHODS = ("exact", "max-log")

_FAR = 2.0**12  # beyond it float32 loses the levels in y - level, and soft decisions take _far_metric
_MAX_FAR_METRIC = 1e36  # where soft decisions saturate, within float32's range

_SYMBOLS_PER_CHUNK = 2**14  # bounds the memory of a demapper call, and keeps its temporaries in the cache


@dataclass(frozen=True)
class Modulation:
    """A constellation with unit average energy, by name: "bpsk", "qpsk", "16qam", "64qam" or "256qam".

    Raises ValueError for any other name.
    """

    name: str

    def __post_init__(self) -> None:
        if self.name not in NUM_BITS_PER_SYMBOL:
            raise ValueError(f"name = {self.name!r} is not a modulation: it must be one of {list(NUM_BITS_PER_SYMBOL)}")

    @property
    def num_bits_per_symbol(self) -> int:
        """Bits a symbol carries, log2(M)."""
        return NUM_BITS_PER_SYMBOL[self.name]

    @property
    def num_axes(self) -> int:
        """Real dimensions a symbol uses: 1 for BPSK, 2 for QAM."""
        return 1 if self.name == "bpsk" else 2

    @cached_property
    def levels(self) -> np.ndarray:
        """Amplitudes of one axis, float64 (2^bits,): entry i is the level whose label is the binary number i."""
        levels = _gray_pam(self.num_bits_per_symbol // self.num_axes)
        return levels / np.sqrt(self.num_axes * np.mean(levels**2))

    @cached_property
    def points(self) -> Tensor:
        """The constellation, complex64 (M,): entry i is the point whose bits b0 b1 ... are the binary number i."""
        if self.num_axes == 1:
            return torch.tensor(self.levels, dtype=torch.complex64)
        in_phase, quadrature = _deinterleave(np.arange(2**self.num_bits_per_symbol), self.num_bits_per_symbol)
        return torch.tensor(self.levels[in_phase] + 1j * self.levels[quadrature], dtype=torch.complex64)

    def modulate(self, bits: Tensor | np.ndarray) -> Tensor:
        """Map bits (..., n) to symbols: integer or bool tensor or array of 0/1 -> complex64 (..., n / num_bits_per_symbol).

        Raises ValueError when n is not a multiple of ``num_bits_per_symbol``, or for entries other than 0 and 1.
        """
        if not isinstance(bits, Tensor | np.ndarray) or (isinstance(bits, np.ndarray) and bits.dtype.kind not in "biu"):
            raise ValueError(f"bits is {describe(bits)}: it must be a tensor or an array of integers 0 and 1")
        bits = bits if isinstance(bits, Tensor) else torch.from_numpy(bits.copy())
        if bits.is_floating_point() or bits.is_complex() or not bool(((bits == 0) | (bits == 1)).all()):
            raise ValueError(f"bits is {describe(bits)}: it must be integers and hold only 0 and 1")
        size = self.num_bits_per_symbol
        if bits.ndim == 0 or bits.shape[-1] % size:
            raise ValueError(f"bits has shape {tuple(bits.shape)}: {self.name} takes a multiple of {size} bits a row")
        planes = bits.to(torch.uint8).unflatten(-1, (bits.shape[-1] // size, size)).unbind(-1)
        label = planes[0]
        for plane in planes[1:]:
            label = 2 * label + plane
        return self.points.to(bits.device)[label.int()]

    def llr(self, y: Tensor, n0: float | Tensor, *, method: str = "exact") -> Tensor:
        """Soft decisions on y (..., num_symbols) complex64 -> float32 (..., num_symbols * num_bits_per_symbol).

        ``n0`` is the noise variance per complex dimension that each symbol saw: a number, or a tensor with as many
        dimensions as ``y`` that broadcasts to it; after equalisation it is n0 / |h|^2 (infinite is an erasure, LLR 0).
        ``method`` is "exact", a stable log-sum-exp, or "max-log", which keeps the nearest point of each hypothesis.
        Differentiable with respect to ``y``. Symbols and bits are equally likely. complex128 gives float64. However
        large ``y`` is, LLRs have the right sign and, up to 1e36, size.

        Raises ValueError for an unknown method, a ``y`` that is not complex and finite, an ``n0`` of other dimensions, below
        1e-20 or NaN.
        """
        if method not in LLR_METHODS:
            raise ValueError(f"method = {method!r} is unknown: it must be one of {LLR_METHODS}")
        largest = _largest_part(y)
        n0 = _noise_variance(n0, y)
        scale = (math.log2(math.e) / n0).sqrt()  # metrics in bits: exp2 is several times faster than exp
        parts = torch.view_as_real(y.resolve_conj())[..., : self.num_axes]
        axes = (parts.clamp(-_FAR, _FAR) if largest > _FAR else parts) * scale.unsqueeze(-1)
        chunks = zip(
            axes.reshape(-1, self.num_axes).split(_SYMBOLS_PER_CHUNK),
            scale.expand(y.shape).reshape(-1, 1).split(_SYMBOLS_PER_CHUNK),
            strict=True,
        )
        combine = _log2_sum_exp2 if method == "exact" else _maximum
        llr = torch.cat([self._llr_chunk(_metric, *chunk, combine) for chunk in chunks])
        if largest > _FAR:
            is_far = (parts.abs() > _FAR).any(dim=-1).flatten()
            far, far_scale = parts.reshape(-1, self.num_axes)[is_far], scale.expand(y.shape).reshape(-1, 1)[is_far]
            llr[is_far] = self._llr_chunk(_far_metric, far, far_scale, combine)
        return math.log(2.0) * llr.reshape(*y.shape[:-1], y.shape[-1] * self.num_bits_per_symbol)

    def hard(self, y: Tensor) -> Tensor:
        """Bits of the nearest point: y (..., num_symbols) complex64 -> uint8 (..., num_symbols * num_bits_per_symbol).

        Raises ValueError for a ``y`` that is not complex and finite.
        """
        return (self.llr(y, 1.0, method="max-log") > 0).to(torch.uint8)

    def _llr_chunk(
        self,
        metric_of: Callable[[Tensor, Tensor, Tensor], Tensor],
        axes: Tensor,
        scale: Tensor,
        combine: Callable[[Sequence[Tensor]], Tensor],
    ) -> Tensor:
        """LLRs in bits of axis values (rows, num_axes), scale (rows, 1) -> (rows, num_bits_per_symbol)."""
        num_bits = self.num_bits_per_symbol // self.num_axes
        levels = torch.as_tensor(self.levels, dtype=axes.dtype, device=axes.device)
        metric = metric_of(axes, levels[:, None, None], scale)  # (2^num_bits, rows, num_axes)
        llr = []
        for bit in range(num_bits):
            hypotheses = metric.unflatten(0, (2**bit, 2, -1)).transpose(0, 1).flatten(1, 2)
            zero, one = combine(hypotheses.unbind(1)).unbind()
            llr.append(one - zero)
        return torch.stack(llr, dim=1).flatten(1)


def _metric(scaled: Tensor, levels: Tensor, scale: Tensor) -> Tensor:
    """-scale^2 (y - level)^2, given scale y."""
    return -torch.addcmul(scaled, levels, scale, value=-1).square()


def _far_metric(axes: Tensor, levels: Tensor, scale: Tensor) -> Tensor:
    """scale^2 (2 y - level) level: the same but for scale^2 y^2, which all levels share and which would swallow the rest."""
    power = scale.square()
    furthest = (_MAX_FAR_METRIC / power).to(axes.dtype)
    inner = torch.minimum(torch.maximum(axes, -furthest), furthest)
    return 2 * power * levels * inner - power * levels.square()


def _maximum(metrics: Sequence[Tensor]) -> Tensor:
    return reduce(torch.maximum, metrics)


def _log2_sum_exp2(metrics: Sequence[Tensor]) -> Tensor:
    peak = _maximum(metrics).detach()
    return peak + sum(torch.exp2(metric - peak) for metric in metrics).log2()


def _gray_pam(num_bits: int) -> np.ndarray:
    """Levels +-1, +-3, ... of a Gray PAM, float64 (2^num_bits,), in the order of their labels."""
    labels = np.arange(2**num_bits)
    level = np.zeros(2**num_bits)
    for weight in range(num_bits):  # from the last, innermost bit of the label to the first, its sign
        bit = labels >> weight & 1
        level = (1 - 2 * bit) * (2**weight - level)
    return level


def _deinterleave(labels: np.ndarray, num_bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels of ``num_bits`` bits b0 b1 b2 ... -> the labels of the two axes, b0 b2 ... and b1 b3 ..."""
    bits = labels[:, None] >> np.arange(num_bits)[::-1] & 1
    weights = 2 ** np.arange(num_bits // 2)[::-1]
    return bits[:, 0::2] @ weights, bits[:, 1::2] @ weights


def _largest_part(y: Tensor) -> float:
    """The largest absolute real or imaginary part; raises ValueError for a ``y`` that is not complex and finite."""
    check_tensor("y", y, "complex", "(..., num_symbols)")
    if not y.numel():
        return 0.0
    low, high = torch.view_as_real(y.detach().resolve_conj()).aminmax()
    largest = max(-float(low), float(high))
    if not largest < math.inf:  # NaN, which aminmax hands on, included
        raise ValueError(f"y is {describe(y)} with NaN or infinite entries: it must be finite")
    return largest


def _noise_variance(n0: float | Tensor, y: Tensor) -> Tensor:
    """``n0``, checked, as a real tensor of the precision of ``y``."""
    try:
        if isinstance(n0, Tensor) and n0.is_complex():
            raise TypeError
        n0 = torch.as_tensor(n0, dtype=y.real.dtype, device=y.device)
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(f"n0 is {describe(n0)}: it must be a number or a real tensor") from None
    check_fits("n0", n0, "y", y)
    if not bool((n0 >= MIN_N0).all()):
        raise ValueError(f"n0 = {float(n0.min()):.3g} at its lowest: the valid range is [{MIN_N0}, inf]")
    return n0
