"""How soft a cliff is: each system's recognition on its own way from its lowest to its error-free value  [aesc_i Sec. IV-A2].

A system that ends higher is not softer for it: a curve v is taken as (v - lowest) / (error-free - lowest).

    width      from the last point below a tenth of the way to the last below nine tenths, in the axis' unit
    relative   the share of the way, a mean over some points
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from semcom_lib.draws import interval
from semcom_lib.evaluation import Swept, joined

LOW, HIGH = 0.1, 0.9
CLIFF_DB = (0.0, 2.0)  # between these SNRs the code of the paper's links goes from nothing to all
METRIC = "recognition_ratio"


def measured(swept: Swept, error_free: Mapping[tuple[str, int], np.ndarray], *, along: str) -> Swept:
    """The cliffs, with draws, of every curve of ``swept``, over AWGN (``along`` = "snr_db") or a binary symmetric channel ("ber").

    ``error_free`` has each (system, ratio)'s recognition-rate ratio without errors, then its draws: (1 + draws,). Rows are channel,
    spread, system, ratio, metric, value, low, high, trials: metric width_db and relative, or width_decades.
    """
    rows = swept.table[swept.table.metric == METRIC]
    rows = rows.assign(**{"channel": "bsc", "spread": ""} if along == "ber" else {})
    found = []
    for key, curve in rows.groupby(["channel", "spread", "system", "ratio"], sort=False):
        curve = curve.sort_values(along, ascending=along != "ber")
        axis = (-np.log10(curve.ber) if along == "ber" else curve.snr_db).tolist()
        shares = np.column_stack([curve.value, swept.draws[curve.index]])
        ends = shares, error_free[key[2:]]
        if along == "ber":
            measures = {"width_decades": width(axis, *ends)}
        else:
            above, below = CLIFF_DB
            measures = {"width_db": width(axis, *ends), "relative": relative(axis, *ends, above=above, below=below)}
        at = dict(zip(("channel", "spread", "system", "ratio"), key, strict=True))
        for metric, (value, *draws) in measures.items():
            low, high = interval(np.array(draws))
            row = at | {"metric": metric, "value": value, "low": low, "high": high, "trials": curve.trials.iloc[0]}
            found.append(Swept(pd.DataFrame([row]), np.array([draws])))
    return joined(found)


def way(curves: np.ndarray, end: np.ndarray) -> np.ndarray:
    """curves (points, n), the first point the worst, and their error-free ends (n,) -> shares of the way (points, n).

    A curve that does not end above its beginning has no way to go: it is at its end everywhere.
    """
    rises = end > curves[0]
    return np.where(rises, (curves - curves[0]) / np.where(rises, end - curves[0], 1), 1.0)


def width(axis: Sequence[float], curves: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Widths (n,) of the cliffs of ``curves`` (points, n) over ``axis`` (points,), rising, with error-free ``end`` (n,).

    Between points the way is linear; what is not reached is at the last point. Raises ValueError for an axis that does not rise.
    """
    if np.any(np.diff(axis) <= 0):
        raise ValueError(f"axis must rise from the worst point to the best, has {list(axis)}")
    shares = way(curves, end)
    return np.array([_last_below(axis, share, HIGH) - _last_below(axis, share, LOW) for share in shares.T])


def relative(axis: Sequence[float], curves: np.ndarray, end: np.ndarray, *, above: float, below: float) -> np.ndarray:
    """The share of the way (n,) in the mean over the points between ``above`` and ``below``; ValueError where there is none."""
    between = (np.asarray(axis) > above) & (np.asarray(axis) < below)
    if not between.any():
        raise ValueError(f"no point lies between {above:g} and {below:g}: {list(axis)}")
    return way(curves, end)[between].mean(axis=0)


def _last_below(axis: Sequence[float], share: np.ndarray, level: float) -> float:
    """Where a curve (points,) is last below ``level``; one that nowhere is, at the first point."""
    short = np.flatnonzero(share < level)
    if not len(short):
        return axis[0]
    at = short[-1]
    if at + 1 == len(share):
        return axis[-1]
    part = (level - share[at]) / (share[at + 1] - share[at])
    return axis[at] + part * (axis[at + 1] - axis[at])
