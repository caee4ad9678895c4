"""Differences between the rows of a measured table, with intervals from its paired bootstrap draws.

    bleu = paired.read("l_deepsc", "fading")
    gain = bleu.difference({"system": "refined"}, {"system": "rough"}, channel="rician", metric="bleu_1")
    gain.index[gain.low > 0]    # where refined CSI is surely the better

The rows met the same trials, fades and noise: draw k of a difference is the difference of draws k. What two intervals that do not
overlap would say, this says of ones that do, too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from semcom_lib import draws, tables


@dataclass(frozen=True, eq=False)
class Paired:
    """A tidy ``table`` (rows, columns) and its rows' ``draws`` (rows, number)."""

    table: pd.DataFrame
    draws: np.ndarray

    def difference(
        self,
        of: Mapping[str, object],
        than: Mapping[str, object],
        *,
        along: str = "snr_db",
        **equal: object,
    ) -> pd.DataFrame:
        """The rows ``of`` minus the rows ``than``, both with ``equal``, at each point that both have: value, low, high.

        Indexed by ``along``, sorted. Raises ValueError where a side has no row, or several at one point, or they share no point.
        """
        of_row, than_row = (self._rows({**side, **equal}, along) for side in (of, than))
        points = of_row.index.intersection(than_row.index).sort_values()
        if points.empty:
            raise ValueError(f"rows of {_said(of)} and of {_said(than)} share no {along}")
        one, other = of_row[points].to_numpy(), than_row[points].to_numpy()
        value = self.table.value.to_numpy()
        low, high = draws.interval(self.draws[one] - self.draws[other])
        return pd.DataFrame({"value": value[one] - value[other], "low": low, "high": high}, index=points)

    def _rows(self, equal: Mapping[str, object], along: str) -> pd.Series:
        """The number of the row at each point."""
        chosen = np.ones(len(self.table), bool)
        for column, value in equal.items():
            chosen &= (self.table[column] == value).to_numpy()
        points = self.table[along][chosen]
        if not len(points) or points.duplicated().any():
            raise ValueError(f"{'several rows' if len(points) else 'no row'} of {_said(equal)} at one {along}")
        return pd.Series(np.flatnonzero(chosen), index=pd.Index(points, name=along))


def read(paper: str, name: str) -> Paired:
    """results/<paper>/<name>.csv and its draws. Raises FileNotFoundError naming the file that is missing, and how it is made."""
    table, drawn = tables.read_table(paper, name), draws.read_draws(paper, name)
    if drawn is None:
        raise FileNotFoundError(f"the draws of results/{paper}/{name}.csv are missing; dvc repro makes them")
    return Paired(table, drawn)


def above(difference: pd.DataFrame) -> list[float]:
    """The points at which a difference is surely positive: its whole interval."""
    return difference.index[difference.low > 0].tolist()


def below(difference: pd.DataFrame) -> list[float]:
    """The points at which a difference is surely negative."""
    return difference.index[difference.high < 0].tolist()


def everywhere(differences: Sequence[pd.DataFrame]) -> list[float]:
    """The points at which every one of these differences is surely positive, in order."""
    return sorted(set.intersection(*(set(above(difference)) for difference in differences)))


def _said(equal: Mapping[str, object]) -> str:
    return ", ".join(f"{column} {value}" for column, value in equal.items())
