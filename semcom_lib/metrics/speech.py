"""How near received speech is to the sent one: SDR, PESQ and STOI  [deepsc_s Sec. III-C].

Clips are numpy float32 arrays s, s_hat (n, num_samples), full scale 1; a metric gives one float64 value a clip, (n,). Where it is
undefined for a clip, that is NaN: whoever averages counts these clips.
"""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from semcom_lib.arguments import describe, shown
from semcom_lib.sources.recordings import resample

SDR_CAP_DB = 120.0

PESQ_BANDS = {8_000: (8_000, "nb"), 16_000: (16_000, "wb"), 44_100: (16_000, "wb")}
"""By the clips' rate: at which rate they are scored, and as P.862 (narrow-band) or P.862.2 (wide-band) has it."""


def sdr(s: np.ndarray, s_hat: np.ndarray) -> np.ndarray:
    """Signal-to-distortion ratio in dB, 10 log10(|s|^2 / |s - s_hat|^2), at most SDR_CAP_DB  [deepsc_s eq. 6].

    A silent s has none; an s_hat that is not finite is infinitely far, -inf dB. Raises ValueError for other shapes or types, or an
    s that is not finite.
    """
    _check(s, s_hat)
    signal = np.square(s, dtype=np.float64).sum(axis=1)
    with np.errstate(over="ignore", invalid="ignore"):
        distortion = np.nan_to_num(np.square(s.astype(np.float64) - s_hat).sum(axis=1), nan=np.inf, posinf=np.inf)
    floor = signal * 10 ** (-SDR_CAP_DB / 10)
    with np.errstate(divide="ignore", invalid="ignore"):
        return 10 * np.log10(signal / np.maximum(distortion, floor)) + np.where(signal > 0, 0.0, np.nan)


def pesq(s: np.ndarray, s_hat: np.ndarray, rate_hz: int) -> np.ndarray:
    """Perceptual evaluation of speech quality as a listening score (MOS-LQO), about 1 to 4.6  [ITU-T P.862.1, P.862.2].

    PESQ_BANDS says what clips of a rate are scored as. It has no value for clips in which it finds no utterance, shorter than a
    quarter of a second, or received as silence or NaN. Differs from the paper: it names a range of -0.5 to 4.5, that of the raw
    score, which the package maps to the listening score as P.862.1 has it. Raises ValueError for other shapes, types or rates, and
    ModuleNotFoundError, one line, without the package, which needs a C compiler to be installed.
    """
    try:
        from pesq import PesqError
        from pesq import pesq as score
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("pesq is not installed: pip install pesq, which needs a C compiler") from error
    _check(s, s_hat)
    if rate_hz not in PESQ_BANDS:
        raise ValueError(f"rate_hz = {shown(rate_hz)} must be one of {tuple(PESQ_BANDS)}")
    to_hz, band = PESQ_BANDS[rate_hz]

    def score_of(reference: np.ndarray, degraded: np.ndarray) -> float:
        reference, degraded = (resample(clip, rate_hz, to_hz) for clip in (reference, degraded))
        try:
            return float(score(to_hz, reference, degraded, band))
        except PesqError:
            return np.nan

    return _by_clip(score_of, s, s_hat)


def stoi(s: np.ndarray, s_hat: np.ndarray, rate_hz: int) -> np.ndarray:
    """Short-time objective intelligibility, about 0 to 1  [Taal et al. 2011]; the paper lacks it.

    It has no value for clips with less than 0.4 s of speech, which all are at 44.1 kHz, or received as silence or NaN. Raises
    ValueError for other shapes or types.
    """
    import pystoi

    _check(s, s_hat)

    def score_of(reference: np.ndarray, degraded: np.ndarray) -> float:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", RuntimeWarning)  # its word for too little speech, beside a value of 1e-5
                return float(pystoi.stoi(reference, degraded, rate_hz))
        except RuntimeWarning:
            return np.nan

    return _by_clip(score_of, s, s_hat)


def _by_clip(score_of: Callable[[np.ndarray, np.ndarray], float], s: np.ndarray, s_hat: np.ndarray) -> np.ndarray:
    """The score of each clip; NaN where the sent or the received one is silent, or the received one is not finite."""
    scores = np.full(len(s), np.nan)
    for i, (reference, degraded) in enumerate(zip(s, s_hat, strict=True)):
        if reference.any() and degraded.any() and np.isfinite(degraded).all():
            scores[i] = score_of(reference, degraded)
    return scores


def _check(s: Any, s_hat: Any) -> None:
    for name, clips in (("s", s), ("s_hat", s_hat)):
        if not isinstance(clips, np.ndarray) or clips.ndim != 2 or clips.dtype != np.float32:
            raise ValueError(f"{name} is {describe(clips)}: it must be a numpy float32 array (n, num_samples)")
    if s.shape != s_hat.shape or not s.shape[1]:
        raise ValueError(f"s is {s.shape}, s_hat {s_hat.shape}; both must be (n, num_samples) and alike")
    if not np.isfinite(s).all():
        raise ValueError("s has NaN or infinite samples: what was sent must be finite")
