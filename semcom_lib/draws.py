"""Bootstrap draws of measured tables: results/<paper>/<name>.draws.npz, a row for each row of results/<paper>/<name>.csv.

Rows of one table share their draws, and so do tables of one seed over the same trials or groups: draw k of a difference is the
difference of draws k. Draws are kept as float32 to DECIMALS decimals, which is plenty for scores between 0 and 1.
"""

from pathlib import Path

import numpy as np

from semcom_lib import paths
from semcom_lib.arguments import describe

DECIMALS = 6


def write_draws(paper: str, name: str, draws: np.ndarray) -> None:
    """Write ``draws`` (rows, number) whole or not at all; equal draws give equal bytes. Raises ValueError for another shape."""
    if draws.ndim != 2:
        raise ValueError(f"draws is {describe(draws)}: it must be (rows, number)")
    with paths.replacing(_file(paper, name)) as temporary, temporary.open("wb") as file:
        np.savez(file, draws=draws.round(DECIMALS).astype(np.float32))


def read_draws(paper: str, name: str) -> np.ndarray | None:
    """The draws of :func:`write_draws`, float64 (rows, number), or None where that table has none."""
    file = _file(paper, name)
    if not file.is_file():
        return None
    with np.load(file) as content:
        return content["draws"].astype(np.float64)


def interval(draws: np.ndarray) -> np.ndarray:
    """The ends of the 95 % percentile interval of draws (..., number): (2, ...), low then high."""
    return np.quantile(draws, [0.025, 0.975], axis=-1)


def _file(paper: str, name: str) -> Path:
    return paths.RESULTS / paper / f"{name}.draws.npz"
