"""What the reports of Digital-SC share: Fig. 5, curves of the trainings, curves against SNR and BER.

names = load_reference("digital_sc").names
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure

from semcom_lib import figures
from semcom_lib.digital_sc.quantiser import soft_quantise
from semcom_lib.ledger import paired, seen
from semcom_lib.ledger.layout import Table
from semcom_lib.ledger.names import Names, decimals
from semcom_lib.ledger.paired import Paired
from semcom_lib.ledger.reference import Reference

ACCURACY = "accuracy"
FLOOR = "floor"


def quantiser_figure(levels: Sequence[float], temperatures: Sequence[float], *, caption: str) -> Figure:
    """The soft quantiser for growing T, and the ideal one, steps at the midpoints and, right, at the levels  [Fig. 5]."""
    theta = torch.tensor(levels, dtype=torch.float64)
    x = torch.linspace(theta[0] - 1, theta[-1] + 1, 401, dtype=torch.float64)
    drawn, axes = figures.new(caption, columns=2, size=(12.0, 4.6))
    for ax, at in zip(axes, ("midpoints", "levels"), strict=True):
        for place, temperature in enumerate(temperatures):
            y = soft_quantise(x, theta, temperature, at=at)
            ax.plot(x, y, color=figures.PALETTE[place], label=f"T = {temperature:g}")
        ax.plot(x, soft_quantise(x, theta, np.inf, at=at), color="0.2", linestyle=":", label="ideal")
        ax.set(xlabel="feature x", ylabel="Q(x; θ, T)", title=f"steps at the {at}")
    axes[0].legend()
    return drawn


def against_snr(
    table: pd.DataFrame,
    systems: Sequence[str],
    names: Names,
    *,
    bound: str,
    lines: Mapping[str, object],
    caption: str,
) -> Figure:
    """The accuracy of ``systems`` against SNR with their bands, the ``bound`` that no SNR changes, and the floor  [Fig. 7]."""
    shown = names.of("system")
    drawn, (ax,) = figures.new(caption, size=(10.0, 4.8))
    chosen = table[table.system.isin(systems)]
    figures.draw_curves(ax, chosen, x="snr_db", y="value", hue="system", names=shown, order=systems, lines=lines)
    ax.axhline(height(table, bound), color="0.2", linestyle=":", linewidth=1.5, zorder=1, label=shown[bound])
    figures.draw_floor(ax, height(table, FLOOR), shown[FLOOR])
    ax.set(xlabel=figures.LABELS["snr_db"], ylabel="accuracy", ylim=(0, 1.02))
    ax.legend(loc="center left", bbox_to_anchor=(1.02, 0.5))
    return drawn


def network_note(recognition: pd.DataFrame, reference: Reference) -> str:
    """The depth of the network beside the paper's, for captions; ``recognition`` has a column depth."""
    return f"ResNet-{recognition.depth.iloc[0]}, the paper's is ResNet-{reference.values['depth'].value:g}"


def height(table: pd.DataFrame, system: str) -> float:
    """The accuracy of a system that is the same at every point."""
    return float(table[table.system == system].value.iloc[0])


def less(accuracy: Paired, of: str, than: str, *, along: str = "snr_db", **equal: object) -> pd.DataFrame:
    """The accuracy of one system minus that of another at each point: value, low, high."""
    return accuracy.difference({"system": of}, {"system": than}, along=along, **equal)


def estimate(row: pd.Series) -> str:
    """A difference with its interval: 0.120 [0.100, 0.140]."""
    return f"{decimals(row.value)} [{decimals(row.low)}, {decimals(row.high)}]"


def sides(difference: pd.DataFrame, unit: str = "dB", kind: str = "SNR") -> str:
    """Where a paired difference is surely positive and where surely negative: above from 6 dB on, below at 3 dB."""
    found = {"above": paired.above(difference), "below": paired.below(difference)}
    parts = [f"{side} {seen.at(points, difference.index, unit, kind)}" for side, points in found.items() if points]
    return ", ".join(parts) or f"neither surely above nor below at any {kind}"


def training_figure(history: pd.DataFrame, panels: Sequence[str], names: Names, *, caption: str) -> Figure:
    """The validation accuracy against the step, a panel a training, a curve a system."""
    drawn, axes = figures.new(caption, columns=len(panels), size=(4.6 * len(panels) + 3.0, 4.6))
    order = [*history.system.unique()]
    last = set(
        history.system[history.training == panels[-1]]
    )  # its legend, outside, serves panels of the same systems, too
    for ax, training in zip(axes, panels, strict=True):
        rows = history[history.training == training]
        figures.draw_curves(ax, rows, x="step", y="accuracy", hue="system", names=names.of("system"), order=order)
        ax.set(xlabel="step", ylabel="accuracy, validation images", title=names.of("training")[training])
        if not set(rows.system) <= last:
            ax.legend()
    axes[-1].legend(loc="center left", bbox_to_anchor=(1.02, 0.5))
    return drawn


def training_table(history: pd.DataFrame, names: Names) -> Table:
    """The accuracy on validation images at the end of each training, a row a system."""
    ends = history.groupby(["system", "training"], sort=False).last().accuracy.unstack()
    ends = ends.map(lambda value: "" if pd.isna(value) else decimals(value))
    ends = ends.rename(index=names.of("system"), columns=names.of("training"))
    return Table(ends.rename_axis("system").rename_axis(None, axis=1))


def training_seen(history: pd.DataFrame, names: Names) -> seen.Sentences:
    """Where each training ended, and whether its loss still fell."""
    shown, said = names.of("system"), []
    for training, rows in history.groupby("training", sort=False):
        falling, ends = [], rows.groupby("system", sort=False).last().accuracy
        for system, of_system in rows.groupby("system", sort=False):
            if len(of_system) > 1 and of_system.validation_loss.iloc[-1] <= of_system.validation_loss.min():
                falling.append(shown.get(system, system))
        still = f"the loss still fell of {seen.listed(falling)}" if falling else "no loss still fell"
        said.append(
            f"{names.of('training')[training].capitalize()}: after {rows.step.max():,} steps {seen.span(ends)} of the validation "
            f"images are recognised, and {still} at the last validation."
        )
    return seen.Sentences(*said)
