"""What the reports of Mem-DeepSC share: panels by channel, curves of the trainings, words for what was found over each channel.

names = load_reference("mem_deepsc").names
panels(accuracy.table, SYSTEMS, names, lines={...}, caption=...)
"""

from collections.abc import Callable, Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure

from semcom_lib import figures
from semcom_lib.ledger import paired, seen
from semcom_lib.ledger.names import Names, decimals
from semcom_lib.ledger.paired import Paired

FLOOR = "floor"
ACCURACY = "accuracy"
STEPS = ("semantic", "channel", "joint")


def panels(
    table: pd.DataFrame,
    systems: Sequence[str],
    names: Names,
    *,
    lines: Mapping[str, object],
    bound: str | None = None,
    caption: str,
) -> Figure:
    """The accuracy of ``systems`` against SNR, a panel a channel, with their bands, the floor and one legend  [Figs. 5, 6].

    ``bound`` is a system that no SNR changes; like the floor it is a horizontal line.
    """
    shown, channels = names.of("system"), names.of("channel")
    figure, axes = figures.new(caption, columns=len(channels), size=(16.0, 5.0))
    for ax, channel in zip(axes, channels, strict=True):
        rows = table[(table.channel == channel) & (table.metric == ACCURACY)]
        chosen = rows[rows.system.isin(systems)]
        figures.draw_curves(ax, chosen, x="snr_db", y="value", hue="system", names=shown, order=systems, lines=lines)
        if bound is not None:
            height = rows[rows.system == bound].value.iloc[0]
            ax.axhline(height, color="0.2", linestyle=":", linewidth=1.5, zorder=1, label=shown[bound])
        figures.draw_floor(ax, floor_of(rows), shown[FLOOR])
        ax.set(xlabel=figures.LABELS["snr_db"], title=channels[channel], ylim=(0, 1.02))
    axes[0].set_ylabel("answer accuracy")
    drawn = {line.get_label(): line for line in axes[0].lines}
    wanted = [shown[system] for system in (*systems, bound, FLOOR) if system in shown and shown[system] in drawn]
    axes[-1].legend([drawn[label] for label in wanted], wanted, loc="center left", bbox_to_anchor=(1.02, 0.5))
    return figure


def floor_of(rows: pd.DataFrame) -> float:
    """The height of the floor in rows of one channel and metric: the same at every SNR."""
    return float(rows[rows.system == FLOOR].value.iloc[0])


def value_of(table: pd.DataFrame, system: str, channel: str, metric: str = ACCURACY) -> pd.Series:
    """The accuracy of a system over a channel, by SNR."""
    return seen.curve(table, system=system, channel=channel, metric=metric).value


def less(accuracy: Paired, of: str, than: str, channel: str) -> pd.DataFrame:
    """The accuracy of one system minus that of another over one channel, by SNR: value, low, high."""
    return accuracy.difference({"system": of}, {"system": than}, channel=channel, metric=ACCURACY)


def by_channel(names: Names, say: Callable[[str], str]) -> str:
    """What ``say`` says of each channel, after its name: over AWGN at every SNR; over Rician fading from 6 dB on."""
    said: dict[str, list[str]] = {}
    for channel, name in names.of("channel").items():
        said.setdefault(say(channel), []).append(name)
    if len(said) == 1:
        return f"over every channel {next(iter(said))}"
    return "; ".join(f"over {seen.listed(channels)} {words}" for words, channels in said.items())


def above_and_below(difference: pd.DataFrame) -> str:
    """Where a paired difference is surely positive and where surely negative: above from 6 dB on, below at 0 dB."""
    sides = {"above": paired.above(difference), "below": paired.below(difference)}
    parts = [f"{side} {seen.at(points, difference.index)}" for side, points in sides.items() if points]
    return ", ".join(parts) or "neither surely above nor below at any SNR"


def estimate(row: pd.Series) -> str:
    """A difference with its interval: 0.120 [0.100, 0.140]."""
    return f"{decimals(row.value)} [{decimals(row.low)}, {decimals(row.high)}]"


def training_figure(trainings: Mapping[str, pd.DataFrame], names: Names, *, caption: str) -> Figure:
    """The held-out loss against the step, a panel for each of STEPS that ``trainings`` has  [mem_deepsc Algorithm 1].

    A training is a frame with step, validation_loss and ``curve``, the words of the legend.
    """
    labels = {"channel": "squared error of a feature"}
    last = set([*trainings.values()][-1].curve)  # its legend, outside, serves panels of the same curves, too
    figure, axes = figures.new(caption, columns=len(trainings), size=(5.0 * len(trainings) + 2.5, 4.6))
    for ax, (step, rows) in zip(axes, trainings.items(), strict=True):
        lines = {curve: "--" for curve in rows.curve.unique() if names.of("system")["no_memory"] in curve}
        figures.draw_curves(ax, rows, x="step", y="validation_loss", hue="curve", lines=lines)
        ylabel = labels.get(step, "cross-entropy (nats)")
        ax.set(xlabel="step", ylabel=ylabel, title=names.of("training")[step])
        ax.set_ylim(bottom=0)
        if not set(rows.curve) < last:
            ax.legend()
    axes[-1].legend(loc="center left", bbox_to_anchor=(1.02, 0.5))
    return figure
