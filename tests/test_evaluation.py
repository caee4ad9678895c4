"""The Monte-Carlo evaluator: common random numbers, intervals that cover, one tidy row a point, counts by name."""

import numpy as np
import pytest
import torch

from semcom_lib.draws import interval
from semcom_lib.evaluation import BOOTSTRAP_DRAWS, joined, ratio, summarise, sweep

MEAN = {"mean": ratio("sum", "draws")}


def rng_of_bootstrap():
    return np.random.default_rng(0)


def noisy(point, generator):
    noise = torch.randn(50, generator=generator).numpy()
    return {"sum": point + noise, "draws": np.ones(50)}


def rows(counts, metrics=MEAN, **options):
    return summarise(counts, metrics, rng=rng_of_bootstrap(), **options).table.to_dict("records")


def rows_of(table, system):
    return table[table.system == system].drop(columns="system").to_dict("records")


def test_all_systems_meet_the_same_noise():
    table = sweep({"a": noisy, "b": noisy}, [0.0, 6.0], MEAN, seed=1, stage="test").table
    assert rows_of(table, "a") == rows_of(table, "b")
    assert table.columns.tolist() == ["system", "snr_db", "metric", "value", "low", "high", "trials"]
    assert table.trials.tolist() == [50] * 4
    assert table.snr_db.tolist() == [0.0, 0.0, 6.0, 6.0]


def test_points_seeds_and_nothing_else_change_the_noise():
    """What is drawn at a point depends on the seed and the point, not on the other points and systems."""
    both = sweep({"a": noisy, "b": noisy}, [0.0, 6.0], MEAN, seed=1, stage="test").table
    alone = sweep({"b": noisy}, [6.0], MEAN, seed=1, stage="another").table
    other = sweep({"b": noisy}, [6.0], MEAN, seed=2, stage="test").table
    assert rows_of(alone, "b") == rows_of(both, "b")[1:]
    assert rows_of(other, "b") != rows_of(alone, "b")
    assert both.value[0] != pytest.approx(both.value[2] - 6.0)


def test_a_sweep_gives_the_same_numbers_twice():
    first, second = (sweep({"a": noisy}, [3.0], MEAN, seed=4, stage="test") for _ in range(2))
    assert first.table.equals(second.table)
    assert np.array_equal(first.draws, second.draws)


def test_points_lie_along_any_axis_and_keys_fill_their_columns():
    systems = {("aesc", 20): noisy, ("jpeg", 20): noisy, ("direct", 1): noisy}
    table = sweep(systems, [1e-3, 0.1], MEAN, along="ber", keys=("system", "ratio"), seed=1, stage="test").table
    assert table.columns.tolist() == ["system", "ratio", "ber", "metric", "value", "low", "high", "trials"]
    assert table.system.tolist() == ["aesc", "jpeg", "direct"] * 2
    assert table.ratio.tolist() == [20, 20, 1] * 2
    assert table.ber.tolist() == [1e-3] * 3 + [0.1] * 3
    named = sweep({"decoder": noisy}, [0.1], MEAN, along="ber", keys=("part",), seed=1, stage="test").table
    assert named.columns[0] == "part"
    assert named.value[0] == table.value[3]


def test_a_metric_is_that_of_the_sums():
    """2 of 10 and 3 of 30 errors are 5 of 40, not the mean of two rates."""
    counts = {"errors": np.array([2, 3]), "bits": np.array([10, 30])}
    metrics = {"rate": ratio("errors", "bits"), "bits": lambda summed: summed["bits"]}
    rate, bits = rows(counts, metrics)
    assert rate | {"low": 0, "high": 0} == {"metric": "rate", "value": 5 / 40, "low": 0, "high": 0, "trials": 2}
    assert bits["value"] == 40
    assert (bits["low"], bits["high"]) == (20, 60)  # both draws of one trial are a quarter of all resamplings each


def test_counts_of_a_trial_stay_together_when_trials_are_drawn_again():
    """A ratio that all trials share is the same in every resample; counts drawn apart would spread it."""
    whole = np.random.default_rng(1).integers(1, 100, 30)
    (row,) = rows({"part": 0.25 * whole, "whole": whole}, {"share": ratio("part", "whole")})
    assert row["low"] == row["value"] == row["high"] == 0.25


def test_intervals_cover_the_truth_19_times_out_of_20():
    rng = rng_of_bootstrap()
    hits = 0
    for _ in range(300):
        counts = {"sum": rng.normal(2.0, 1.0, 60), "draws": np.ones(60)}
        (row,) = summarise(counts, MEAN, rng=rng).table.to_dict("records")
        hits += row["low"] <= 2.0 <= row["high"]
    assert 0.90 <= hits / 300 <= 0.98


def in_groups(rng, groups=12, trials=25, within=0.1):
    """Trials that differ much more between groups than within one, and the group of each."""
    values = rng.normal(2.0, 1.0, (groups, 1)) + rng.normal(0.0, within, (groups, trials))
    return {"sum": values.ravel(), "draws": np.ones(values.size)}, np.repeat(np.arange(groups), trials)


def test_intervals_over_groups_cover_where_those_over_trials_do_not():
    rng = np.random.default_rng(5)
    hits = {"groups": 0, "trials": 0}
    for _ in range(200):
        counts, groups = in_groups(rng)
        for name, by in (("groups", groups), ("trials", None)):
            (row,) = summarise(counts, MEAN, groups=by, rng=rng).table.to_dict("records")
            hits[name] += row["low"] <= 2.0 <= row["high"]
    assert hits["groups"] >= 0.84 * 200  # of 12 groups the percentile bootstrap covers about 90 %
    assert hits["trials"] <= 0.5 * 200


def test_groups_are_drawn_whole_with_their_own_sizes():
    """Of groups of 1 and 3 trials, a draw holds 2, 4 or 6 trials, whatever the groups are called and wherever they stand."""
    counts, metrics = {"bits": np.array([1.0, 1.0, 1.0, 1.0])}, {"bits": lambda sums: sums["bits"]}
    drawn = summarise(counts, metrics, groups=["b", "a", "b", "b"], rng=rng_of_bootstrap())
    assert set(drawn.draws.ravel()) == {2, 4, 6}
    assert drawn.table.value.item() == 4
    again = summarise(counts, metrics, groups=[7, 3, 7, 7], rng=rng_of_bootstrap())
    assert np.array_equal(drawn.draws, again.draws)


def test_each_trial_in_a_group_of_its_own_is_no_grouping():
    counts, _ = in_groups(np.random.default_rng(2))
    alone = summarise(counts, MEAN, groups=range(300), rng=rng_of_bootstrap())
    assert alone.draws == pytest.approx(summarise(counts, MEAN, rng=rng_of_bootstrap()).draws, rel=1e-12)


def test_draws_are_paired_over_systems_points_and_sweeps():
    """Draw k weighs the trials alike wherever it is: what differs by 3 in each trial differs by 3 in each draw."""
    fixed = torch.randn(40, generator=torch.Generator().manual_seed(3)).double().numpy()

    def shifted(by):
        return lambda point, generator: {"sum": fixed + by + point, "draws": np.ones(40)}

    both = sweep({"a": shifted(0.0), "b": shifted(3.0)}, [0.0, 10.0], MEAN, seed=1, stage="test")
    later = sweep({"c": shifted(7.0)}, [20.0], MEAN, seed=1, stage="another")
    assert both.draws.shape == (4, BOOTSTRAP_DRAWS)
    assert both.draws[0].std() > 0.05
    for draws, by in zip([*both.draws, *later.draws], (0, 3, 10, 13, 27), strict=True):
        assert draws - both.draws[0] == pytest.approx(np.full(BOOTSTRAP_DRAWS, by), abs=1e-9)
    assert not np.allclose(sweep({"a": shifted(0.0)}, [0.0], MEAN, seed=2, stage="test").draws, both.draws[0])


def test_the_draws_of_a_row_are_those_of_its_interval():
    metrics = MEAN | {"twice": lambda sums: 2 * sums["sum"] / sums["draws"]}
    groups = [trial // 5 for trial in range(50)]
    parts = [sweep({name: noisy}, [0.0, 6.0], metrics, groups=groups, seed=1, stage="test") for name in "ab"]
    table, draws = joined(parts)
    assert table.system.tolist() == ["a"] * 4 + ["b"] * 4
    assert table.index.tolist() == list(range(8))
    low, high = interval(draws)
    assert low.tolist() == table.low.tolist()
    assert high.tolist() == table.high.tolist()
    assert draws[1].tolist() == (2 * draws[0]).tolist()
    assert not np.allclose(
        draws[0], sweep({"a": noisy}, [0.0], MEAN, seed=1, stage="test").draws
    )  # of trials, not groups


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (["a", "b"], "groups names 2 trials: there are 3, and each must have one group"),
        (["a"] * 3, "groups has one group, 'a': at least 2 are needed to draw from"),
    ],
)
def test_groups_that_do_not_fit_are_refused(groups, message):
    with pytest.raises(ValueError, match=message):
        rows({"sum": np.ones(3), "draws": np.ones(3)}, groups=groups)


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
