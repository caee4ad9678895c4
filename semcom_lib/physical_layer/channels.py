"""The channels that every paper shares, y = h x + n  [l_deepsc eq. 2].

Conventions, used everywhere in this library:

* Symbols ``x`` are complex64 of shape (batch, num_symbols) with E[|x|^2] = 1; a row is one transmitted codeword
  (a sentence, a clip, an image).
* ``n0`` is the noise variance per complex dimension, n0 / 2 per real one, so that SNR = Es/N0 = 1 / n0. It is a
  number, or a tensor that broadcasts against ``x`` (one SNR a row: shape (batch, 1)).
* Every fading gain has E[|h|^2] = 1. One gain holds for a block of ``block_length`` symbols (default: the whole row).
* The receiver equalises with the gain that it *estimated*, x_hat = conj(h_est) y / |h_est|^2 (:func:`equalise`).
* All randomness comes from the caller's generator, and gains are drawn before noise, so that two systems with
  equal shapes and equally seeded generators meet the same channel (common random numbers). Draws are made on the
  CPU and moved to the symbols' device, so that they are the same on every device.

Everything is differentiable with respect to ``x``.
"""

import math

import torch
from torch import Tensor


def snr_to_n0(snr_db: float) -> float:
    """Noise variance n0 = 10^(-snr_db / 10) per complex dimension for unit symbol energy."""
    return 10.0 ** (-snr_db / 10.0)


def complex_normal(*shape: int, generator: torch.Generator) -> Tensor:
    """Circularly symmetric CN(0, 1) samples, complex64, 1/2 of the variance in each real dimension."""
    return torch.randn(*shape, dtype=torch.complex64, generator=generator)


def awgn(x: Tensor, n0: float | Tensor, *, generator: torch.Generator) -> Tensor:
    """Add white Gaussian noise: x (batch, num_symbols) -> y of the same shape.

    Raises ValueError when ``n0`` is negative or not finite.
    """
    variance = torch.as_tensor(n0, dtype=torch.float32)
    if not bool(torch.all(torch.isfinite(variance) & (variance >= 0))):
        raise ValueError(f"n0 = {n0} is not a noise variance: it must be finite and >= 0")
    return x + variance.sqrt().to(x.device) * complex_normal(*x.shape, generator=generator).to(x.device)


def rayleigh_gain(batch: int, num_blocks: int = 1, *, generator: torch.Generator) -> Tensor:
    """Rayleigh gains h ~ CN(0, 1), shape (batch, num_blocks)."""
    return complex_normal(batch, num_blocks, generator=generator)


def rician_gain(batch: int, num_blocks: int = 1, *, k_factor: float = 2.0, generator: torch.Generator) -> Tensor:
    """Rician gains, mean sqrt(K / (K + 1)) and variance 1 / (K + 1)  [l_deepsc Sec. IV], shape (batch, num_blocks).

    ``k_factor`` is the (linear) ratio of the line-of-sight power to the scattered power; 0 is Rayleigh fading.
    Raises ValueError when it is negative or not finite.
    """
    if not (k_factor >= 0 and math.isfinite(k_factor)):
        raise ValueError(f"k_factor = {k_factor} is not a Rician K-factor: it must be finite and >= 0")
    scattered = complex_normal(batch, num_blocks, generator=generator)
    return math.sqrt(k_factor / (k_factor + 1)) + math.sqrt(1 / (k_factor + 1)) * scattered


def block_fading(h: Tensor, x: Tensor, block_length: int | None = None) -> Tensor:
    """Multiply x (batch, num_symbols) by its block's gain h (batch, num_blocks) -> (batch, num_symbols).

    Raises ValueError when ``h`` does not hold one gain for each (possibly shorter last) block.
    """
    return expand_gain(h, x.shape[1], block_length).to(x.device) * x


def expand_gain(h: Tensor, num_symbols: int, block_length: int | None = None) -> Tensor:
    """The gain that each symbol meets: h (batch, num_blocks) -> (batch, num_symbols), or (batch, 1) for one block."""
    num_blocks = count_blocks(num_symbols, block_length)
    if h.shape[1] != num_blocks:
        needed = f"{num_symbols} symbols of block_length {block_length} need {num_blocks}"
        raise ValueError(f"h has {h.shape[1]} gains a row; {needed}")
    return h if num_blocks == 1 else h.repeat_interleave(block_length, dim=1)[:, :num_symbols]


def count_blocks(num_symbols: int, block_length: int | None) -> int:
    """Fading blocks a row: ceil(num_symbols / block_length); None is one block for the whole row."""
    if block_length is None:
        return 1
    if block_length < 1:
        raise ValueError(f"block_length = {block_length} must be at least 1 symbol")
    return -(-num_symbols // block_length)


def rayleigh(
    x: Tensor, n0: float | Tensor, *, block_length: int | None = None, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Block Rayleigh fading and noise: x (batch, num_symbols) -> (y, h), h (batch, num_blocks)."""
    h = rayleigh_gain(x.shape[0], count_blocks(x.shape[1], block_length), generator=generator)
    return awgn(block_fading(h, x, block_length), n0, generator=generator), h


def rician(
    x: Tensor,
    n0: float | Tensor,
    *,
    k_factor: float = 2.0,
    block_length: int | None = None,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Block Rician fading and noise: x (batch, num_symbols) -> (y, h), h (batch, num_blocks)."""
    num_blocks = count_blocks(x.shape[1], block_length)
    h = rician_gain(x.shape[0], num_blocks, k_factor=k_factor, generator=generator)
    return awgn(block_fading(h, x, block_length), n0, generator=generator), h


def equalise(y: Tensor, h_est: Tensor, *, block_length: int | None = None) -> Tensor:
    """Zero-forcing with the estimated gain, x_hat = conj(h_est) y / |h_est|^2  [l_deepsc eq. 12].

    y (batch, num_symbols), h_est (batch, num_blocks) -> x_hat (batch, num_symbols). The noise that remains has the
    variance n0 / |h_est|^2 per complex dimension.
    """
    h = expand_gain(h_est, y.shape[1], block_length)
    # |h_est| is exactly zero with probability zero; the floor only keeps such a draw finite.
    return h.conj() * y / (h.abs() ** 2).clamp_min(torch.finfo(torch.float32).tiny)


def bsc(bits: Tensor, ber: float, *, generator: torch.Generator) -> Tensor:
    """Binary symmetric channel: flip each bit of ``bits`` (any integer dtype, any shape) with probability ``ber``.

    Raises ValueError when ``ber`` is outside 0..1.
    """
    if not 0 <= ber <= 1:
        raise ValueError(f"ber = {ber} is not a probability: it must be in 0..1")
    flips = torch.rand(bits.shape, generator=generator) < ber
    return bits ^ flips.to(bits)


def exponential_power_delay_profile(num_taps: int, decay: float) -> Tensor:
    """Tap powers proportional to exp(-decay l), l = 0..num_taps-1, that sum to 1 -> (num_taps,)."""
    if num_taps < 1:
        raise ValueError(f"num_taps = {num_taps} must be at least 1")
    powers = torch.exp(-decay * torch.arange(num_taps, dtype=torch.float64))
    return (powers / powers.sum()).to(torch.float32)


def tapped_delay_line(
    x: Tensor, n0: float | Tensor, *, power_delay_profile: Tensor, num_subcarriers: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Slow frequency-selective fading seen through OFDM: one gain a subcarrier -> (y, h), h (batch, num_subcarriers).

    The taps are independent CN(0, p_l), constant over the row (slow fading); with a cyclic prefix at least as long
    as the delay line each subcarrier k meets the flat gain H_k = sum_l a_l exp(-2j pi k l / num_subcarriers), so that
    a one-tap equaliser suffices. Symbols fill the subcarriers in order, OFDM symbol after OFDM symbol.
    E[|H_k|^2] = sum_l p_l = 1. Raises ValueError when the profile is longer than the OFDM symbol or does not sum to 1.
    """
    num_taps = power_delay_profile.shape[0]
    if num_taps > num_subcarriers:
        raise ValueError(f"power_delay_profile has {num_taps} taps; num_subcarriers = {num_subcarriers} allows no more")
    if abs(float(power_delay_profile.sum()) - 1) > 1e-5:
        raise ValueError(f"power_delay_profile sums to {float(power_delay_profile.sum()):.6f}; it must sum to 1")
    taps = power_delay_profile.sqrt() * complex_normal(x.shape[0], num_taps, generator=generator)
    h = torch.fft.fft(taps, n=num_subcarriers, dim=1)
    return awgn(subcarrier_gain(h, x.shape[1]).to(x.device) * x, n0, generator=generator), h


def subcarrier_gain(h: Tensor, num_symbols: int) -> Tensor:
    """The gain that each symbol meets on its subcarrier: h (batch, num_subcarriers) -> (batch, num_symbols)."""
    return h.repeat(1, -(-num_symbols // h.shape[1]))[:, :num_symbols]
