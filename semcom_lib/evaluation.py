"""The only Monte-Carlo evaluator: every system at every point, with 95 % intervals and common random numbers."""

from collections.abc import Callable, Hashable, Mapping, Sequence

import numpy as np
import pandas as pd
import torch

from semcom_lib import seeds
from semcom_lib.progress import Progress

BOOTSTRAP_DRAWS = 400

Counts = Mapping[str, np.ndarray]  # by name, (trials,) each; summed over trials, whatever shape the sums have
System = Callable[[float, torch.Generator], Counts]  # (point, generator) -> what was counted in each trial
Metric = Callable[[Counts], np.ndarray]  # summed counts -> values of the sums' shape


def sweep(
    systems: Mapping[Hashable, System],
    points: Sequence[float],
    metrics: Mapping[str, Metric],
    *,
    along: str = "snr_db",
    keys: Sequence[str] = ("system",),
    seed: int,
    stage: str,
) -> pd.DataFrame:
    """One tidy row for each system, point and metric: *keys, along, metric, value, low, high, trials.

    ``along`` names the axis that the points lie on: an SNR in dB, a bit error rate, ... ``keys`` names the columns that a system's
    key fills; with more than one, keys are tuples. A system runs its trials at one point and returns what it counted in each, by
    name; a metric maps the sums of such counts to a value: ``lambda counts: counts["errors"] / counts["bits"]``. At one point all
    systems get equally seeded generators, hence the same fades and noise. ``low``..``high`` is the 95 % percentile bootstrap
    interval over trials. Raises ValueError for no points, or keys that do not fit ``keys``.
    """
    if not len(points):
        raise ValueError(f"no points along {along}: give at least one")
    columns = {key: key if len(keys) > 1 else (key,) for key in systems}
    for key, parts in columns.items():
        if not isinstance(parts, tuple) or len(parts) != len(keys):
            raise ValueError(f"system {key!r} does not fill the columns {', '.join(keys)}")
    progress = Progress(stage, len(systems) * len(points))
    rows = []
    for point in points:
        for key, system in systems.items():
            counts = system(point, seeds.torch_generator(seed, "channel", point))
            at = dict(zip(keys, columns[key], strict=True)) | {along: point}
            rng = seeds.numpy_generator(seed, "bootstrap", point)
            rows += [at | row for row in summarise(counts, metrics, rng=rng)]
            progress.update(len(rows) // len(metrics), **at)
    return pd.DataFrame(rows)


def summarise(
    counts: Counts, metrics: Mapping[str, Metric], *, rng: np.random.Generator
) -> list[dict[str, str | float | int]]:
    """Each metric of the summed counts with its 95 % bootstrap interval: metric, value, low, high, trials.

    Raises ValueError for counts that differ in their number of trials, or have none.
    """
    table = np.stack([np.asarray(count, dtype=np.float64) for count in _checked(counts).values()], axis=1)
    trials = len(table)
    chosen = rng.integers(trials, size=(BOOTSTRAP_DRAWS, trials))
    resampled = np.stack([np.bincount(row, minlength=trials) for row in chosen]) @ table  # (draws, counts)
    sums = dict(zip(counts, table.sum(axis=0), strict=True))
    resums = dict(zip(counts, resampled.T, strict=True))
    rows = []
    for name, metric in metrics.items():
        low, high = np.quantile(metric(resums), [0.025, 0.975])
        value = float(metric(sums))
        rows.append({"metric": name, "value": value, "low": float(low), "high": float(high), "trials": trials})
    return rows


def ratio(part: str, whole: str) -> Metric:
    """The metric counts[part] / counts[whole]."""
    return lambda counts: counts[part] / counts[whole]


def _checked(counts: Counts) -> Counts:
    shapes = {name: np.shape(count) for name, count in counts.items()}
    if len(set(shapes.values())) != 1 or len(shape := next(iter(shapes.values()))) != 1 or shape[0] < 1:
        raise ValueError(f"counts must each be (trials,), trials at least 1 and alike, got {shapes}")
    return counts
