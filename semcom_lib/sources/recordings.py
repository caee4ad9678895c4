"""Sound recordings: read from a file's bytes, refused where they would spoil what is measured, resampled.

Samples are float32 (num_samples,) in [-1, 1], full scale 1, one channel.
"""

import io
import math
from functools import cache
from typing import NamedTuple

import numpy as np
import soundfile
from scipy.signal import firwin, resample_poly

from semcom_lib.arguments import describe, shown

RATES_HZ = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000)
CLIPPED_SHARE = 1e-3
"""Of the samples, at full scale: a recording of more was clipped."""

_TOO_COARSE = ("PCM_S8", "PCM_U8", "ULAW", "ALAW")
_FULL_SCALE = 1 - 2.0**-15
_HALF_LENGTH, _KAISER_BETA, _CUTOFF = 64, 8.96, 0.955  # zero crossings; 90 dB; of the lower rate's half


class Recording(NamedTuple):
    """Samples float32 (num_samples,) and how many a second."""

    samples: np.ndarray
    rate_hz: int


def read_recording(content: bytes, name: str) -> Recording:
    """The recording in a FLAC or WAV file's bytes; ``name`` is what messages call it.

    Raises ValueError, one line, for what cannot be read to its end, more than one channel, 8 bits a sample, a rate that is none of
    RATES_HZ, NaN or values beyond full scale (in floating-point files), nothing but zeros, and for clipped sound.
    """
    try:
        with soundfile.SoundFile(io.BytesIO(content)) as file:
            num_frames, num_channels, rate_hz, subtype = file.frames, file.channels, file.samplerate, file.subtype
            samples = file.read(dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise ValueError(f"{name} is not a readable recording ({str(error).splitlines()[0]})") from error
    if len(samples) != num_frames:
        raise ValueError(f"{name} is cut off: {len(samples)} of its {num_frames} samples can be read")
    if num_channels != 1:
        raise ValueError(f"{name} has {num_channels} channels: it must have one")
    if subtype in _TOO_COARSE:
        raise ValueError(f"{name} has 8 bits a sample ({subtype}): it must have 16 or more")
    if rate_hz not in RATES_HZ:
        raise ValueError(f"{name} has {rate_hz} samples a second: it must be one of {RATES_HZ}")
    return Recording(checked_sound(samples[:, 0], name), rate_hz)


def checked_sound(samples: np.ndarray, name: str) -> np.ndarray:
    """``samples`` as float32 if they are sound. Raises ValueError as :func:`read_recording` says of values."""
    if not isinstance(samples, np.ndarray) or samples.ndim != 1 or samples.dtype.kind != "f":
        raise ValueError(f"{name} is {describe(samples)}: it must be floats (num_samples,)")
    peak = np.abs(samples).max(initial=0)
    if not np.isfinite(peak):
        raise ValueError(f"{name} has NaN or infinite samples")
    if peak > 1:
        raise ValueError(f"{name} has a peak of {peak:.3g}: samples must be in [-1, 1]")
    if peak == 0:
        raise ValueError(f"{name} is empty or nothing but zeros: no speech to send")
    clipped = float(np.mean(np.abs(samples) >= _FULL_SCALE))
    if clipped > CLIPPED_SHARE:
        raise ValueError(
            f"{name} is clipped: {clipped:.1%} of its samples are at full scale, more than {CLIPPED_SHARE:.1%}"
        )
    return samples.astype(np.float32, copy=False)


def resample(samples: np.ndarray, rate_hz: int, to_hz: int) -> np.ndarray:
    """float32 (num_samples,) at ``rate_hz`` -> float32 (ceil(num_samples to_hz / rate_hz),), without delay, within [-1, 1].

    scipy's polyphase filter with a longer window than its default, which lets a tone just above half the new rate through at
    -9 dB: ours passes up to 0.91 of it and is 90 dB down from 1.0 on. Raises ValueError for rates that are none of RATES_HZ.
    """
    for parameter, value in (("rate_hz", rate_hz), ("to_hz", to_hz)):
        if value not in RATES_HZ:
            raise ValueError(f"{parameter} = {shown(value)} must be one of {RATES_HZ}")
    if rate_hz == to_hz:
        return samples
    divisor = math.gcd(rate_hz, to_hz)
    up, down = to_hz // divisor, rate_hz // divisor
    resampled = resample_poly(samples.astype(np.float64), up, down, window=_low_pass(max(up, down)))
    return resampled.clip(-1, 1).astype(np.float32)


@cache
def _low_pass(rates: int) -> np.ndarray:
    """At ``rates`` times the lower of both rates, as scipy has it."""
    return firwin(2 * _HALF_LENGTH * rates + 1, _CUTOFF / rates, window=("kaiser", _KAISER_BETA))
