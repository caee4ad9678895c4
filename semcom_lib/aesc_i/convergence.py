"""Whether a training has converged: how little its last fifth changed  [aesc_i Figs. 3, 9]."""

import pandas as pd

PARTS = ("pixel", "semantic")


def converged(history: pd.DataFrame, *, share: float = 0.8) -> pd.DataFrame:
    """A row for each training (z_dims, gamma) and ``part`` of the loss, on validation images.

    ``value`` is the last validation over the first one at or behind ``share`` of the steps: 1 where nothing has changed since.
    ``rises`` is the share of validations that are higher than the one before. Raises ValueError for a training with one validation.
    """
    rows = []
    for (z_dims, gamma), of_run in history.groupby(["z_dims", "gamma"], sort=False):
        of_run = of_run.sort_values("step")
        if len(of_run) < 2:
            raise ValueError(f"Z = {z_dims}, gamma = {gamma:g} has one validation: there must be at least 2")
        for part in PARTS:
            loss = of_run[f"validation_{part}"]
            before = loss[of_run.step >= share * of_run.step.max()].iloc[0]
            rises = float((loss.diff().iloc[1:] > 0).mean())
            rows.append(
                {"z_dims": z_dims, "gamma": gamma, "part": part, "value": loss.iloc[-1] / before, "rises": rises}
            )
    return pd.DataFrame(rows)
