"""The measure of a claim at each of its points, from the rows of its table.

An interval is 95 %. That of a plain value is the table's. That of a difference, a ratio or a mean is `paired` where the table has
bootstrap draws (:mod:`semcom_lib.draws`): draw k is the difference of draws k, in which both rows met the same trials, fades and
noise. Without draws it is the `widest` that both intervals allow, which overstates it where they did.
"""

import posixpath
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import NamedTuple, NoReturn

import numpy as np
import pandas as pd

from semcom_lib import draws, tables
from semcom_lib.ledger.conditions import NotMeasured, select
from semcom_lib.ledger.names import Names
from semcom_lib.ledger.reference import Claim

PAIRED, WIDEST = "paired", "widest"
_ENDS = (("value", "value"), ("low", "high"), ("high", "low"))
_BOUNDS = ["low", "high"]
_STALE = 1e-5  # draws are kept to six decimals; a table's interval further from theirs is of another run


class Measured(NamedTuple):
    """value, low and high (nan where there is no interval) and the point in words, a row a point.

    ``interval`` says of which kind the intervals are: PAIRED or WIDEST, or empty where they are the table's own.
    """

    points: pd.DataFrame
    interval: str


def measured(claim: Claim, paper: str, names: Names) -> Measured:
    """The measure of ``claim`` at every point, or its mean over them, from the tables of ``paper``.

    Raises NotMeasured for points that the table lacks, ValueError where the claim does not fit it: one line each, naming file,
    claim and key.
    """
    table, drawn = _table(claim, paper)
    of = _operand(table, claim, paper, "of", names)
    drawn_of = None if drawn is None else drawn[of.row]
    if claim.measure == "value":
        interval = ""
        points, drawn = of[["value", *_BOUNDS]].assign(point=_joined(of.side, of.shared)), drawn_of
    else:
        than = _operand(table, claim, paper, "than", names)
        both = _pairs(of, than, claim, paper)
        drawn = None if drawn is None else _compared(claim, paper, drawn[both.row], drawn[both.row_than.astype(int)])
        ends = {end: _compared(claim, paper, both[end], both[f"{other}_than"]) for end, other in _ENDS}
        if drawn is not None:
            ends |= dict(zip(_BOUNDS, draws.interval(drawn), strict=True))
        interval = WIDEST if drawn is None else PAIRED
        sides = [" against ".join(filter(None, pair)) for pair in zip(both.side, both.side_than, strict=True)]
        points = pd.DataFrame(ends).assign(point=_joined(sides, both.shared))
    if claim.points != "mean":
        return Measured(points, interval)
    mean = points[["value", *_BOUNDS]].mean(skipna=False)
    if drawn is not None:
        mean[_BOUNDS] = draws.interval(drawn.mean(axis=0))
    whole = pd.DataFrame([{**mean, "point": f"mean of {len(points)} points"}])
    return Measured(whole, WIDEST if drawn is None else PAIRED)


def fail(claim: Claim, paper: str, key: str, message: str, kind: type[ValueError] = ValueError) -> NoReturn:
    """Raise a ValueError of one line that names the file, the claim and its key."""
    raise kind(f"reference/{paper}.yaml: claim {claim.claim}: {key}: {message}")


def _table(claim: Claim, paper: str) -> tuple[pd.DataFrame, np.ndarray | None]:
    """The claim's table, and the draws of its rows if it has them and ``value`` is what is measured."""
    file = PurePosixPath(posixpath.normpath(f"{paper}/{claim.table}"))  # of a paper that may have no results yet
    try:
        table = tables.read_table(str(file.parent), file.stem)
    except FileNotFoundError:
        fail(claim, paper, "table", f"results/{paper}/{claim.table} is missing")
    drawn = draws.read_draws(str(file.parent), file.stem) if claim.column == "value" else None
    if drawn is not None and (
        len(drawn) != len(table)
        or not np.allclose(draws.interval(drawn), table[_BOUNDS].to_numpy().T, rtol=0, atol=_STALE, equal_nan=True)
    ):
        fail(claim, paper, "table", f"results/{file.with_suffix('.draws.npz')} is of another run than its table")
    return table, drawn


def _pairs(of: pd.DataFrame, than: pd.DataFrame, claim: Claim, paper: str) -> pd.DataFrame:
    """A row a point: the columns of ``of``, and those of the row that it is compared with, which end in _than."""
    join = {"on": list(claim.pair), "how": "left"} if claim.pair else {"how": "cross"}
    both = of.merge(than, suffixes=("", "_than"), **join)
    if (alone := both.value_than.isna()).any():
        point = ", ".join(f"{column} {both[alone].iloc[0][column]}" for column in claim.pair)
        fail(claim, paper, "than", f"no row to pair with {point}", NotMeasured)
    return both


def _compared(
    claim: Claim, paper: str, of: pd.Series | np.ndarray, than: pd.Series | np.ndarray
) -> pd.Series | np.ndarray:
    """of - than, or of / than."""
    if claim.measure == "difference":
        return of - than
    if np.any(of <= 0) or np.any(than <= 0):
        fail(claim, paper, "measure", "a ratio needs positive numbers and intervals")
    return of / than


def _joined(*parts: Iterable[str]) -> list[str]:
    return ["; ".join(filter(None, words)) for words in zip(*parts, strict=True)]


def _operand(table: pd.DataFrame, claim: Claim, paper: str, key: str, names: Names) -> pd.DataFrame:
    """The rows of ``of`` or ``than``: the columns of ``pair``, then row, value, low and high, and what tells the rows apart.

    That is in words: ``shared`` says what the other operand's row has as well, ``side`` the rest. Raises ValueError.
    """
    conditions = getattr(claim, key) + claim.where
    try:
        rows = select(table, conditions)
    except ValueError as error:
        fail(claim, paper, key, f"{claim.table}: {error}", type(error))
    for column in (*claim.pair, claim.column):
        if column not in table:
            fail(claim, paper, "column" if column == claim.column else "pair", f"{claim.table} has no {column}")
    told_apart = list(dict.fromkeys([*claim.pair, *(condition.column for condition in conditions)]))
    if len(rows) > 1 and (not told_apart or rows.duplicated(told_apart).any()):
        fail(claim, paper, key, f"several rows of {claim.table} are alike in {', '.join(told_apart) or 'all'}")
    operand = rows[list(claim.pair)].assign(row=rows.index)
    low, high = _BOUNDS if claim.column == "value" else (f"{claim.column}_low", f"{claim.column}_high")
    try:
        for name, column in (("value", claim.column), ("low", low), ("high", high)):
            operand[name] = rows[column].astype(float) if column in rows else np.nan
    except ValueError:
        fail(claim, paper, "column", f"{claim.table}: {column} does not hold numbers")
    if operand["value"].isna().any():
        fail(claim, paper, key, f"{claim.table} has no {claim.column} in one of the rows")
    by_rule = {
        condition.column for condition in conditions if condition.kind != "is"
    }  # so that its row says which it is
    said = [column for column in told_apart if column in by_rule or rows[column].nunique() > 1]
    alike = {condition.column for condition in claim.where if rows[condition.column].nunique() == 1} | {*claim.pair}
    operand["side"] = _words(rows, [column for column in said if column not in alike], names)
    operand["shared"] = _words(rows, [column for column in said if column in alike], names)
    return operand.reset_index(drop=True)


def _words(rows: pd.DataFrame, columns: list[str], names: Names) -> list[str]:
    if not columns:
        return [""] * len(rows)
    numbers = rows[columns].select_dtypes("float")
    read = rows[columns].assign(**{column: [float(f"{x:.4g}") for x in numbers[column]] for column in numbers})
    return [", ".join(map(names.value, columns, row)) for row in read.itertuples(index=False, name=None)]
