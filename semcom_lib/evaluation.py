"""The only Monte-Carlo evaluator: every system at every point, with 95 % intervals and common random numbers.

Intervals are percentile bootstrap: what was counted is drawn again BOOTSTRAP_DRAWS times, and each metric is computed of
every draw. The draws are the same at all points and for all systems: a difference of two rows has draws, too, theirs subtracted.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from semcom_lib import seeds
from semcom_lib.draws import interval
from semcom_lib.progress import Progress

BOOTSTRAP_DRAWS = 400

Counts = Mapping[str, np.ndarray]  # by name, (trials,) each; summed over trials, whatever shape the sums have
System = Callable[[float, torch.Generator], Counts]  # (point, generator) -> what was counted in each trial
Metric = Callable[[Counts], np.ndarray]  # summed counts -> values of the sums' shape


class Swept(NamedTuple):
    """Rows of a tidy table (rows, columns) and each row's value in every bootstrap draw, float64 (rows, BOOTSTRAP_DRAWS)."""

    table: pd.DataFrame
    draws: np.ndarray


def sweep(
    systems: Mapping[Hashable, System],
    points: Sequence[float],
    metrics: Mapping[str, Metric],
    *,
    along: str = "snr_db",
    keys: Sequence[str] = ("system",),
    groups: Sequence[Hashable] | None = None,
    seed: int,
    stage: str,
) -> Swept:
    """One tidy row for each system, point and metric: *keys, along, metric, value, low, high, trials; and the rows' draws.

    ``along`` names the axis that the points lie on: an SNR in dB, a bit error rate, ... ``keys`` names the columns that a system's
    key fills; with more than one, keys are tuples. A system runs its trials at one point and returns what it counted in each, by
    name; a metric maps the sums of such counts to a value: ``lambda counts: counts["errors"] / counts["bits"]``. At one point all
    systems get equally seeded generators, hence the same fades and noise. ``low``..``high`` is the 95 % percentile bootstrap
    interval over trials, or over ``groups`` as :func:`summarise` says; sweeps of one seed share its draws. Raises ValueError for no
    points, keys that do not fit ``keys``, or groups that do not fit the trials.
    """
    if not len(points):
        raise ValueError(f"no points along {along}: give at least one")
    columns = {key: key if len(keys) > 1 else (key,) for key in systems}
    for key, parts in columns.items():
        if not isinstance(parts, tuple) or len(parts) != len(keys):
            raise ValueError(f"system {key!r} does not fill the columns {', '.join(keys)}")
    progress = Progress(stage, len(systems) * len(points))
    parts = []
    for point in points:
        for key, system in systems.items():
            counts = system(point, seeds.torch_generator(seed, "channel", point))
            at = dict(zip(keys, columns[key], strict=True)) | {along: point}
            rows, draws = summarise(counts, metrics, groups=groups, rng=seeds.numpy_generator(seed, "bootstrap"))
            parts.append(Swept(pd.DataFrame([at | row for row in rows.to_dict("records")]), draws))
            progress.update(len(parts), **at)
    return joined(parts)


def summarise(
    counts: Counts,
    metrics: Mapping[str, Metric],
    *,
    groups: Sequence[Hashable] | None = None,
    rng: np.random.Generator,
) -> Swept:
    """Each metric of the summed counts with its 95 % bootstrap interval: metric, value, low, high, trials; and its draws.

    ``groups`` says which group each trial is of (a sitting day, a voice): whole groups are drawn, as many as there are,
    since trials of one group are alike; without it, trials. Equal groups and equally seeded generators give equal draws.
    Raises ValueError for counts that differ in their number of trials, or have none, for groups of another number of trials,
    or for one group.
    """
    table = np.stack([np.asarray(count, dtype=np.float64) for count in _checked(counts).values()], axis=1)
    trials = len(table)
    if groups is None:
        units = table
    else:
        of_trial, number = _numbered(groups, trials)
        units = np.zeros((number, table.shape[1]))
        np.add.at(units, of_trial, table)
    chosen = rng.integers(len(units), size=(BOOTSTRAP_DRAWS, len(units)))
    resampled = np.stack([np.bincount(row, minlength=len(units)) for row in chosen]) @ units  # (draws, counts)
    sums = dict(zip(counts, table.sum(axis=0), strict=True))
    resums = dict(zip(counts, resampled.T, strict=True))
    rows, draws = [], np.empty((len(metrics), BOOTSTRAP_DRAWS))
    for values, (name, metric) in zip(draws, metrics.items(), strict=True):
        values[:] = metric(resums)
        low, high = interval(values)
        value = float(metric(sums))
        rows.append({"metric": name, "value": value, "low": float(low), "high": float(high), "trials": trials})
    return Swept(pd.DataFrame(rows), draws)


def joined(parts: Iterable[Swept]) -> Swept:
    """The rows of all ``parts`` below one another, with their draws, in order."""
    tables, draws = zip(*parts, strict=True)
    return Swept(pd.concat(tables, ignore_index=True), np.concatenate(draws))


def ratio(part: str, whole: str) -> Metric:
    """The metric counts[part] / counts[whole]."""
    return lambda counts: counts[part] / counts[whole]


def _checked(counts: Counts) -> Counts:
    shapes = {name: np.shape(count) for name, count in counts.items()}
    if len(set(shapes.values())) != 1 or len(shape := next(iter(shapes.values()))) != 1 or shape[0] < 1:
        raise ValueError(f"counts must each be (trials,), trials at least 1 and alike, got {shapes}")
    return counts


def _numbered(groups: Sequence[Hashable], trials: int) -> tuple[np.ndarray, int]:
    """The number of each trial's group, from 0 in order of appearance (trials,), and how many there are."""
    if len(groups) != trials:
        raise ValueError(f"groups names {len(groups)} trials: there are {trials}, and each must have one group")
    numbers = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    if len(numbers) < 2:
        raise ValueError(f"groups has one group, {groups[0]!r}: at least 2 are needed to draw from")
    return np.array([numbers[group] for group in groups]), len(numbers)
