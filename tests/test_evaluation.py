"""The Monte-Carlo evaluator: common random numbers, intervals that cover, one tidy row a point."""

import numpy as np
import pytest
import torch

from semcom_lib.evaluation import summarise, sweep

MEAN = {"mean": lambda counts: counts[..., 0] / counts[..., 1]}


def noisy(snr_db, generator):
    noise = torch.randn(50, generator=generator).numpy()
    return np.stack([snr_db + noise, np.ones(50)], axis=1)


def test_all_systems_meet_the_same_noise():
    table = sweep({"a": noisy, "b": noisy}, [0.0, 6.0], MEAN, seed=1, stage="test")
    assert table.value[table.system == "a"].tolist() == table.value[table.system == "b"].tolist()
    assert table.columns.tolist() == ["system", "snr_db", "metric", "value", "low", "high", "trials"]
    assert table.trials.tolist() == [50] * 4


def test_a_sweep_gives_the_same_numbers_twice():
    first, second = (sweep({"a": noisy}, [3.0], MEAN, seed=4, stage="test") for _ in range(2))
    assert first.equals(second)


def test_intervals_cover_the_truth_19_times_out_of_20():
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(300):
        counts = np.stack([rng.normal(2.0, 1.0, 60), np.ones(60)], axis=1)
        (row,) = summarise(counts, MEAN, rng=rng)
        hits += row["low"] <= 2.0 <= row["high"]
    assert 0.90 <= hits / 300 <= 0.98


def test_an_empty_snr_list_is_refused():
    with pytest.raises(ValueError, match="snrs_db is empty"):
        sweep({"a": noisy}, [], MEAN, seed=1, stage="test")
