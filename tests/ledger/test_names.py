"""Names and numbers as a reader is told them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcom_lib.ledger.names import Names, decimals, interval, measured, number, plain

NAMES = Names({"snr_db": "SNR", "bits": "m"}, {"system": {"a": "A", "b": "B, tuned"}, "tuned": {True: "tuned"}})


@pytest.mark.parametrize(
    ("column", "values", "words"),
    [
        ("system", ("a",), "A"),
        ("system", ("a", "b"), "A; B, tuned"),
        ("tuned", (True,), "tuned"),
        ("tuned", (False,), "tuned False"),
        ("snr_db", (6.0,), "SNR = 6 dB"),
        ("snr_db", (0, 6), "SNR = 0 or 6 dB"),
        ("bits", (4,), "m = 4"),
        ("sparsity", (0.95,), "sparsity = 0.95"),
        ("system", ("a", "c"), "system A or c"),
    ],
)
def test_values_are_said_by_name_and_numbers_with_their_unit(column, values, words):
    assert NAMES.value(column, *values).replace("\N{NO-BREAK SPACE}", " ") == words


def test_the_head_of_a_column_has_its_unit():
    assert [NAMES.heading(column) for column in ("snr_db", "bits", "other")] == ["SNR (dB)", "m", "other"]


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (3333120.0, "3,333,120"),
        (0.91056, "0.911"),
        (0.9, "0.900"),
        (11.42857, "11.429"),
        (-0.0474, "−0.047"),
        (-0.00016, "−0.0002"),
        (0.00003, "0.00003"),
        (1e-9, "0.000000"),
        (math.nan, ""),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        (None, ""),
        (0, "0"),
    ],
)
def test_numbers_read_well(x, words):
    assert number(x) == words


@given(st.floats(-1e4, 1e4))
def test_no_number_that_is_not_nothing_is_shown_as_nothing_and_none_is_far_from_what_it_shows(x):
    shown = float(decimals(x).replace("−", "-").replace(",", ""))
    assert abs(shown - x) <= 0.0005001
    assert shown != 0 or abs(x) <= 1e-6


def test_estimates_have_three_decimals_even_where_they_are_whole():
    assert measured(1.0, 0.98, 1.0) == "1.000 [0.980, 1.000]"
    assert measured(0.5, math.nan, math.nan) == "0.500"
    assert measured(math.nan, math.nan, math.nan) == interval(math.nan, math.nan) == ""


@pytest.mark.parametrize(
    ("x", "words"), [(0.02, "0.02"), (615000, "615,000"), (-3, "−3"), (6.0, "6"), (19.9995, "19.9995")]
)
def test_a_bound_reads_as_its_file_has_it(x, words):
    assert plain(x) == words
