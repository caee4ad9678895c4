"""Early and late sitting days: by time, not by name; every sentence in one of the two, in its order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcom_lib.l_deepsc.distributed.periods import early_and_late, in_time
from semcom_lib.sources.text import Dated

DAYS = ["ep-00-01-17", "ep-01-09-05", "ep-96-04-15", "ep-98-12-18", "ep-99-01-11", "ep-99-12-17"]


def test_the_year_2000_comes_after_1999():
    assert sorted(DAYS, key=in_time) == [*DAYS[2:], *DAYS[:2]]


def test_days_without_a_date_are_in_the_order_of_their_names():
    names = ["day-0000", "day-0009", "day-0010", "v7-0000000", "v7-0120000"]
    assert sorted(set(names), key=in_time) == names


@pytest.mark.parametrize("boundary", ["ep-99-01-01", "ep-99-01-11"])
def test_the_boundary_is_late_whether_or_not_it_is_a_sitting_day(boundary):
    early, late = early_and_late(Dated(list("abcdef"), DAYS), boundary)
    assert early == Dated(["c", "d"], DAYS[2:4])
    assert late == Dated(["a", "b", "e", "f"], DAYS[:2] + DAYS[4:])


@given(st.lists(st.integers(0, 59), min_size=2, unique=True).filter(lambda days: min(days) < 30 <= max(days)))
def test_each_sentence_keeps_its_day_and_its_place(numbers):
    days = [f"day-{number:04d}" for number in numbers]
    early, late = early_and_late(Dated([f"said on {day}" for day in days], days), "day-0030")
    assert early.days == [day for day in days if day < "day-0030"]
    assert late.days == [day for day in days if day >= "day-0030"]
    assert all(sentence == f"said on {day}" for part in (early, late) for sentence, day in zip(*part, strict=True))


@pytest.mark.parametrize("boundary", ["ep-96-04-15", "ep-02-01-01"])
def test_a_boundary_that_leaves_one_part_empty_is_refused_with_the_range(boundary):
    with pytest.raises(ValueError, match=f"'{boundary}' must be above ep-96-04-15 and at most ep-01-09-05"):
        early_and_late(Dated(list("abcdef"), DAYS), boundary)


def test_nothing_to_divide_is_refused():
    with pytest.raises(ValueError, match="no sentences"):
        early_and_late(Dated([], []), "ep-99-01-01")
