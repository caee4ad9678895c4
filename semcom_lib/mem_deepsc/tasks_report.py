"""What the report shows of the single tasks: which are solved, what the memory brings to each, what can be known without it.

accuracy = paired.read("mem_deepsc", "tasks_accuracy")
by_task = Tasks(accuracy, read_table("mem_deepsc", "tasks"), "awgn")
by_task.figure(names, caption=...)
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from semcom_lib import figures
from semcom_lib.ledger import seen
from semcom_lib.ledger.layout import Table
from semcom_lib.ledger.names import Names, decimals, measured
from semcom_lib.ledger.paired import Paired

SOLVED = 0.95  # from which accuracy on Weston et al. count a task as solved
MOSTLY_SEEN = 0.1  # a share of test questions that is worth a word
LOOKS = {"memory": 0, "no_memory": 2, "word_code": 5, "no_channel": 8, "floor": 6}  # in Fig. 5's colours and markers


@dataclass(frozen=True)
class Tasks:
    """Accuracies by task over one channel at the highest SNR, and ``tasks``, what results/mem_deepsc/tasks.csv says of each."""

    accuracy: Paired
    tasks: pd.DataFrame
    channel: str

    @property
    def numbers(self) -> list[int]:
        """The tasks that were measured, in their order."""
        measured_tasks = {int(metric.removeprefix("task_")) for metric in self.accuracy.table.metric}
        return [number for number in self.tasks.task.tolist() if number in measured_tasks]

    @property
    def snr_db(self) -> float:
        """The SNR of all rows."""
        return float(self.accuracy.table.snr_db.iloc[0])

    @property
    def partial(self) -> str:
        """Which tasks were not trained on the whole official file, and on how much; empty where there is none."""
        return "; ".join(name for name in self.tasks.name if "(" in name)

    def name(self, number: int) -> str:
        """qa3 three-supporting-facts."""
        return self.tasks.set_index("task").name[number].split(" (")[0]

    def of(self, system: str) -> pd.DataFrame:
        """value, low and high of a system by task."""
        rows = self.accuracy.table
        rows = rows[(rows.system == system) & (rows.channel == self.channel)]
        return rows.set_index(rows.metric.str.removeprefix("task_").astype(int))[["value", "low", "high"]].loc[
            self.numbers
        ]

    def gain(self, of: str = "memory", than: str = "no_memory") -> pd.DataFrame:
        """The paired difference of two systems by task: value, low, high."""
        difference = self.accuracy.difference({"system": of}, {"system": than}, along="metric", channel=self.channel)
        difference.index = difference.index.str.removeprefix("task_").astype(int)
        return difference.loc[self.numbers]

    def figure(self, names: Names, *, caption: str) -> Figure:
        """Left the accuracy of the systems of LOOKS on every task, right what the memory brings, both with 95 % intervals."""
        shown, numbers = names.of("system"), self.numbers
        figure, (left, right) = figures.new(caption, columns=2, size=(13.0, 1.9 + 0.34 * len(numbers)))
        for i, (system, look) in enumerate(LOOKS.items()):
            _dots(left, self.of(system), i, len(LOOKS), look, shown[system])
        left.axvline(SOLVED, color="0.4", linestyle=":", linewidth=1, label=f"solved ({SOLVED:g})")
        _dots(right, self.gain(), 0, 1, 0, f"{shown['memory']} less {shown['no_memory']}")
        right.axvline(0, color="0.4", linewidth=1)
        for axes, xlabel in ((left, "answer accuracy"), (right, "difference of answer accuracy (paired)")):
            axes.set(xlabel=xlabel, ylim=(len(numbers) - 0.5, -0.5))
            axes.set_yticks(range(len(numbers)), [self.name(number) for number in numbers])
            axes.grid(axis="y", visible=False)
            for middle in range(1, len(numbers), 2):
                axes.axhspan(middle - 0.5, middle + 0.5, color="0.95", zorder=0)
        right.tick_params(labelleft=False)
        left.set_xlim(-0.02, 1.02)
        handles, words = left.get_legend_handles_labels()
        right.legend(handles, words, loc="center left", bbox_to_anchor=(1.02, 0.5))
        return figure

    def table(self, names: Names) -> Table:
        """Every task's accuracies with their intervals, what the memory brings, and which share of its questions was trained on."""
        shown = names.of("system")
        cells = {shown[system]: _cells(self.of(system)) for system in ("memory", "no_memory", "no_channel", "floor")}
        share = self.tasks.set_index("task").seen.loc[self.numbers]
        frame = pd.DataFrame({**cells, "memory brings": _cells(self.gain()), "asked in training": share})
        return Table(frame.set_axis(pd.Index(map(self.name, self.numbers), name="task")))

    def solved_seen(self, names: Names) -> seen.Sentences:
        """Which tasks are solved without a channel, over it, and without the memory."""
        without, over, no_memory = (self.of(system).value for system in ("no_channel", "memory", "no_memory"))
        unsolved = without[without < SOLVED].sort_values()
        lost = without.index[(without >= SOLVED) & (over < SOLVED)]
        words = [f"{self.name(number)} ({decimals(value)})" for number, value in unsolved.items()]
        return seen.Sentences(
            f"Without a channel {_count(without >= SOLVED)} tasks are solved (an accuracy of at least {SOLVED:g}); "
            + (f"not solved are {seen.listed(words)}." if words else "none is left."),
            f"Over {names.of('channel')[self.channel]} at {seen.point(self.snr_db)} {_count(over >= SOLVED)} are"
            + (f"; {seen.listed([*map(self.name, lost)])} no longer is." if len(lost) == 1 else "")
            + (f"; {seen.listed([*map(self.name, lost)])} no longer are." if len(lost) > 1 else "")
            + ("." if not len(lost) else ""),
            f"Without the memory {_count(no_memory >= SOLVED)} are.",
        )

    def memory_seen(self) -> seen.Sentences:
        """What the memory brings to which task, what the question alone answers, and what was seen in training."""
        gain, floor = self.gain(), self.of("floor").value
        sure = gain.index[gain.low > 0]
        rest = gain.index[~(gain.low > 0)]
        most, least = gain.value.idxmax(), gain.value.idxmin()
        share = self.tasks.set_index("task").seen.loc[self.numbers]
        known = share[share > MOSTLY_SEEN].sort_values(ascending=False)
        known_words = [f"{seen.percent(value)} of {self.name(number)}" for number, value in known.items()]
        return seen.Sentences(
            f"The memory surely helps on {len(sure)} of {len(gain)} tasks"
            + (f"; not on {self._listed(rest)}." if len(rest) else "."),
            f"It brings most to {self.name(most)}, {_estimate(gain, most)}, and least to {self.name(least)}, "
            f"{_estimate(gain, least)}; the question alone answers {decimals(floor.max())} of {self.name(floor.idxmax())}.",
            f"Questions that the training stories ask word for word, after the same sentences, are {seen.listed(known_words)}."
            if len(known)
            else f"On no task are more than {seen.percent(MOSTLY_SEEN)} of the questions asked word for word in training.",
        )

    def _listed(self, numbers: Sequence[int]) -> str:
        return seen.listed([self.name(number) for number in numbers])


def _dots(axes: Axes, rows: pd.DataFrame, index: int, number: int, look: int, label: str) -> None:
    """One system's values with their intervals, a row a task, beside those of the others."""
    y = np.arange(len(rows)) + (index - (number - 1) / 2) * 0.8 / number
    value, low, high = (rows[column].to_numpy() for column in ("value", "low", "high"))
    colour = figures.PALETTE[look]
    axes.hlines(y, low, high, color=colour, linewidth=1.5)
    axes.plot(value, y, linestyle="", color=colour, marker=figures.MARKERS[look], markersize=6, label=label)


def _cells(rows: pd.DataFrame) -> list[str]:
    return [measured(row.value, row.low, row.high, "\n") for row in rows.itertuples()]


def _count(holds: pd.Series) -> str:
    return f"{int(holds.sum())} of {len(holds)}"


def _estimate(rows: pd.DataFrame, at: int) -> str:
    row = rows.loc[at]
    return measured(row.value, row.low, row.high)
