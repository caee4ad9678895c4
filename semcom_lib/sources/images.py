"""Prepared image sets on disk, their tensors, and training batches; which sets there are is said in ``image_sets.py``.

Images are uint8, (n, H, W) grey or (n, H, W, 3) RGB; their tensors are float32 (n, C, H, W) in 0..1.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from semcom_lib import paths, seeds
from semcom_lib.arguments import check_integer, check_tensor, describe, shown

SPLITS = ("train", "validation", "test")

Splits = dict[str, tuple[np.ndarray, np.ndarray]]


def with_validation(splits: Mapping[str, tuple[np.ndarray, np.ndarray]], validation_images: int, seed: int) -> Splits:
    """The splits with "validation" drawn from "train", and each split in a random order.

    The order makes the first images of a split a fair sample, whatever the source's own order (CIFAR-10 comes sorted by
    class, MNIST's test part by writer). Raises ValueError when ``validation_images`` leaves nothing to train on, or a split
    has not one label for each image.
    """
    for split in ("train", "test"):
        images, labels = splits[split]
        if len(images) != len(labels):
            raise ValueError(
                f"splits has {len(images)} images and {len(labels)} labels to {split} on: there must be one each"
            )
    num_train = len(splits["train"][0])
    check_integer("validation_images", validation_images, 1, num_train - 1)
    train, test = (
        [part[seeds.numpy_generator(seed, "order", split).permutation(len(part))] for part in splits[split]]
        for split in ("train", "test")
    )
    return {
        "train": (train[0][validation_images:], train[1][validation_images:]),
        "validation": (train[0][:validation_images], train[1][:validation_images]),
        "test": (test[0], test[1]),
    }


def save_images(folder: Path, splits: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> None:
    """Write <split>_images.npy and <split>_labels.npy of every split; equal arrays give equal bytes."""
    for split, (images, labels) in splits.items():
        for part, array in (("images", images), ("labels", labels)):
            with paths.replacing(folder / f"{split}_{part}.npy") as temporary:
                np.save(temporary, np.ascontiguousarray(array), allow_pickle=False)


def load_images(folder: Path, split: str, limit: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The first ``limit`` images (default: all) of one split of a prepared set, and their labels.

    Raises ValueError when the split has fewer, or for a negative limit or an unknown split; FileNotFoundError when it is
    not there.
    """
    if split not in SPLITS:
        raise ValueError(f"split = {shown(split)} is unknown: it must be one of {SPLITS}")
    if limit is not None:
        check_integer("limit", limit, 0)
    images, labels = (_array(folder / f"{split}_{part}.npy") for part in ("images", "labels"))
    if limit is not None and limit > len(images):
        raise ValueError(f"{limit} images asked for, {folder / split}_images.npy has {len(images)}")
    return images[:limit], labels[:limit]


def _array(path: Path) -> np.ndarray:
    if not path.is_file():
        owner = path.parent.parent if path.parent.parent.name != paths.DATA.name else path.parent
        raise FileNotFoundError(f"{path} is missing; make it with the data stage: dvc repro {owner.name}_data")
    try:
        return np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ValueError(f"{path} is not a readable array; remove it and make it again") from error


def to_tensor(images: np.ndarray) -> Tensor:
    """uint8 (n, H, W) or (n, H, W, 3) -> float32 (n, C, H, W) in 0..1, C = 1 or 3, channels last in memory.

    Raises ValueError for another shape or type.
    """
    fits = isinstance(images, np.ndarray) and images.dtype == np.uint8 and images.ndim in (3, 4)
    if not fits or (images.ndim == 4 and images.shape[3] != 3):
        raise ValueError(f"images is {describe(images)}: it must be a numpy uint8 array (n, H, W) or (n, H, W, 3)")
    images = (
        np.require(images, requirements=["W"]) if min(images.strides) >= 0 else images.copy()
    )  # as torch wants them
    pixels = torch.from_numpy(images if images.ndim == 4 else images[..., None])  # (n, H, W, C)
    return pixels.permute(0, 3, 1, 2).to(torch.float32) / 255


def to_uint8(x: Tensor) -> np.ndarray:
    """The inverse of :func:`to_tensor`: (n, C, H, W), nominally in 0..1, rounded and clamped; NaN becomes 0.

    Raises ValueError when C is neither 1 nor 3.
    """
    check_tensor("x", x, "floating-point")
    if x.dim() != 4 or x.shape[1] not in (1, 3):
        raise ValueError(f"x has shape {tuple(x.shape)}; it must be (n, C, H, W) with C = 1 or 3")
    levels = torch.nan_to_num(x.detach().float(), nan=0.0).mul(255).round().clamp(0, 255).to(torch.uint8).cpu()
    pixels = np.ascontiguousarray(levels.permute(0, 2, 3, 1).numpy())  # (n, H, W, C)
    return pixels if pixels.shape[3] == 3 else pixels[..., 0]


class ShuffledBatches:
    """Indices of training batches: every image at most once an epoch, each epoch in a new order.

    The batch of a step depends on (seed, purpose, step) alone, so that a resumed run sees the same batches. What is left
    over at an epoch's end is left out; other images in each epoch. Raises ValueError for a batch larger than the set.
    """

    def __init__(self, num_images: int, images_per_batch: int, seed: int, *purpose: object):
        check_integer("num_images", num_images, 1)
        check_integer("images_per_batch", images_per_batch, 1, num_images)
        self.steps_per_epoch = num_images // images_per_batch
        self._sizes = num_images, images_per_batch
        self._purpose = seed, *purpose
        self._epoch, self._order = -1, np.empty(0, dtype=np.int64)

    def at(self, step: int) -> np.ndarray:
        """The indices (images_per_batch,) of step 1, 2, ...; raises ValueError for an earlier one."""
        check_integer("step", step, 1)
        num_images, size = self._sizes
        epoch, place = divmod(step - 1, self.steps_per_epoch)
        if epoch != self._epoch:
            self._epoch = epoch
            self._order = seeds.numpy_generator(*self._purpose, "epoch", epoch).permutation(num_images)
        return self._order[place * size : (place + 1) * size]
