"""Slow Rayleigh fading of whole sessions, integrated from what was counted over AWGN.

Over flat fading that lasts a session, and is divided out by a receiver that knows it, a session at gain g = |h|^2 and mean SNR s
is one over AWGN at SNR g s. With g exponential of mean 1, expectations over the fades are integrals over the AWGN curve: no fade
is drawn, none is missing in the tails, and bands are those of the curve alone.

Between two measured points the curve is linear in dB, and below the lowest one as there. What is above the highest one counts as
error-free, from that point on at a step: measure up to where next to nothing is lost.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import exp1

from semcom_lib.arguments import check_number, describe
from semcom_lib.evaluation import Counts

MAX_SNR_DB = 1000  # either way: gains stay within float64
_INTERVAL = f"[-{MAX_SNR_DB}, {MAX_SNR_DB}]"


def weights(snrs_db: Sequence[float], mean_snr_db: float) -> np.ndarray:
    """How much each AWGN point and, last, the error-free end count at a mean SNR: float64 (len(snrs_db) + 1,), of sum 1.

    Exact integrals of the hat functions (in dB) over g, P(g < x) = 1 - exp(-x). Raises ValueError for no points, points that do
    not rise, or SNRs outside -1000..1000 dB.
    """
    check_number("mean_snr_db", mean_snr_db, _INTERVAL)
    if not len(snrs_db):
        raise ValueError("snrs_db is empty: it must name at least one AWGN point")
    for snr_db in snrs_db:
        check_number("an SNR of snrs_db", snr_db, _INTERVAL)
    points = np.asarray(snrs_db, dtype=np.float64)
    if not (np.diff(points) > 0).all():
        raise ValueError(f"snrs_db = {list(snrs_db)} must rise from point to point")
    gains = 10 ** ((points - mean_snr_db) / 10)  # at which a session is as good as each point
    below = -np.expm1(-gains)
    steps = np.diff(points)
    mean_below = 1 + 10 / np.log(10) * np.diff(exp1(gains)) / steps  # of P(g < x), over each interval in dB
    shares = np.zeros(len(points) + 1)
    shares[0], shares[-1] = below[0], np.exp(-gains[-1])
    shares[:-2] += mean_below - below[:-1]  # by parts: the falling half of a hat
    shares[1:-1] += below[1:] - mean_below
    return np.maximum(shares, 0)  # what is 0 may be -1e-17


def integrated(counts_by_snr: Sequence[Counts], weights: ArrayLike) -> Counts:
    """The counts of each trial, expected over the fades: the weighted sums, by name, of counts at the AWGN points.

    The last counts are those without errors; trials are the same at all points, so that draws stay paired. Raises ValueError
    for another number of counts than weights (len(snrs_db) + 1,), or counts of other names or shapes than the first.
    """
    weights = np.asarray(weights, dtype=np.float64)
    if weights.shape != (len(counts_by_snr),):
        raise ValueError(
            f"weights is {describe(weights)}: it must be ({len(counts_by_snr)},), one for each point's counts"
        )
    shapes = [{name: np.shape(count) for name, count in counts.items()} for counts in counts_by_snr]
    for shape in shapes:
        if shape != shapes[0]:
            raise ValueError(f"counts must be alike at all points, got {shape} beside {shapes[0]}")
    return {name: weights @ np.stack([counts[name] for counts in counts_by_snr]) for name in shapes[0]}
