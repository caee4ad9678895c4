"""Items of any sizes after one another, each padded to a capacity of its own."""

import numpy as np
from numpy.typing import NDArray


def is_filled(sizes: NDArray[np.int64], capacities: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which places are not padding when segments of these sizes are padded, each to its capacity: bool (total,)."""
    runs = np.stack([sizes, capacities - sizes], axis=1)
    return np.repeat(np.tile([True, False], len(sizes)), runs.ravel())


def fill(where: NDArray[np.bool_], values: NDArray) -> NDArray:
    """The values at their places, zeros elsewhere."""
    padded = np.zeros(len(where), values.dtype)
    padded[where] = values
    return padded


def count_by_item(flags: NDArray[np.bool_], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many flags are set in each of the successive segments of these sizes."""
    items = np.searchsorted(np.cumsum(sizes), np.flatnonzero(flags), side="right")
    return np.bincount(items, minlength=len(sizes))
