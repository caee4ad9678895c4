"""Images of ImageNet by the name that a profile gives a set, and how captions name it.

imagenette          ten classes, 100 training and 50 test images each
imagenet            ImageNet itself, in a folder
embedded_textures   generated ones, enlarged
"""

from collections.abc import Sequence

import numpy as np

from semcom_lib.arguments import check_integer
from semcom_lib.sources.embedded_images import textures
from semcom_lib.sources.imagenette import CLASSES, SIDE, SUBSET, image_folder, imagenette

CAPTIONS = {
    "imagenette": "ten classes of ImageNet (Imagenette)",
    "imagenet": "ImageNet",
    "embedded_textures": "generated shapes and textures, enlarged (embedded demo data)",
}
NUM_CLASSES = 1000

Splits = dict[str, tuple[np.ndarray, np.ndarray]]


def load(name: str, size: int, train_images: int, test_images: int, seed: int) -> Splits:
    """{"train", "test"}: images uint8 (n, size, size, 3) and labels (n,), so many of each, of all classes alike.

    ``seed`` is for the generated set. Raises ValueError for an unknown name, or numbers that the set has not, and
    DataUnavailable for missing files.
    """
    if name not in CAPTIONS:
        raise ValueError(f"images = {name!r} is unknown; one of: {', '.join(CAPTIONS)}")
    check_integer("size", size, 32)
    if name == "imagenet":
        return image_folder(train_images // NUM_CLASSES, test_images // NUM_CLASSES, NUM_CLASSES, size)
    if name == "embedded_textures":
        if size % 32:
            raise ValueError(f"size = {size} must be a multiple of the generated images' 32")
        drawn = {"train": textures(train_images, seed, "train"), "test": textures(test_images, seed, "test")}
        times = size // 32
        return {
            split: (images.repeat(times, axis=1).repeat(times, axis=2), labels)
            for split, (images, labels) in drawn.items()
        }
    splits = imagenette()
    for split, asked in (("train", train_images), ("test", test_images)):
        if size != SIDE or asked != len(splits[split][0]):
            raise ValueError(
                f"{asked} {split} images of {size}: {name} has {len(splits[split][0])} of {SIDE}, which must all be taken"
            )
    return splits


def seen_in_pretraining(name: str) -> float:
    """Which share of a set's test images is from ImageNet's own training part, by their file names."""
    if name != "imagenette":
        return 0.0
    files = [line.partition("/")[2] for line in SUBSET.read_text().splitlines() if line.startswith("test ")]
    return float(np.mean([not file.startswith("ILSVRC2012_val_") for file in files]))


def rows_of_imagenet(num_classes: int) -> Sequence[int]:
    """Which of ImageNet's 1000 classes a set's labels are; for ten, Imagenette's."""
    return range(NUM_CLASSES) if num_classes == NUM_CLASSES else [index for index, _ in CLASSES.values()][:num_classes]
