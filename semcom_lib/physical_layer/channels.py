"""The channels that every paper shares, y = h x + n  [l_deepsc eq. 2]: gains, noise, the equaliser, flipped bits.

Conventions, used everywhere in this library:

* Symbols ``x`` are complex64 with E[|x|^2] = 1; an item is one transmitted codeword (a sentence, a clip, an image), and
  where all items are equally long, x is (batch, num_symbols) with an item a row.
* ``n0`` is the noise variance per complex dimension, n0 / 2 per real one, so that SNR = Es/N0 = 1 / n0. It is a
  number, or a tensor with as many dimensions as ``x`` (one SNR a row: shape (batch, 1)).
* Every fading gain has E[|h|^2] = 1. One gain holds for a block of ``block_length`` symbols (None: the whole item).
* The receiver equalises with the gain that it *estimated*, x_hat = conj(h_est) y / |h_est|^2 (:func:`equalise`).
* All randomness comes from the caller's generator, is drawn on the CPU and moved to the symbols' device, so that it is the
  same on every device.

Whole transmissions - gains of a fading law, noise, what the receiver knows of the gains, the equaliser - go through one function,
:func:`semcom_lib.physical_layer.fading.transmit`. Everything is differentiable with respect to ``x``.
"""

import math

import torch
from torch import Tensor

from semcom_lib.arguments import check_fits, check_integer, check_number, check_tensor, describe

_MAX_FLOAT32 = torch.finfo(torch.float32).max
_FILLED_AT_ONCE = 8  # complex numbers: torch fills 16 real ones at a time, and the last of other sizes otherwise


def snr_to_n0(snr_db: float | Tensor) -> float | Tensor:
    """Noise variance n0 = 10^(-snr_db / 10) per complex dimension for unit symbol energy; a tensor gives a tensor.

    Infinitely many dB are no noise. Raises ValueError for a number below -300 or NaN.
    """
    if not isinstance(snr_db, Tensor):
        check_number("snr_db", snr_db, "[-300, inf]")
    return 10.0 ** (-snr_db / 10.0)


def complex_normal(*shape: int, generator: torch.Generator) -> Tensor:
    """Circularly symmetric CN(0, 1) samples, complex64, 1/2 of the variance in each real dimension."""
    return torch.randn(*shape, dtype=torch.complex64, generator=generator)


def complex_normal_by_column(batch: int, num_columns: int, *, generator: torch.Generator) -> Tensor:
    """CN(0, 1) samples (batch, num_columns), of which the first columns are the same however many there are.

    So systems that send unequally many symbols, or blocks, meet the same noise, or gains, as long as both send.
    Raises ValueError for a number below 0.
    """
    check_integer("batch", batch, 0)
    check_integer("num_columns", num_columns, 0)
    size = batch * num_columns
    drawn = complex_normal(-(-size // _FILLED_AT_ONCE) * _FILLED_AT_ONCE, generator=generator)
    return drawn[:size].reshape(num_columns, batch).T


def awgn(x: Tensor, n0: float | Tensor, *, generator: torch.Generator) -> Tensor:
    """Add white Gaussian noise of variance ``n0`` to symbols x of any shape -> y of the same shape.

    Raises ValueError when x is not complex, or when ``n0`` is negative, not finite, or a tensor that has other dimensions
    than ``x`` or does not broadcast to it.
    """
    check_tensor("x", x, "complex")
    variance = noise_variance(n0)
    check_fits("n0", variance, "x", x)
    return x + variance.sqrt().to(x.device) * complex_normal(*x.shape, generator=generator).to(x.device)


def noise_variance(n0: float | Tensor) -> Tensor:
    """``n0`` as a float32 tensor. Raises ValueError when it is negative or not finite."""
    if isinstance(n0, int | float) and 0 <= n0 < _MAX_FLOAT32:  # the common case, at the cost of no tensor operation
        return torch.tensor(n0, dtype=torch.float32)
    check_variance("n0", n0)
    variance = torch.as_tensor(n0, dtype=torch.float32)
    check_variance("n0", variance)  # not too large for float32 either
    return variance


def check_variance(name: str, value: float | Tensor) -> None:
    """Raise ValueError unless ``value`` is a real number or tensor, finite and >= 0."""
    try:
        variance = torch.as_tensor(None if isinstance(value, list | tuple) else value)
    except (TypeError, ValueError, RuntimeError):
        variance = torch.zeros((), dtype=torch.complex64)
    if variance.is_complex():
        raise ValueError(f"{name} is {describe(value)}: it must be a real number or tensor")
    fit = torch.isfinite(variance) & (variance >= 0)
    if not bool(fit.all()):
        worst = float(variance[~fit].flatten()[0])
        raise ValueError(f"{name} = {worst:g} is not a variance: it must be finite and >= 0")


def rayleigh_gain(batch: int, num_blocks: int = 1, *, generator: torch.Generator) -> Tensor:
    """Rayleigh gains h ~ CN(0, 1), independent, shape (batch, num_blocks)."""
    return complex_normal_by_column(batch, num_blocks, generator=generator)


def rician_gain(batch: int, num_blocks: int = 1, *, k_factor: float = 2.0, generator: torch.Generator) -> Tensor:
    """Independent Rician gains (batch, num_blocks), see :func:`add_line_of_sight`."""
    return add_line_of_sight(rayleigh_gain(batch, num_blocks, generator=generator), k_factor)


def add_line_of_sight(scattered: Tensor, k_factor: float) -> Tensor:
    """Rayleigh gains of any shape -> Rician ones, mean sqrt(K / (K + 1)) and variance 1 / (K + 1)  [l_deepsc Sec. IV].

    ``k_factor`` is the (linear) ratio of the line-of-sight power to the scattered power; 0 is Rayleigh fading.
    Raises ValueError when it is negative or not finite.
    """
    check_number("k_factor", k_factor, "[0, inf)")
    return math.sqrt(k_factor / (k_factor + 1)) + math.sqrt(1 / (k_factor + 1)) * scattered


def equalise(y: Tensor, h_est: Tensor) -> Tensor:
    """Zero-forcing with the estimated gain, x_hat = conj(h_est) y / |h_est|^2  [l_deepsc eq. 12].

    y of any shape, h_est one number or of as many dimensions that broadcasts to it -> x_hat of y's shape. The noise that
    remains has the variance n0 / |h_est|^2 per complex dimension. Raises ValueError for an h_est of other dimensions.
    """
    for name, value in (("y", y), ("h_est", h_est)):
        if not isinstance(value, Tensor):
            raise ValueError(f"{name} is {describe(value)}: it must be a torch tensor")
    check_fits("h_est", h_est, "y", y)
    # |h_est| is exactly zero with probability zero; the floor only keeps such a draw finite.
    return h_est.conj() * y / (h_est.abs() ** 2).clamp_min(torch.finfo(torch.float32).tiny)


def bsc(bits: Tensor, ber: float, *, generator: torch.Generator) -> Tensor:
    """Binary symmetric channel: flip each bit of ``bits`` (any integer type or bool, any shape) with probability ``ber``.

    Raises ValueError for ``bits`` that are not integers 0 and 1, or a ``ber`` outside 0..1.
    """
    check_number("ber", ber, "[0, 1]")
    if not (isinstance(bits, Tensor) and bits.dtype == torch.bool):
        check_tensor("bits", bits, "integer")
        if bool((bits >> 1).any()):
            raise ValueError(f"bits is {describe(bits)} with other entries: it must hold only 0 and 1")
    return bits ^ _flips(bits, ber, generator).to(bits.dtype)


def bsc_straight_through(bits: Tensor, ber: float, *, generator: torch.Generator) -> Tensor:
    """A binary symmetric channel to train through: floating-point bits 0.0 and 1.0 of any shape -> the same, some flipped.

    Forwards :func:`bsc`, with the same flips from an equal generator. Backwards the gradient times 1 - 2 ber, which is the
    derivative of the bit that is to be expected, ber + (1 - 2 ber) bit: a bit of which nothing arrives (ber = 1/2) gets no
    gradient, and one that mostly arrives inverted a gradient of the opposite sign. The identity would tell the sender the
    same at all error rates. Raises ValueError for ``bits`` that are not floating-point 0 and 1, or a ``ber`` outside 0..1.
    """
    check_number("ber", ber, "[0, 1]")
    check_tensor("bits", bits, "floating-point")
    is_one = bits.detach() == 1
    if not bool((is_one | (bits.detach() == 0)).all()):
        raise ValueError(f"bits is {describe(bits)} with other entries: it must hold only 0 and 1")
    received = (is_one ^ _flips(bits, ber, generator)).to(bits.dtype)
    return received + (1 - 2 * ber) * (bits - bits.detach())


def _flips(bits: Tensor, ber: float, generator: torch.Generator) -> Tensor:
    return (torch.rand(bits.shape, generator=generator) < ber).to(bits.device)
