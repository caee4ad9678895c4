"""SDR is the paper's equation, PESQ and STOI are their packages', and what has no value is NaN, never a number or an error."""

import sys

import numpy as np
import pesq as package
import pystoi
import pytest

from semcom_lib import seeds
from semcom_lib.metrics.speech import SDR_CAP_DB, pesq, sdr, stoi
from semcom_lib.sources import embedded_speech
from semcom_lib.sources.recordings import resample

RATE_HZ = 8_000


@pytest.fixture(scope="module")
def clips():
    """Two seconds of each of three generated voices, float32 (3, 16,384)."""
    recordings, _ = embedded_speech.voices(3, 1, 2.1, 1)
    return np.stack([resample(samples, 16_000, RATE_HZ)[:16_384] for samples in recordings.values()])


def noise_like(clips, level, seed=1):
    return (level * seeds.numpy_generator(seed, "noise").standard_normal(clips.shape)).astype(np.float32)


def test_sdr_is_the_ratio_of_signal_to_distortion():
    s = np.array([[3, 4, 0, 0], [1, 1, 1, 1], [0.5, 0, 0, 0]], np.float32)
    s_hat = np.array([[3, 4, 0.5, 0], [0, 0, 0, 0], [-0.5, 0, 0, 0]], np.float32)
    np.testing.assert_allclose(sdr(s, s_hat), [10 * np.log10(25 / 0.25), 0, 10 * np.log10(0.25)])


def test_sdr_falls_6_db_as_the_noise_doubles_and_does_not_depend_on_the_level(clips):
    noise = noise_like(clips, 0.01)
    np.testing.assert_allclose(sdr(clips, clips + noise) - sdr(clips, clips + 2 * noise), 20 * np.log10(2), atol=1e-3)
    np.testing.assert_allclose(sdr(clips / 8, (clips + noise) / 8), sdr(clips, clips + noise))


def test_sdr_is_capped_without_distortion_nothing_for_silence_and_infinitely_low_for_nan(clips):
    s = np.stack([clips[0], 0 * clips[0], clips[0], clips[0]])
    s_hat = np.stack([clips[0], clips[0], np.where(np.arange(16_384) == 7, np.nan, clips[0]), np.inf * clips[0]])
    values = sdr(s, s_hat.astype(np.float32))
    assert values[0] == pytest.approx(SDR_CAP_DB)
    assert np.isnan(values[1])
    assert values[2:].tolist() == [-np.inf, -np.inf]


def test_sdr_of_the_smallest_distortion_is_below_the_cap(clips):
    s_hat = clips.copy()
    s_hat[:, np.abs(clips[0]).argmax()] += 2.0**-15
    assert (sdr(clips, s_hat) < SDR_CAP_DB).all()


def test_pesq_is_the_narrow_band_score_of_the_package(clips):
    s_hat = clips + noise_like(clips, 0.01)
    expected = [package.pesq(RATE_HZ, a, b, "nb") for a, b in zip(clips, s_hat, strict=True)]
    scores = pesq(clips, s_hat, RATE_HZ)
    assert scores.tolist() == expected
    assert (
        np.diff([pesq(clips, clips + noise_like(clips, level), RATE_HZ).mean() for level in (0, 0.003, 0.03)]) < 0
    ).all()
    np.testing.assert_allclose(pesq(clips, clips, RATE_HZ), 4.5486, atol=1e-3)  # P.862.1's highest


def test_at_44_khz_pesq_is_the_wide_band_score_at_16_khz(clips):
    s = np.stack([resample(clip, 8_000, 44_100)[:44_100] for clip in clips])
    s_hat = s + noise_like(s, 0.01)
    down = [[resample(clip, 44_100, 16_000) for clip in each] for each in (s, s_hat)]
    expected = [package.pesq(16_000, a, b, "wb") for a, b in zip(*down, strict=True)]
    assert pesq(s, s_hat, 44_100).tolist() == expected
    np.testing.assert_allclose(pesq(s, s, 44_100), 4.6439, atol=1e-3)  # P.862.2's highest


def test_stoi_is_that_of_the_package_and_1_of_equal_clips(clips):
    s_hat = clips + noise_like(clips, 0.05)
    assert stoi(clips, s_hat, RATE_HZ).tolist() == [
        pystoi.stoi(a, b, RATE_HZ) for a, b in zip(clips, s_hat, strict=True)
    ]
    np.testing.assert_allclose(stoi(clips, clips, RATE_HZ), 1, atol=1e-6)


@pytest.mark.parametrize("metric", [pesq, stoi])
def test_what_has_no_score_is_nan(clips, metric):
    silence, noise = np.zeros_like(clips[0]), noise_like(clips[:1], 0.01)[0]
    s = np.stack([silence, clips[0], clips[0]])
    s_hat = np.stack([noise, silence, np.where(np.arange(16_384) == 7, np.nan, noise)])
    assert np.isnan(metric(s, s_hat.astype(np.float32), RATE_HZ)).tolist() == [True, True, True]
    short = clips[:, :1_500]
    assert np.isnan(metric(short, short, RATE_HZ)).all()
    assert np.isfinite(metric(clips, clips, RATE_HZ)).all()


def test_pesq_without_its_package_says_what_it_needs(clips, monkeypatch):
    monkeypatch.setitem(sys.modules, "pesq", None)
    with pytest.raises(ModuleNotFoundError, match=r"pesq is not installed: pip install pesq, which needs a C compiler"):
        pesq(clips, clips, RATE_HZ)


@pytest.mark.parametrize(
    "metric", [sdr, lambda s, s_hat: pesq(s, s_hat, 8_000), lambda s, s_hat: stoi(s, s_hat, 8_000)]
)
def test_other_shapes_types_and_senders_that_are_not_finite_are_refused(clips, metric):
    for s, s_hat, match in (
        (clips[0], clips[0], r"s is a numpy float32 array \(16384,\)"),
        (clips, clips.astype(np.float64), "s_hat is a numpy float64 array"),
        (clips, clips[:2], r"s is \(3, 16384\), s_hat \(2, 16384\); both must be"),
        (clips * np.float32(np.nan), clips, "s has NaN"),
    ):
        with pytest.raises(ValueError, match=match):
            metric(s, s_hat)


def test_pesq_refuses_a_rate_that_it_has_no_band_for(clips):
    with pytest.raises(ValueError, match=r"rate_hz = 11025 must be one of \(8000, 16000, 44100\)"):
        pesq(clips, clips, 11_025)
