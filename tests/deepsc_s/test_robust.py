"""The robust model is the one whose largest regret is the least, whatever its mean."""

import pandas as pd
import pytest

from semcom_lib.deepsc_s.robust import ranking, regrets


def measured(**models):
    """Rows of {model: MSE at awgn 0 dB, awgn 8 dB, rician 0 dB}."""
    points = [("awgn", 0.0), ("awgn", 8.0), ("rician", 0.0)]
    return pd.DataFrame(
        [
            {"trained": model, "channel": channel, "snr_db": snr_db, "value": value}
            for model, values in models.items()
            for (channel, snr_db), value in zip(points, values, strict=True)
        ]
    )


def test_regret_is_the_mse_over_the_least_at_its_point_in_db():
    rows = regrets(measured(a=(1.0, 1.0, 1.0), b=(10.0, 0.1, 1.0)))
    assert rows.regret_db.round(9).tolist() == [0.0, 10.0, 0.0, 10.0, 0.0, 0.0]


def test_the_least_worst_regret_comes_first_whatever_the_mean():
    rows = measured(specialist=(1.0, 1.0, 100.0), robust=(10.0, 10.0, 10.0), best_there=(100.0, 100.0, 1.0))
    ranked = ranking(rows)
    assert ranked.trained.iloc[0] == "robust"
    assert ranked.worst_db.iloc[0] == pytest.approx(10.0)
    assert ranked.mean_db.iloc[0] > ranked.set_index("trained").mean_db["specialist"]


def test_models_that_were_not_measured_at_equal_points_are_refused():
    rows = measured(a=(1.0, 1.0, 1.0), b=(1.0, 1.0, 1.0))
    with pytest.raises(ValueError, match="each model once at each point"):
        ranking(rows.iloc[:-1])
    with pytest.raises(ValueError, match="each model once at each point"):
        ranking(pd.concat([rows, rows.iloc[:1]]))
