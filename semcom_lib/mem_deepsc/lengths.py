"""How many symbols a sentence needs at which noise, and the model's own noise from such lengths  [mem_deepsc Prop. 2].

    N = (1 + mu_max^2 / sigma_m2)^(L / 2) = (1 + mu_max^2 / (sigma_m2 + n0))^(L_1 / 2)                     [mem_deepsc eqs. 12, 14]

codewords can be told apart from L symbols without noise of the channel, and from L_1 >= L with it: the model's noise of variance
``sigma_m2`` alone sets a least length. ``n0`` is the channel's, 1 / SNR; ``mu_max`` the greatest value of the symbols.

The formulas are the paper's as printed. It measures ``mu_max`` and ``sigma_m2`` and does not say how; volumes of L real dimensions
are set against variances of complex ones, so that complex symbols need half as many as eqs. 12 and 16 say; L_1 / L, eq. 15, is the
same either way.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from torch import Tensor

from semcom_lib.arguments import check_integer, check_number, check_tensor, describe

Floats = NDArray[np.float64]

_ROUNDING = 1e-9  # what float64 may add to a length or an accuracy, and no measurement can tell


class ModelNoise(NamedTuple):
    """What :func:`fit_model_noise` finds; ``lengths`` (n,) are those of eq. 15 where lengths were measured."""

    sigma_m2: float
    minimum: float
    lengths: Floats


def required_length(minimum: ArrayLike, n0: ArrayLike, mu_max: ArrayLike, sigma_m2: ArrayLike) -> Floats:
    """L_1, the length that noise ``n0`` asks for where ``minimum`` = L is enough without any  [mem_deepsc eq. 15].

    Numbers or arrays that broadcast -> float64. Case 1: L at n0 = 0. Case 2: infinity at n0 = infinity. Case 4 makes L infinite;
    for a given L the ratio L_1 / L tends to 1, since noise of the channel adds nothing to so much of the model's own. Raises
    ValueError for a ``minimum``, ``mu_max`` or ``sigma_m2`` that is not finite and above 0, or an ``n0`` below 0.
    """
    minimum, mu_max = _checked("minimum", minimum, "(0, inf)"), _checked("mu_max", mu_max, "(0, inf)")
    n0, sigma_m2 = _checked("n0", n0, "[0, inf]"), _checked("sigma_m2", sigma_m2, "(0, inf)")
    with np.errstate(divide="ignore", over="ignore"):
        return minimum * np.log1p(mu_max**2 / sigma_m2) / np.log1p(mu_max**2 / (sigma_m2 + n0))


def log_num_codewords(length: ArrayLike, variance: ArrayLike, mu_max: ArrayLike) -> Floats:
    """ln N of the codewords that symbols with noise of this ``variance`` tell apart  [mem_deepsc eqs. 12, 14].

    The variance is sigma_m2, or sigma_m2 + n0 after the channel. Raises ValueError for arguments that are not finite and above 0.
    """
    length, mu_max = _checked("length", length, "(0, inf)"), _checked("mu_max", mu_max, "(0, inf)")
    return length / 2 * np.log1p(mu_max**2 / _checked("variance", variance, "(0, inf)"))


def length_of_codewords(log_num_codewords: ArrayLike, variance: ArrayLike, mu_max: ArrayLike) -> Floats:
    """The length at which e^log_num_codewords codewords can be told apart in noise of this ``variance``  [mem_deepsc eq. 16].

    Case 3: the variance is n0 alone, and without any noise nothing is needed. Case 4: an infinite one needs infinitely many.
    Raises ValueError for other arguments that are not finite and above 0, or a variance below 0.
    """
    number, mu_max = (
        _checked("log_num_codewords", log_num_codewords, "(0, inf)"),
        _checked("mu_max", mu_max, "(0, inf)"),
    )
    with np.errstate(divide="ignore", over="ignore"):
        return 2 * number / np.log1p(mu_max**2 / _checked("variance", variance, "[0, inf]"))


def lengths_by_snr(
    snrs_db: ArrayLike,
    *,
    mu_max: float,
    sigma_m2: float,
    minimum: float = 16.0,
    shortest: int = 16,
    longest: int = 32,
) -> NDArray[np.int64]:
    """Symbols a sentence at each SNR, int64 of the SNRs' shape: eq. 15 rounded up, in shortest..longest  [mem_deepsc Table II].

    ``minimum`` is the real-valued L: where it is the ``shortest`` length itself, any noise at all asks for one symbol more.
    Raises ValueError for lengths that are no integers, a ``shortest`` above the ``longest``, an SNR below -300 dB, and as
    :func:`required_length`.
    """
    check_integer("longest", longest, 1)
    check_integer("shortest", shortest, 1, longest)
    n0 = 10 ** (-_checked("snrs_db", snrs_db, "[-300, inf]") / 10)
    length = np.ceil(required_length(minimum, n0, mu_max, sigma_m2) - _ROUNDING)
    return length.clip(shortest, longest).astype(np.int64)


def fit_model_noise(lengths: ArrayLike, n0s: ArrayLike, mu_max: float) -> ModelNoise:
    """The sigma_m2 and L of eq. 15 that are nearest, in squares, to the shortest ``lengths`` that did at noise ``n0s``, both (n,).

    For each sigma_m2 the best L is linear least squares; sigma_m2 is searched on a grid of its logarithm and refined. Its limits
    are results: infinity, where lengths do not grow with the noise, and 0, with L = 0 (case 3), where they grow so fast that eq. 16
    fits as well as any. Raises ValueError for lengths that are not finite and above 0, noise that is not finite or below 0, numbers
    of them that differ, or fewer than two different n0s, which would fit every sigma_m2.
    """
    lengths, n0s = _checked("lengths", lengths, "(0, inf)"), _checked("n0s", n0s, "[0, inf)")
    check_number("mu_max", mu_max, "(0, inf)")
    if lengths.ndim != 1 or lengths.shape != n0s.shape or len(np.unique(n0s)) < 2:
        raise ValueError(
            f"lengths {lengths.shape} and n0s {n0s.shape} must be (n,), with at least two different n0s among them"
        )
    power = float(mu_max) ** 2

    def fitted(sigma_m2: float) -> Floats:
        """Eq. 15's lengths with the best L, at n0 = 0 first: (1 + n,)."""
        if math.isinf(sigma_m2):
            unit = np.ones(1 + len(n0s))
        else:
            with np.errstate(divide="ignore"):
                unit = 1 / np.log1p(power / (sigma_m2 + np.append(0.0, n0s)))
            unit /= unit.max()
        return unit * (unit[1:] @ lengths) / (unit[1:] @ unit[1:])

    def error(log_sigma_m2: float) -> float:
        return float(np.sum((fitted(math.exp(log_sigma_m2))[1:] - lengths) ** 2))

    scales = np.log(np.append(n0s[n0s > 0], power))
    grid = np.arange(scales.min() - 28, scales.max() + 28, 0.25)  # e^28: beyond what float64 tells from the limits
    best = int(np.argmin([error(point) for point in grid]))
    bounds = grid[max(0, best - 1)], grid[min(len(grid), best + 2) - 1]
    log_sigma_m2 = minimize_scalar(error, bounds=bounds, method="bounded", options={"xatol": 1e-12}).x
    sigma_m2 = math.exp(log_sigma_m2)
    for limit in (0.0, math.inf):
        if np.sum((fitted(limit)[1:] - lengths) ** 2) <= error(log_sigma_m2) + 1e-12 * np.sum(lengths**2):
            sigma_m2 = limit
    of_noise = fitted(sigma_m2)
    return ModelNoise(sigma_m2, float(of_noise[0]), of_noise[1:])


def shortest_length(accuracies: Mapping[int, float], margin: float) -> int:
    """The smallest length of ``accuracies`` by length whose accuracy is at most ``margin`` below the best one.

    Raises ValueError for no lengths, lengths that are no integers of at least 1, and accuracies or a margin outside 0..1.
    """
    check_number("margin", margin, "[0, 1]")
    if not accuracies:
        raise ValueError("accuracies is empty: it must have at least one length")
    for length, accuracy in accuracies.items():
        check_integer("a length of accuracies", length, 1)
        check_number(f"accuracies[{length}]", accuracy, "[0, 1]")
    enough = max(accuracies.values()) - margin - _ROUNDING
    return min(length for length, accuracy in accuracies.items() if accuracy >= enough)


def mu_max_of(x: Tensor) -> float:
    """The largest modulus of a real or imaginary part of sent symbols x complex64 (...), mu_max  [mem_deepsc Sec. IV-A].

    Differs from the paper: it does not say how its maximum value of the latent codewords is measured. Raises ValueError for symbols
    that are not complex or not finite, or for none.
    """
    check_tensor("x", x, "complex")
    if not x.numel() or not bool(x.isfinite().all()):
        raise ValueError("x must be finite, and not empty, to have a largest part")
    return float(torch.view_as_real(x).abs().max())


def _checked(name: str, values: ArrayLike, interval: str) -> Floats:
    """Numbers of any shape, each in the ``interval``, as float64."""
    try:
        array = np.asarray(values)
    except ValueError:  # rows of unequal lengths
        raise ValueError(f"{name} is {describe(values)}: it must be a number or a regular array of them") from None
    for value in array.ravel().tolist():
        check_number(name, value, interval)
    return array.astype(np.float64)
