"""The two small sentences of which claims are made: conditions that choose rows, and what a measure of them must meet.

Both are read from YAML as :mod:`semcom_lib.ledger.reference` describes, and both say themselves in words, so that what a reader is
told is what is computed.
"""

import math
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from semcom_lib.ledger.names import Names, plain

RANGES = {"above": np.greater, "at_least": np.greater_equal, "at_most": np.less_equal, "below": np.less}
EXTREMES = {"max": ("highest", pd.Series.max), "min": ("lowest", pd.Series.min)}


class NotMeasured(ValueError):
    """A table has no row that conditions ask for."""


def is_number(value: Any) -> bool:
    """A finite int or float; True and False are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


@dataclass(frozen=True)
class Condition:
    """One column must be what ``operand`` says: ``kind`` is one of RANGES, one of EXTREMES or ``is``, with all that is accepted."""

    column: str
    kind: str
    operand: Any

    def __str__(self) -> str:
        """In the words of the file and its tables, for whoever has to mend them."""
        if self.kind == "is":
            return f"{self.column} {' or '.join(map(str, self.operand))}"
        if self.kind in EXTREMES:
            return f"{EXTREMES[self.kind][0]} {self.column}"
        return f"{self.column} {self.kind.replace('_', ' ')} {self.operand}"

    def words(self, names: Names) -> str:
        """In the words of a reader: SNR above 9 dB; L-DeepSC, refined CSI."""
        if self.kind == "is":
            return names.value(self.column, *self.operand)
        if self.kind in EXTREMES:
            return f"{EXTREMES[self.kind][0]} {names.column(self.column)}"
        amount = names.quantity(self.column, plain(self.operand))
        return f"{names.column(self.column)} {self.kind.replace('_', ' ')} {amount}"


def read_conditions(entry: Mapping[str, Any]) -> tuple[Condition, ...]:
    """{column: value | list | {range: number, ...} | {max: true}}. Raises ValueError naming the column."""
    conditions: list[Condition] = []
    for column, condition in entry.items():
        if not isinstance(condition, Mapping):
            accepted = tuple(condition) if isinstance(condition, list) else (condition,)
            if not accepted or not all(isinstance(value, str | bool) or is_number(value) for value in accepted):
                raise ValueError(f"{column}: {condition!r} is no number, text, true or false, nor a list of them")
            conditions.append(Condition(column, "is", accepted))
            continue
        for kind, operand in condition.items():
            if kind not in (*RANGES, *EXTREMES):
                raise ValueError(f"{column}: {kind} is unknown; one of: {', '.join([*RANGES, *EXTREMES])}")
            if kind in EXTREMES and operand is not True:
                raise ValueError(f"{column}: {kind} must be true, is {operand!r}")
            if kind in RANGES and not is_number(operand):
                raise ValueError(f"{column}: {kind} must be a number, is {operand!r}")
            conditions.append(Condition(column, kind, operand))
    return tuple(conditions)


def select(table: pd.DataFrame, conditions: Sequence[Condition]) -> pd.DataFrame:
    """The rows that meet every condition; highest and lowest are sought among those that meet all others.

    Raises ValueError for a column that is not there or holds another kind of thing, NotMeasured if no row meets them
    all or one of the accepted values is nowhere in the table.
    """
    rows = table
    for condition in sorted(conditions, key=lambda condition: condition.kind in EXTREMES):
        if condition.column not in table.columns:
            raise ValueError(f"column {condition.column} is missing; there are: {', '.join(table.columns)}")
        if condition.kind == "is":
            for value in condition.operand:
                if not _equal(table[condition.column], value).any():
                    raise NotMeasured(f"no row has {condition.column} {value}")
        rows = rows[_meets(rows[condition.column], condition)]
        if rows.empty:
            raise NotMeasured(f"no row has {', '.join(map(str, conditions))}")
    return rows


def _meets(column: pd.Series, condition: Condition) -> np.ndarray:
    if condition.kind == "is":
        return np.any([_equal(column, value) for value in condition.operand], axis=0)
    if not pd.api.types.is_numeric_dtype(column) or column.dtype == bool:
        raise ValueError(f"column {condition.column} must hold numbers for {condition.kind}")
    if condition.kind in EXTREMES:
        return (column == EXTREMES[condition.kind][1](column)).to_numpy()
    return RANGES[condition.kind](column.to_numpy(), condition.operand)


def _equal(column: pd.Series, value: str | bool | float) -> np.ndarray:
    kind = bool if column.dtype == bool else float if pd.api.types.is_numeric_dtype(column) else str
    if not (is_number(value) if kind is float else isinstance(value, kind)):
        raise ValueError(f"column {column.name} holds {_KINDS[kind]}, and {value!r} is not such")
    if kind is float:  # 0.3 is 0.1 + 0.2 to a reader
        return np.isclose(column.to_numpy(), value, rtol=1e-9, atol=0)
    return (column == value).to_numpy()


_KINDS = {bool: "true or false", float: "numbers", str: "text"}


@dataclass(frozen=True)
class Expectation:
    """An interval that a measure must lie in; ``open_low`` and ``open_high`` are ends that it must not touch."""

    words: str = ""
    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    open_high: bool = False

    def margin(self, x: np.ndarray) -> np.ndarray:
        """How far inside the interval x lies; negative outside."""
        return np.minimum(x - self.low, self.high - x)

    def holds(self, x: np.ndarray) -> np.ndarray:
        """Does x lie in the interval?"""
        above = x > self.low if self.open_low else x >= self.low
        below = x < self.high if self.open_high else x <= self.high
        return above & below

    def misses(self, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Does no x of low..high lie in the interval?"""
        before = high <= self.low if self.open_low else high < self.low
        after = low >= self.high if self.open_high else low > self.high
        return before | after


def read_expectation(entry: Mapping[str, Any], paper_value: float | None) -> Expectation:
    """{kind: bound, ...}, all of which must hold. Raises ValueError naming the kind."""
    result, words = Expectation(), []
    for kind, value in entry.items():
        new = _one_expectation(kind, value, paper_value)
        words.append(new.words)
        result = replace(
            result,
            low=max(result.low, new.low),
            high=min(result.high, new.high),
            open_low=result.open_low or new.open_low,
            open_high=result.open_high or new.open_high,
        )
    if not words:
        raise ValueError("is empty")
    if result.low > result.high:
        raise ValueError(f"no number is {' and '.join(words)}")
    return replace(result, words=" and ".join(words))


def _one_expectation(kind: str, value: Any, paper_value: float | None) -> Expectation:
    match kind, value:
        case (("at_least" | "above"), _):
            low, words = _bound(kind, value, paper_value)
            return Expectation(f"{kind.replace('_', ' ')} {words}", low=low, open_low=kind == "above")
        case (("at_most" | "below"), _):
            high, words = _bound(kind, value, paper_value)
            return Expectation(f"{kind.replace('_', ' ')} {words}", high=high, open_high=kind == "below")
        case "within", [low, high]:
            (low, from_words), (high, to_words) = (_bound(kind, end, paper_value) for end in (low, high))
            return Expectation(f"from {from_words} to {to_words}", low, high)
        case "within", _:
            raise ValueError(f"within must be [bound, bound], is {value!r}")
        case "near", {"value": centre, "tolerance": tolerance, **rest} if is_number(tolerance) and not rest:
            middle, words = _bound(kind, centre, paper_value)
            return Expectation(f"{words} ± {plain(tolerance)}", middle - tolerance, middle + tolerance)
        case "near", _:
            raise ValueError(f"near must be {{value: bound, tolerance: number}}, is {value!r}")
    raise ValueError(f"{kind} is unknown; one of: {', '.join(RANGES)}, within, near")


def _bound(kind: str, value: Any, paper_value: float | None) -> tuple[float, str]:
    """A number, "paper" or "paper - 0.02", and its words."""
    if is_number(value):
        return float(value), plain(value)
    match = re.fullmatch(r"paper(?: ([+-]) (\d+(?:\.\d+)?))?", str(value))
    if not match:
        raise ValueError(f"{kind}: {value!r} is not a bound: a number, paper, or paper - 0.02")
    if paper_value is None:
        raise ValueError(f"{kind}: {value!r} needs a paper_value")
    bound = paper_value + float(f"{match[1] or '+'}{match[2] or 0}")
    words = str(value).replace("-", "−")
    return bound, f"{words} = {plain(round(bound, 9))}" if match[1] else words
