"""The paper's own speech is read as it is unpacked, with its speakers; folders that are not whole are refused."""

import numpy as np
import pytest
import soundfile

from semcom_lib import seeds
from semcom_lib.sources import speech, voicebank
from semcom_lib.sources.fetch import DataUnavailable


@pytest.fixture
def unpacked(tmp_path, monkeypatch):
    """Two small folders; lengths in seconds."""
    monkeypatch.setenv("SEMCOM_DATA", str(tmp_path))
    monkeypatch.setattr(voicebank, "FOLDERS", {"train": (3, 2), "test": (1, 1)})
    lengths = {"train/p226_001": 2.5, "train/p226_002": 1.0, "train/p227_001": 3.0, "test/p232_001": 2.2}
    for name, seconds in lengths.items():
        file = tmp_path / "voicebank" / f"{name}.wav"
        file.parent.mkdir(parents=True, exist_ok=True)
        tone = 0.3 * np.sin(np.arange(round(48_000 * seconds)) * 2 * np.pi * 440 / 48_000)
        soundfile.write(file, tone, 48_000, subtype="PCM_16")
    return tmp_path / "voicebank"


def test_utterances_come_at_16_khz_with_their_speakers_and_short_ones_are_left_out(unpacked):
    recordings, speakers = voicebank.voicebank(2.048)
    assert speakers == {"p226_001": "p226", "p227_001": "p227", "p232_001": "p232"}
    assert {name: len(samples) for name, samples in recordings.items()} == {
        "p226_001": 40_000,
        "p227_001": 48_000,
        "p232_001": 35_200,
    }
    expected = 0.3 * np.sin(np.arange(40_000) * 2 * np.pi * 440 / 16_000)
    np.testing.assert_allclose(recordings["p226_001"][500:-500], expected[500:-500], atol=1e-3)


def test_the_speech_set_of_that_name_is_this_one_and_a_clip_fits_into_each(unpacked):
    recordings, groups = speech.load("voicebank", 1)
    assert set(groups.values()) == {"p226", "p227", "p232"}
    assert all(len(speech.segments_of(each[::2], name)) for name, each in recordings.items())


def test_a_missing_file_is_said_with_the_home(unpacked):
    next((unpacked / "train").glob("p227*")).unlink()
    with pytest.raises(
        DataUnavailable, match=r"2 WAV files of 1 speakers, must be 3 of 2; from https://datashare"
    ) as e:
        voicebank.voicebank(1)
    assert "\n" not in str(e.value)


def test_a_missing_folder_is_said(monkeypatch, tmp_path):
    monkeypatch.setenv("SEMCOM_DATA", str(tmp_path))
    with pytest.raises(DataUnavailable, match="0 WAV files of 0 speakers"):
        voicebank.voicebank(1)
    monkeypatch.delenv("SEMCOM_DATA")
    with pytest.raises(DataUnavailable, match="SEMCOM_DATA is not set"):
        voicebank.voicebank(1)


def test_a_damaged_file_is_named(unpacked):
    file = next((unpacked / "test").glob("*.wav"))
    file.write_bytes(file.read_bytes()[:30] + bytes(seeds.numpy_generator(1, "noise").bytes(200)))
    with pytest.raises(DataUnavailable, match=r"p232_001\.wav .*; unpack it again"):
        voicebank.voicebank(1)
