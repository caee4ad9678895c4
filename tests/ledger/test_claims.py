"""The ledger: every verdict follows from the rows by arithmetic that can be done by hand."""

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from semcom_lib import paths
from semcom_lib.ledger import claims

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
CLAIM = {"claim": "it", "exhibit": "fig01", "place": "Sec. I", "quote": "so | so", "table": "a.csv"}
GAIN = {"measure": "difference", "of": {"system": "ours"}, "than": {"system": "theirs"}, "pair": ["snr_db"]}
BLEU = {"where": {"metric": "bleu_1"}}


def lay(folder, *entries, table=TABLE):
    """A project with one paper, one table and these claims."""
    exhibits = {
        "fig01": {"title": "Fig. 1", "report": "paper/1.ipynb", "figure": "paper/figures/1.svg"},
        "fig02": {"title": "Fig. 2", "report": "paper/2.ipynb", "data": "matrices"},
    }
    content = {"paper": "paper", "title": "A paper", "values": {}, "exhibits": exhibits}
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
        *("paper", "it", "fig01", "Sec. I", 0.81, 0.80, 0.78, 0.82, "reproduced", "test", "numbers"),
    ]


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
    assert (row.ours, row.ours_low, row.verdict) == (pytest.approx(0.1), pytest.approx(-0.01), "not reproduced")


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
    entry = {key: CLAIM[key] for key in ("claim", "exhibit", "place", "quote")} | {"out_of_reach": "Too far."}
    lay(project, entry)
    row = claims.judge("paper", profile="test", data="numbers").iloc[0]
    assert row.verdict == "out of reach"
    assert np.isnan(row.ours)
    assert claims.show("paper").remark.item() == "Too far."


def test_points_that_a_profile_leaves_out_are_an_error_unless_it_says_so(judged):
    entry = {"of": {"system": "ours", "snr_db": 18}, "expect": {"above": 0}} | BLEU
    with pytest.raises(ValueError, match=r"reference/paper.yaml: claim it: of: a.csv: no row has snr_db 18"):
        judged(entry)
    assert judged(entry, partial=True).verdict == "out of reach"
    assert claims.show("paper", partial=True).remark.item() == claims.UNMEASURED
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


def test_the_rule_says_what_is_computed(project):
    lay(
        project,
        CLAIM
        | GAIN
        | {"where": {"metric": "bleu_1", "snr_db": {"min": True}}, "expect": {"above": 0}, "certain": True},
        CLAIM
        | {"claim": "size", "column": "psi", "expect": {"at_most": 3}, "points": "any", "of": {"system": "ours"}}
        | BLEU,
    )
    (gain, size) = claims.load_reference("paper").claims
    assert claims.rule(gain) == (
        "(system ours) − (system theirs), metric bleu_1, lowest snr_db: above 0, with the whole interval"
    )
    assert claims.rule(size) == "psi, system ours, metric bleu_1: at most 3, at one point at least"


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (3333120.0, "3,333,120"),
        (0.91056, "0.9106"),
        (-0.00012345, "-0.000123"),
        (11.42857, "11.4286"),
        (np.nan, ""),
        (0, "0"),
    ],
)
def test_numbers_read_well(x, text):
    assert claims.number(x) == text


def test_an_exhibit_is_shown_alone_and_whole(project):
    other = CLAIM | {
        "claim": "other",
        "exhibit": "fig02",
        "of": {"snr_db": 12, "system": "ours"},
        "expect": {"above": 1},
    }
    lay(project, CLAIM | GAIN | BLEU | {"expect": {"above": -0.02}, "note": "Ours."}, other)
    shown = claims.show("paper", exhibit="fig01")
    assert list(shown.index) == ["it"]
    assert shown.iloc[0].to_dict() == {
        "the paper says": "so | so",
        "place": "Sec. I",
        "paper": "",
        "ours": "-0.0100 [-0.0300, 0.0100]",
        "reproduced if": "(system ours) − (system theirs), metric bleu_1: above -0.02",
        "verdict": "reproduced",
        "remark": "Ours.",
    }
    assert pd.get_option("display.max_colwidth") is None
    pd.reset_option("display.")


def test_the_page_links_each_row_to_its_exhibit_and_the_counts_add_up(project):
    other = CLAIM | {
        "claim": "other",
        "exhibit": "fig02",
        "of": {"snr_db": 12, "system": "ours"},
        "expect": {"above": 1},
    }
    lay(project, CLAIM | GAIN | BLEU | {"expect": {"above": -0.02}, "note": "Ours."}, other)
    ledger = claims.judge("paper", profile="test", data="numbers")
    assert list(ledger.data) == ["numbers", "matrices"]
    page = claims.page(ledger)
    assert "## A paper (`paper`)" in page
    assert "[notebook](../paper/1.ipynb), [figure](../paper/figures/1.svg); profile: test; data: numbers" in page
    assert (
        "| [`it`](../paper/figures/1.svg) | so \\| so | Sec. I |  | -0.0100 [-0.0300, 0.0100] | reproduced | Ours. |"
        in page
    )
    assert (
        "| [`other`](../paper/2.ipynb) | so \\| so | Sec. I |  | 0.9000 [0.8900, 0.9100] | **not reproduced** |  |"
        in page
    )
    counts = claims.counts(ledger)
    assert counts.loc["fig01"].tolist() == [1, 0, 0]
    assert counts.loc["all"].tolist() == [1, 1, 0]
    with pytest.raises(ValueError, match=r"reports/paper/claims.csv: claim gone is not in reference/paper.yaml"):
        claims.page(ledger.assign(claim="gone"))
