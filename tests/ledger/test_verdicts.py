"""Verdicts: three-valued where intervals decide, two-sided where a number is printed; what could not be otherwise is none."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcom_lib import paths
from semcom_lib.ledger.conditions import read_conditions, read_expectation
from semcom_lib.ledger.names import Names
from semcom_lib.ledger.reference import Claim
from semcom_lib.ledger.verdicts import (
    BETTER,
    BY_CONSTRUCTION,
    COULD_FAIL,
    IMPOSSIBLE,
    NOT_REPRODUCED,
    REPRODUCED,
    UNDECIDED,
    judge,
)


@pytest.fixture(scope="module")
def verdict(tmp_path_factory):
    """(rows of value, low, high; expectation; the claim's other keys) -> its Verdict."""
    folder = tmp_path_factory.mktemp("results")

    def verdict(rows, expect, **options):
        table = pd.DataFrame(rows, columns=["value", "low", "high"]).assign(snr_db=range(len(rows)))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(paths, "RESULTS", folder)
            (folder / "paper").mkdir(exist_ok=True)
            table.to_csv(folder / "paper" / "a.csv", index=False)
            options.setdefault("certain", True)
            claim = Claim(
                *("it", "It", "fig01", "Sec. I", "so"),
                **{"table": "a.csv", "of": read_conditions({}), "pair": ("snr_db",)},
                **{"expect": read_expectation(expect, options.get("paper_value"))} | options,
            )
            return judge(claim, "paper", Names())

    return verdict


IN, OUT, ACROSS = (0.5, 0.4, 0.6), (-0.5, -0.6, -0.4), (0.1, -0.1, 0.3)  # of what lies above 0


@pytest.mark.parametrize(
    ("rows", "all_points", "any_point"),
    [
        ([IN], REPRODUCED, REPRODUCED),
        ([OUT], NOT_REPRODUCED, NOT_REPRODUCED),
        ([ACROSS], UNDECIDED, UNDECIDED),
        ([IN, ACROSS], UNDECIDED, REPRODUCED),
        ([IN, ACROSS, OUT], NOT_REPRODUCED, REPRODUCED),
        ([ACROSS, OUT], NOT_REPRODUCED, UNDECIDED),
    ],
)
def test_what_an_interval_leaves_open_is_undecided(verdict, rows, all_points, any_point):
    for points, expected in (("all", all_points), ("any", any_point)):
        for ordered in (rows, rows[::-1]):
            assert verdict(ordered, {"above": 0}, points=points).verdict == expected


def test_alike_wants_the_whole_interval_inside_the_margin(verdict):
    alike = {"within": [-0.02, 0.02]}
    assert verdict([(0.0, -0.02, 0.02)], alike).verdict == REPRODUCED
    assert verdict([(0.0, -0.021, 0.02)], alike).verdict == UNDECIDED
    assert verdict([(0.0, -0.1, 0.1)], alike).verdict == UNDECIDED  # wide on both sides: nothing is known
    assert verdict([(0.03, 0.021, 0.04)], alike).verdict == NOT_REPRODUCED
    assert verdict([(0.0, -0.1, 0.1)], alike, certain=False).verdict == REPRODUCED


def test_the_point_that_decides_is_the_worst_of_the_worst_kind(verdict):
    rows = [(0.5, 0.4, 0.6), (0.2, -0.3, 0.7), (-0.1, -0.2, -0.01)]
    found = verdict(rows, {"above": 0})
    assert (found.ours, found.holds, found.points) == (-0.1, 1, 3)  # it fails surely; the one before reaches lower
    assert verdict(rows[:2], {"above": 0}).ours == 0.2


EDGES = st.sampled_from([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0])


@given(st.lists(st.tuples(EDGES, EDGES, EDGES).map(sorted), min_size=1, max_size=4))
def test_estimates_alone_are_never_undecided_and_agree_where_intervals_are_sure(verdict, ends):
    rows = [(middle, low, high) for low, middle, high in ends]
    expect = {"above": -1, "at_most": 1}
    sure, plain = verdict(rows, expect), verdict(rows, expect, certain=False)
    assert plain.verdict in (REPRODUCED, NOT_REPRODUCED)
    if sure.verdict != UNDECIDED:
        assert plain.verdict == sure.verdict or sure.verdict == NOT_REPRODUCED
    if sure.verdict == REPRODUCED:
        assert plain.verdict == REPRODUCED


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ((0.82, 0.80, 0.84), REPRODUCED),
        ((0.79, 0.70, 0.80), NOT_REPRODUCED),
        ((0.86, 0.84, 0.88), BETTER),
        ((0.86, 0.81, 0.88), UNDECIDED),  # it reaches down to what the paper has
        ((0.86, None, None), BETTER),
        ((0.79, None, None), NOT_REPRODUCED),
    ],
)
def test_a_printed_score_is_judged_both_ways(verdict, row, expected):
    options = {"certain": False, "paper_value": 0.82, "better": "above"}
    assert verdict([row], {"near": {"value": "paper", "tolerance": 0.02}}, **options).verdict == expected


def test_less_may_be_better(verdict):
    options = {"certain": False, "paper_value": 0.5, "better": "below"}
    expect = {"near": {"value": "paper", "tolerance": 0.1}}
    assert verdict([(0.3, 0.2, 0.4)], expect, **options).verdict == BETTER
    assert verdict([(0.3, 0.2, 0.5)], expect, **options).verdict == UNDECIDED
    assert verdict([(0.7, 0.65, 0.75)], expect, **options).verdict == NOT_REPRODUCED


def test_one_point_below_the_paper_is_not_made_good_by_better_ones(verdict):
    options = {"certain": False, "paper_value": 0.5, "better": "above"}
    rows = [(0.9, 0.8, 1.0), (0.2, 0.1, 0.3)]
    assert verdict(rows, {"near": {"value": "paper", "tolerance": 0.1}}, **options).verdict == NOT_REPRODUCED


def test_what_must_hold_is_not_reproduced_and_a_failure_of_it_is_one(verdict):
    assert verdict([IN], {"above": 0}, by_construction="So.").verdict == BY_CONSTRUCTION
    assert verdict([OUT], {"above": 0}, by_construction="So.").verdict == NOT_REPRODUCED


def test_what_cannot_hold_is_no_failure_and_is_measured_all_the_same(verdict):
    found = verdict([OUT, ACROSS], {"above": 0}, impossible="So.")
    assert (found.verdict, found.ours, found.holds, found.points) == (IMPOSSIBLE, -0.5, 0, 2)
    assert verdict([ACROSS], {"above": 0}, impossible="So.").verdict == IMPOSSIBLE
    assert (
        verdict([IN], {"above": 0}, impossible="So.").verdict == REPRODUCED
    )  # against the proof: one of them is wrong


def test_only_measured_verdicts_could_have_failed():
    assert set(COULD_FAIL) == {REPRODUCED, BETTER, UNDECIDED, NOT_REPRODUCED}
