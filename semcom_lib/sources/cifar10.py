"""CIFAR-10 [Krizhevsky 2009]: 50,000 training and 10,000 test pictures of 32 x 32 RGB pixels in ten classes.

A local mirror keeps the pixels as lossless WebP strips, the public home as Python pickles. Both are sorted by (label, file
name), which gives one canonical dataset from either, checked by the SHA-256 of its pixels. It is therefore sorted by class:
training batches must be drawn in a shuffled order (:class:`semcom_lib.sources.images.ShuffledBatches`).
"""

import hashlib
import io
import json
import pickle
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from semcom_lib.sources.fetch import DataUnavailable, fetch, neither

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

MIRROR = "cifar10_lossless_webp.tar"
MIRROR_SHA256 = "72424a37cac73f4a73369fec059e03ecb6885c8623cb39cb0cab672c568741fc"
OFFICIAL = "cifar-10-python.tar.gz"
OFFICIAL_SHA256 = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
_URL = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"

PIXELS_SHA256 = {  # of the canonical (n, 32, 32, 3) bytes
    "train": "61bea91e73ac2b02dfb856e685981dce64abe13d4e780aa98a1ac1e7c056d03b",
    "test": "52a9dc125982c0440d5eed87474b2f521e96c45a98df08e4329aa42c692b9d9d",
}
_OFFICIAL_BATCHES = {"train": [f"data_batch_{i}" for i in range(1, 6)], "test": ["test_batch"]}
_UNREADABLE = (
    *(tarfile.TarError, EOFError, OSError, UnidentifiedImageError, pickle.UnpicklingError),
    *(KeyError, ValueError, TypeError, AttributeError, IndexError),
)

Splits = dict[str, tuple[np.ndarray, np.ndarray]]


def cifar10() -> Splits:
    """{"train", "test"}: images uint8 (n, 32, 32, 3) and labels uint8 (n,), sorted by class. Raises DataUnavailable."""
    try:
        splits = read_mirror(fetch(MIRROR, sha256=MIRROR_SHA256))
    except DataUnavailable as not_in_mirror:
        try:
            official = fetch(OFFICIAL, sha256=OFFICIAL_SHA256, url=_URL)
        except DataUnavailable as nor_there:
            raise neither(not_in_mirror, nor_there) from nor_there
        splits = read_official(official)
    for split, (images, _) in splits.items():
        if hashlib.sha256(images.tobytes()).hexdigest() != PIXELS_SHA256[split]:
            raise DataUnavailable(
                f"CIFAR-10: the {split} pixels have not the SHA-256 {PIXELS_SHA256[split]}; fetch the archive again"
            )
    return splits


def read_mirror(archive: Path) -> Splits:
    """The canonical splits of the strips <split>_<k>.webp and <split>.json (labels, file names). Raises DataUnavailable."""
    try:
        with tarfile.open(archive) as tar:
            files = {Path(member.name).name: tar.extractfile(member).read() for member in tar if member.isfile()}
        splits = {}
        for split in PIXELS_SHA256:
            about = json.loads(files[f"{split}.json"])
            strips = [files[name] for name in sorted(files) if name.startswith(f"{split}_")]
            pixels = [np.asarray(Image.open(io.BytesIO(strip)).convert("RGB")) for strip in strips]
            images = np.concatenate([strip.reshape(-1, 32, 32, 3) for strip in pixels])
            splits[split] = _canonical(images, about["labels"], about["filenames"])
    except _UNREADABLE as error:
        raise _unreadable(archive, error) from error
    return splits


def read_official(archive: Path) -> Splits:
    """The canonical splits of the public archive's pickled batches, read without running code. Raises DataUnavailable."""
    try:
        with tarfile.open(archive) as tar:
            members = {Path(member.name).name: member for member in tar if member.isfile()}
            splits = {}
            for split, names in _OFFICIAL_BATCHES.items():
                batches = [_ArraysOnly.load(tar.extractfile(members[name]).read()) for name in names]
                splits[split] = _join(batches)
    except _UNREADABLE as error:
        raise _unreadable(archive, error) from error
    return splits


def _join(batches: Sequence[Mapping[bytes, Any]]) -> tuple[np.ndarray, np.ndarray]:
    planes = np.concatenate([batch[b"data"] for batch in batches]).reshape(-1, 3, 32, 32)  # red, green, blue
    labels = [label for batch in batches for label in batch[b"labels"]]
    names = [name.decode() for batch in batches for name in batch[b"filenames"]]
    return _canonical(planes.transpose(0, 2, 3, 1), labels, names)


def _canonical(images: np.ndarray, labels: Sequence[int], names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    if not len(images) == len(labels) == len(names):
        raise ValueError(f"{len(images)} images, {len(labels)} labels, {len(names)} file names")
    order = sorted(range(len(labels)), key=lambda i: (labels[i], names[i]))
    return np.ascontiguousarray(images[order]), np.array(labels, dtype=np.uint8)[order]


class _ArraysOnly(pickle.Unpickler):
    """Unpickles numbers, texts, lists, dicts and numpy arrays, and refuses every other name, so that no code can run."""

    @classmethod
    def load(cls, content: bytes) -> Any:
        return super(_ArraysOnly, cls(io.BytesIO(content), encoding="bytes")).load()

    def find_class(self, module: str, name: str) -> Any:
        if name == "_reconstruct" and module in ("numpy.core.multiarray", "numpy._core.multiarray"):
            return np._core.multiarray._reconstruct
        if module == "numpy" and name in ("ndarray", "dtype"):
            return getattr(np, name)
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a batch of pictures")


def _unreadable(archive: Path, error: Exception) -> DataUnavailable:
    why = str(error).split("\n")[0] or type(error).__name__
    return DataUnavailable(f"{archive}: not a readable archive ({why}); fetch it again")
