"""Conditions choose the rows that pandas would, expectations are intervals, and both say themselves in words."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcom_lib.ledger.conditions import NotMeasured, read_conditions, read_expectation, select
from semcom_lib.ledger.names import Names

TABLE = pd.DataFrame(
    {
        "system": ["a", "a", "a", "b", "b", "none"],
        "snr_db": [0.0, 6.0, 12.0, 0.0, 6.0, 18.0],
        "tuned": [True, True, False, False, True, False],
        "value": [0.1, 0.2, 0.1 + 0.2, 0.4, 0.5, 0.6],
    }
)


def chosen(**conditions):
    return list(select(TABLE, read_conditions(conditions)).index)


def test_each_kind_of_condition_chooses_its_rows():
    assert chosen() == [0, 1, 2, 3, 4, 5]
    assert chosen(system="a") == [0, 1, 2]
    assert chosen(system=["b", "none"]) == [3, 4, 5]
    assert chosen(tuned=False) == [2, 3, 5]
    assert chosen(snr_db=[0, 12]) == [0, 2, 3]
    assert chosen(snr_db={"above": 6}) == [2, 5]
    assert chosen(snr_db={"at_least": 6}) == [1, 2, 4, 5]
    assert chosen(snr_db={"below": 6}) == [0, 3]
    assert chosen(snr_db={"at_most": 6}) == [0, 1, 3, 4]
    assert chosen(snr_db={"above": 0, "at_most": 12}, system="a") == [1, 2]


def test_a_number_is_found_in_spite_of_its_last_bit():
    assert 0.1 + 0.2 != 0.3
    assert chosen(value=0.3) == [2]


def test_the_extremes_are_those_of_the_rows_that_meet_the_other_conditions():
    assert chosen(snr_db={"max": True}) == [5]
    assert chosen(snr_db={"max": True}, system=["a", "b"]) == [2]
    assert chosen(snr_db={"min": True}) == [0, 3]


@given(st.floats(-20, 20), st.sampled_from(["above", "at_least", "at_most", "below"]))
def test_a_range_and_its_opposite_share_the_table_out(bound, kind):
    opposite = {"above": "at_most", "at_most": "above", "below": "at_least", "at_least": "below"}[kind]

    def rows(name):
        try:
            return chosen(snr_db={name: bound})
        except NotMeasured:
            return []

    assert sorted(rows(kind) + rows(opposite)) == list(TABLE.index)


def test_conditions_say_themselves():
    words = read_conditions({"system": ["a", "b"], "snr_db": {"at_least": 3, "max": True}})
    assert list(map(str, words)) == ["system a or b", "snr_db at least 3", "highest snr_db"]


def test_conditions_say_themselves_by_the_names_of_a_paper():
    names = Names({"snr_db": "SNR"}, {"system": {"a": "A", "b": "B, tuned"}})
    words = read_conditions({"system": ["a", "b"], "snr_db": {"at_least": -3, "max": True}, "bits": [4, 8]})
    said = [condition.words(names).replace("\N{NO-BREAK SPACE}", " ") for condition in words]
    assert said == ["A; B, tuned", "SNR at least −3 dB", "highest SNR", "bits = 4 or 8"]


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ({"snr": 3}, "column snr is missing; there are: system, snr_db, tuned, value"),
        ({"snr_db": "3"}, "column snr_db holds numbers, and '3' is not such"),
        ({"snr_db": True}, "column snr_db holds numbers, and True is not such"),
        ({"system": 3}, "column system holds text, and 3 is not such"),
        ({"tuned": 1}, "column tuned holds true or false, and 1 is not such"),
        ({"system": {"above": 3}}, "column system must hold numbers for above"),
        ({"tuned": {"max": True}}, "column tuned must hold numbers for max"),
    ],
)
def test_a_condition_that_does_not_fit_the_table_is_named(conditions, message):
    with pytest.raises(ValueError, match=message) as caught:
        chosen(**conditions)
    assert not isinstance(caught.value, NotMeasured)


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ({"system": "c"}, "no row has system c"),
        ({"system": ["a", "c"]}, "no row has system c"),
        ({"snr_db": {"above": 18}}, "no row has snr_db above 18"),
        ({"system": "none", "tuned": True}, "no row has system none, tuned True"),
    ],
)
def test_rows_that_are_not_there_are_named(conditions, message):
    with pytest.raises(NotMeasured, match=message):
        chosen(**conditions)


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ({"x": {"over": 3}}, "x: over is unknown; one of: above, at_least, at_most, below, max, min"),
        ({"x": {"above": "3"}}, "x: above must be a number, is '3'"),
        ({"x": {"max": 3}}, "x: max must be true, is 3"),
        ({"x": None}, "x: None is no number, text, true or false"),
        ({"x": []}, r"x: \[\] is no number"),
        ({"x": [[1]]}, r"x: \[\[1\]\] is no number"),
    ],
)
def test_a_condition_that_is_no_condition_is_named(conditions, message):
    with pytest.raises(ValueError, match=message):
        read_conditions(conditions)


@pytest.mark.parametrize(
    ("entry", "inside", "outside", "words"),
    [
        ({"at_least": 0.5}, [0.5, 1], [0.49], "at least 0.5"),
        ({"at_most": 0.5}, [0.5, -1], [0.51], "at most 0.5"),
        ({"above": 0}, [1e-9], [0, -1], "above 0"),
        ({"below": 0}, [-1e-9], [0, 1], "below 0"),
        ({"within": [-0.02, 0.02]}, [-0.02, 0, 0.02], [-0.03, 0.03], "from −0.02 to 0.02"),
        ({"near": {"value": 3, "tolerance": 0}}, [3], [2.999, 3.001], "3 ± 0"),
        ({"near": {"value": "paper", "tolerance": 1}}, [9, 11], [8.9, 11.1], "paper ± 1"),
        ({"at_least": "paper - 0.5"}, [9.5], [9.4], "at least paper − 0.5 = 9.5"),
        ({"within": ["paper", "paper + 2"]}, [10, 12], [9.9, 12.1], "from paper to paper + 2 = 12"),
        ({"above": 0, "at_most": 5}, [5, 0.1], [0, 5.1], "above 0 and at most 5"),
    ],
)
def test_each_expectation_is_its_interval(entry, inside, outside, words):
    expectation = read_expectation(entry, 10)
    assert expectation.holds(np.array(inside, float)).all()
    assert not expectation.holds(np.array(outside, float)).any()
    assert expectation.words == words


@pytest.mark.parametrize(
    ("entry", "missed", "met"),
    [
        ({"above": 0}, [(-1, 0)], [(-1, 0.1), (0.1, 1)]),
        ({"at_least": 0}, [(-1, -0.1)], [(-1, 0), (0, 1)]),
        ({"below": 0}, [(0, 1)], [(-1, 1), (-2, -1)]),
        ({"at_most": 0}, [(0.1, 1)], [(0, 1)]),
        ({"within": [-1, 1]}, [(-3, -2), (2, 3)], [(-2, 2), (0, 0.5), (1, 2), (-2, -1)]),
    ],
)
def test_an_interval_misses_an_expectation_that_no_number_of_it_meets(entry, missed, met):
    low, high = np.array([*missed, *met], float).T
    assert read_expectation(entry, None).misses(low, high).tolist() == [True] * len(missed) + [False] * len(met)


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_the_margin_is_negative_exactly_outside(x, low, width):
    expectation = read_expectation({"within": [low, low + width]}, None)
    x = np.array([x])
    assert (expectation.margin(x) >= 0) == expectation.holds(x)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({}, "is empty"),
        ({"over": 3}, "over is unknown; one of: above, at_least, at_most, below, within, near"),
        ({"above": "much"}, "above: 'much' is not a bound: a number, paper, or paper - 0.02"),
        ({"above": True}, "above: True is not a bound"),
        ({"above": "paper"}, "above: 'paper' needs a paper_value"),
        ({"within": 3}, r"within must be \[bound, bound\], is 3"),
        ({"near": 3}, r"near must be \{value: bound, tolerance: number\}, is 3"),
        ({"near": {"value": 3}}, "near must be"),
        ({"near": {"value": 3, "tolerance": 1, "off": 1}}, "near must be"),
        ({"at_least": 3, "at_most": 2}, "no number is at least 3 and at most 2"),
    ],
)
def test_an_expectation_that_is_none_is_named(entry, message):
    with pytest.raises(ValueError, match=message):
        read_expectation(entry, None)
