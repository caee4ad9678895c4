"""Correlated gains: antenna arrays (Kronecker model) and time (Clarke's and Jakes' model)  [l_deepsc Sec. III-A].

Gains are complex64 with the batch first, E[|h|^2] = 1. The entries of one item are taken in row-major order: matrices
(batch, rows, cols) have a covariance (rows * cols, rows * cols). Covariances are Hermitian and worked on in double precision.
"""

from functools import lru_cache

import torch
from torch import Tensor

from semcom_lib.arguments import check_integer, check_number, describe
from semcom_lib.physical_layer.channels import complex_normal


def exponential_correlation(num_antennas: int, correlation: float) -> Tensor:
    """Correlation rho^|i - j| between the antennas i and j of an array -> float64 (num_antennas, num_antennas).

    Raises ValueError for fewer than one antenna or a ``correlation`` outside [0, 1).
    """
    check_integer("num_antennas", num_antennas, 1)
    check_number("correlation", correlation, "[0, 1)")
    index = torch.arange(num_antennas, dtype=torch.float64)
    return correlation ** (index[:, None] - index).abs()


def kronecker_covariance(
    num_receive: int, num_transmit: int, *, correlation_receive: float, correlation_transmit: float
) -> Tensor:
    """E[vec(H) vec(H)^H] = R_r x R_t (Kronecker) of :func:`correlated_gain`, H's entries in row-major order."""
    receive = exponential_correlation(num_receive, correlation_receive)
    return torch.kron(receive, exponential_correlation(num_transmit, correlation_transmit))


def correlated_gain(
    batch: int,
    num_receive: int,
    num_transmit: int,
    *,
    correlation_receive: float,
    correlation_transmit: float,
    generator: torch.Generator,
) -> Tensor:
    """Rayleigh matrices H = R_r^(1/2) G R_t^(1/2), G ~ CN(0, I) -> (batch, num_receive, num_transmit).

    The Kronecker model with exponential correlation at both ends; i.i.d. CN(0, 1) when both correlations are 0.
    E[|H_ij|^2] = 1. Raises ValueError for a correlation outside [0, 1), a negative ``batch``, or fewer than one antenna.
    """
    check_integer("batch", batch, 0)
    root_receive = square_root(exponential_correlation(num_receive, correlation_receive))
    root_transmit = square_root(exponential_correlation(num_transmit, correlation_transmit))
    g = complex_normal(batch, num_receive, num_transmit, generator=generator)
    return root_receive @ g @ root_transmit


def jakes_covariance(num_blocks: int, doppler: float) -> Tensor:
    """E[h_i conj(h_j)] = J0(2 pi f_D T (i - j)) of :func:`jakes_gain` -> float64 (num_blocks, num_blocks).

    Raises ValueError for fewer than one block or a ``doppler`` (f_D T) that is negative or not finite.
    """
    check_integer("num_blocks", num_blocks, 1)
    check_doppler(doppler)
    index = torch.arange(num_blocks, dtype=torch.float64)
    return torch.special.bessel_j0(2 * torch.pi * doppler * (index[:, None] - index).abs())


def check_doppler(doppler: float) -> None:
    """Raise ValueError for a normalised Doppler frequency f_D T that is negative or not finite."""
    check_number("doppler", doppler, "[0, inf)")


def jakes_gain(batch: int, num_blocks: int, *, doppler: float, generator: torch.Generator) -> Tensor:
    """Rayleigh gains of successive blocks, correlated as in Clarke's and Jakes' model -> (batch, num_blocks).

    ``doppler`` is the maximal Doppler frequency times the blocks' duration, f_D T: 0 keeps one gain for ever. The
    process is exact (a root of its covariance times white samples), E[|h|^2] = 1. Raises ValueError for a bad ``doppler``,
    a negative ``batch``, or fewer than one block.
    """
    check_integer("batch", batch, 0)
    return complex_normal(batch, num_blocks, generator=generator) @ _jakes_root(num_blocks, doppler)


@lru_cache(maxsize=16)
def _jakes_root(num_blocks: int, doppler: float) -> Tensor:
    return square_root(jakes_covariance(num_blocks, doppler))


def eigen(covariance: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues (n,) and eigenvectors (n, n) of a covariance (n, n); rounding's negative eigenvalues become 0.

    Raises ValueError for a matrix that is not Hermitian, finite and non-negative.
    """
    if not isinstance(covariance, Tensor):
        raise ValueError(f"covariance is {describe(covariance)}: it must be a torch tensor (n, n)")
    wide = covariance.to(torch.complex128 if covariance.is_complex() else torch.float64)
    if wide.dim() != 2 or len(set(wide.shape)) > 1 or not wide.numel() or not torch.allclose(wide, wide.mH):
        raise ValueError(f"covariance of shape {tuple(covariance.shape)} is not a Hermitian matrix")
    power, basis = torch.linalg.eigh(wide)
    if float(power[0]) < -1e-6 * float(power[-1].abs()):
        raise ValueError(f"covariance has the eigenvalue {float(power[0]):.3g}; it must have none below 0")
    return power.clamp_min(0), basis


def square_root(covariance: Tensor) -> Tensor:
    """The Hermitian root of a covariance (n, n), complex64, ready to multiply CN(0, 1) samples."""
    power, basis = eigen(covariance)
    return (basis * power.sqrt() @ basis.mH).to(torch.complex64)
