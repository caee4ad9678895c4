"""What is read was written; what would spoil a measurement is refused in one line; resampling keeps tones and no aliases."""

import io

import numpy as np
import pytest
import soundfile

from semcom_lib.sources.recordings import RATES_HZ, checked_sound, read_recording, resample


def tone(frequency_hz, rate_hz, seconds=0.5, amplitude=0.5):
    return (amplitude * np.sin(2 * np.pi * frequency_hz * np.arange(round(seconds * rate_hz)) / rate_hz)).astype(
        np.float32
    )


def packed(samples, rate_hz=16_000, form="FLAC", subtype="PCM_16"):
    content = io.BytesIO()
    soundfile.write(content, samples, rate_hz, format=form, subtype=subtype)
    return content.getvalue()


def refused(content, match):
    with pytest.raises(ValueError, match=match) as caught:
        read_recording(content, "it.flac")
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("it.flac")


@pytest.mark.parametrize(
    ("form", "subtype"), [("FLAC", "PCM_16"), ("FLAC", "PCM_24"), ("WAV", "PCM_16"), ("WAV", "FLOAT")]
)
def test_a_recording_is_read_as_it_was_written(form, subtype):
    samples = np.round(tone(440, 16_000) * 2**15) / np.float32(2**15)
    read = read_recording(packed(samples, 16_000, form, subtype), "it")
    assert read.rate_hz == 16_000
    assert read.samples.dtype == np.float32
    np.testing.assert_array_equal(read.samples, samples)


def test_full_scale_is_one():
    levels = np.array([-(2**15), 2**14, 1] + [0] * 3_000, np.int16)
    assert read_recording(packed(levels), "it").samples[:3].tolist() == [-1.0, 0.5, 2.0**-15]


def test_what_is_no_speech_file_is_refused():
    refused(b"", "not a readable recording")
    refused(b"RIFF and no more", "not a readable recording")
    refused(packed(np.stack([tone(440, 16_000)] * 2, axis=1)), "has 2 channels: it must have one")
    refused(packed(tone(440, 16_000), form="WAV", subtype="PCM_U8"), r"has 8 bits a sample \(PCM_U8\)")
    refused(packed(tone(440, 16_000), form="FLAC", subtype="PCM_S8"), r"has 8 bits a sample \(PCM_S8\)")
    refused(packed(tone(440, 16_000), 12_345), "has 12345 samples a second")
    refused(packed(np.zeros(1_000, np.float32)), "nothing but zeros")
    refused(packed(np.zeros(0, np.float32), form="WAV"), "empty")
    refused(packed((4 * tone(440, 16_000)).clip(-1, 1)), r"is clipped: 66\.5% of its samples")
    refused(packed(np.where(np.arange(9) == 4, np.nan, 0.1), form="WAV", subtype="FLOAT"), "NaN or infinite")
    refused(packed(4 * tone(440, 16_000), form="WAV", subtype="FLOAT"), "has a peak of 2")


@pytest.mark.parametrize("kept", [0.02, 0.3, 0.9])
def test_a_flac_that_is_cut_off_is_refused(kept):
    content = packed(tone(440, 16_000, 3) + 0.1 * tone(931, 16_000, 3))
    refused(content[: int(kept * len(content))], r"is cut off|not a readable recording")


def test_one_peak_at_full_scale_is_not_clipping():
    samples = np.append(tone(440, 16_000), 1.0).astype(np.float32)
    assert checked_sound(samples, "it") is samples
    with pytest.raises(ValueError, match=r"it is a numpy int16 array \(3,\): it must be floats"):
        checked_sound(np.zeros(3, np.int16), "it")


@pytest.mark.parametrize("to_hz", [8_000, 44_100])
@pytest.mark.parametrize("frequency_hz", [100, 1_000, 3_500])
def test_a_tone_stays_the_same_tone_at_another_rate(to_hz, frequency_hz):
    resampled = resample(tone(frequency_hz, 16_000), 16_000, to_hz)
    expected = tone(frequency_hz, to_hz)
    assert resampled.shape == expected.shape
    inner = slice(to_hz // 10, -to_hz // 10)
    np.testing.assert_allclose(resampled[inner], expected[inner], atol=1e-4)


@pytest.mark.parametrize("frequency_hz", [4_000, 4_100, 5_000, 7_900])
def test_a_tone_above_half_the_new_rate_is_gone_by_80_db(frequency_hz):
    left = resample(tone(frequency_hz, 16_000), 16_000, 8_000)[800:-800]
    assert 20 * np.log10(np.sqrt(2 * np.mean(left**2.0)) / 0.5) < -80


def test_a_click_is_not_delayed():
    click = np.zeros(1_600, np.float32)
    click[800] = 0.5
    assert np.argmax(resample(click, 16_000, 8_000)) == 400
    assert np.argmax(resample(click, 16_000, 44_100)) == 2_205


def test_the_same_rate_changes_nothing_and_another_one_stays_within_full_scale():
    samples = np.sign(tone(440, 16_000)).astype(np.float32)
    assert resample(samples, 16_000, 16_000) is samples
    assert np.abs(resample(samples, 16_000, 44_100)).max() == 1


@pytest.mark.parametrize(("rate_hz", "to_hz", "name"), [(16_000, 8_001, "to_hz"), (0, 8_000, "rate_hz")])
def test_unknown_rates_are_refused(rate_hz, to_hz, name):
    with pytest.raises(ValueError, match=rf"{name} = \d+ must be one of \({RATES_HZ[0]}"):
        resample(tone(440, 16_000), rate_hz, to_hz)
