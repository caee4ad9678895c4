"""Points: differences, ratios and means have the interval of their paired draws, or the widest that two intervals allow."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from semcom_lib import draws, paths
from semcom_lib.evaluation import BOOTSTRAP_DRAWS
from semcom_lib.ledger.conditions import read_conditions, read_expectation
from semcom_lib.ledger.names import Names
from semcom_lib.ledger.points import PAIRED, WIDEST, measured
from semcom_lib.ledger.reference import Claim

LUCK = np.random.default_rng(1).normal(0, 0.05, BOOTSTRAP_DRAWS)  # what all systems share in a draw
OWN = np.random.default_rng(2).normal(0, 0.002, (6, BOOTSTRAP_DRAWS))
VALUES = np.array([0.5, 0.6, 0.8, 0.51, 0.59, 0.83])
DRAWS = VALUES[:, None] + LUCK + OWN
TABLE = pd.DataFrame({"system": list("aaabbb"), "snr_db": [0.0, 6.0, 12.0] * 2, "value": VALUES, "psi": 4.0})
TABLE[["low", "high"]] = draws.interval(DRAWS).T


@pytest.fixture
def measure(monkeypatch, tmp_path):
    """(the claim's keys, the table's draws or None, its rows) -> Measured."""
    monkeypatch.setattr(paths, "RESULTS", tmp_path)

    def measure(drawn, table=TABLE, **keys):
        (tmp_path / "paper").mkdir()
        table.to_csv(tmp_path / "paper" / "a.csv", index=False)
        if drawn is not None:
            draws.write_draws("paper", "a", drawn)
        conditions = {key: read_conditions(keys.pop(key, {})) for key in ("of", "than", "where")}
        claim = Claim("it", "It", "fig01", "Sec. I", "so", table="a.csv", expect=read_expectation({"above": 0}, None))
        return measured(replace(claim, **conditions, **keys), "paper", Names())

    return measure


GAIN = {"measure": "difference", "of": {"system": "b"}, "than": {"system": "a"}, "pair": ("snr_db",)}


def test_a_difference_has_the_interval_of_its_paired_draws(measure):
    points, interval = measure(DRAWS, **GAIN)
    assert interval == PAIRED
    assert points.value.tolist() == pytest.approx([0.01, -0.01, 0.03])
    expected = draws.interval(DRAWS[3:] - DRAWS[:3])
    np.testing.assert_allclose(points[["low", "high"]].to_numpy().T, expected, rtol=0, atol=2e-6)
    assert (points.high - points.low).max() < 0.02  # what both share is gone: each alone has an interval of 0.2
    assert (TABLE.high - TABLE.low).min() > 0.15


def test_without_draws_it_has_the_widest_of_both(measure):
    points, interval = measure(None, **GAIN)
    assert interval == WIDEST
    assert points.low.tolist() == pytest.approx((TABLE.low[3:].to_numpy() - TABLE.high[:3].to_numpy()).tolist())
    assert points.high.tolist() == pytest.approx((TABLE.high[3:].to_numpy() - TABLE.low[:3].to_numpy()).tolist())


def test_draws_follow_their_rows_whatever_the_order_of_the_points(measure):
    """Each of b is compared with a at 12 dB; rows of the table are not in the order of the points."""
    order = [5, 0, 3, 2, 4, 1]
    table = TABLE.iloc[order].reset_index(drop=True)
    sides = {"of": {"system": "b", "snr_db": [0, 6, 12]}, "than": {"system": "a", "snr_db": 12}, "pair": ()}
    points, _ = measure(DRAWS[order], table, **GAIN | sides)
    expected = {value: draws.interval(DRAWS[row] - DRAWS[2]) for row, value in ((3, -0.29), (4, -0.21), (5, 0.03))}
    assert len(points) == 3
    for row in points.itertuples():
        low, high = expected[round(row.value, 2)]
        assert (row.low, row.high) == pytest.approx((low, high), abs=2e-6)


def test_a_ratio_is_paired_too(measure):
    points, interval = measure(DRAWS, **GAIN | {"measure": "ratio"})
    assert interval == PAIRED
    expected = draws.interval(DRAWS[3:] / DRAWS[:3])
    np.testing.assert_allclose(points[["low", "high"]].to_numpy().T, expected, rtol=0, atol=1e-5)


def test_a_mean_is_that_of_each_draw(measure):
    points, interval = measure(DRAWS, **GAIN | {"points": "mean"})
    assert interval == PAIRED
    assert points.point.tolist() == ["mean of 3 points"]
    assert points.value.item() == pytest.approx(0.01)
    expected = draws.interval((DRAWS[3:] - DRAWS[:3]).mean(axis=0))
    assert points[["low", "high"]].to_numpy()[0] == pytest.approx(expected, abs=2e-6)


def test_a_mean_of_plain_values_is_paired_where_there_are_draws_and_else_the_mean_of_the_ends(measure):
    points, interval = measure(DRAWS, of={"system": "a"}, pair=("snr_db",), points="mean")
    assert interval == PAIRED
    assert points[["low", "high"]].to_numpy()[0] == pytest.approx(draws.interval(DRAWS[:3].mean(axis=0)), abs=2e-6)


def test_plain_values_keep_the_tables_intervals(measure):
    points, interval = measure(DRAWS, of={"system": "a"}, pair=("snr_db",))
    assert interval == ""
    assert points[["low", "high"]].to_numpy().tolist() == TABLE[["low", "high"]][:3].to_numpy().tolist()


def test_another_column_has_no_draws(measure):
    points, interval = measure(DRAWS, **GAIN | {"column": "psi"})
    assert interval == WIDEST
    assert points[["low", "high"]].isna().all(axis=None)


@pytest.mark.parametrize(
    "stale", [DRAWS[:5], DRAWS[::-1], DRAWS + 0.001], ids=["fewer", "another order", "another run"]
)
def test_draws_of_another_run_are_refused(measure, stale):
    with pytest.raises(
        ValueError, match=r"claim it: table: results/paper/a.draws.npz is of another run than its table"
    ):
        measure(stale, **GAIN)
