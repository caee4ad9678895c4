"""The only Monte-Carlo evaluator: every system at every SNR, with 95 % intervals and common random numbers."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import torch

from semcom_lib import seeds
from semcom_lib.progress import Progress

BOOTSTRAP_DRAWS = 400

System = Callable[[float, torch.Generator], np.ndarray]  # (snr_db, generator) -> counts, one row a trial


def sweep(
    systems: Mapping[str, System],
    snrs_db: Sequence[float],
    metrics: Mapping[str, Callable[[np.ndarray], np.ndarray]],
    *,
    seed: int,
    stage: str,
) -> pd.DataFrame:
    """One tidy row for each system, SNR and metric: system, snr_db, metric, value, low, high, trials.

    A system runs its trials at one SNR and returns their counts (trials, num_counts); a metric maps summed counts
    (..., num_counts) to values (...). At one SNR all systems get equally seeded generators, hence the same fades and
    noise. ``low``..``high`` is the 95 % percentile bootstrap interval over trials. Raises ValueError for an empty SNR list.
    """
    if not len(snrs_db):
        raise ValueError("snrs_db is empty: give at least one SNR in dB")
    progress = Progress(stage, len(systems) * len(snrs_db))
    rows = []
    for snr_db in snrs_db:
        for name, system in systems.items():
            counts = system(snr_db, seeds.torch_generator(seed, "channel", snr_db))
            rng = seeds.numpy_generator(seed, "bootstrap", snr_db)
            rows += [{"system": name, "snr_db": snr_db, **row} for row in summarise(counts, metrics, rng=rng)]
            progress.update(len(rows) // len(metrics), system=name, snr_db=snr_db)
    return pd.DataFrame(rows)


def summarise(
    counts: np.ndarray, metrics: Mapping[str, Callable[[np.ndarray], np.ndarray]], *, rng: np.random.Generator
) -> list[dict[str, object]]:
    """Each metric of the summed counts with its 95 % bootstrap interval: metric, value, low, high, trials."""
    trials = len(counts)
    chosen = rng.integers(trials, size=(BOOTSTRAP_DRAWS, trials))
    resampled = np.stack([np.bincount(row, minlength=trials) for row in chosen]) @ counts  # (draws, num_counts)
    rows = []
    for name, metric in metrics.items():
        low, high = np.quantile(metric(resampled), [0.025, 0.975])
        value = float(metric(counts.sum(axis=0)))
        rows.append({"metric": name, "value": value, "low": float(low), "high": float(high), "trials": trials})
    return rows
