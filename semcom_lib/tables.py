"""Measured tables: results/<paper>/<name>.csv, written whole or not at all and read back as they were."""

from pathlib import Path

import pandas as pd

from semcom_lib import paths


def write_table(
    paper: str, name: str, frame: pd.DataFrame, *, folder: Path | None = None, float_format: str | None = None
) -> None:
    """Write ``frame`` without its index to results/<paper>/<name>.csv, or below another ``folder``."""
    with paths.replacing((folder or paths.RESULTS) / paper / f"{name}.csv") as temporary:
        frame.to_csv(temporary, index=False, float_format=float_format)


def read_table(paper: str, name: str, *, folder: Path | None = None) -> pd.DataFrame:
    """The table of :func:`write_table`: an empty cell is NaN among numbers and "" among texts, whatever the texts say.

    Raises FileNotFoundError naming the file and how it is made.
    """
    file = (folder or paths.RESULTS) / paper / f"{name}.csv"
    if not file.is_file():
        raise FileNotFoundError(f"{file} is missing; dvc repro makes it, stage by stage")
    frame = pd.read_csv(file, keep_default_na=False, na_values=[""])
    texts = frame.select_dtypes(exclude=["number", "bool"]).columns
    return frame.fillna(dict.fromkeys(texts, ""))
