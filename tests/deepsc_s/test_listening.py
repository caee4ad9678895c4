"""Received speech is kept and played as it is, in equal bytes, and a tone is seen where it is."""

import io

import numpy as np
import pytest
import soundfile

from semcom_lib import paths
from semcom_lib.deepsc_s.listening import Players, flac, spectrum_db
from semcom_lib.deepsc_s.sounds import read_sounds, to_int16, write_sounds


@pytest.fixture
def tone():
    return to_int16(0.5 * np.sin(2 * np.pi * 1_000 * np.arange(8_000) / 8_000).astype(np.float32))


def test_sounds_come_back_in_equal_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "RESULTS", tmp_path)
    clips = {"source": np.array([0.0, 1.0, -1.0, 2.0, np.nan, np.inf], np.float32)}
    write_sounds("heard", clips)
    first = (tmp_path / "deepsc_s" / "heard.npz").read_bytes()
    write_sounds("heard", clips)
    assert (tmp_path / "deepsc_s" / "heard.npz").read_bytes() == first
    assert read_sounds("heard")["source"].tolist() == [0, 32_767, -32_767, 32_767, 0, 0]
    with pytest.raises(FileNotFoundError, match=r"other\.npz is missing; dvc repro makes it"):
        read_sounds("other")


def test_flac_is_lossless_and_always_the_same(tone):
    sound = flac(tone, 8_000)
    assert sound == flac(tone, 8_000)
    again, rate_hz = soundfile.read(io.BytesIO(sound), dtype="int16")
    np.testing.assert_array_equal(again, tone)
    assert rate_hz == 8_000


def test_players_hold_their_sound_and_leave_a_cell_without_one_empty(tone):
    html = Players({"<source>": {"clean": tone}, "chain": {"0 dB": tone}}, 8_000)._repr_html_()
    assert html.count("data:audio/flac;base64,") == 2
    assert html.count("<td></td>") == 2
    assert "&lt;source&gt;" in html


def test_a_tone_is_seen_at_its_frequency_and_power(tone):
    frequencies, _, power_db = spectrum_db(tone, 8_000)
    middle = power_db[:, power_db.shape[1] // 2]
    assert frequencies[middle.argmax()] == pytest.approx(1_000, abs=32)
    assert middle.max() == pytest.approx(20 * np.log10(0.25), abs=0.1)  # half of an amplitude of 0.5 is at -1 kHz
