"""What the reports on accuracy draw, and what is seen there  [digital_sc Figs. 7 to 10].

    accuracy, splits, labels = (paired.read("digital_sc", name) for name in ("accuracy", "splits_accuracy", "labels"))

Learned digital systems are drawn solid, analog ones dashed, classical chains dotted; differences are judged on paired draws.
"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from semcom_lib import figures
from semcom_lib.digital_sc.reports import FLOOR, estimate, height, less, sides
from semcom_lib.ledger import seen
from semcom_lib.ledger.layout import Table
from semcom_lib.ledger.names import Names, decimals
from semcom_lib.ledger.paired import Paired

SYSTEMS = ("proposed", "policy", "analog", "analog_channels", "bpg_capacity", "features")
IMAGENET_SYSTEMS = ("proposed", "analog", "analog_channels", "bpg_capacity")
LINES = {"analog": "--", "analog_channels": (0, (1, 1)), "bpg_capacity": ":", "features": "-."}
BOUND = "no_channel"
CHOSEN = ("policy", "ensemble")


def splits_of(table: pd.DataFrame) -> list[int]:
    """The split points that a table has fixed systems of, in order."""
    return sorted(table[table.system == "fixed"].split.unique().tolist())


def curves_of_splits(table: pd.DataFrame, names: Names) -> dict[str, pd.DataFrame]:
    """Rows by the words of the legend: every fixed split point, the policy, the ensemble."""
    rows = {
        f"fixed, block {split}": table[(table.system == "fixed") & (table.split == split)] for split in splits_of(table)
    }
    return rows | {names.of("system")[system]: table[table.system == system] for system in CHOSEN}


def splits_figure(table: pd.DataFrame, names: Names, *, caption: str) -> Figure:
    """The accuracy against BER of every split point, the policy and the ensemble; right enlarged  [Fig. 9]."""
    drawn, axes = figures.new(caption, columns=2, size=(13.0, 4.8))
    rows = pd.concat([part.assign(curve=curve) for curve, part in curves_of_splits(table, names).items()])
    lines = {names.of("system")["policy"]: "--", names.of("system")["ensemble"]: ":"}
    for ax in axes:
        ax.set_xscale("log")
        figures.draw_curves(ax, rows, x="ber", y="value", hue="curve", lines=lines)
        ax.set(xlabel="BER", ylabel="accuracy")
    floor = names.of("system")[FLOOR]
    figures.draw_floor(axes[0], height(table, FLOOR), floor)
    axes[0].legend([axes[0].lines[-1]], [floor])
    axes[0].set(ylim=(0, 1.02), title="all")
    usual = rows[rows.ber < rows.ber.max()]
    axes[1].set(ylim=(usual.low.min() - 0.005, rows.high.max() + 0.005), title="without the highest BER")
    axes[1].legend(loc="center left", bbox_to_anchor=(1.02, 0.5))
    return drawn


def labels_figure(table: pd.DataFrame, names: Names, *, caption: str) -> Figure:
    """The accuracy of each label over every split point, with the policy and the ensemble  [Fig. 10]."""
    curves = curves_of_splits(table, names)
    drawn, (ax,) = figures.new(caption, size=(13.0, 4.8))
    width = 0.8 / len(curves)
    for place, (curve, rows) in enumerate(curves.items()):
        label = rows.metric.str.removeprefix("label_").astype(int)
        error = np.stack([rows.value - rows.low, rows.high - rows.value]).clip(min=0)
        x = label + (place - (len(curves) - 1) / 2) * width
        style = {"color": figures.PALETTE[place], "label": curve, "ecolor": "0.3"}
        ax.bar(x, rows.value, width, yerr=error, error_kw={"linewidth": 0.8}, **style)
    ax.set(
        xlabel="label", ylabel="accuracy", ylim=(max(0.0, min(rows.low.min() for rows in curves.values()) - 0.05), 1.0)
    )
    ax.set_xticks(sorted(table.metric.str.removeprefix("label_").astype(int).unique()))
    ax.legend(loc="center left", bbox_to_anchor=(1.02, 0.5))
    return drawn


def systems_seen(accuracy: Paired, chains: Paired, names: Names) -> seen.Sentences:
    """The proposed system against analog ones and the floor, and, on the images of ``chains``, against classical chains."""
    shown = names.of("system")
    loss = less(accuracy, "proposed", "analog")
    least, most = loss.value.idxmin(), loss.value.idxmax()
    bpg = less(chains, "proposed", "bpg_capacity")
    features = less(chains, "proposed", "features")
    ends = [bpg.index[0], bpg.index[-1]]
    return seen.Sentences(
        f"Against {shown['analog']} the proposed system changes the accuracy by {estimate(loss.loc[least])} at "
        f"{seen.point(least)}, where it loses most, and by {estimate(loss.loc[most])} at {seen.point(most)}; against as many "
        f"channels, as the paper has it, it lies {sides(less(accuracy, 'proposed', 'analog_channels'))}.",
        f"Against {shown['bpg_capacity']} it lies {sides(bpg)}: by "
        f"{seen.listed([f'{estimate(bpg.loc[point])} at {seen.point(point)}' for point in ends])}.",
        f"Against {shown['features']} it lies {sides(features)}: by "
        f"{seen.listed([f'{estimate(features.loc[point])} at {seen.point(point)}' for point in ends])}.",
        f"With the policy it lies, against the fixed split point, {sides(less(accuracy, 'policy', 'proposed'))}.",
        f"The network without a channel recognises {decimals(height(accuracy.table, BOUND))} of the images, the floor "
        f"{decimals(height(accuracy.table, FLOOR))}.",
    )


def imagenet_seen(accuracy: Paired, names: Names) -> seen.Sentences:
    """The digital system of Fig. 8 against analog ones, pictures and the network without a channel."""
    shown = names.of("system")
    said = []
    for than in ("analog", "analog_channels", "bpg_capacity"):
        difference = less(accuracy, "proposed", than)
        least = difference.value.idxmin()
        said.append(
            f"Against {shown[than]} the proposed system lies {sides(difference)}; the least difference is "
            f"{estimate(difference.loc[least])}, at {seen.point(least)}."
        )
    return seen.Sentences(
        *said,
        f"The network without a channel recognises {decimals(height(accuracy.table, BOUND))} of the images, the floor "
        f"{decimals(height(accuracy.table, FLOOR))}.",
    )


def splits_seen(accuracy: Paired, names: Names) -> seen.Sentences:
    """The policy against fixed split points and the ensemble, by BER."""
    shown = names.of("system")
    compared = ("best", "worst", "ensemble", "by_ber", "random")
    against = {than: less(accuracy, "policy", than, along="ber") for than in compared}
    words = {than: sides(difference, "", "BER") for than, difference in against.items()}
    gap = against["ensemble"]
    at_10, most = gap.index[-1], gap.value.idxmin()
    fixed = accuracy.table[accuracy.table.system == "fixed"].pivot(index="ber", columns="split", values="value")
    best = {split: fixed.index[fixed.idxmax(axis=1) == split].tolist() for split in fixed}
    first = [f"block {split} {seen.at(bers, fixed.index, '', 'BER')}" for split, bers in best.items() if bers]
    return seen.Sentences(
        f"Of the fixed split points the best is {seen.listed(first)}.",
        f"Against the one that validation calls best the policy lies {words['best']}, against the worst {words['worst']}.",
        f"Against {shown['ensemble']} it changes the accuracy by {estimate(gap.loc[at_10])} at BER {at_10:g}, and where it loses "
        f"most by {estimate(gap.loc[most])} at BER {most:g}.",
        f"Against the split point that is the best at each BER, the same for all images, it lies {words['by_ber']}: that is what "
        f"looking at the image brings. Against split points at random it lies {words['random']}.",
        f"In the mean over the BERs the policy changes the accuracy of the best fixed split point by "
        f"{decimals(against['best'].value.mean())}, and that of the choice by the BER alone by "
        f"{decimals(against['by_ber'].value.mean())}.",
    )


def labels_seen(accuracy: Paired, names: Names, ber: float) -> seen.Sentences:
    """How the best split point depends on the label, and what the policy makes of it."""
    fixed = accuracy.table[accuracy.table.system == "fixed"].pivot(index="metric", columns="split", values="value")
    policy = accuracy.table[accuracy.table.system == "policy"].set_index("metric").value
    spread = fixed.max(axis=1) - fixed.min(axis=1)
    worst = spread.idxmax()
    counts = fixed.idxmax(axis=1).value_counts().sort_index()
    first = [f"block {split} for {count}" for split, count in counts.items()]
    above = int((policy >= fixed.max(axis=1)).sum())
    below = int((policy < fixed.min(axis=1)).sum())
    return seen.Sentences(
        f"At BER {ber:g} the best fixed split point of a label is {seen.listed(first)} of {len(fixed)} labels; split points differ "
        f"most, by {decimals(spread[worst])}, for label {worst.removeprefix('label_')}.",
        f"The policy is at least as good as the best of them for {above} labels, and below the worst for {below}.",
    )


def chosen_table(chosen: pd.DataFrame) -> Table:
    """The share of images that the policy sends over each split point, by BER."""
    table = chosen.pivot(index="ber", columns="split", values="value").map(seen.percent)
    return Table(table.rename_axis("BER").rename_axis("split behind block", axis=1))


def costs_table(splits: pd.DataFrame) -> Table:
    """What each split asks of the device and of the channel."""
    columns = {
        "features": [f"{row.channels} x {row.height} x {row.width}" for row in splits.itertuples()],
        "channels sent": splits.num_channels,
        "bits": splits.bits,
        "QPSK symbols": splits.channel_uses,
        "device (MFLOP)": splits.device_flops / 1e6,
        "of the network": splits.device_share.map(seen.percent),
        "weights on the device": splits.device_parameters,
    }
    return Table(pd.DataFrame(columns).set_axis(pd.Index(splits.split, name="split behind block")))


def policy_cost(costs: pd.DataFrame) -> seen.Sentences:
    """The policy's operations beside a block's and those of the device at the main split point."""
    flops = costs.set_index("part").flops
    return seen.Sentences(
        f"The policy runs on the device, too, and takes {flops.policy / 1e6:.1f} MFLOP an image: "
        f"{flops.policy / flops.block:.1f} times the block before the main split point, "
        f"{seen.percent(flops.policy / flops.device)} of what the device computes there."
    )


def levels_table(levels: pd.DataFrame, scaling: pd.DataFrame) -> Table:
    """What training has made of each split's levels, and of its scaling vector: the least that is sent, the largest that is not."""
    frame = levels.pivot(index="split", columns="level", values="value")
    frame = frame.rename(columns=lambda level: f"θ[{level}]")
    of_kept = {kept: rows.groupby("split").scaling for kept, rows in scaling.groupby("sent")}
    frame["least scaling sent"] = of_kept[True].min()
    if False in of_kept:  # somewhere channels were cut
        frame["largest not sent"] = of_kept[False].max()
    return Table(frame.rename_axis("split behind block").rename_axis(None, axis=1))


def levels_seen(levels: pd.DataFrame) -> seen.Sentences:
    """How uneven the trained levels are: the largest distance between neighbours over the least, from 1 of a uniform grid on."""
    distances = levels.pivot(index="split", columns="level", values="value").diff(axis=1).iloc[:, 1:]
    ratio = distances.max(axis=1) / distances.min(axis=1)
    return seen.Sentences(
        f"The largest distance between neighbouring levels is {seen.span(ratio, '{:.2f}')} times the least, by split point; levels "
        "begin evenly spaced, with 1."
    )
