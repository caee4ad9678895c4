"""Sentences below figures: where one curve lies above another, and words that say just that."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcom_lib import draws
from semcom_lib.ledger import seen

SNRS_DB = [0.0, 3.0, 6.0, 9.0, 12.0]


def curve(values, half=0.05, at=SNRS_DB):
    values = np.asarray(values, float)
    return pd.DataFrame(
        {"value": values, "low": values - half, "high": values + half}, index=pd.Index(at, name="snr_db")
    )


def plainly(words):
    return words.replace("\N{NO-BREAK SPACE}", " ")


def test_a_curve_is_the_rows_that_were_asked_for_in_order():
    table = pd.DataFrame({"system": list("aab"), "snr_db": [6.0, 0.0, 0.0], "value": [0.5, 0.1, 0.9]})
    assert seen.curve(table, system="a").value.to_dict() == {0.0: 0.1, 6.0: 0.5}
    with pytest.raises(ValueError, match="no row has system c"):
        seen.curve(table, system="c")
    with pytest.raises(ValueError, match=r"several rows of .* are at one snr_db"):
        seen.curve(table)


def test_surely_above_wants_intervals_apart():
    a, b = curve([0.1, 0.3, 0.5, 0.7, 0.9]), curve([0.2, 0.2, 0.42, 0.5, 0.5])
    assert seen.surely_above(a, b) == [9.0, 12.0]
    assert seen.surely_above(b, a) == []


def test_surely_above_is_that_of_paired_draws_where_there_are_some():
    rng = np.random.default_rng(1)
    values = np.array([0.5, 0.6, 0.7, 0.52, 0.6, 0.68])
    drawn = values[:, None] + rng.normal(0, 0.05, 400) + rng.normal(0, 0.002, (6, 400))
    low, high = draws.interval(drawn)
    table = pd.DataFrame(
        {"system": list("aaabbb"), "snr_db": [6.0, 0.0, 3.0] * 2, "value": values, "low": low, "high": high}
    )
    a, b = (seen.curve(table, drawn=drawn, system=system) for system in "ab")
    assert seen.surely_above(b, a) == [6.0]
    assert seen.surely_above(a, b) == [3.0]
    assert seen.surely_above(b, a.drop(columns="draws")) == []  # their intervals alone overlap
    with pytest.raises(ValueError, match="drawn has 5 rows: the table has 6"):
        seen.curve(table, drawn=drawn[1:], system="a")


def test_passing_is_for_good():
    b = curve([0.5] * 5)
    assert seen.passing(curve([0.6, 0.4, 0.6, 0.7, 0.8]), b) == 6.0
    assert seen.passing(curve([0.6] * 5), b) == 0.0
    assert seen.passing(curve([0.6, 0.7, 0.8, 0.9, 0.5]), b) is None


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ([], "at no SNR"),
        (SNRS_DB, "at every SNR"),
        ([6.0, 9.0, 12.0], "from 6 dB on"),
        ([0.0, 3.0], "up to 3 dB"),
        ([3.0, 6.0, 9.0], "from 3 to 9 dB"),
        ([3.0, 6.0], "at 3 and 6 dB"),
        ([0.0, 6.0, 12.0], "at 0, 6 and 12 dB"),
        ([12.0], "at 12 dB"),
        ([0.0], "at 0 dB"),
    ],
)
def test_places_in_words(points, words):
    assert plainly(seen.at(points, SNRS_DB)) == words


def test_places_of_another_kind_have_no_unit():
    assert seen.at([4, 8], [2, 4, 8, 16], unit="", kind="m") == "at 4 and 8"
    assert seen.at([], [2, 4], unit="", kind="m") == "at no m"


@given(st.lists(st.booleans(), min_size=2, max_size=7))
def test_the_words_of_places_can_be_read_back(holds):
    """What a reader understands is just where it holds."""
    of = [3.0 * i for i in range(len(holds))]
    points = [x for x, here in zip(of, holds, strict=True) if here]
    words = plainly(seen.at(points, of)).removesuffix(" dB")
    match words.split():
        case ["at", "every", "SNR"]:
            read = of
        case ["at", "no", "SNR"]:
            read = []
        case ["from", first, "dB", "on"]:
            read = [x for x in of if x >= float(first)]
        case ["up", "to", last]:
            read = [x for x in of if x <= float(last)]
        case ["from", first, "to", last]:
            read = [x for x in of if float(first) <= x <= float(last)]
        case ["at", *listed]:
            read = [float(word.strip(",")) for word in listed if word != "and"]
    assert read == points


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (seen.listed(["a"]), "a"),
        (seen.listed(["a", "b", "c"]), "a, b and c"),
        (seen.span(pd.Series([0.2, -0.1])), "−0.100 to 0.200"),
        (seen.span(pd.Series([0.2, 0.2001])), "0.200"),
        (seen.percent(-0.0266, "{:+.1f}"), "−2.7 %"),
        (seen.percent(0.5), "50 %"),
        (seen.scientific(3.6e-5), "3.6 · 10⁻⁵"),
        (seen.scientific(0), "0"),
        (seen.point(-1.5), "−1.5 dB"),
    ],
)
def test_numbers_in_sentences(said, words):
    assert plainly(said) == words


def test_sentences_are_one_paragraph():
    said = seen.Sentences("One.", "Two.")
    assert repr(said) == "One. Two."
    assert said._repr_markdown_() == "**What is seen.** One. Two."
