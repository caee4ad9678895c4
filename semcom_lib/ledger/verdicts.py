"""The verdict on one claim, from its measure at each of its points (:mod:`semcom_lib.ledger.points`).

A point holds where the measure meets the expectation, and fails where it does not. Where the claim is `certain`, its whole interval
must meet the expectation to hold, and its whole interval must miss it to fail; between them the point is undecided. Each point is
judged for itself, at 95 %. The point that decides is the worst where all must hold, the best where any suffices, the mean where
the mean must:

    reproduced              the point that decides holds
    better than the paper   it misses the paper's number on the side that the claim names as better, with the whole interval
    undecided               its interval lies on both sides of what the claim asks for
    not reproduced          it fails
    holds by construction   it holds, as it must for the reason that the claim gives: no measurement could have shown anything else
    impossible              it does not hold, and cannot for the proof that the claim gives
    out of reach            nothing here can tell
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import pandas as pd

from semcom_lib.ledger.conditions import NotMeasured
from semcom_lib.ledger.names import Names
from semcom_lib.ledger.points import fail, measured
from semcom_lib.ledger.reference import Claim

COULD_FAIL = REPRODUCED, BETTER, UNDECIDED, NOT_REPRODUCED = (
    *("reproduced", "better than the paper", "undecided", "not reproduced"),
)
BY_CONSTRUCTION, IMPOSSIBLE, OUT_OF_REACH = "holds by construction", "impossible", "out of reach"
VERDICTS = (*COULD_FAIL, BY_CONSTRUCTION, IMPOSSIBLE, OUT_OF_REACH)


class State(IntEnum):
    """How a point stands, from worst to best."""

    FAILS = 0
    UNDECIDED = 1
    BETTER = 2
    HOLDS = 3


_VERDICT_OF = {
    State.FAILS: NOT_REPRODUCED,
    State.UNDECIDED: UNDECIDED,
    State.BETTER: BETTER,
    State.HOLDS: REPRODUCED,
}


@dataclass(frozen=True)
class Verdict:
    """The measure at the point that decides, which point that is, and at how many of all ``points`` it ``holds``.

    ``interval`` says how its interval came about: paired, widest, or empty for the table's own.
    """

    verdict: str
    ours: float = np.nan
    low: float = np.nan
    high: float = np.nan
    point: str = ""
    holds: int = 0
    points: int = 0
    interval: str = ""


def judge(claim: Claim, paper: str, names: Names, *, partial: bool = False) -> Verdict:
    """The verdict on ``claim`` of ``paper``; with ``partial``, points that were not measured put it out of reach.

    Raises ValueError, one line naming file, claim and key, where the claim does not fit its table.
    """
    if claim.out_of_reach:
        return Verdict(OUT_OF_REACH)
    try:
        points, interval = measured(claim, paper, names)
    except NotMeasured:
        if not partial:
            raise
        return Verdict(OUT_OF_REACH)
    decisive = points[["low", "high"]] if claim.certain else points[["value"]]
    if decisive.isna().any(axis=None):
        fail(claim, paper, "certain", f"{claim.table} has no interval of {claim.column}")
    points["state"] = _states(claim, points)
    points["margin"] = claim.expect.margin(decisive.to_numpy()).min(axis=1)
    ranked = points.sort_values(["state", "margin"], kind="stable")
    at = ranked.iloc[-1 if claim.points == "any" else 0]
    holds = int((points.state == State.HOLDS).sum())
    return Verdict(
        *(_verdict(claim, State(at.state)), at.value, at.low, at.high, at.point, holds, len(points), interval)
    )


def _states(claim: Claim, points: pd.DataFrame) -> np.ndarray:
    """The State of each point (points,)."""
    value, low, high = (points[column].to_numpy() for column in ("value", "low", "high"))
    if claim.certain:
        holds, fails = claim.expect.holds(low) & claim.expect.holds(high), claim.expect.misses(low, high)
    else:
        holds = claim.expect.holds(value)
        fails = ~holds
    states = np.select([holds, fails], [State.HOLDS, State.FAILS], State.UNDECIDED)
    if claim.better:
        sign = 1 if claim.better == "above" else -1
        far = fails & (sign * value > sign * claim.paper_value)
        nearest = np.where(np.isnan(low), value, low if sign > 0 else high)
        states[far] = np.where(sign * nearest > sign * claim.paper_value, State.BETTER, State.UNDECIDED)[far]
    return states


def _verdict(claim: Claim, state: State) -> str:
    if claim.by_construction and state == State.HOLDS:
        return BY_CONSTRUCTION
    if claim.impossible and state != State.HOLDS:
        return IMPOSSIBLE
    return _VERDICT_OF[state]
