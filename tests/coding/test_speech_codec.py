"""Speech codecs: the bits that their standards name, speech that survives them, sound out of any bits."""

import io

import numpy as np
import pytest
import soundfile

from semcom_lib import seeds
from semcom_lib.coding.speech_codec import Adpcm, Gsm
from semcom_lib.sources import embedded_speech
from semcom_lib.sources.recordings import resample

CODECS = [Adpcm(), Gsm()]


@pytest.fixture(scope="module")
def clip():
    recordings, _ = embedded_speech.voices(1, 1, 2.1, 1)
    return resample(recordings["voice00-00"], 16_000, 8_000)[:16_384]


def sdr_db(s, s_hat):
    return 10 * np.log10(np.sum(s**2.0) / np.sum((s - s_hat) ** 2.0))


def test_adpcm_takes_4_bits_a_sample_and_gsm_264_bits_a_frame_of_160(clip):
    for length in (1, 2, 119, 120, 121, 16_384):
        assert len(Adpcm().encode(clip[:length])) == 8 * -(-length // 2)
        assert len(Gsm().encode(clip[:length])) == 264 * -(-length // 160)
    assert (len(Adpcm().encode(clip)), len(Gsm().encode(clip))) == (65_536, 27_192)


def test_speech_survives_the_codecs_as_well_as_they_are_known_to_do(clip):
    """G.721 is near 20 dB and above on speech, GSM full rate near 10: it keeps what is heard, not the waveform."""
    adpcm, gsm = (codec.decode(codec.encode(clip))[:16_384] for codec in CODECS)
    assert adpcm.dtype == gsm.dtype == np.float32
    assert 18 < sdr_db(clip, adpcm) < 40
    assert 5 < sdr_db(clip, gsm) < sdr_db(clip, adpcm)


def test_decoding_is_that_of_the_library_s_own_files(clip):
    content = io.BytesIO()
    soundfile.write(content, clip, 8_000, format="AU", subtype="G721_32")
    expected = soundfile.read(io.BytesIO(content.getvalue()), dtype="float32")[0][:16_384]
    np.testing.assert_array_equal(Adpcm().decode(Adpcm().encode(clip)), expected)


@pytest.mark.parametrize("codec", CODECS, ids=repr)
def test_any_bits_are_sound_within_full_scale(codec):
    rng = seeds.numpy_generator(1, "bits")
    for length in (0, 3, 263, 264, 5_000, 27_192):
        sound = codec.decode(rng.integers(2, size=length, dtype=np.uint8))
        expected = length // 4 if isinstance(codec, Adpcm) else length // 264 * 160
        assert sound.shape == (expected,)
        assert (np.abs(sound) <= 1).all()


@pytest.mark.parametrize("codec", CODECS, ids=repr)
def test_a_wrong_bit_spoils_a_part_of_the_sound_alone(codec, clip):
    bits = codec.encode(clip)
    wrong = bits.copy()
    middle = slice(len(bits) // 2, len(bits) // 2 + 528)
    wrong[middle] = seeds.numpy_generator(1, "wrong").integers(2, size=528)
    before = codec.decode(bits), codec.decode(wrong)
    half = 160 * (len(before[0]) // 320) - 160
    np.testing.assert_array_equal(before[0][:half], before[1][:half])
    assert not np.array_equal(*before)


def test_wrong_bits_in_the_mark_of_a_gsm_frame_spoil_nothing(clip):
    bits = Gsm().encode(clip)
    wrong = bits.reshape(-1, 264).copy()
    wrong[:, :4] = 1 - wrong[:, :4]
    np.testing.assert_array_equal(Gsm().decode(wrong.ravel()), Gsm().decode(bits))


@pytest.mark.parametrize("codec", CODECS, ids=repr)
@pytest.mark.parametrize(
    ("clip", "match"),
    [
        (np.zeros((2, 2), np.float32), "clip is a numpy float32 array"),
        (np.zeros(3, np.int16), "clip is a numpy int16 array"),
        (np.zeros(0, np.float32), "clip has 0 samples"),
        (np.array([0, 1.5]), "a peak of 1.5"),
        (np.array([0, np.nan]), "a peak of nan"),
    ],
)
def test_what_is_no_clip_is_refused(codec, clip, match):
    with pytest.raises(ValueError, match=match):
        codec.encode(clip)
