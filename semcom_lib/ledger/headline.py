"""The few numbers by which two runs are compared: reports/<paper>/headline.json, for `dvc metrics` and `dvc exp show`."""

import json

import numpy as np
import pandas as pd

from semcom_lib import paths
from semcom_lib.ledger.verdicts import VERDICTS


def headline(ledger: pd.DataFrame) -> dict[str, int | float]:
    """Of a paper's ledger: how many claims have which verdict, and of each exhibit the first measure, named by its claim."""
    numbers: dict[str, int | float] = {name: int((ledger.verdict == name).sum()) for name in VERDICTS}
    measured = ledger[np.isfinite(ledger.ours)]
    for row in measured.drop_duplicates("exhibit").itertuples():
        numbers[f"{row.exhibit} {row.claim}"] = float(f"{row.ours:.6g}")
    return numbers


def write_headline(paper: str, ledger: pd.DataFrame) -> None:
    """Write reports/<paper>/headline.json, a number a line."""
    text = json.dumps(headline(ledger), indent=2, ensure_ascii=False, allow_nan=False)
    paths.write_text(paths.REPORTS / paper / "headline.json", f"{text}\n")
