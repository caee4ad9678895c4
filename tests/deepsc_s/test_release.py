"""A released system sends speech as the one that was packed, at any rate and of any length, and says what is no sound."""

import numpy as np
import pytest
import torch

from semcom_lib import seeds
from semcom_lib.deepsc_s import release
from semcom_lib.sources.recordings import resample


@pytest.fixture
def packed(make_model):
    return release.packed(make_model(), rate_hz=8_000, k_factor=2.0)


@pytest.fixture
def released(packed):
    return release.load(*packed)


def heard(released, samples, rate_hz=8_000):
    return released.receive(samples, rate_hz, 12.0, generator=seeds.torch_generator(1, "try"))


def test_it_has_the_weights_and_the_level_that_were_packed(released, make_model):
    state, again = make_model().state_dict(), released.system.model.state_dict()
    assert state.keys() == again.keys()
    assert all(torch.equal(state[name], again[name]) for name in state)
    assert not released.system.model.training


def test_loading_it_leaves_the_global_generator_alone(packed):
    before = torch.get_rng_state()
    release.load(*packed)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_whole_clip_is_received_as_by_the_system(released, voices):
    generator = seeds.torch_generator(1, "try")
    expected = released.system.receive(voices[:1], 12.0, generator=generator)[0]
    np.testing.assert_array_equal(heard(released, voices[0]), expected)


@pytest.mark.parametrize("num_samples", [5_000, 128, 100])
def test_a_recording_of_any_length_comes_back_as_long(released, voices, num_samples):
    assert heard(released, voices[0, 3_000 : 3_000 + num_samples]).shape == (num_samples,)


def test_a_recording_of_another_rate_is_resampled_first(released, voices):
    faster = resample(voices[0], 8_000, 44_100)
    expected = heard(released, resample(faster, 44_100, 8_000))
    np.testing.assert_array_equal(heard(released, faster, 44_100), expected)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda s: s * np.nan, "samples has NaN or infinite samples"),
        (lambda s: s * 0, "samples is empty or nothing but zeros"),
        (lambda s: np.sign(s) * np.float32(1), "samples is clipped"),
        (lambda s: s[None], r"samples is .*must be floats \(num_samples,\)"),
    ],
)
def test_what_is_no_sound_is_said_in_one_line(released, voices, spoil, message):
    with pytest.raises(ValueError, match=message) as error:
        heard(released, spoil(voices[0, 3_000:8_000]))
    assert "\n" not in str(error.value)


def test_an_unknown_rate_is_said(released, voices):
    with pytest.raises(ValueError, match="rate_hz = 7000 must be one of"):
        heard(released, voices[0], 7_000)
