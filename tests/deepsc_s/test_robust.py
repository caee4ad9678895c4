"""The robust model is the one whose largest regret is the least, whatever its mean."""

import numpy as np
import pandas as pd
import pytest

from semcom_lib.deepsc_s.robust import mse_db, ranking, regrets


def measured(**models):
    """Rows of {model: MSE in dB at awgn 0 dB, awgn 8 dB, rician 0 dB}."""
    points = [("awgn", 0.0), ("awgn", 8.0), ("rician", 0.0)]
    return pd.DataFrame(
        [
            {"trained": model, "channel": channel, "snr_db": snr_db, "value": value}
            for model, values in models.items()
            for (channel, snr_db), value in zip(points, values, strict=True)
        ]
    )


def test_the_mse_in_db_is_that_of_all_samples():
    counts = {"squared_error": np.array([1.0, 0.0]), "samples": np.array([1000.0, 10.0])}
    assert mse_db(counts).tolist() == [-30.0, -200.0]


def test_regret_is_the_mse_above_the_least_at_its_point():
    rows = regrets(measured(a=(-30.0, -30.0, -30.0), b=(-20.0, -40.0, -30.0)))
    assert rows.regret_db.tolist() == [0.0, 10.0, 0.0, 10.0, 0.0, 0.0]


def test_the_least_worst_regret_comes_first_whatever_the_mean():
    rows = measured(specialist=(0.0, 0.0, 20.0), robust=(10.0, 10.0, 10.0), best_there=(20.0, 20.0, 0.0))
    ranked = ranking(rows)
    assert ranked.trained.iloc[0] == "robust"
    assert ranked.worst_db.iloc[0] == 10.0
    assert ranked.mean_db.iloc[0] > ranked.set_index("trained").mean_db["specialist"]


def test_models_that_were_not_measured_at_equal_points_are_refused():
    rows = measured(a=(1.0, 1.0, 1.0), b=(1.0, 1.0, 1.0))
    with pytest.raises(ValueError, match="each model once at each point"):
        ranking(rows.iloc[:-1])
    with pytest.raises(ValueError, match="each model once at each point"):
        ranking(pd.concat([rows, rows.iloc[:1]]))
