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

_FILLED_AT_ONCE = 8  # complex numbers: torch fills 16 real ones at a time, and the last of other sizes otherwise


def snr_to_n0(snr_db: float) -> float:
    """Noise variance n0 = 10^(-snr_db / 10) per complex dimension for unit symbol energy."""
    return 10.0 ** (-snr_db / 10.0)


def complex_normal(*shape: int, generator: torch.Generator) -> Tensor:
    """Circularly symmetric CN(0, 1) samples, complex64, 1/2 of the variance in each real dimension."""
    return torch.randn(*shape, dtype=torch.complex64, generator=generator)


def complex_normal_by_column(batch: int, num_columns: int, *, generator: torch.Generator) -> Tensor:
    """CN(0, 1) samples (batch, num_columns), of which the first columns are the same however many there are.

    So systems that send unequally many symbols, or blocks, meet the same noise, or gains, as long as both send.
    """
    size = batch * num_columns
    drawn = complex_normal(-(-size // _FILLED_AT_ONCE) * _FILLED_AT_ONCE, generator=generator)
    return drawn[:size].reshape(num_columns, batch).T


def awgn(x: Tensor, n0: float | Tensor, *, generator: torch.Generator) -> Tensor:
    """Add white Gaussian noise of variance ``n0`` to symbols x of any shape -> y of the same shape.

    Raises ValueError when ``n0`` is negative or not finite, or a tensor of another number of dimensions than ``x``.
    """
    variance = noise_variance(n0)
    if variance.dim() not in (0, x.dim()):
        raise ValueError(
            f"n0 has shape {tuple(variance.shape)}; for x {tuple(x.shape)} it must have {x.dim()} dimensions"
        )
    return x + variance.sqrt().to(x.device) * complex_normal(*x.shape, generator=generator).to(x.device)


def noise_variance(n0: float | Tensor) -> Tensor:
    """``n0`` as a float32 tensor. Raises ValueError when it is negative or not finite."""
    variance = torch.as_tensor(n0, dtype=torch.float32)
    if not bool(torch.all(torch.isfinite(variance) & (variance >= 0))):
        raise ValueError(f"n0 = {n0} is not a noise variance: it must be finite and >= 0")
    return variance


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
    if not (k_factor >= 0 and math.isfinite(k_factor)):
        raise ValueError(f"k_factor = {k_factor} is not a Rician K-factor: it must be finite and >= 0")
    return math.sqrt(k_factor / (k_factor + 1)) + math.sqrt(1 / (k_factor + 1)) * scattered


def equalise(y: Tensor, h_est: Tensor) -> Tensor:
    """Zero-forcing with the estimated gain, x_hat = conj(h_est) y / |h_est|^2  [l_deepsc eq. 12].

    y of any shape, h_est that broadcasts to it -> x_hat of y's shape. The noise that remains has the variance
    n0 / |h_est|^2 per complex dimension.
    """
    # |h_est| is exactly zero with probability zero; the floor only keeps such a draw finite.
    return h_est.conj() * y / (h_est.abs() ** 2).clamp_min(torch.finfo(torch.float32).tiny)


def bsc(bits: Tensor, ber: float, *, generator: torch.Generator) -> Tensor:
    """Binary symmetric channel: flip each bit of ``bits`` (any integer dtype, any shape) with probability ``ber``.

    Raises ValueError when ``ber`` is outside 0..1.
    """
    if not 0 <= ber <= 1:
        raise ValueError(f"ber = {ber} is not a probability: it must be in 0..1")
    flips = torch.rand(bits.shape, generator=generator) < ber
    return bits ^ flips.to(bits)
