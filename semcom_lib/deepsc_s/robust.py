"""Which channel to train over, if one model is to serve all of them: chosen on validation clips  [deepsc_s Fig. 6, Sec. V-C].

The paper looks at three figures and takes the model trained under Rician fading. Here a model's regret at a point is how much its
MSE, in dB, exceeds the least of all models there; the robust one is that whose largest regret is the least.
"""

import numpy as np
import pandas as pd

from semcom_lib.evaluation import Counts

POINT = ["channel", "snr_db"]


def mse_db(counts: Counts) -> np.ndarray:
    """The metric of :func:`semcom_lib.evaluation.sweep`: mean squared error in dB of full scale squared, at least -200 dB."""
    return 10 * np.log10(np.maximum(counts["squared_error"] / counts["samples"], 1e-20))


def regrets(mse: pd.DataFrame) -> pd.DataFrame:
    """Rows trained, channel, snr_db, value (the MSE in dB), of one split -> these with ``regret_db``, 0 for the best at its point.

    Raises ValueError where a model was not measured at all points, or at one twice.
    """
    if mse.duplicated(["trained", *POINT]).any() or mse.groupby("trained").size().nunique() != 1:
        raise ValueError("mse must have each model once at each point")
    if (mse.groupby(POINT).size() != mse.trained.nunique()).any():
        raise ValueError("mse must have each model once at each point")
    best = mse.groupby(POINT).value.transform("min")
    return mse.assign(regret_db=mse.value - best)


def ranking(mse: pd.DataFrame) -> pd.DataFrame:
    """A row a model, the robust one first: trained, worst_db, mean_db. Raises ValueError as :func:`regrets`."""
    by_model = regrets(mse).groupby("trained", sort=False).regret_db
    ranked = pd.DataFrame({"worst_db": by_model.max(), "mean_db": by_model.mean()})
    return ranked.sort_values(["worst_db", "mean_db"], kind="stable").reset_index()
