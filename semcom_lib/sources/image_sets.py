"""The image sets by the name that a profile gives them, and how captions name them."""

from collections.abc import Callable

import numpy as np

from semcom_lib.sources.cifar10 import cifar10
from semcom_lib.sources.embedded_images import digits, textures
from semcom_lib.sources.mnist import mnist

CAPTIONS = {
    "mnist": "MNIST",
    "cifar10": "CIFAR-10",
    "embedded_digits": "generated digits (embedded demo data)",
    "embedded_textures": "generated shapes and textures (embedded demo data)",
}
EMBEDDED_TRAIN, EMBEDDED_TEST = 3_000, 500


def load(name: str, seed: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """{"train", "test"}: images uint8, (n, 28, 28) digits or (n, 32, 32, 3) pictures, and labels 0..9 uint8 (n,).

    ``seed`` is for the generated sets. Raises ValueError for an unknown name, DataUnavailable for missing files.
    """
    loaders: dict[str, Callable[[], dict[str, tuple[np.ndarray, np.ndarray]]]] = {
        "mnist": mnist,
        "cifar10": cifar10,
        "embedded_digits": lambda: _generated(digits, seed),
        "embedded_textures": lambda: _generated(textures, seed),
    }
    if name not in loaders:
        raise ValueError(f"images = {name!r} is unknown; one of: {', '.join(loaders)}")
    return loaders[name]()


def _generated(
    draw: Callable[..., tuple[np.ndarray, np.ndarray]], seed: int
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    return {"train": draw(EMBEDDED_TRAIN, seed, "train"), "test": draw(EMBEDDED_TEST, seed, "test")}
