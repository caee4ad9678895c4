"""Recordings from either home are the same and nothing damaged is read; clips hold speech; splits share no voice group."""

import hashlib
import io
import tarfile

import numpy as np
import pytest
import soundfile

from semcom_lib import seeds
from semcom_lib.sources import embedded_speech, fetch, picovoice, speech
from semcom_lib.sources.speech import CLIP_SAMPLES, Clips, active_share, in_splits, load_clips, save_clips, segments_of

NAMES = ("a", "b", "c")


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def packed(levels, form, rate_hz=16_000):
    content = io.BytesIO()
    soundfile.write(content, levels, rate_hz, format=form, subtype="PCM_16")
    return content.getvalue()


@pytest.fixture
def levels():
    rng = seeds.numpy_generator(1, "levels")
    return {name: rng.integers(-9_000, 9_000, 20_000 + i).astype("<i2") for i, name in enumerate(NAMES)}


@pytest.fixture
def mirror(tmp_path, monkeypatch, levels):
    """The archive of three recordings in SEMCOM_DATA; write(files) makes it again with other ones."""
    monkeypatch.setenv("SEMCOM_DATA", str(tmp_path))
    monkeypatch.setattr(fetch, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(picovoice, "_URL", "http://127.0.0.1:9/{}.wav")
    checksums = tmp_path / "checksums"
    checksums.write_text("".join(f"{sha256(each.tobytes())}  {name}\n" for name, each in levels.items()))
    monkeypatch.setattr(picovoice, "_CHECKSUMS", checksums)

    def write(files):
        archive = tmp_path / picovoice.ARCHIVE
        with tarfile.open(archive, "w") as tar:
            for name, content in files.items():
                member = tarfile.TarInfo(f"picovoice-s2i-16k/flac/{name}.flac")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
        monkeypatch.setattr(picovoice, "ARCHIVE_SHA256", sha256(archive.read_bytes()))
        return archive

    write({name: packed(each, "FLAC") for name, each in levels.items()})
    return write


def unavailable(match):
    with pytest.raises(fetch.DataUnavailable, match=match) as caught:
        picovoice.picovoice()
    assert "\n" not in str(caught.value)


def test_the_mirror_gives_the_samples_of_every_recording(mirror, levels):
    recordings = picovoice.picovoice()
    assert list(recordings) == list(NAMES)
    for name in NAMES:
        np.testing.assert_array_equal(recordings[name] * np.float32(2**15), levels[name])


def test_an_archive_with_another_checksum_is_not_opened(mirror, monkeypatch):
    monkeypatch.setattr(picovoice, "ARCHIVE_SHA256", "0" * 64)
    monkeypatch.setattr(picovoice.tarfile, "open", None)
    unavailable("SHA-256|127.0.0.1")


def test_what_is_damaged_or_missing_in_the_archive_stops(mirror, levels):
    files = {name: packed(each, "FLAC") for name, each in levels.items()}
    mirror(files | {"b": packed(levels["b"] // 2, "FLAC")})
    unavailable("the samples of b have not the SHA-256")
    mirror(files | {"b": files["b"][:9_000]})
    unavailable("b is (cut off|not a readable recording)")
    mirror(files | {"b": packed(levels["b"], "FLAC", 8_000)})
    unavailable("b has 8000 samples a second, must have 16000")
    del files["c"]
    mirror(files)
    unavailable(r"the archive holds no c\.flac")


def test_a_truncated_archive_stops(mirror, levels, tmp_path):
    archive = mirror({"a": packed(levels["a"], "FLAC")})
    archive.write_bytes(archive.read_bytes()[:2_000])
    with pytest.raises(fetch.DataUnavailable, match="not a readable archive"):
        picovoice.read_archive(archive)


def test_the_public_home_s_wav_files_give_the_same_and_a_damaged_one_is_fetched_again(
    mirror, levels, monkeypatch, tmp_path
):
    expected = picovoice.picovoice()
    (tmp_path / picovoice.ARCHIVE).unlink()
    unavailable(r"not in SEMCOM_DATA = .*127\.0\.0\.1: ConnectionError")
    (tmp_path / "cache").mkdir(exist_ok=True)
    for name, each in levels.items():
        (tmp_path / "cache" / f"picovoice-{name}.wav").write_bytes(packed(each, "WAV"))
    found = picovoice.picovoice()
    assert all(np.array_equal(found[name], expected[name]) for name in NAMES)
    (tmp_path / "cache" / "picovoice-b.wav").write_bytes(packed(levels["a"], "WAV"))
    unavailable("the samples of b have not")
    assert not (tmp_path / "cache" / "picovoice-b.wav").exists()


def test_every_recording_has_a_checksum_and_a_voice_group():
    groups = picovoice.voice_groups()
    assert groups.keys() == picovoice._checksums().keys()
    assert (len(groups), len(set(groups.values()))) == (619, 65)


# Clips and splits


def test_the_active_share_is_that_of_frames_above_50_db_below_full_scale():
    assert 10 * np.log10(2.0 * 10 ** (speech.SILENCE_DBFS / 10) / 2) == pytest.approx(-50)
    frames = np.zeros((2, 10, 160), np.float32)  # 8 kHz: 160 samples are 20 ms
    frames[0, :3] = 10 ** (-49.9 / 20)
    frames[0, 3:] = 10 ** (-50.1 / 20)
    frames[1, :, 0] = 1.0
    segments = np.pad(frames.reshape(2, -1), ((0, 0), (0, 159)), constant_values=1.0)
    assert active_share(segments, 8_000).tolist() == [0.3, 1.0]
    with pytest.raises(ValueError, match="rate_hz = 8001 must be one of"):
        active_share(segments, 8_001)
    with pytest.raises(ValueError, match="segments have 100 samples: a frame at 8000 Hz has 160"):
        active_share(segments[:, :100], 8_000)


def test_segments_follow_one_another_and_what_is_too_short_is_refused():
    samples = (np.arange(2 * CLIP_SAMPLES + 5) / 1e5).astype(np.float32)
    assert np.array_equal(segments_of(samples, "it").ravel(), samples[: 2 * CLIP_SAMPLES])
    with pytest.raises(ValueError, match="it is too short: 16383 samples, and a clip has 16384"):
        segments_of(samples[: CLIP_SAMPLES - 1], "it")
    with pytest.raises(ValueError, match="it has NaN"):
        segments_of(np.full(CLIP_SAMPLES, np.nan), "it")


@pytest.fixture(scope="module")
def told():
    """16 kHz recordings of 2 to 4 clips, every second of which is loud; 14 voices with one to three recordings."""
    rng = seeds.numpy_generator(1, "told")
    recordings, groups = {}, {}
    for i in range(24):
        loud = np.arange(2 + i % 3) % 2 == 0
        noise = rng.uniform(-0.5, 0.5, (len(loud), CLIP_SAMPLES)) * np.where(loud, 1.0, 1e-4)[:, None]
        recordings[f"r{i:02d}"], groups[f"r{i:02d}"] = noise.ravel().astype(np.float32), f"v{i * i % 25}"
    return recordings, groups


def split(told, **changed):
    return in_splits(*told, **{"to_hz": 16_000, "validation_share": 0.2, "test_share": 0.2, "seed": 1} | changed)


def test_no_voice_group_is_in_two_splits_and_every_loud_segment_is_in_one(told):
    splits = split(told)
    assert list(splits) == ["train", "validation", "test"]
    voices = [set(clips.groups) for clips in splits.values()]
    assert sum(map(len, voices)) == len(set().union(*voices)) == len(set(told[1].values()))
    loud = sum((len(samples) // CLIP_SAMPLES + 1) // 2 for samples in told[0].values())
    silent = sum(len(samples) // CLIP_SAMPLES // 2 for samples in told[0].values())
    assert sum(len(clips.samples) for clips in splits.values()) == loud
    assert sum(clips.left_out for clips in splits.values()) == silent
    for clips in splits.values():
        assert len(clips.samples) == len(clips.groups)
        assert (np.abs(clips.samples).mean(axis=1) > 0.1).all()
        assert clips.samples.dtype == np.float32
    for name in ("validation", "test"):
        recordings = [r for r, voice in told[1].items() if voice in set(splits[name].groups)]
        assert 0.2 * 24 <= len(recordings) < 0.2 * 24 + 5  # of the largest group


def test_the_split_follows_from_the_seed_alone(told):
    first, again, other = split(told), split((dict(reversed(told[0].items())), told[1])), split(told, seed=2)
    assert all(np.array_equal(first[name].samples, again[name].samples) for name in first)
    assert set(first["test"].groups) != set(other["test"].groups)


def test_a_limit_a_recording_takes_some_of_its_loud_segments(told):
    whole, limited = split(told), split(told, clips_per_recording=1)
    assert sum(len(clips.samples) for clips in limited.values()) == 24
    for name, clips in limited.items():
        assert clips.left_out == whole[name].left_out
        assert {clip.tobytes() for clip in clips.samples} < {clip.tobytes() for clip in whole[name].samples}


def test_clips_are_at_the_rate_that_is_asked_for(told):
    few = {name: told[0][name] for name in list(told[0])[2:24:3]}
    at = {rate_hz: split((few, told[1]), to_hz=rate_hz) for rate_hz in (8_000, 16_000)}
    counts = {rate_hz: sum(len(c.samples) + c.left_out for c in splits.values()) for rate_hz, splits in at.items()}
    assert counts[16_000] == 2 * counts[8_000]


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"validation_share": 0.0}, r"validation_share = 0.0 must be a number in \(0, 0.5\)"),
        ({"test_share": 0.5}, r"test_share = 0.5 must be a number in \(0, 0.5\)"),
        ({"clips_per_recording": 0}, "clips_per_recording = 0 must be an integer of at least 1"),
        ({"to_hz": 7}, "to_hz = 7 must be one of"),
    ],
)
def test_impossible_splits_are_refused(told, changed, match):
    with pytest.raises(ValueError, match=match):
        split(told, **changed)


def test_a_recording_without_a_voice_group_and_a_split_without_clips_are_refused(told):
    with pytest.raises(ValueError, match="groups has no voice group for r00"):
        split((told[0], {}))
    with pytest.raises(ValueError, match="gets no clip"):
        split(({"r00": told[0]["r00"]}, told[1]))


def test_saved_clips_come_back_and_a_limit_takes_the_first(tmp_path):
    samples = seeds.numpy_generator(1).uniform(-1, 1, (3, CLIP_SAMPLES)).astype(np.float32)
    save_clips(tmp_path, {"test": Clips(samples, np.array(["x", "y", "x"]), 7)})
    clips = load_clips(tmp_path, "test", 2)
    assert np.array_equal(clips.samples, samples[:2])
    assert (clips.groups.tolist(), clips.left_out) == (["x", "y"], 7)
    with pytest.raises(ValueError, match=r"limit = 4 must be an integer in 1\.\.3"):
        load_clips(tmp_path, "test", 4)
    with pytest.raises(ValueError, match="split = 'all' is unknown"):
        load_clips(tmp_path, "all")
    with pytest.raises(FileNotFoundError, match=r"train_clips\.npy is missing"):
        load_clips(tmp_path, "train")
    (tmp_path / "test_clips.npy").write_bytes(b"no array")
    with pytest.raises(ValueError, match=r"test_clips\.npy is not a readable array"):
        load_clips(tmp_path, "test")


# Generated voices


def test_generated_voices_follow_from_the_seed_and_have_pauses_and_a_pitch():
    recordings, groups = embedded_speech.voices(2, 2, 3.0, 1)
    again, _ = embedded_speech.voices(3, 2, 3.0, 1)
    other, _ = embedded_speech.voices(2, 2, 3.0, 2)
    assert list(groups.values()) == ["voice00", "voice00", "voice01", "voice01"]
    for name, samples in recordings.items():
        assert samples.shape == (48_000,)
        assert np.abs(samples).max() == pytest.approx(embedded_speech.PEAK)
        assert np.array_equal(samples, again[name])
        assert not np.array_equal(samples, other[name])
        assert 0.3 < active_share(samples, 16_000) < 0.97
        assert 80 < _pitch_hz(samples) < 280


def test_a_resonator_peaks_at_its_formant_with_its_bandwidth_and_passes_zero_frequency():
    response = np.abs(np.fft.rfft(embedded_speech._resonated(np.eye(1, 16_000)[0], 700, 60)))  # a bin is a hertz
    assert response[0] == pytest.approx(1, rel=1e-6)
    assert np.argmax(response) == pytest.approx(700, abs=3)
    assert np.count_nonzero(response > response.max() / np.sqrt(2)) == pytest.approx(60, abs=3)


def test_the_demo_s_voices_fill_every_split_and_impossible_ones_are_refused():
    recordings, groups = speech.load("embedded", 1)
    splits = in_splits(recordings, groups, to_hz=8_000, validation_share=0.1, test_share=0.2, seed=1)
    assert min(len(clips.samples) for clips in splits.values()) >= 6
    with pytest.raises(ValueError, match="speech = 'timit' is unknown; one of: picovoice, voicebank, embedded"):
        speech.load("timit", 1)
    for wrong, name in (((0, 1, 3.0), "num_voices"), ((1, 0, 3.0), "recordings_per_voice"), ((1, 1, 0.5), "seconds")):
        with pytest.raises(ValueError, match=name):
            embedded_speech.voices(*wrong, 1)


def _pitch_hz(samples):
    """By the highest peak of the autocorrelation of the loudest 100 ms, between 60 and 300 Hz."""
    power = np.convolve(samples**2.0, np.ones(1_600), "valid")
    loudest = samples[np.argmax(power) :][:1_600].astype(float)
    correlation = np.correlate(loudest, loudest, "full")[len(loudest) - 1 :]
    lags = np.arange(53, 267)
    return 16_000 / lags[np.argmax(correlation[lags])]
