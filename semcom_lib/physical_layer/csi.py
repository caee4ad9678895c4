"""Channel state information: what a receiver can know of a gain, and how wrong it is  [l_deepsc Sec. III-A].

Conventions, beside those of :mod:`semcom_lib.physical_layer.channels`:

* Gains are complex64 of any shape with the batch first. Where their covariance matters, the entries of one item
  are taken in row-major order: matrices (batch, rows, cols) have a covariance (rows * cols, rows * cols).
* ``num_pilots`` unit-energy pilots are spent on every gain (every transmit antenna, for matrices: the antennas'
  pilot sequences are orthogonal), so that the LS estimate's error is CN(0, n0 / num_pilots).
* Covariances are real or complex, Hermitian, and worked on in double precision.
"""

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import Protocol

import torch
from torch import Tensor

from semcom_lib.arguments import check_fits, check_integer, check_number, check_tensor
from semcom_lib.physical_layer.channels import awgn, check_variance
from semcom_lib.physical_layer.correlation import eigen

KINDS = ("perfect", "rough", "mmse", "refined", "imperfect", "none")
PILOTED = ("rough", "mmse", "refined")  # the kinds that spend pilots


def ls_estimate(h: Tensor, n0: float | Tensor, num_pilots: int, *, generator: torch.Generator) -> Tensor:
    """The least-squares ("rough") estimate of ``h`` from pilots, h + CN(0, n0 / num_pilots)  [l_deepsc eqs. 13, 14].

    H_rough = Y_p X_p^H / num_pilots with Y_p = H X_p + N and orthogonal pilot sequences, X_p X_p^H = num_pilots I: the
    error N X_p^H / num_pilots is white, and is drawn directly. ``n0`` may be a tensor of as many dimensions as ``h`` that
    broadcasts to it. Raises ValueError for a bad ``n0`` or ``num_pilots``, or an ``h`` that is not complex.
    """
    return awgn(h, _error_variance(n0, num_pilots), generator=generator)


def mmse_estimate(
    h_ls: Tensor, n0: float | Tensor, num_pilots: int, *, mean: complex = 0.0, variance: float = 1.0
) -> Tensor:
    """The MMSE estimate of every gain by itself from its LS estimate, given its CN(mean, variance) prior.

    Defaults are Rayleigh's; Rician fading has mean sqrt(K / (K + 1)) and variance 1 / (K + 1). Correlation between gains is
    ignored. Raises ValueError for a ``variance`` that is not positive, a bad ``n0`` or ``num_pilots``, or an ``n0`` of other
    dimensions than ``h_ls``.
    """
    check_tensor("h_ls", h_ls, "complex")
    error = torch.as_tensor(_error_variance(n0, num_pilots), device=h_ls.device)
    check_fits("n0", error, "h_ls", h_ls)
    return mean + _prior(variance) / (variance + error) * (h_ls - mean)


def mmse_estimate_full(h_ls: Tensor, n0: float, num_pilots: int, covariance: Tensor) -> Tensor:
    """The MMSE estimate C (C + n0 / num_pilots I)^-1 vec(h_ls) for jointly CN(0, C) gains: no estimator does better.

    h_ls (batch, ...) with n gains an item, ``covariance`` C (n, n) -> the shape of h_ls. Raises ValueError for a
    covariance of another size or one that is not Hermitian and non-negative, or an ``n0`` that is not one number.
    """
    check_tensor("h_ls", h_ls, "complex", "(batch, ...)")
    check_number("n0", n0, "[0, inf)")
    gains = h_ls.flatten(1)
    if covariance.shape != 2 * gains.shape[1:]:
        raise ValueError(f"covariance is {tuple(covariance.shape)}; h_ls has {gains.shape[1]} gains an item")
    power, basis = eigen(covariance)
    shrunk = basis * _shrinkage(power, _error_variance(n0, num_pilots)) @ basis.mH
    return (gains @ shrunk.T.to(gains)).reshape(h_ls.shape)


def ls_mse(n0: float, num_pilots: int) -> float:
    """E|h_ls - h|^2 a gain of :func:`ls_estimate`: n0 / num_pilots. Raises ValueError for a bad ``n0`` or ``num_pilots``."""
    check_number("n0", n0, "[0, inf)")
    return float(_error_variance(n0, num_pilots))


def mmse_mse(n0: float, num_pilots: int, *, variance: float = 1.0) -> float:
    """E|h_mmse - h|^2 a gain of :func:`mmse_estimate`, v s / (v + s) for prior variance v and LS error s."""
    error = ls_mse(n0, num_pilots)
    return _prior(variance) * error / (variance + error)


def mmse_full_mse(n0: float, num_pilots: int, covariance: Tensor) -> float:
    """E|h_mmse - h|^2 a gain of :func:`mmse_estimate_full`, the mean over C's eigenvalues l of l s / (l + s)."""
    error = ls_mse(n0, num_pilots)
    return float((_shrinkage(eigen(covariance)[0], error) * error).mean())


def imperfect_csi(h: Tensor, error_variance: float | Tensor, *, generator: torch.Generator) -> Tensor:
    """What a receiver knows of ``h`` when its knowledge has the stated error variance v: h_est = h + CN(0, v).

    The error is independent of the gain, as that of a pilot-based LS estimate with v = n0 / num_pilots is; so v is
    itself the MSE, and one number means the same for every fading model. The other model in use, sqrt(1 - v) h +
    sqrt(v) w, keeps the estimate's power at 1 but turns v into an MSE of 2 - 2 sqrt(1 - v) and biases the estimate.
    Raises ValueError when ``error_variance`` is negative or not finite.
    """
    check_variance("error_variance", error_variance)
    return awgn(h, error_variance, generator=generator)


class Refiner(Protocol):
    """What cleans LS estimates, and says how wrong it leaves them; an ``ADNet`` is one."""

    def refine(self, h_rough: Tensor, ls_error: Tensor) -> Tensor:
        """LS estimates whose error variances ``ls_error`` broadcast to their shape -> estimates of that shape."""
        ...

    def error_variance(self, ls_error: Tensor) -> Tensor:
        """The error variance of what :meth:`refine` returns, of the shape of ``ls_error``, >= 0."""
        ...


@dataclass(frozen=True)
class Csi:
    """What a receiver knows of the gains, by its ``kind``; one object for learned systems and coded ones.

    =========  ==========================================================  ===================================
    kind       h_est                                                       error variance that it reckons with
    =========  ==========================================================  ===================================
    perfect    h                                                           0
    rough      LS, from ``num_pilots`` pilots a gain                       n0 / num_pilots
    mmse       MMSE with the prior CN(``mean``, ``variance``), from LS     that of :func:`mmse_mse`
    refined    ``refiner.refine`` of the LS estimates, for example an      what ``refiner.error_variance`` states
               ADNet [l_deepsc eq. 15]
    imperfect  h + CN(0, ``error_variance``), see :func:`imperfect_csi`    ``error_variance``
    none       1, as though there were no fading                           0: it does not know better
    =========  ==========================================================  ===================================

    ``refiner`` gets the LS estimates (n, num_blocks) of whole groups of ``group`` items, all at one SNR, and their error variance
    (1, 1); further gains of the law fill the last group. In groups of one, each item has an SNR of its own, the error variances
    are (n, 1). Raises ValueError for settings that do not fit the kind.
    """

    kind: str = "perfect"
    num_pilots: int = 1
    _: KW_ONLY
    mean: complex = 0.0
    variance: float = 1.0
    error_variance: float | None = None
    refiner: Refiner | None = None
    group: int = 1

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind = {self.kind!r} is not a kind of CSI; one of: {', '.join(KINDS)}")
        check_integer("group", self.group, 1)
        _error_variance(0.0, self.num_pilots)
        _prior(self.variance)
        if (self.refiner is None) == (self.kind == "refined"):
            raise ValueError(f"refiner = {self.refiner!r:.60}: 'refined' CSI needs one, and only that one")
        if (self.error_variance is None) == (self.kind == "imperfect"):
            raise ValueError(f"error_variance = {self.error_variance}: 'imperfect' CSI states one, and only that one")
        if self.error_variance is not None:
            check_number("error_variance", self.error_variance, "[0, inf)")

    def estimate(
        self,
        h: Tensor,
        n0: float | Tensor,
        *,
        more: Callable[[int], Tensor] | None = None,
        generator: torch.Generator,
    ) -> tuple[Tensor, Tensor]:
        """The gains that the receiver works with, and the error variance that it reckons with.

        h complex64 (num_items, num_blocks); n0 a number or (num_items, 1) -> h_est of h's shape, error variances >= 0 that
        broadcast to it. ``more(n)`` are the (n, num_blocks) gains that follow those of the items, for incomplete groups.
        All kinds that use pilots see the same pilots' noise. Raises ValueError for a refiner whose rows differ in SNR, or whose
        estimates have another shape or infinite power, or that states what is no variance.
        """
        none = torch.zeros(1, 1)
        if self.kind == "perfect":
            return h, none
        if self.kind == "none":
            return torch.ones_like(h), none
        if self.kind == "imperfect":
            known = imperfect_csi(h, self.error_variance, generator=generator)
            return known, torch.full((1, 1), self.error_variance)
        rough = ls_estimate(h, n0, self.num_pilots, generator=generator)
        error = torch.as_tensor(_error_variance(n0, self.num_pilots), dtype=torch.float32).reshape(-1, 1)
        if self.kind == "mmse":
            estimated = mmse_estimate(rough, n0, self.num_pilots, mean=self.mean, variance=self.variance)
            return estimated, self.variance * error / (self.variance + error)
        if self.kind == "refined" and len(h):
            return self._refined(rough, error, more, generator)
        return rough, error

    def _refined(
        self,
        rough: Tensor,
        error: Tensor,
        more: Callable[[int], Tensor] | None,
        generator: torch.Generator,
    ) -> tuple[Tensor, Tensor]:
        if self.group > 1:
            if not bool((error == error[0]).all()):
                span = f"{float(error.min()) * self.num_pilots:g}..{float(error.max()) * self.num_pilots:g}"
                raise ValueError(
                    f"n0 differs between items ({span}): refined CSI sees {self.group} items as one matrix, at one SNR"
                )
            error = error[:1]
        given = rough
        if missing := -len(rough) % self.group:
            if more is None:
                raise ValueError(
                    f"{len(rough)} items are no whole groups of {self.group}: give `more` gains to fill the last"
                )
            given = torch.cat([rough, awgn(more(missing), error, generator=generator)])
        refined = self.refiner.refine(given, error)
        if refined.shape != given.shape or not bool(torch.isfinite(refined.abs().square()).all()):
            shapes = f"of shape {tuple(given.shape)}, got {tuple(refined.shape)}"
            raise ValueError(f"refine must return gains of finite power {shapes}")
        stated = self.refiner.error_variance(error)
        check_variance("the refiner's error_variance", stated)
        return refined[: len(rough)].to(rough), stated


def _error_variance(n0: float | Tensor, num_pilots: int) -> float | Tensor:
    check_integer("num_pilots", num_pilots, 1)
    check_variance("n0", n0)
    return n0 / num_pilots


def _prior(variance: float) -> float:
    check_number("variance", variance, "(0, inf)")
    return variance


def _shrinkage(power: Tensor, error: float) -> Tensor:
    """l / (l + s) for each eigenvalue l; where there is neither signal nor noise, 0."""
    return torch.where(power > 0, power / (power + error), 0.0)


PERFECT = Csi()
