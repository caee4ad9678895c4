"""What the reports of DeepSC-S draw, and what is seen in it  [deepsc_s Figs. 6 to 11].

    scores = paired.read("deepsc_s", "telephone")
    panels(scores.table, "sdr_db", names, ylabel="SDR (dB)", caption=...)
    systems_seen(scores, "sdr_db", names, "dB")

Learned systems are drawn solid, the paper's chains dashed, ours dash-dotted and the floor as a grey line. Differences are judged
on paired bootstrap draws.
"""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure

from semcom_lib import figures
from semcom_lib.ledger import paired, seen
from semcom_lib.ledger.names import Names, decimals
from semcom_lib.ledger.paired import Paired

LEARNED = ("deepsc_s", "cnn")
PAPER_CHAINS = ("semi_traditional", "traditional")
OUR_CHAINS = ("adpcm_ldpc", "gsm_ldpc")
SYSTEMS = (*LEARNED, *PAPER_CHAINS, *OUR_CHAINS)  # in this order they take the palette's colours
FLOOR = "floor"
LINES = {**dict.fromkeys(PAPER_CHAINS, "--"), **dict.fromkeys(OUR_CHAINS, "-.")}


def panels(table: pd.DataFrame, metric: str, names: Names, *, ylabel: str, caption: str) -> Figure:
    """A score of every system against SNR, a panel a channel that the table has, with bands and one legend."""
    shown = names.of("system")
    channels = {key: name for key, name in names.of("channel").items() if key in set(table.channel)}
    figure, axes = figures.new(caption, columns=len(channels), size=(4.6 * len(channels) + 2.8, 4.8))
    for ax, channel in zip(axes, channels, strict=True):
        rows = table[(table.channel == channel) & (table.metric == metric)]
        chosen = rows[rows.system.isin(SYSTEMS)]
        figures.draw_curves(ax, chosen, x="snr_db", y="value", hue="system", names=shown, order=SYSTEMS, lines=LINES)
        floor = rows[rows.system == FLOOR].value
        if len(floor):
            figures.draw_floor(ax, float(floor.iloc[0]), shown[FLOOR])
        ax.set(xlabel=figures.LABELS["snr_db"], title=channels[channel])
    axes[0].set_ylabel(ylabel)
    axes[-1].legend(loc="center left", bbox_to_anchor=(1.02, 0.5))
    return figure


def robust_figure(mse: pd.DataFrame, names: Names, *, caption: str) -> Figure:
    """The test MSE of models trained over each channel, a panel for the channel that they are tested over  [deepsc_s Fig. 6]."""
    channels = names.of("channel")
    figure, axes = figures.new(caption, columns=len(channels), size=(16.0, 4.8))
    trained = {key: f"trained: {name}" for key, name in channels.items()}
    for ax, channel in zip(axes, channels, strict=True):
        rows = mse[mse.channel == channel]
        figures.draw_curves(ax, rows, x="snr_db", y="value", hue="trained", names=trained, order=list(channels))
        ax.set(xlabel=figures.LABELS["snr_db"], title=f"tested: {channels[channel]}")
    axes[0].set_ylabel("MSE (dB of full scale squared)")
    axes[-1].legend(loc="center left", bbox_to_anchor=(1.02, 0.5))
    return figure


def training_figure(trainings: Mapping[str, pd.DataFrame], *, caption: str) -> Figure:
    """The held-out loss of each training, {words of the legend: its rows}, against the step  [deepsc_s Fig. 7]."""
    rows = pd.concat([history.assign(training=name) for name, history in trainings.items()])
    return figures.curves(
        rows,
        x="step",
        y="validation_loss",
        hue="training",
        caption=caption,
        ylabel="squared error / speech power",
        log_y=True,
        legend_outside=True,
    )


def robust_seen(ranking: pd.DataFrame, mse: Paired, names: Names) -> seen.Sentences:
    """Which model validation chose, by how much, and how the model trained over AWGN fares on test clips."""
    channels = names.of("channel")
    first, second = ranking.iloc[0], ranking.iloc[1]
    other = first.trained if first.trained != "awgn" else second.trained

    def awgn_over(channel: str) -> str:
        more = mse.difference({"trained": "awgn"}, {"trained": other}, channel=channel, metric="mse_db")
        return f"over {channels[channel]} {above_and_below(more)}"

    return seen.Sentences(
        f"On validation clips the model trained over {channels[first.trained]} has the least worst regret, "
        f"{decimals(first.worst_db)} dB; the next, of {channels[second.trained]}, has {decimals(second.worst_db)} dB.",
        f"On test clips the MSE of the model trained over AWGN lies, against that of {channels[other]}, "
        f"{'; '.join(awgn_over(channel) for channel in channels)}.",
    )


def systems_seen(scores: Paired, metric: str, names: Names, unit: str = "") -> seen.Sentences:
    """DeepSC-S against every other system on one score, channel by channel, and the range of its lead over the CNN system."""
    shown, channels = names.of("system"), names.of("channel")
    measured = scores.table[scores.table.metric == metric]
    others = [name for name in SYSTEMS[1:] if name in set(measured.system)]
    present = [channel for channel in channels if channel in set(measured.channel)]

    def lead(other: str, channel: str) -> pd.DataFrame:
        return scores.difference({"system": LEARNED[0]}, {"system": other}, channel=channel, metric=metric)

    sentences = []
    for channel in present:
        said = [f"{shown[other]} {above_and_below(lead(other, channel))}" for other in others]
        sentences.append(f"Over {channels[channel]} {shown[LEARNED[0]]} lies, against {'; against '.join(said)}.")
    leads = pd.concat([lead("cnn", channel).value for channel in present])
    sentences.append(f"Its lead over {shown['cnn']} is {seen.with_unit(seen.span(leads, '{:.2f}'), unit)}.")
    return seen.Sentences(*sentences)


def ceilings_seen(table: pd.DataFrame, names: Names) -> seen.Sentences:
    """The SDR of each system at the highest SNR over AWGN, where a chain loses nothing: why one is above another under fading."""
    rows = table[(table.metric == "sdr_db") & (table.channel == "awgn") & (table.snr_db == table.snr_db.max())]
    ends = rows.set_index("system").value
    shown = names.of("system")

    def end(name: str) -> str:
        return seen.with_unit(f"{ends[name]:.1f}", "dB")

    chains = [f"{shown[name]} {end(name)}" for name in (*PAPER_CHAINS, *OUR_CHAINS) if name in ends]
    return seen.Sentences(
        f"At {seen.point(table.snr_db.max())} over AWGN, where a chain loses no clip, {shown[LEARNED[0]]} has {end(LEARNED[0])} "
        f"and {seen.listed(chains)}: in the mean of dB it can be above a chain of more only where that loses clips."
    )


def undefined_seen(table: pd.DataFrame, metric: str, names: Names) -> seen.Sentences:
    """On how many clips a score has no value, by system, where it is any; ``metric`` is "pesq" or "stoi"."""
    rows = table[(table.metric == f"{metric}_defined") & (table.system != FLOOR)]
    missing = (1 - rows.value) * rows.trials
    worst = missing.groupby(rows.system).max().round().astype(int)
    said = [f"{names.of('system')[system]} {number}" for system, number in worst.items() if number]
    score = names.of("metric")[metric]
    if not said:
        return seen.Sentences(f"{score} has a value for every clip of every system at every point.")
    return seen.Sentences(
        f"{score} has no value for some of the {rows.trials.iloc[0]:,} clips, left out of its mean; at the worst point "
        f"of {seen.listed(said)}."
    )


def training_seen(trainings: Mapping[str, pd.DataFrame]) -> seen.Sentences:
    """Where each training's held-out loss ended, and whether it still fell."""
    ends = []
    for name, history in trainings.items():
        last = history.iloc[-1]
        falls = "still falling" if last.validation_loss <= history.validation_loss.min() else "past its least"
        ends.append(f"{name} {decimals(last.validation_loss)} after {int(last.step):,} steps, {falls}")
    return seen.Sentences(f"The held-out losses end at: {'; '.join(ends)}.")


def above_and_below(difference: pd.DataFrame) -> str:
    """Where a paired difference is surely positive and where surely negative: above from 6 dB on, below at 0 dB."""
    sides: Mapping[str, Sequence[float]] = {"above": paired.above(difference), "below": paired.below(difference)}
    parts = [f"{side} {seen.at(points, difference.index)}" for side, points in sides.items() if points]
    return ", ".join(parts) or "neither surely above nor below at any SNR"
