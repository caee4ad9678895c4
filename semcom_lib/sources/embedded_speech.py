"""Generated voices for the demo: pulses of a glottis through formant resonators, with pauses; named as such in every caption.

    pulses and breath --- glottis --- formant 1 --- formant 2 --- formant 3 --- samples        [Fant 1960; Klatt 1980]

They say no words. Samples come from uniform draws by recursive filters whose coefficients are rounded, hence the same bytes
wherever IEEE 754 sums are taken in one order.
"""

import math

import numpy as np
from scipy.signal import lfilter

from semcom_lib import seeds
from semcom_lib.arguments import check_integer, check_number

RATE_HZ = 16_000
CAPTION = "generated voices (embedded demo data)"
PEAK = 0.5

_VOWELS_HZ = (  # formants 1 to 3 of a man's vowels [Peterson and Barney 1952]
    *((270, 2290, 3010), (390, 1990, 2550), (530, 1840, 2480), (660, 1720, 2410), (730, 1090, 2440)),
    *((570, 840, 2410), (440, 1020, 2240), (300, 870, 2240), (640, 1190, 2390), (490, 1350, 1690)),
)
_BANDWIDTHS_HZ = (60, 90, 130)
_DIGITS = 12  # that coefficients keep: cosines and exponentials may differ in the last one


def voices(
    num_voices: int, recordings_per_voice: int, seconds: float, seed: int
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """{name: samples float32 (num_samples,) at RATE_HZ} and {name: its voice}.

    A voice keeps its pitch and the length of its vocal tract. Raises ValueError for numbers below 1, or
    ``seconds`` outside [1, 60].
    """
    check_integer("num_voices", num_voices, 1)
    check_integer("recordings_per_voice", recordings_per_voice, 1)
    check_number("seconds", seconds, "[1, 60]")
    recordings, groups = {}, {}
    for voice in range(num_voices):
        rng = seeds.numpy_generator(seed, "embedded", "speech", voice)
        pitch_hz, tract = rng.uniform(90.0, 220.0), rng.uniform(0.95, 1.2)
        for number in range(recordings_per_voice):
            name = f"voice{voice:02d}-{number:02d}"
            recordings[name], groups[name] = (
                _recording(pitch_hz, tract, round(seconds * RATE_HZ), rng),
                f"voice{voice:02d}",
            )
    return recordings, groups


def _recording(pitch_hz: float, tract: float, num_samples: int, rng: np.random.Generator) -> np.ndarray:
    """Words of a few syllables with pauses between, at a peak of PEAK."""
    parts: list[np.ndarray] = []
    while sum(map(len, parts)) < num_samples:
        parts += [_syllable(pitch_hz * rng.uniform(0.85, 1.2), tract, rng) for _ in range(rng.integers(2, 6))]
        parts.append(np.zeros(round(rng.uniform(0.08, 0.35) * RATE_HZ)))
    samples = np.concatenate(parts)[:num_samples]
    samples = samples + 1e-4 * np.abs(samples).max() * rng.uniform(-1, 1, num_samples)  # a room is never quite still
    return (samples * (PEAK / np.abs(samples).max())).astype(np.float32)


def _syllable(pitch_hz: float, tract: float, rng: np.random.Generator) -> np.ndarray:
    """A breath, then a vowel that falls in pitch: float64 (num_samples,)."""
    breath = rng.uniform(-0.06, 0.06, round(rng.uniform(0.0, 0.07) * RATE_HZ))
    num_voiced = round(rng.uniform(0.09, 0.24) * RATE_HZ)
    excitation = np.concatenate([breath, _pulses(pitch_hz, num_voiced, rng)])
    place = np.arange(len(excitation)) / len(excitation)
    envelope = np.minimum(1.0, np.minimum(place, 1 - place) * 6)
    sound = excitation
    for formant_hz, bandwidth_hz in zip(_VOWELS_HZ[rng.integers(len(_VOWELS_HZ))], _BANDWIDTHS_HZ, strict=True):
        sound = _resonated(sound, formant_hz * tract, bandwidth_hz)
    return sound * envelope * rng.uniform(0.5, 1.0)


def _pulses(pitch_hz: float, num_samples: int, rng: np.random.Generator) -> np.ndarray:
    """One pulse a period, whose length falls and jitters, softened by 12 dB an octave and differentiated by the lips."""
    pulses, at = np.zeros(num_samples), 0.0
    while at < num_samples:
        pulses[int(at)] = 1.0
        fall = 1.0 + 0.25 * at / num_samples
        at += RATE_HZ / pitch_hz * fall * rng.uniform(0.985, 1.015)
    return lfilter([1.0, -1.0], [1.0, -1.84, 0.8464], pulses)


def _resonated(x: np.ndarray, centre_hz: float, bandwidth_hz: float) -> np.ndarray:
    """A resonator of gain 1 at zero frequency  [Klatt 1980, eq. 2]."""
    c = -round(math.exp(-2 * math.pi * bandwidth_hz / RATE_HZ), _DIGITS)
    b = round(2 * math.exp(-math.pi * bandwidth_hz / RATE_HZ) * math.cos(2 * math.pi * centre_hz / RATE_HZ), _DIGITS)
    return lfilter([1 - b - c], [1.0, -b, -c], x)
