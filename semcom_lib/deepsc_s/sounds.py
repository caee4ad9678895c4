"""Received speech as files, to be listened to: clips as int16 in results/deepsc_s/<name>.npz, equal bytes every time."""

from collections.abc import Mapping

import numpy as np

from semcom_lib import paths


def write_sounds(name: str, clips: Mapping[str, np.ndarray]) -> None:
    """results/deepsc_s/<name>.npz of {key: clip float32 (num_samples,)}, as int16 of full scale; equal clips give equal bytes."""
    with paths.replacing(paths.RESULTS / "deepsc_s" / f"{name}.npz") as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **{key: to_int16(clip) for key, clip in clips.items()})


def read_sounds(name: str) -> dict[str, np.ndarray]:
    """{key: int16 (num_samples,)} as :func:`write_sounds` wrote them. Raises FileNotFoundError naming the file."""
    file = paths.RESULTS / "deepsc_s" / f"{name}.npz"
    if not file.is_file():
        raise FileNotFoundError(f"{file} is missing; dvc repro makes it, stage by stage")
    with np.load(file, allow_pickle=False) as content:
        return {key: content[key] for key in content.files}


def to_int16(clip: np.ndarray) -> np.ndarray:
    """Samples of full scale 1 as int16; what is beyond it is clipped, what is not finite is silence."""
    return np.round(np.nan_to_num(clip, nan=0.0, posinf=0.0, neginf=0.0).clip(-1, 1) * 32_767).astype(np.int16)
