"""The ledger: every verdict follows from the rows by arithmetic that can be done by hand."""

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from semcom_lib import draws, paths
from semcom_lib.ledger import claims, layout, verdicts

TABLE = pd.DataFrame(
    [
        # system, snr_db, metric, value, low, high, psi
        ("ours", 0.0, "bleu_1", 0.50, 0.45, 0.55, 4.0),
        ("ours", 6.0, "bleu_1", 0.80, 0.78, 0.82, 4.0),
        ("ours", 12.0, "bleu_1", 0.90, 0.89, 0.91, 4.0),
        ("theirs", 0.0, "bleu_1", 0.40, 0.35, 0.46, 2.0),
        ("theirs", 6.0, "bleu_1", 0.70, 0.69, 0.71, 2.0),
        ("theirs", 12.0, "bleu_1", 0.91, 0.90, 0.92, 2.0),
        ("ours", 0.0, "bleu_4", 0.10, 0.05, 0.15, 4.0),
    ],
    columns=["system", "snr_db", "metric", "value", "low", "high", "psi"],
)
CLAIM = {
    "claim": "it",
    "title": "Ours is it",
    "exhibit": "fig01",
    "place": "Sec. I",
    "quote": "so | so",
    "table": "a.csv",
}
GAIN = {"measure": "difference", "of": {"system": "ours"}, "than": {"system": "theirs"}, "pair": ["snr_db"]}
BLEU = {"where": {"metric": "bleu_1"}}


def lay(folder, *entries, table=TABLE):
    """A project with one paper, one table and these claims."""
    exhibits = {
        "fig01": {"title": "Fig. 1", "report": "paper/1.ipynb", "figure": "paper/figures/1.svg"},
        "fig02": {"title": "Fig. 2", "report": "paper/2.ipynb", "data": "matrices"},
    }
    content = {"paper": "paper", "title": "A paper", "values": {}, "exhibits": exhibits, "columns": {"snr_db": "SNR"}}
    content["names"] = {"system": {"ours": "Ours", "theirs": "Theirs, old"}, "metric": {"bleu_1": "BLEU-1"}}
    paths.write_text(folder / "reference" / "paper.yaml", yaml.safe_dump({**content, "claims": list(entries)}))
    (folder / "results" / "paper").mkdir(parents=True, exist_ok=True)
    table.to_csv(folder / "results" / "paper" / "a.csv", index=False)


@pytest.fixture
def project(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    monkeypatch.setattr(paths, "RESULTS", tmp_path / "results")
    return tmp_path


@pytest.fixture
def judged(project):
    """(claim's other keys) -> its row of the ledger."""

    def judged(entry, table=TABLE, **options):
        lay(project, CLAIM | entry, table=table)
        ledger = claims.judge("paper", profile="test", data="numbers", **options)
        assert list(ledger.columns) == claims.COLUMNS
        return ledger.iloc[0]

    return judged


def test_a_row_of_the_ledger(judged):
    row = judged(
        {"of": {"system": "ours", "snr_db": 6}, "paper_value": 0.81, "expect": {"at_least": "paper - 0.02"}} | BLEU
    )
    assert list(row) == [
        *("paper", "it", "fig01", "Sec. I", 0.81, 0.80, 0.78, 0.82, "reproduced", "1 of 1", "SNR = 6 dB, Ours, BLEU-1"),
        *("test", "numbers"),
    ]


def test_the_ledger_says_at_how_many_points_and_where_it_was_decided(judged):
    row = judged(GAIN | BLEU | {"expect": {"above": 0}})
    assert (row.verdict, row.points, row["at"]) == ("not reproduced", "2 of 3", "SNR = 12 dB")
    row = judged({"of": {"system": "ours", "snr_db": 18}, "expect": {"above": 0}} | BLEU, partial=True)
    assert (row.points, row["at"]) == ("", "")


def test_all_points_are_judged_by_the_worst(judged):
    row = judged(GAIN | BLEU | {"expect": {"at_least": -0.02}})
    assert (row.ours, row.ours_low, row.ours_high) == pytest.approx((-0.01, -0.03, 0.01))
    assert row.verdict == "reproduced"
    assert judged(GAIN | BLEU | {"expect": {"at_least": 0}}).verdict == "not reproduced"
    row = judged(GAIN | BLEU | {"expect": {"at_most": 0.05}})
    assert (row.ours, row.verdict) == (pytest.approx(0.1), "not reproduced")


def test_any_point_is_judged_by_the_best(judged):
    row = judged(GAIN | BLEU | {"points": "any", "expect": {"at_least": 0.05}, "certain": True})
    assert (row.ours, row.ours_low, row.ours_high) == pytest.approx((0.1, 0.07, 0.13))
    assert row.verdict == "reproduced"
    assert judged(GAIN | BLEU | {"points": "any", "expect": {"at_least": 0.2}}).verdict == "not reproduced"


def test_the_mean_of_the_points(judged):
    row = judged(GAIN | BLEU | {"points": "mean", "expect": {"above": 0}})
    assert (row.ours, row.ours_low, row.ours_high) == pytest.approx((0.19 / 3, (-0.01 + 0.07 - 0.03) / 3, 0.34 / 3))
    assert row.verdict == "reproduced"


def test_only_certain_claims_need_the_whole_interval(judged):
    low = {"where": {"metric": "bleu_1", "snr_db": {"min": True}}, "expect": {"above": 0}}
    assert judged(GAIN | low).verdict == "reproduced"
    row = judged(GAIN | low | {"certain": True})
    assert (row.ours, row.ours_low, row.verdict) == (pytest.approx(0.1), pytest.approx(-0.01), "undecided")


def test_a_ratio_and_its_widest_interval(judged):
    row = judged(GAIN | {"measure": "ratio", "where": {"metric": "bleu_1", "snr_db": 0}, "expect": {"above": 1}})
    assert (row.ours, row.ours_low, row.ours_high) == pytest.approx((1.25, 0.45 / 0.46, 0.55 / 0.35))


def test_another_column_has_no_interval_of_value(judged):
    entry = {
        "column": "psi",
        "of": {"system": "ours", "snr_db": 0},
        "expect": {"near": {"value": 4, "tolerance": 0}},
    } | BLEU
    row = judged(entry)
    assert (row.ours, row.verdict) == (4, "reproduced")
    assert np.isnan([row.ours_low, row.ours_high]).all()
    row = judged(entry, table=TABLE.assign(psi_low=3.0, psi_high=5.0))
    assert (row.ours_low, row.ours_high) == (3, 5)


def test_one_row_can_be_compared_with_many(judged):
    entry = {"measure": "difference", "of": {"snr_db": {"above": 0}}, "than": {"snr_db": 0}}
    row = judged(entry | {"where": {"metric": "bleu_1", "system": "ours"}, "expect": {"at_least": 0.3}})
    assert (row.ours, row.verdict) == (pytest.approx(0.3), "reproduced")


def test_what_is_out_of_reach_needs_no_table(project):
    entry = {key: value for key, value in CLAIM.items() if key != "table"} | {"out_of_reach": "Too far."}
    lay(project, entry)
    row = claims.judge("paper", profile="test", data="numbers").iloc[0]
    assert row.verdict == "out of reach"
    assert np.isnan(row.ours)
    assert claims.show("paper").frame.remark.item() == "Too far."


def test_a_table_of_another_paper_needs_none_of_this_one(project):
    lay(
        project,
        CLAIM | {"table": "../other/a.csv", "of": {"system": "ours", "snr_db": 6}, "expect": {"above": 0}} | BLEU,
    )
    (project / "results" / "paper").rename(project / "results" / "other")
    assert claims.judge("paper", profile="test", data="numbers").ours.item() == 0.80


def test_points_that_a_profile_leaves_out_are_an_error_unless_it_says_so(judged):
    entry = {"of": {"system": "ours", "snr_db": 18}, "expect": {"above": 0}} | BLEU
    with pytest.raises(ValueError, match=r"reference/paper.yaml: claim it: of: a.csv: no row has snr_db 18"):
        judged(entry)
    assert judged(entry, partial=True).verdict == "out of reach"
    assert claims.show("paper", partial=True).frame.remark.item() == claims.UNMEASURED
    with pytest.raises(ValueError, match="column snr is missing"):
        judged(entry | {"of": {"snr": 18}}, partial=True)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"of": {"system": "ours"}} | BLEU, "of: several rows of a.csv are alike in system, metric"),
        (GAIN, "of: several rows of a.csv are alike in snr_db, system"),
        ({}, "of: several rows of a.csv are alike in all"),
        ({"of": {"sytem": "ours"}}, "of: a.csv: column sytem is missing; there are: system, snr_db"),
        (GAIN | BLEU | {"than": {"system": "others"}}, "than: a.csv: no row has system others"),
        (GAIN | BLEU | {"pair": ["snr"]}, "pair: a.csv has no snr"),
        (GAIN | BLEU | {"column": "bytes"}, "column: a.csv has no bytes"),
        (GAIN | BLEU | {"column": "system"}, "column: a.csv: system does not hold numbers"),
        (GAIN | BLEU | {"column": "psi", "certain": True}, "certain: a.csv has no interval of psi"),
        (GAIN | BLEU | {"table": "b.csv"}, "table: results/paper/b.csv is missing"),
        (GAIN | BLEU | {"than": {"system": "theirs", "snr_db": {"above": 0}}}, "than: no row to pair with snr_db 0.0"),
        (GAIN | {"measure": "ratio", "where": {"metric": "nought"}}, "measure: a ratio needs positive numbers"),
        ({"of": {"metric": "empty"}}, "of: a.csv has no value in one of the rows"),
    ],
)
def test_a_claim_that_does_not_fit_its_table_is_one_line(judged, entry, message):
    nought = TABLE[TABLE.snr_db == 0].drop_duplicates("system").assign(metric="nought", low=0.0)
    table = pd.concat([TABLE, nought, TABLE[:1].assign(metric="empty", value=np.nan)])
    with pytest.raises(ValueError, match=message) as caught:
        judged({"expect": {"above": 0}} | entry, table=table)
    assert str(caught.value).startswith("reference/paper.yaml: claim it: ")
    assert "\n" not in str(caught.value)


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.sampled_from(np.linspace(-1, 1, 17)), min_size=1, max_size=8), st.sampled_from(np.linspace(-1, 1, 17))
)
def test_the_worst_point_decides_for_all_and_the_best_for_any(tmp_path_factory, values, bound):
    folder = tmp_path_factory.mktemp("project")
    table = pd.DataFrame({"snr_db": range(len(values)), "value": values})
    entry = CLAIM | {"pair": ["snr_db"], "expect": {"at_least": float(bound)}}
    lay(folder, entry, entry | {"claim": "any", "points": "any"}, table=table)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paths, "ROOT", folder)
        patch.setattr(paths, "RESULTS", folder / "results")
        ledger = claims.judge("paper", profile="", data="")
    assert list(ledger.ours) == [min(values), max(values)]
    assert list(ledger.verdict == "reproduced") == [min(values) >= bound, max(values) >= bound]


def test_the_rule_says_what_is_computed_in_the_words_of_a_reader(project):
    lay(
        project,
        CLAIM
        | GAIN
        | {"where": {"metric": "bleu_1", "snr_db": {"min": True}}, "expect": {"above": 0}, "certain": True},
        CLAIM
        | {"claim": "size", "column": "psi", "expect": {"at_most": 3}, "points": "any", "of": {"system": "ours"}}
        | {"where": {"snr_db": [0, 6]}},
    )
    reference = claims.load_reference("paper")
    (gain, size) = reference.claims
    assert claims.rule(gain, reference.names) == (
        "(Ours) − (Theirs, old), BLEU-1, lowest SNR: above 0, with the whole interval"
    )
    assert claims.rule(size, reference.names) == (
        "psi of Ours, SNR\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}0 or 6\N{NO-BREAK SPACE}dB: at most 3, at one point at least"
    )


OTHER = CLAIM | {
    "claim": "other",
    "title": "Another",
    "exhibit": "fig02",
    "paper_value": 0.95,
    "of": {"snr_db": 12, "system": "ours"},
    "expect": {"above": 1},
}


def test_an_exhibit_is_shown_alone_with_its_title_its_mark_and_no_empty_column(project):
    lay(project, CLAIM | GAIN | BLEU | {"expect": {"above": -0.02}, "note": "Ours."}, OTHER)
    shown = claims.show("paper", exhibit="fig01").frame
    assert list(shown.index) == ["Ours is it\n“so | so” (Sec. I)"]
    assert shown.iloc[0].to_dict() == {
        "verdict": "✓ reproduced",
        "ours": "−0.010",
        "95 % interval": "[−0.030, 0.010]\nwidest of both",
        "decided at": "SNR\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}12\N{NO-BREAK SPACE}dB\n3 of 3 points hold",
        "reproduced if": "(Ours) − (Theirs, old), BLEU-1: above −0.02",
        "remark": "Ours.",
    }
    assert list(claims.show("paper", exhibit="fig02").frame.columns) == [
        *("verdict", "paper", "ours", "95 % interval", "reproduced if"),
    ]
    assert claims.show("paper", exhibit="fig02").frame.verdict.item() == "✗ not reproduced"


def test_an_estimate_has_its_decimals_where_it_is_whole_by_chance_and_a_count_has_none(project):
    table = TABLE.assign(value=1.0)
    rows = {"of": {"system": "ours", "snr_db": 6}, "expect": {"above": 0}} | BLEU
    lay(project, CLAIM | rows, CLAIM | {"claim": "psi", "column": "psi"} | rows, table=table)
    assert claims.show("paper").frame.ours.tolist() == ["1.000", "4"]


def test_the_page_links_each_row_to_its_exhibit(project):
    lay(project, CLAIM | GAIN | BLEU | {"expect": {"above": -0.02}, "note": "Ours."}, OTHER)
    ledger = claims.judge("paper", profile="test", data="numbers")
    assert list(ledger.data) == ["numbers", "matrices"]
    (first, one), (second, two) = claims.page(ledger)
    assert first == (
        "## A paper\n\n1 of 2 claims that could have failed are reproduced (1 not reproduced).\n\n### Fig. 1\n\n"
        "[notebook](../paper/1.ipynb), [figure](../paper/figures/1.svg); profile: test; data: numbers"
    )
    assert second == "### Fig. 2\n\n[notebook](../paper/2.ipynb); profile: test; data: matrices"
    assert one.frame.iloc[0].to_dict() == {
        **{"verdict": "✓ reproduced", "ours": "−0.010", "95 % interval": "[−0.030, 0.010]"},
        **{"decided at": "SNR = 12 dB\n3 of 3 points hold", "remark": "Ours."},
    }
    assert '<a href="../paper/figures/1.svg">Ours is it</a>' in one._repr_html_()
    assert '<a href="../paper/2.ipynb">Another</a>' in two._repr_html_()
    with pytest.raises(ValueError, match=r"reports/paper/claims.csv: claim gone is not in reference/paper.yaml"):
        list(claims.page(ledger.assign(claim="gone")))


def test_the_counts_add_up_and_say_exhibits_and_papers_by_their_titles(project):
    lay(project, CLAIM | GAIN | BLEU | {"expect": {"above": -0.02}}, OTHER, OTHER | {"claim": "third"})
    ledger = claims.judge("paper", profile="test", data="numbers")
    counts = claims.counts(ledger).frame
    assert list(counts.columns) == ["✓ reproduced", "✗ not reproduced", "could have failed"]
    assert counts.T.to_dict("list") == {"Fig. 1": [1, 0, 1], "Fig. 2": [0, 2, 2], "all": [1, 2, 3]}
    assert claims.counts(ledger, by="paper").frame.index.tolist() == ["A paper", "all"]


def test_the_point_that_decides_is_named_with_what_tells_it_from_the_others(project):
    table = pd.concat([TABLE, TABLE[:3].assign(system="third", value=[0.2, 0.9, 0.9])])
    many = {"of": {"system": ["ours", "third"]}, "than": {"system": "theirs"}, "measure": "difference"}
    fall = {"of": {"snr_db": {"max": True}}, "than": {"snr_db": 0}, "measure": "difference", "pair": []}
    lay(
        project,
        CLAIM | many | BLEU | {"pair": ["snr_db"], "expect": {"above": 0}},
        CLAIM | {"claim": "fall"} | fall | {"where": {"metric": "bleu_1", "system": "ours"}, "expect": {"above": 0}},
        CLAIM | {"claim": "mean"} | GAIN | BLEU | {"points": "mean", "expect": {"above": 0}},
        CLAIM | {"claim": "one"} | OTHER,
        table=table,
    )
    reference = claims.load_reference("paper")
    found = [verdicts.judge(claim, "paper", reference.names) for claim in reference.claims]
    said = [verdict.point.replace("\N{NO-BREAK SPACE}", " ") for verdict in found]
    assert said == ["system third; SNR = 0 dB", "SNR = 12 dB", "mean of 3 points", ""]
    assert [(verdict.holds, verdict.points) for verdict in found] == [(3, 6), (1, 1), (1, 1), (0, 1)]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"expect": {"above": 0}}, "SNR = 12 dB\n2 of 3 points hold: this one alone breaks it"),
        ({"expect": {"above": 0.2}}, "SNR = 12 dB\n0 of 3 points hold"),
        ({"expect": {"above": -0.02}, "certain": True}, "SNR = 12 dB\n2 of 3 points hold: this one alone is undecided"),
        ({"expect": {"above": -0.02}}, "SNR = 12 dB\n3 of 3 points hold"),
        ({"expect": {"above": 0.2}, "points": "any"}, "SNR = 0 dB\n0 of 3 points hold"),
        ({"expect": {"above": 0.09}, "points": "any"}, "SNR = 0 dB\n2 of 3 points hold"),
    ],
)
def test_a_claim_that_one_point_alone_breaks_reads_so_below_its_figure_and_on_the_page(project, options, said):
    lay(project, CLAIM | GAIN | BLEU | options)
    shown = claims.show("paper").frame["decided at"].item()
    ((_, table),) = claims.page(claims.judge("paper", profile="test", data="numbers"))
    if options.get("points") == "any":  # the best points are 0.1 better both
        assert shown.split("\n")[1] == said.split("\n")[1]
    else:
        assert shown.replace("\N{NO-BREAK SPACE}", " ") == said
    assert table.frame["decided at"].item() == shown.replace("\N{NO-BREAK SPACE}", " ")


def test_only_what_could_have_failed_is_counted(project):
    rows = {"column": "psi", "of": {"system": "ours", "snr_db": 6}} | BLEU
    reach = {key: value for key, value in CLAIM.items() if key != "table"}
    lay(
        project,
        CLAIM | GAIN | BLEU | {"expect": {"above": -0.02}},
        CLAIM | {"claim": "lost"} | GAIN | BLEU | {"expect": {"above": 0.5}},
        CLAIM | {"claim": "open"} | GAIN | BLEU | {"expect": {"above": -0.02}, "certain": True},
        CLAIM
        | {"claim": "psi", "by_construction": "It is ψ."}
        | rows
        | {"expect": {"near": {"value": 4, "tolerance": 0}}},
        CLAIM | {"claim": "no", "impossible": "It is less.", "note": "See."} | GAIN | BLEU | {"expect": {"above": 0.5}},
        reach | {"claim": "far", "out_of_reach": "Too far."},
    )
    ledger = claims.judge("paper", profile="test", data="numbers")
    assert claims.summary(ledger) == (
        "1 of 3 claims that could have failed are reproduced (1 undecided, 1 not reproduced); "
        "not counted: 1 by construction, 1 impossible, 1 out of reach."
    )
    assert claims.summary(ledger[:1]) == "1 of 1 claims that could have failed are reproduced."
    counts = claims.counts(ledger).frame
    assert counts.loc["all"].to_dict() == {
        **{"✓ reproduced": 1, "? undecided": 1, "✗ not reproduced": 1, "≡ holds by construction": 1, "∅ impossible": 1},
        **{"○ out of reach": 1, "could have failed": 3},
    }
    remarks = claims.show("paper").frame.remark.tolist()
    assert remarks == ["", "", "", "It is ψ.", "It is less. See.", "Too far."]


@pytest.mark.parametrize(
    ("options", "remark"),
    [
        ({"expect": {"above": 0.5}}, "Ours. Cause, training: Fig. 9 still falls."),
        ({"expect": {"above": -0.02}}, "Ours."),  # reproduced
        ({"expect": {"above": -0.02}, "certain": True}, "Ours."),  # undecided
        ({"expect": {"above": 0.5}, "by_construction": "It is."}, "It is. Ours. Cause, training: Fig. 9 still falls."),
        ({"expect": {"above": -0.02}, "by_construction": "It is."}, "It is. Ours."),
    ],
)
def test_a_cause_is_shown_below_its_figure_and_on_the_page_where_a_claim_is_not_reproduced(project, options, remark):
    lay(project, CLAIM | GAIN | BLEU | {"note": "Ours.", "cause": "training: Fig. 9 still falls."} | options)
    assert claims.show("paper").frame.remark.item() == remark
    ((_, table),) = claims.page(claims.judge("paper", profile="test", data="numbers"))
    assert table.frame.remark.item() == remark


def test_each_verdict_has_a_mark_of_its_own():
    assert list(claims.MARKED) == list(verdicts.VERDICTS)
    assert [words[2:] for words in claims.MARKED.values()] == list(verdicts.VERDICTS)
    assert list(dict.fromkeys(words[0] for words in claims.MARKED.values())) == list(layout.MARKS)


def test_below_an_interval_stands_how_it_came_about(project):
    lay(project, CLAIM | GAIN | BLEU | {"expect": {"above": 0}}, OTHER | {"exhibit": "fig01"})
    assert claims.show("paper").frame["95 % interval"].tolist() == ["[−0.030, 0.010]\nwidest of both", "[0.890, 0.910]"]
    half = (TABLE.high - TABLE.low) / 2
    luck = np.linspace(-1, 1, 401)[:400]  # of which all rows have their share: their differences have less
    drawn = TABLE.value.to_numpy()[:, None] + half.to_numpy()[:, None] * luck
    table = TABLE.assign(**dict(zip(["low", "high"], draws.interval(drawn), strict=True)))
    lay(project, CLAIM | GAIN | BLEU | {"expect": {"above": 0}}, table=table)
    draws.write_draws("paper", "a", drawn)
    assert claims.show("paper").frame["95 % interval"].item() == "[−0.010, −0.010]\npaired"
