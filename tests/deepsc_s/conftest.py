"""Clips of generated voices, and small untrained systems for them."""

import numpy as np
import pytest

from semcom_lib.deepsc_s.features import new_codec
from semcom_lib.deepsc_s.model import SpeechSizes, level_of, new_model
from semcom_lib.sources import embedded_speech
from semcom_lib.sources.recordings import resample

NUM_SAMPLES = 2_048
SMALL = {"num_modules": 2, "filters": 16, "reduction": 1}  # a bottleneck so wide that never all of it is off


@pytest.fixture(scope="session")
def voices():
    """Three clips at 8 kHz as the paper has them, float32 (3, 16,384)."""
    recordings, _ = embedded_speech.voices(3, 1, 2.1, 1)
    return np.stack([resample(samples, 16_000, 8_000)[:16_384] for samples in recordings.values()])


@pytest.fixture(scope="session")
def clips(voices):
    """Short ones, float32 (18, NUM_SAMPLES), each with some speech."""
    return np.ascontiguousarray(voices[:, : 6 * NUM_SAMPLES].reshape(18, NUM_SAMPLES))


@pytest.fixture
def make_model(clips):
    """make_model(...) is a small system in evaluation mode, always with the same weights; sizes may be changed."""

    def made(**changed):
        return new_model(SpeechSizes(**SMALL | changed), level_of(clips), seed=1).eval()

    return made


@pytest.fixture
def make_codec(clips):
    """make_codec(bits) is an untrained feature codec of the paper's size."""

    def made(bits=1):
        return new_codec(bits, level_of(clips), seed=1).eval()

    return made
