"""Speech as the systems send it: clips of CLIP_SAMPLES samples that hold speech, in splits that share no voice group.

Two thirds of a recording of an order are silence, on which no score means anything: of its successive segments only those with
MIN_ACTIVE_SHARE of their frames above SILENCE_DBFS become clips, and the others are counted. The sets are those of CAPTIONS.
VoiceBank's voice groups are its speakers; Picovoice's are an estimate, see :mod:`semcom_lib.sources.picovoice`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from semcom_lib import paths, seeds
from semcom_lib.arguments import check_integer, check_number, shown
from semcom_lib.sources import embedded_speech
from semcom_lib.sources.picovoice import RATE_HZ, picovoice, voice_groups
from semcom_lib.sources.recordings import RATES_HZ, checked_sound, resample
from semcom_lib.sources.voicebank import voicebank

CLIP_SAMPLES = 16_384
LEAST_RATE_HZ = 8_000  # of clips: what is too short at this rate is left out of a set of many speakers
SILENCE_DBFS = -50.0
MIN_ACTIVE_SHARE = 0.2
FRAME_S = 0.02

SPLITS = ("train", "validation", "test")
CAPTIONS = {
    "picovoice": "Picovoice speech-to-intent",
    "voicebank": "VoiceBank, clean",
    "embedded": embedded_speech.CAPTION,
}
EMBEDDED_VOICES, EMBEDDED_RECORDINGS, EMBEDDED_SECONDS = 12, 2, 8.0


class Clips(NamedTuple):
    """Clips float32 (n, CLIP_SAMPLES) and each one's voice group; ``left_out`` segments held too little speech."""

    samples: np.ndarray
    groups: np.ndarray
    left_out: int


def load(name: str, seed: int) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """{recording: samples float32 (num_samples,) at 16 kHz} of the set ``name``, and {recording: its voice group}.

    ``seed`` is for the generated set. Raises ValueError for an unknown name, DataUnavailable for missing files.
    """
    if name not in CAPTIONS:
        raise ValueError(f"speech = {shown(name)} is unknown; one of: {', '.join(CAPTIONS)}")
    if name == "picovoice":
        return picovoice(), voice_groups()
    if name == "voicebank":
        return voicebank(CLIP_SAMPLES / LEAST_RATE_HZ)
    return embedded_speech.voices(EMBEDDED_VOICES, EMBEDDED_RECORDINGS, EMBEDDED_SECONDS, seed)


def active_share(segments: np.ndarray, rate_hz: int) -> np.ndarray:
    """The share of frames of FRAME_S whose power is above SILENCE_DBFS: (..., num_samples) -> (...).

    A last part of a frame is left out. Raises ValueError for a rate that is none of RATES_HZ, or less than a frame.
    """
    if rate_hz not in RATES_HZ:
        raise ValueError(f"rate_hz = {shown(rate_hz)} must be one of {RATES_HZ}")
    length = round(FRAME_S * rate_hz)
    num_frames = segments.shape[-1] // length
    if not num_frames:
        raise ValueError(f"segments have {segments.shape[-1]} samples: a frame at {rate_hz} Hz has {length}")
    frames = segments[..., : num_frames * length].reshape(*segments.shape[:-1], num_frames, length)
    power = np.square(frames, dtype=np.float64).mean(axis=-1)
    return (power > 10 ** (SILENCE_DBFS / 10)).mean(axis=-1)


def segments_of(samples: np.ndarray, name: str) -> np.ndarray:
    """All successive whole segments, silent ones too, float32 (n, CLIP_SAMPLES); the rest at the end is left out.

    Raises ValueError, one line with ``name``, for a recording shorter than a clip, or as ``checked_sound``.
    """
    number = len(checked_sound(samples, name)) // CLIP_SAMPLES
    if not number:
        raise ValueError(f"{name} is too short: {len(samples)} samples, and a clip has {CLIP_SAMPLES}")
    return samples[: number * CLIP_SAMPLES].reshape(number, CLIP_SAMPLES)


def in_splits(
    recordings: Mapping[str, np.ndarray],
    groups: Mapping[str, str],
    *,
    to_hz: int,
    validation_share: float,
    test_share: float,
    clips_per_recording: int | None = None,
    seed: int,
) -> dict[str, Clips]:
    """{"train", "validation", "test"}: the clips at ``to_hz``, each split in a random order; a voice group is in one split.

    Voice groups are drawn at random for "test", then for "validation", until these have their shares of the recordings, at least.
    ``clips_per_recording`` takes so many of a recording, at random; None takes all. Raises ValueError for shares or numbers out of
    range, a recording without a group, and where a split gets no clip.
    """
    for name, share in (("validation_share", validation_share), ("test_share", test_share)):
        check_number(name, share, "(0, 0.5)")
    if clips_per_recording is not None:
        check_integer("clips_per_recording", clips_per_recording, 1)
    if missing := recordings.keys() - groups.keys():
        raise ValueError(f"groups has no voice group for {min(missing)}: each recording must have one")
    chosen = _names_by_split(sorted(recordings), groups, validation_share, test_share, seed)
    return {
        split: _clips(recordings, groups, chosen[split], to_hz, clips_per_recording, split, seed) for split in SPLITS
    }


def _names_by_split(
    names: list[str], groups: Mapping[str, str], validation_share: float, test_share: float, seed: int
) -> dict[str, list[str]]:
    members: dict[str, list[str]] = {}
    for name in names:
        members.setdefault(groups[name], []).append(name)
    waiting = [sorted(members)[i] for i in seeds.numpy_generator(seed, "speech", "split").permutation(len(members))]
    chosen: dict[str, list[str]] = {}
    for split, share in (("test", test_share), ("validation", validation_share)):
        chosen[split] = []
        while waiting and len(chosen[split]) < share * len(names):
            chosen[split] += members[waiting.pop()]
    return chosen | {"train": [name for group in waiting for name in members[group]]}


def _clips(
    recordings: Mapping[str, np.ndarray],
    groups: Mapping[str, str],
    names: list[str],
    to_hz: int,
    clips_per_recording: int | None,
    split: str,
    seed: int,
) -> Clips:
    samples, owners, left_out = [np.empty((0, CLIP_SAMPLES), np.float32)], [], 0
    for name in names:
        segments = segments_of(resample(recordings[name], RATE_HZ, to_hz), name)
        spoken = np.flatnonzero(active_share(segments, to_hz) >= MIN_ACTIVE_SHARE)
        left_out += len(segments) - len(spoken)
        order = seeds.numpy_generator(seed, "speech", "clips", name).permutation(len(spoken))
        taken = segments[spoken[order[:clips_per_recording]]]
        samples.append(taken)
        owners += [groups[name]] * len(taken)
    if not owners:
        raise ValueError(f"{split} gets no clip: give more recordings or voice groups, or other shares")
    order = seeds.numpy_generator(seed, "speech", "order", split).permutation(len(owners))
    return Clips(np.concatenate(samples)[order], np.array(owners)[order], left_out)


def save_clips(folder: Path, splits: Mapping[str, Clips]) -> None:
    """Write <split>_clips.npy and <split>_groups.npy of every split; equal clips give equal bytes."""
    for split, clips in splits.items():
        for part, array in (("clips", clips.samples), ("groups", clips.groups), ("left_out", np.array(clips.left_out))):
            with paths.replacing(folder / f"{split}_{part}.npy") as temporary:
                np.save(temporary, np.ascontiguousarray(array), allow_pickle=False)


def load_clips(folder: Path, split: str, limit: int | None = None) -> Clips:
    """The first ``limit`` clips (default: all) of one split of a prepared set: a fair sample, as their order is random.

    Raises ValueError when the split has fewer, or for a limit below 1 or an unknown split; FileNotFoundError when it is not there.
    """
    if split not in SPLITS:
        raise ValueError(f"split = {shown(split)} is unknown: it must be one of {SPLITS}")
    samples, groups, left_out = (_array(folder / f"{split}_{part}.npy") for part in ("clips", "groups", "left_out"))
    if limit is not None:
        check_integer("limit", limit, 1, len(samples))
    return Clips(samples[:limit], groups[:limit], left_out.item())


def _array(path: Path) -> np.ndarray:
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; make it with its paper's data stage")
    try:
        return np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ValueError(f"{path} is not a readable array; remove it and make it again") from error
