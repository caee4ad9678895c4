"""Tables to be read: every cell is there, text to the left, numbers to the right with their points below each other."""

import html.parser

import numpy as np
import pandas as pd
import pytest

from semcom_lib.ledger.layout import MARKS, Table, estimates
from semcom_lib.ledger.names import Names

FIGURE_SPACES = "\u2007\u2008"


class Cells(html.parser.HTMLParser):
    """The cells of a table: (tag, text, style, rows that it spans)."""

    def __init__(self, table):
        super().__init__()
        self.cells, self.rows = [], 0
        self.feed(table._repr_html_())

    def handle_starttag(self, tag, attributes):
        self.rows += tag == "tr"
        if tag in ("td", "th"):
            given = dict(attributes)
            self.cells.append([tag, "", given.get("style", ""), int(given.get("rowspan", 1))])
        elif tag == "br":
            self.cells[-1][1] += "\n"

    def handle_data(self, data):
        if self.cells and data.strip("\n"):
            self.cells[-1][1] += data


def cells(frame, **options):
    return Cells(Table(frame, **options)).cells


def column(frame, name):
    """The body's cells of a column."""
    body = [cell for cell in cells(frame) if cell[0] == "td"]
    return body[list(frame.columns).index(name) :: len(frame.columns)]


def test_equal_frames_give_equal_bytes_and_nothing_that_has_to_be_unique_on_a_page():
    frame = pd.DataFrame({"a": ["x", "y"], "b": [1.5, 2.0]})
    text = Table(frame)._repr_html_()
    assert text == Table(frame.copy())._repr_html_()
    assert " id=" not in text
    assert "<style" not in text


def test_text_is_set_left_and_numbers_right():
    frame = pd.DataFrame(
        {
            "code": ["5G LDPC", "RS"],
            "mixed": ["8", "RS"],
            "ψ": [8.0, 2.667],
            "share": ["1 of 4", ""],
            "mean": ["0.5 [0.4, 0.6]", ""],
            "kind": ["[0.4, 0.6]\npaired", ""],
        }
    )
    for name, side in {
        "code": "left",
        "mixed": "left",
        "ψ": "right",
        "share": "right",
        "mean": "right",
        "kind": "right",
    }.items():
        assert {f"text-align:{side}" in cell[2] for cell in column(frame, name)} == {True}, name


def test_points_stand_below_each_other():
    shown = [cell[1] for cell in column(pd.DataFrame({"paper": ["8", "2.667", "3,333,120", "−0.00015", ""]}), "paper")]
    assert [text.rstrip(FIGURE_SPACES) for text in shown] == ["8", "2.667", "3,333,120", "−0.00015", ""]
    widths = {len(text) - len(text.rstrip(FIGURE_SPACES).split(".")[0]) for text in shown if text}
    assert widths == {len(".00015")}


def test_numbers_of_a_column_are_written_alike():
    frame = pd.DataFrame({"whole": [1.0, 20000.0], "mixed": [1.0, 2.5], "gap": [1.0, np.nan]})
    assert [cell[1] for cell in cells(frame) if cell[0] == "td"] == ["1", "1.000", "1", "20,000", "2.500", ""]


def test_a_verdict_is_told_by_its_mark_and_its_weight_and_not_by_its_colour_alone():
    words = [
        "✓ reproduced",
        "▲ better",
        "? undecided",
        "✗ not reproduced",
        "≡ by construction",
        "∅ impossible",
        "○ out of reach",
    ]
    frame = pd.DataFrame({"verdict": words})
    shown = column(frame, "verdict")
    assert [cell[1][0] for cell in shown] == list(MARKS)
    assert [cell[1] for cell in shown if "font-weight:bold" in cell[2]] == ["✗ not reproduced"]


def test_what_a_text_holds_is_shown_and_not_obeyed():
    frame = pd.DataFrame({"<b>": ["a < b & <unk>"]}, index=pd.Index(["<i>row"], name="n"))
    assert [cell[1] for cell in cells(frame)] == ["n", "<b>", "<i>row", "a < b & <unk>"]


def test_a_row_is_named_by_its_first_line_and_the_others_are_set_smaller():
    text = Table(pd.DataFrame({"a": ["x"]}, index=["title\nquote"]), links=["../figure.svg"])._repr_html_()
    assert '<a href="../figure.svg">title</a><br><span style="font-weight:normal;font-size:90%">quote</span>' in text


def test_counted_rows_have_no_names_unless_the_count_has_one():
    frame = pd.DataFrame({"a": ["x", "y"]})
    assert [cell[1] for cell in cells(frame)] == ["a", "x", "y"]
    assert [cell[1] for cell in cells(frame.rename_axis("round"))] == ["round", "a", "0", "x", "1", "y"]


def test_the_intervals_of_a_wide_table_stand_below_their_estimates():
    for points, between in ((4, " "), (5, "\n")):
        table = pd.DataFrame({"system": "a", "snr_db": range(points), "value": 0.5, "low": 0.4, "high": 0.6})
        shown = estimates(table, rows=["system"], columns="snr_db")
        assert set(shown.frame.loc["a"]) == {f"0.500{between}[0.400, 0.600]"}
        assert {"text-align:right" in cell[2] for cell in Cells(shown).cells if cell[0] == "td"} == {True}


def test_an_outer_name_spans_its_rows_and_an_inner_one_no_two_outer_ones():
    index = pd.MultiIndex.from_tuples([("A", "x"), ("A", "y"), ("B", "y"), ("B", "z")], names=["outer", "inner"])
    heads = [(cell[1], cell[3]) for cell in cells(pd.DataFrame({"v": ["1", "2", "3", "4"]}, index)) if cell[0] == "th"]
    assert heads == [("outer", 1), ("inner", 1), ("v", 1), ("A", 2), ("x", 1), ("y", 1), ("B", 2), ("y", 1), ("z", 1)]


def test_estimates_are_laid_out_by_name_in_the_names_order():
    table = pd.DataFrame(
        [("b", 6.0, 0.2, 0.1, 0.3), ("a", 6.0, 0.4, 0.3, 0.5), ("a", 0.0, 0.1, 0.0, 0.2)],
        columns=["system", "snr_db", "value", "low", "high"],
    )
    names = Names({"snr_db": "SNR"}, {"system": {"a": "A", "b": "B", "c": "C"}})
    shown = estimates(table, rows=["system"], columns="snr_db", names=names)
    assert shown.frame.index.tolist() == ["A", "B"]
    assert (shown.frame.columns.name, shown.frame.index.name) == ("SNR (dB)", "system")
    assert shown.frame.loc["A"].tolist() == ["0.400 [0.300, 0.500]", "0.100 [0.000, 0.200]"]
    assert shown.frame.loc["B"].tolist() == ["0.200 [0.100, 0.300]", ""]
    assert repr(shown).split("\n")[0] == "system | 6 | 0"


@pytest.mark.parametrize("rows", [["channel", "system"], ["system", "channel"]])
def test_estimates_of_several_kinds_of_rows_have_a_level_each(rows):
    table = pd.DataFrame(
        [(c, s, 0.0, 0.5, 0.4, 0.6) for c in ("iid", "slow") for s in ("a", "b")][:3],
        columns=["channel", "system", "snr_db", "value", "low", "high"],
    )
    shown = estimates(table, rows=rows, columns="snr_db", names=Names({}, {"channel": {"iid": "independent"}})).frame
    assert len(shown) == 3
    assert shown.index.names == rows
    assert set(shown.index.get_level_values("channel")) == {"independent", "slow"}
