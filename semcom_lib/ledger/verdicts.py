"""The verdict on one claim, from the rows of its table.

A claim is ``reproduced`` where the measure meets the expectation, ``not reproduced`` where it does not, and ``out of reach``
where nothing here can tell. The measure is taken at the point that decides: the worst where all points must meet the
expectation, the best where any suffices, the mean where the mean must. Its interval is 95 %; that of a difference or a ratio is
the widest that its two intervals allow, which overstates it where both saw the same noise and fading.
"""

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NoReturn

import numpy as np
import pandas as pd

from semcom_lib import tables
from semcom_lib.ledger.conditions import NotMeasured, select
from semcom_lib.ledger.names import Names
from semcom_lib.ledger.reference import Claim

REPRODUCED, NOT_REPRODUCED, OUT_OF_REACH = VERDICTS = ("reproduced", "not reproduced", "out of reach")
_ENDS = (("value", "value"), ("low", "high"), ("high", "low"))


@dataclass(frozen=True)
class Verdict:
    """The measure at the point that decides, which point that is, and at how many of all ``points`` it ``holds``."""

    verdict: str
    ours: float = np.nan
    low: float = np.nan
    high: float = np.nan
    point: str = ""
    holds: int = 0
    points: int = 0


def judge(claim: Claim, paper: str, names: Names, *, partial: bool = False) -> Verdict:
    """The verdict on ``claim`` of ``paper``; with ``partial``, points that were not measured put it out of reach.

    Raises ValueError, one line naming file, claim and key, where the claim does not fit its table.
    """
    if claim.out_of_reach:
        return Verdict(OUT_OF_REACH)
    try:
        points = _points(claim, paper, names)
    except NotMeasured:
        if not partial:
            raise
        return Verdict(OUT_OF_REACH)
    if claim.points == "mean":
        mean = points[["value", "low", "high"]].mean()
        points = pd.DataFrame([{**mean, "point": f"mean of {len(points)} points"}])
    decisive = points[["low", "high"]] if claim.certain else points[["value"]]
    if decisive.isna().any(axis=None):
        _fail(claim, paper, "certain", f"{claim.table} has no interval of {claim.column}")
    points["holds"] = claim.expect.holds(decisive.to_numpy()).all(axis=1)
    points["margin"] = claim.expect.margin(decisive.to_numpy()).min(axis=1)
    ranked = points.sort_values(["holds", "margin"], kind="stable")
    at = ranked.iloc[-1 if claim.points == "any" else 0]
    verdict = REPRODUCED if at.holds else NOT_REPRODUCED
    return Verdict(verdict, at.value, at.low, at.high, at.point, int(points.holds.sum()), len(points))


def _points(claim: Claim, paper: str, names: Names) -> pd.DataFrame:
    """The measure at every point: value, low and high (nan where the table has no intervals), and the point in words."""
    of = _operand(claim, paper, "of", names)
    if claim.measure == "value":
        return of[["value", "low", "high"]].assign(point=_joined(of.side, of.shared))
    than = _operand(claim, paper, "than", names)
    join = {"on": list(claim.pair), "how": "left"} if claim.pair else {"how": "cross"}
    both = of.merge(than, suffixes=("", "_than"), **join)
    if (alone := both.value_than.isna()).any():
        point = ", ".join(f"{column} {both[alone].iloc[0][column]}" for column in claim.pair)
        _fail(claim, paper, "than", f"no row to pair with {point}", NotMeasured)
    if claim.measure == "difference":
        ends = {end: both[end] - both[f"{other}_than"] for end, other in _ENDS}
    else:
        if (both[[f"{end}{side}" for end, _ in _ENDS for side in ("", "_than")]] <= 0).any(axis=None):
            _fail(claim, paper, "measure", "a ratio needs positive numbers and intervals")
        ends = {end: both[end] / both[f"{other}_than"] for end, other in _ENDS}
    sides = [" against ".join(filter(None, pair)) for pair in zip(both.side, both.side_than, strict=True)]
    return pd.DataFrame(ends).assign(point=_joined(sides, both.shared))


def _joined(*parts: Iterable[str]) -> list[str]:
    return ["; ".join(filter(None, words)) for words in zip(*parts, strict=True)]


def _operand(claim: Claim, paper: str, key: str, names: Names) -> pd.DataFrame:
    """The rows of ``of`` or ``than``: the columns of ``pair``, then value, low and high, and what tells the rows apart.

    That is in words: ``shared`` says what the other operand's row has as well, ``side`` the rest. Raises ValueError.
    """
    file = PurePosixPath(posixpath.normpath(f"{paper}/{claim.table}"))  # of a paper that may have no results yet
    try:
        table = tables.read_table(str(file.parent), file.stem)
    except FileNotFoundError:
        _fail(claim, paper, "table", f"results/{paper}/{claim.table} is missing")
    conditions = getattr(claim, key) + claim.where
    try:
        rows = select(table, conditions)
    except ValueError as error:
        _fail(claim, paper, key, f"{claim.table}: {error}", type(error))
    for column in (*claim.pair, claim.column):
        if column not in table:
            _fail(claim, paper, "column" if column == claim.column else "pair", f"{claim.table} has no {column}")
    told_apart = list(dict.fromkeys([*claim.pair, *(condition.column for condition in conditions)]))
    if len(rows) > 1 and (not told_apart or rows.duplicated(told_apart).any()):
        _fail(claim, paper, key, f"several rows of {claim.table} are alike in {', '.join(told_apart) or 'all'}")
    low, high = ("low", "high") if claim.column == "value" else (f"{claim.column}_low", f"{claim.column}_high")
    measured = pd.DataFrame({column: rows[column] for column in claim.pair})
    try:
        for name, column in (("value", claim.column), ("low", low), ("high", high)):
            measured[name] = rows[column].astype(float) if column in rows else np.nan
    except ValueError:
        _fail(claim, paper, "column", f"{claim.table}: {column} does not hold numbers")
    if measured["value"].isna().any():
        _fail(claim, paper, key, f"{claim.table} has no {claim.column} in one of the rows")
    by_rule = {
        condition.column for condition in conditions if condition.kind != "is"
    }  # so that its row says which it is
    said = [column for column in told_apart if column in by_rule or rows[column].nunique() > 1]
    alike = {condition.column for condition in claim.where if rows[condition.column].nunique() == 1} | {*claim.pair}
    measured["side"] = _words(rows, [column for column in said if column not in alike], names)
    measured["shared"] = _words(rows, [column for column in said if column in alike], names)
    return measured.reset_index(drop=True)


def _words(rows: pd.DataFrame, columns: list[str], names: Names) -> list[str]:
    if not columns:
        return [""] * len(rows)
    numbers = rows[columns].select_dtypes("float")
    read = rows[columns].assign(**{column: [float(f"{x:.4g}") for x in numbers[column]] for column in numbers})
    return [", ".join(map(names.value, columns, row)) for row in read.itertuples(index=False, name=None)]


def _fail(claim: Claim, paper: str, key: str, message: str, kind: type[ValueError] = ValueError) -> NoReturn:
    raise kind(f"reference/{paper}.yaml: claim {claim.claim}: {key}: {message}")
