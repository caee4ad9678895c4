"""Photographs of ten easy classes of ImageNet, 224 x 224 RGB: 100 a class to train on, 50 to test  [Howard 2019, Imagenette].

A local mirror keeps a part of Imagenette, re-encoded; ``imagenette_subset.txt`` names its 1,500 files. Their public home has the
same files among 13,394, larger, and they are squeezed into the square here, as the mirror's are: the same photographs, but of
another JPEG encoding, so other pixels. Numbers measured on the one are close to those of the other, not equal.

Imagenette divides ImageNet anew: of our 500 test images 482 are from ImageNet's own training part, so whatever was pretrained on
ImageNet has seen them.

``image_folder`` is for ImageNet itself  [Russakovsky et al. 2015], which must be unpacked by hand: SEMCOM_DATA/imagenet/ holds the
folders train and val with a folder for each class, named by its wnid (val comes as one folder and must be sorted into these).
"""

import io
import os
import tarfile
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import numpy as np
import pooch
from PIL import Image

from semcom_lib.arguments import check_integer
from semcom_lib.progress import Progress
from semcom_lib.sources.download import download
from semcom_lib.sources.fetch import DataUnavailable, NotFound, fetch, neither

CLASSES = {
    **{"n01440764": (0, "tench"), "n02102040": (217, "English springer"), "n02979186": (482, "cassette player")},
    **{"n03000684": (491, "chain saw"), "n03028079": (497, "church"), "n03394916": (566, "French horn")},
    **{"n03417042": (569, "garbage truck"), "n03425413": (571, "gas pump"), "n03445777": (574, "golf ball")},
    **{"n03888257": (701, "parachute")},
}
"""{wnid: (its place among ImageNet's 1,000 classes, sorted by wnid; name)}; a label is the place in this dictionary."""

SIDE = 224  # pixels
MIRROR = "imagenette_224_sub_10x100_10x50.tar"
MIRROR_SHA256 = "90e5ee13882e460275723b203b82d6933ff3e58e35fbfdbb3fc644f5c67129b5"
OFFICIAL = "imagenette2-320.tgz"
OFFICIAL_MD5 = "3df6f0d01a2c9592104656642f5e78a3"  # as torchvision records it; we had not this archive
_URL = "https://s3.amazonaws.com/fast-ai-imageclas/imagenette2-320.tgz"
SUBSET = Path(__file__).with_name("imagenette_subset.txt")

HOME = "https://image-net.org/download.php"
FOLDERS = {"train": "train", "test": "val"}
"""Of ImageNet, by our name of the split."""

Splits = dict[str, tuple[np.ndarray, np.ndarray]]


def imagenette() -> Splits:
    """{"train", "test"}: images uint8 (n, 224, 224, 3) and labels 0..9 uint8 (n,), n = 1,000 and 500; sorted by (label, file name).

    Raises DataUnavailable, one line, where neither home has them, and for what is damaged.
    """
    try:
        mirror = fetch(MIRROR, sha256=MIRROR_SHA256)
    except NotFound as not_in_mirror:
        try:
            return read_official(_official())
        except DataUnavailable as nor_there:
            raise neither(not_in_mirror, nor_there) from nor_there
    return read_mirror(mirror)


def read_mirror(archive: Path) -> Splits:
    """The images of the mirror's archive, as they are. Raises DataUnavailable, also for an image that is not 224 x 224."""

    def as_it_is(image: Image.Image, name: str) -> Image.Image:
        if image.size != (SIDE, SIDE):
            width, height = image.size
            raise DataUnavailable(
                f"{archive}: {name} has {width} x {height} pixels, must have {SIDE} x {SIDE}; fetch it again"
            )
        return image

    return _read(archive, as_it_is)


def read_official(archive: Path) -> Splits:
    """The same of the public archive, from its train and its val, squeezed into 224 x 224. Raises DataUnavailable."""
    return _read(archive, lambda image, _: image.resize((SIDE, SIDE), Image.Resampling.BICUBIC))


def middle(image: Image.Image, shorter: int, size: int) -> Image.Image:
    """The middle (size, size) of an image resized to a shorter side of ``shorter`` pixels: bicubic, antialiased."""
    scale = shorter / min(image.size)
    width, height = (max(shorter, round(side * scale)) for side in image.size)
    left, top = (width - size) // 2, (height - size) // 2
    return image.resize((width, height), Image.Resampling.BICUBIC).crop((left, top, left + size, top + size))


def image_folder(train_per_class: int, test_per_class: int, num_classes: int = 1_000, size: int = SIDE) -> Splits:
    """The first images by name of each class of ImageNet: {"train", "test"}: uint8 (n, size, size, 3), labels int64 (n,).

    The shorter side becomes size * 256 / 224 pixels, then the middle is cut out; a label is the place of the wnid in sorted order,
    with all of ImageNet that in ``CLASSES``. Raises DataUnavailable, one line, where train or val has not ``num_classes`` folders
    with enough files, and for a file that is no image; ValueError for counts below 1.
    """
    per_class = {"train": train_per_class, "test": test_per_class}
    check_integer("train_per_class", train_per_class, 1)
    check_integer("test_per_class", test_per_class, 1)
    check_integer("num_classes", num_classes, 1)
    check_integer("size", size, 1)
    classes = {split: _class_folders(folder, num_classes) for split, folder in FOLDERS.items()}
    if unpaired := {path.name for path in classes["train"]} ^ {path.name for path in classes["test"]}:
        raise DataUnavailable(f"imagenet: {min(unpaired)} is not in both of train and val; unpack it again from {HOME}")
    files = {
        split: [file for folder in folders for file in _first_files(folder, per_class[split])]
        for split, folders in classes.items()
    }
    progress, done = Progress("ImageNet", sum(map(len, files.values()))), 0
    splits = {}
    for split, each in files.items():
        images = np.empty((len(each), size, size, 3), dtype=np.uint8)
        for place, file in enumerate(each):
            images[place] = middle(_opened(file, str(file)), size * 256 // 224, size)
            progress.update(done := done + 1)
        splits[split] = images, np.repeat(np.arange(num_classes, dtype=np.int64), per_class[split])
    return splits


def _official() -> Path:
    path = download(OFFICIAL, url=_URL)
    found = pooch.file_hash(str(path), alg="md5")
    if found != OFFICIAL_MD5:
        path.unlink()
        raise DataUnavailable(f"{path}: MD5 was {found}, must be {OFFICIAL_MD5}; it is removed, fetch it again")
    return path


def _read(archive: Path, squared: Callable[[Image.Image, str], Image.Image]) -> Splits:
    subset = _subset()
    files = _members(archive, {name for names in subset.values() for name in names})
    label_of = {wnid: label for label, wnid in enumerate(CLASSES)}
    splits = {}
    for split, names in subset.items():
        images = np.empty((len(names), SIDE, SIDE, 3), dtype=np.uint8)
        for place, name in enumerate(names):
            if name not in files:
                raise DataUnavailable(f"{archive}: the archive holds no {name}; fetch it again")
            images[place] = squared(_opened(io.BytesIO(files[name]), f"{archive}: {name}"), name)
        labels = [label_of[name.partition("/")[0]] for name in names]
        splits[split] = images, np.array(labels, dtype=np.uint8)
    return splits


def _subset() -> dict[str, list[str]]:
    """{split: its "<wnid>/<file name>", sorted}."""
    subset: dict[str, list[str]] = {"train": [], "test": []}
    for line in SUBSET.read_text().splitlines():
        split, name = line.split()
        subset[split].append(name)
    return subset


def _members(archive: Path, wanted: set[str]) -> dict[str, bytes]:
    """{"<wnid>/<file name>": bytes} of those wanted, in whatever folder; read in the archive's order, never extracted."""
    files = {}
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                name = "/".join(PurePosixPath(member.name).parts[-2:])
                if member.isfile() and name in wanted:
                    files[name] = tar.extractfile(member).read()
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        why = str(error).split("\n")[0]
        raise DataUnavailable(f"{archive}: not a readable archive ({why}); fetch it again") from error
    return files


def _opened(file: Path | io.BytesIO, name: str) -> Image.Image:
    """The image as RGB, whatever its colours; a few of ImageNet are grey, CMYK, or PNG under another name."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of EXIF data, which are damaged in some and not read here
            with Image.open(file, formats=("JPEG", "PNG")) as image:
                return image.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataUnavailable(f"{name} is not a readable image; fetch it again") from error


def _class_folders(folder: str, num_classes: int) -> list[Path]:
    given = os.environ.get("SEMCOM_DATA")
    if not given:
        raise DataUnavailable(f"imagenet/{folder}: SEMCOM_DATA is not set; unpack it there from {HOME}")
    where = Path(given).expanduser() / "imagenet" / folder
    found = sorted((path for path in where.glob("n*") if path.is_dir()), key=lambda path: path.name)
    if len(found) != num_classes:
        raise DataUnavailable(f"{where}: {len(found):,} class folders, must be {num_classes:,}; from {HOME}")
    return found


def _first_files(folder: Path, num_files: int) -> list[Path]:
    files = sorted(folder.glob("*.JPEG"), key=lambda path: path.name)
    if len(files) < num_files:
        raise DataUnavailable(f"{folder}: {len(files):,} JPEG files, must be {num_files:,} or more; from {HOME}")
    return files[:num_files]
