"""Channel state information: correlated gains, and what a receiver can know of a gain  [l_deepsc Sec. III-A].

Conventions, beside those of :mod:`semcom_lib.physical_layer.channels`:

* Gains are complex64 of any shape with the batch first. Where their covariance matters, the entries of one item
  are taken in row-major order: matrices (batch, rows, cols) have a covariance (rows * cols, rows * cols).
* ``num_pilots`` unit-energy pilots are spent on every gain (every transmit antenna, for matrices: the antennas'
  pilot sequences are orthogonal), so that the LS estimate's error is CN(0, n0 / num_pilots).
* Covariances are real or complex, Hermitian, and worked on in double precision.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from semcom_lib.physical_layer.channels import awgn, complex_normal

KINDS = ("perfect", "rough", "mmse", "refined", "none")


def exponential_correlation(num_antennas: int, correlation: float) -> Tensor:
    """Correlation rho^|i - j| between the antennas i and j of an array -> float64 (num_antennas, num_antennas).

    Raises ValueError for fewer than one antenna or a ``correlation`` outside [0, 1).
    """
    if num_antennas < 1:
        raise ValueError(f"num_antennas = {num_antennas} must be at least 1")
    if not 0 <= correlation < 1:
        raise ValueError(f"correlation = {correlation} is out of range: it must be in [0, 1)")
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
    E[|H_ij|^2] = 1. Raises ValueError for a correlation outside [0, 1).
    """
    root_receive = _square_root(exponential_correlation(num_receive, correlation_receive))
    root_transmit = _square_root(exponential_correlation(num_transmit, correlation_transmit))
    g = complex_normal(batch, num_receive, num_transmit, generator=generator)
    return root_receive @ g @ root_transmit


def jakes_covariance(num_blocks: int, doppler: float) -> Tensor:
    """E[h_i conj(h_j)] = J0(2 pi f_D T (i - j)) of :func:`jakes_gain` -> float64 (num_blocks, num_blocks).

    Raises ValueError for fewer than one block or a ``doppler`` (f_D T) that is negative or not finite.
    """
    if num_blocks < 1:
        raise ValueError(f"num_blocks = {num_blocks} must be at least 1")
    if not 0 <= doppler < float("inf"):
        raise ValueError(f"doppler = {doppler} is not a normalised Doppler frequency: it must be finite and >= 0")
    index = torch.arange(num_blocks, dtype=torch.float64)
    return torch.special.bessel_j0(2 * torch.pi * doppler * (index[:, None] - index).abs())


def jakes_gain(batch: int, num_blocks: int, *, doppler: float, generator: torch.Generator) -> Tensor:
    """Rayleigh gains of successive blocks, correlated as in Clarke's and Jakes' model -> (batch, num_blocks).

    ``doppler`` is the maximal Doppler frequency times the blocks' duration, f_D T: 0 keeps one gain for ever. The
    process is exact (a root of its covariance times white samples), E[|h|^2] = 1. Raises ValueError for a bad ``doppler``.
    """
    root = _square_root(jakes_covariance(num_blocks, doppler))
    return complex_normal(batch, num_blocks, generator=generator) @ root


def ls_estimate(h: Tensor, n0: float | Tensor, num_pilots: int, *, generator: torch.Generator) -> Tensor:
    """The least-squares ("rough") estimate of ``h`` from pilots, h + CN(0, n0 / num_pilots)  [l_deepsc eqs. 13, 14].

    H_rough = Y_p X_p^H / num_pilots with Y_p = H X_p + N and orthogonal pilot sequences, X_p X_p^H = num_pilots I: the
    error N X_p^H / num_pilots is white, and is drawn directly. ``n0`` may be a tensor that broadcasts against ``h``.
    Raises ValueError for a bad ``n0`` or ``num_pilots``.
    """
    return awgn(h, _error_variance(n0, num_pilots), generator=generator)


def mmse_estimate(
    h_ls: Tensor, n0: float | Tensor, num_pilots: int, *, mean: complex = 0.0, variance: float = 1.0
) -> Tensor:
    """The MMSE estimate of every gain by itself from its LS estimate, given its CN(mean, variance) prior.

    Defaults are Rayleigh's; Rician fading has mean sqrt(K / (K + 1)) and variance 1 / (K + 1). Correlation between gains is
    ignored. Raises ValueError for a ``variance`` that is not positive.
    """
    error = torch.as_tensor(_error_variance(n0, num_pilots), device=h_ls.device)
    return mean + _prior(variance) / (variance + error) * (h_ls - mean)


def mmse_estimate_full(h_ls: Tensor, n0: float, num_pilots: int, covariance: Tensor) -> Tensor:
    """The MMSE estimate C (C + n0 / num_pilots I)^-1 vec(h_ls) for jointly CN(0, C) gains: no estimator does better.

    h_ls (batch, ...) with n gains an item, ``covariance`` C (n, n) -> the shape of h_ls. Raises ValueError for a
    covariance of another size or one that is not Hermitian and non-negative.
    """
    gains = h_ls.flatten(1)
    if covariance.shape != 2 * gains.shape[1:]:
        raise ValueError(f"covariance is {tuple(covariance.shape)}; h_ls has {gains.shape[1]} gains an item")
    power, basis = _eigen(covariance)
    shrunk = basis * _shrinkage(power, _error_variance(n0, num_pilots)) @ basis.mH
    return (gains @ shrunk.T.to(gains)).reshape(h_ls.shape)


def ls_mse(n0: float, num_pilots: int) -> float:
    """E|h_ls - h|^2 a gain of :func:`ls_estimate`: n0 / num_pilots."""
    return float(_error_variance(n0, num_pilots))


def mmse_mse(n0: float, num_pilots: int, *, variance: float = 1.0) -> float:
    """E|h_mmse - h|^2 a gain of :func:`mmse_estimate`, v s / (v + s) for prior variance v and LS error s."""
    error = ls_mse(n0, num_pilots)
    return _prior(variance) * error / (variance + error)


def mmse_full_mse(n0: float, num_pilots: int, covariance: Tensor) -> float:
    """E|h_mmse - h|^2 a gain of :func:`mmse_estimate_full`, the mean over C's eigenvalues l of l s / (l + s)."""
    error = ls_mse(n0, num_pilots)
    return float((_shrinkage(_eigen(covariance)[0], error) * error).mean())


def imperfect_csi(h: Tensor, error_variance: float | Tensor, *, generator: torch.Generator) -> Tensor:
    """What a receiver knows of ``h`` when its knowledge has the stated error variance v: h_est = h + CN(0, v).

    The error is independent of the gain, as that of a pilot-based LS estimate with v = n0 / num_pilots is; so v is
    itself the MSE, and one number means the same for every fading model. The other model in use, sqrt(1 - v) h +
    sqrt(v) w, keeps the estimate's power at 1 but turns v into an MSE of 2 - 2 sqrt(1 - v) and biases the estimate.
    Raises ValueError when ``error_variance`` is negative or not finite.
    """
    return awgn(h, _check_variance("error_variance", error_variance), generator=generator)


def estimate(
    kind: str,
    h: Tensor,
    n0: float | Tensor,
    num_pilots: int,
    *,
    generator: torch.Generator,
    refine: Callable[[Tensor], Tensor] | None = None,
    mean: complex = 0.0,
    variance: float = 1.0,
) -> Tensor:
    """The gain that a receiver with CSI of this ``kind`` works with, of the shape of ``h``.

    "perfect": h; "rough": LS; "mmse": MMSE with the prior CN(mean, variance); "refined": ``refine`` of the LS estimate,
    for example an ADNet [l_deepsc eq. 15]; "none": 1, as though there were no fading. Every kind draws the same from
    ``generator`` (common random numbers). Raises ValueError for an unknown kind, or "refined" without ``refine``.
    """
    if kind not in KINDS:
        raise ValueError(f"kind = {kind!r} is not a kind of CSI; one of: {', '.join(KINDS)}")
    rough = ls_estimate(h, n0, num_pilots, generator=generator)
    if kind == "perfect":
        return h
    if kind == "rough":
        return rough
    if kind == "mmse":
        return mmse_estimate(rough, n0, num_pilots, mean=mean, variance=variance)
    if kind == "none":
        return torch.ones_like(h)
    if refine is None:
        raise ValueError("refine = None: CSI of the kind 'refined' needs a callable, h_rough -> h_refined")
    return refine(rough)


def _check_variance(name: str, value: float | Tensor) -> float | Tensor:
    as_tensor = torch.as_tensor(value)
    if not bool(torch.all(torch.isfinite(as_tensor) & (as_tensor >= 0))):
        raise ValueError(f"{name} = {value} is not a variance: it must be finite and >= 0")
    return value


def _error_variance(n0: float | Tensor, num_pilots: int) -> float | Tensor:
    if num_pilots < 1:
        raise ValueError(f"num_pilots = {num_pilots} must be at least 1")
    return _check_variance("n0", n0) / num_pilots


def _prior(variance: float) -> float:
    if not 0 < variance < float("inf"):
        raise ValueError(f"variance = {variance} is not a prior's variance: it must be finite and > 0")
    return variance


def _eigen(covariance: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues (n,) and eigenvectors (n, n) of a covariance; rounding's negative eigenvalues become 0."""
    wide = covariance.to(torch.complex128 if covariance.is_complex() else torch.float64)
    if wide.dim() != 2 or wide.shape[0] != wide.shape[1] or not torch.allclose(wide, wide.mH):
        raise ValueError(f"covariance of shape {tuple(covariance.shape)} is not a Hermitian matrix")
    power, basis = torch.linalg.eigh(wide)
    if float(power[0]) < -1e-6 * float(power[-1].abs()):
        raise ValueError(f"covariance has the eigenvalue {float(power[0]):.3g}; it must have none below 0")
    return power.clamp_min(0), basis


def _shrinkage(power: Tensor, error: float) -> Tensor:
    """l / (l + s) for each eigenvalue l; where there is neither signal nor noise, 0."""
    return torch.where(power > 0, power / (power + error), 0.0)


def _square_root(covariance: Tensor) -> Tensor:
    """The Hermitian root of a real covariance, ready to multiply complex64 samples."""
    power, basis = _eigen(covariance)
    return (basis * power.sqrt() @ basis.mH).to(torch.complex64)
