"""The Monte-Carlo evaluator: common random numbers, intervals that cover, one tidy row a point, counts by name."""

import numpy as np
import pytest
import torch

from semcom_lib.evaluation import ratio, summarise, sweep

MEAN = {"mean": ratio("sum", "draws")}


def rng_of_bootstrap():
    return np.random.default_rng(0)


def noisy(point, generator):
    noise = torch.randn(50, generator=generator).numpy()
    return {"sum": point + noise, "draws": np.ones(50)}


def rows_of(table, system):
    return table[table.system == system].drop(columns="system").to_dict("records")


def test_all_systems_meet_the_same_noise():
    table = sweep({"a": noisy, "b": noisy}, [0.0, 6.0], MEAN, seed=1, stage="test")
    assert rows_of(table, "a") == rows_of(table, "b")
    assert table.columns.tolist() == ["system", "snr_db", "metric", "value", "low", "high", "trials"]
    assert table.trials.tolist() == [50] * 4
    assert table.snr_db.tolist() == [0.0, 0.0, 6.0, 6.0]


def test_points_seeds_and_nothing_else_change_the_noise():
    """What is drawn at a point depends on the seed and the point, not on the other points and systems."""
    both = sweep({"a": noisy, "b": noisy}, [0.0, 6.0], MEAN, seed=1, stage="test")
    alone = sweep({"b": noisy}, [6.0], MEAN, seed=1, stage="another")
    other = sweep({"b": noisy}, [6.0], MEAN, seed=2, stage="test")
    assert rows_of(alone, "b") == rows_of(both, "b")[1:]
    assert rows_of(other, "b") != rows_of(alone, "b")
    assert both.value[0] != pytest.approx(both.value[2] - 6.0)


def test_a_sweep_gives_the_same_numbers_twice():
    first, second = (sweep({"a": noisy}, [3.0], MEAN, seed=4, stage="test") for _ in range(2))
    assert first.equals(second)


def test_points_lie_along_any_axis_and_keys_fill_their_columns():
    systems = {("aesc", 20): noisy, ("jpeg", 20): noisy, ("direct", 1): noisy}
    table = sweep(systems, [1e-3, 0.1], MEAN, along="ber", keys=("system", "ratio"), seed=1, stage="test")
    assert table.columns.tolist() == ["system", "ratio", "ber", "metric", "value", "low", "high", "trials"]
    assert table.system.tolist() == ["aesc", "jpeg", "direct"] * 2
    assert table.ratio.tolist() == [20, 20, 1] * 2
    assert table.ber.tolist() == [1e-3] * 3 + [0.1] * 3
    named = sweep({"decoder": noisy}, [0.1], MEAN, along="ber", keys=("part",), seed=1, stage="test")
    assert named.columns[0] == "part"
    assert named.value[0] == table.value[3]


def test_a_metric_is_that_of_the_sums():
    """2 of 10 and 3 of 30 errors are 5 of 40, not the mean of two rates."""
    counts = {"errors": np.array([2, 3]), "bits": np.array([10, 30])}
    metrics = {"rate": ratio("errors", "bits"), "bits": lambda summed: summed["bits"]}
    rate, bits = summarise(counts, metrics, rng=rng_of_bootstrap())
    assert rate | {"low": 0, "high": 0} == {"metric": "rate", "value": 5 / 40, "low": 0, "high": 0, "trials": 2}
    assert bits["value"] == 40
    assert (bits["low"], bits["high"]) == (20, 60)  # both draws of one trial are a quarter of all resamplings each


def test_counts_of_a_trial_stay_together_when_trials_are_drawn_again():
    """A ratio that all trials share is the same in every resample; counts drawn apart would spread it."""
    whole = np.random.default_rng(1).integers(1, 100, 30)
    (row,) = summarise(
        {"part": 0.25 * whole, "whole": whole}, {"share": ratio("part", "whole")}, rng=rng_of_bootstrap()
    )
    assert row["low"] == row["value"] == row["high"] == 0.25


def test_intervals_cover_the_truth_19_times_out_of_20():
    rng = rng_of_bootstrap()
    hits = 0
    for _ in range(300):
        (row,) = summarise({"sum": rng.normal(2.0, 1.0, 60), "draws": np.ones(60)}, MEAN, rng=rng)
        hits += row["low"] <= 2.0 <= row["high"]
    assert 0.90 <= hits / 300 <= 0.98


@pytest.mark.parametrize(
    "counts",
    [
        {"sum": np.ones(3), "draws": np.ones(4)},
        {"sum": np.ones((3, 2)), "draws": np.ones((3, 2))},
        {"sum": np.ones(0), "draws": np.ones(0)},
        {"sum": 1.0, "draws": 1.0},
    ],
)
def test_counts_that_are_not_one_number_a_trial_are_refused(counts):
    with pytest.raises(ValueError, match=r"counts must each be \(trials,\), trials at least 1 and alike, got \{'sum'"):
        summarise(counts, MEAN, rng=rng_of_bootstrap())


def test_no_points_are_refused():
    with pytest.raises(ValueError, match="no points along ber: give at least one"):
        sweep({"a": noisy}, [], MEAN, along="ber", seed=1, stage="test")


@pytest.mark.parametrize("key", ["aesc", ("aesc",), ("aesc", 20, 1)])
def test_keys_that_do_not_fill_the_columns_are_refused(key):
    with pytest.raises(ValueError, match=r"system .*aesc.* does not fill the columns system, ratio"):
        sweep({key: noisy}, [0.0], MEAN, keys=("system", "ratio"), seed=1, stage="test")
