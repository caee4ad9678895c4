"""The few numbers by which two runs are compared: reports/<paper>/headline.json, for `dvc metrics` and `dvc exp show`."""

import json

import numpy as np
import pandas as pd

from semcom_lib import paths
from semcom_lib.ledger.verdicts import COULD_FAIL


def headline(ledger: pd.DataFrame) -> dict[str, int | float]:
    """Of a paper's ledger: how many claims could have failed and which verdicts they have, and the first measure of each exhibit.

    A measure is named by its claim; that of a claim which could not have failed is none of these.
    """
    at_stake = ledger[ledger.verdict.isin(COULD_FAIL)]
    numbers: dict[str, int | float] = {"could have failed": len(at_stake)}
    numbers |= {name: int((at_stake.verdict == name).sum()) for name in COULD_FAIL}
    for row in at_stake[np.isfinite(at_stake.ours)].drop_duplicates("exhibit").itertuples():
        numbers[f"{row.exhibit} {row.claim}"] = float(f"{row.ours:.6g}")
    return numbers


def write_headline(paper: str, ledger: pd.DataFrame) -> None:
    """Write reports/<paper>/headline.json, a number a line."""
    text = json.dumps(headline(ledger), indent=2, ensure_ascii=False, allow_nan=False)
    paths.write_text(paths.REPORTS / paper / "headline.json", f"{text}\n")
