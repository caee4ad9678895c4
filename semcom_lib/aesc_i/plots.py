"""The paper's figures of AESC-I, the same for digits and for pictures  [aesc_i Figs. 3-14].

    versus_snr(results, ["ssim", "psnr"], "awgn", caption=results.caption(profile, *results.points("awgn")))

Curves of several ratios have one colour a ratio, and every system keeps its marker and line: AESC-I solid, JPEG dashed, direct
transmission dotted. Below the curves stand the paired differences AESC-I minus JPEG, which say more than bands that overlap: both
met the same noise. To the side of each axis's measured points a marker shows the error-free end, over all test images.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from semcom_lib import figures
from semcom_lib.aesc_i.reports import FLOORS, READINGS, Results
from semcom_lib.ledger.paired import Paired

LIMITS = {"ssim": (0, 1.03), "recognition_ratio": (0, 1.07)}
STEEP = {"awgn": (0.0, 2.5)}  # dB: where something happens
LINES = {"aesc": "-", "jpeg": "--", "direct": ":"}
ORDER = list(LINES)
NO_ERRORS = "no\nerrors"
ALONG = {"snr_db": figures.LABELS["snr_db"], "ber": "bit error rate"}


def losses(results: Results, pixel_loss: str, *, caption: str) -> Figure:
    """Both parts of the loss against the epoch, on training and on validation images; the last fifth is shaded  [Figs. 3, 9]."""
    figure, panels = figures.new(caption, columns=2, size=(9.6, 4.6))
    rows = results.training
    start = float(rows.start_epochs.iloc[0]) if "start_epochs" in rows else 0.0
    last_fifth = rows.epoch.max() - (rows.epoch.max() - start) / 5
    for axes, part, name in zip(panels, ("pixel", "semantic"), (pixel_loss, "semantic loss"), strict=True):
        for index, (z_dims, of_z) in enumerate(rows.groupby("z_dims", sort=False)):
            style = {"color": figures.PALETTE[index], "marker": figures.MARKERS[index], "markersize": 4}
            axes.plot(of_z.epoch, of_z[f"train_{part}"], "--", label=f"Z = {z_dims}, training", **style)
            axes.plot(of_z.epoch, of_z[f"validation_{part}"], label=f"Z = {z_dims}, validation", **style)
        axes.axvspan(last_fifth, rows.epoch.max(), color="0.92", zorder=0)
        axes.set(xlabel="epoch", ylabel=name)
    legend_above(figure)
    return figure


def versus_snr(
    results: Results,
    metrics: Sequence[str],
    channel: str,
    *,
    caption: str,
    ratio: int | None = None,
    readings: Sequence[str] = READINGS,
) -> Figure:
    """A column a metric, a row a reading of the channel, and below them the differences  [Figs. 4-6, 10-12].

    AESC-I and JPEG at every ratio, or at ``ratio`` with direct transmission as their bound.
    """
    rows = {results.names.of("spread")[reading]: {"channel": channel, "spread": reading} for reading in readings}
    return _against(
        results, results.transmission, "snr_db", metrics, rows, ratio, caption=caption, within=STEEP.get(channel)
    )


def versus_ber(results: Results, metrics: Sequence[str], *, caption: str) -> Figure:
    """The same against the error rate of a binary symmetric channel: all ratios, the whole stream's bits alike."""
    return _against(results, results.bsc, "ber", metrics, {"": {}}, None, caption=caption)


def strips(results: Results, channel: str, *, caption: str) -> Figure:
    """The shown test images at the highest ratio, as sent and as received at each SNR, ours above JPEG."""
    kept = results.strips
    rows = {
        f"({'abcdef'[i]}) {results.names.of('system')[system]}": np.concatenate(
            [sent[None], kept[f"{channel}_{system}"][i]]
        )
        for i, sent in enumerate(kept["sent"])
        for system in ("aesc", "jpeg")
    }
    columns = ["sent", *(f"{snr_db:g} dB" for snr_db in kept[f"{channel}_snrs_db"])]
    return figures.image_strips(rows, columns=columns, caption=caption)


def grid(caption: str, columns: int, heights: Sequence[float]) -> tuple[Figure, list[list[Axes]]]:
    """An empty figure in the house's style with rows of these ``heights`` in inches: its axes by row and column."""
    figure, (whole,) = figures.new(caption, size=(4.9 * columns, sum(heights) + 1.2))
    whole.remove()
    axes = figure.subplots(len(heights), columns, squeeze=False, height_ratios=heights)
    return figure, [list(row) for row in axes]


def legend_above(figure: Figure, columns: int | None = None) -> None:
    """The first panel's legend above all panels that share it, in two rows where there are more than three curves."""
    handles, words = figure.axes[0].get_legend_handles_labels()
    columns = columns or (len(words) if len(words) <= 3 else math.ceil(len(words) / 2))
    figure.legend(handles, words, loc="outside upper center", ncols=columns, fontsize="x-small")


def floors(axes: Axes, results: Results, metric: str, side: str = "right") -> None:
    """Thin grey lines at what two images score that never change, which is what a receiver has that hears nothing.

    Their names stand at the ``side`` where curves are far from them.
    """
    rows = results.clean.table
    rows = rows[rows.system.isin(FLOORS) & (rows.metric == metric)]
    heights = {results.names.of("system")[row.system]: row.value for row in rows.itertuples()}
    low, high = axes.get_ylim()
    bottom, top = min([low, *heights.values()]), max([high, *heights.values()])
    axes.set_ylim(bottom, max(top, max(heights.values(), default=top) + 0.08 * (top - bottom)))
    for words in _by_height(heights, 0.09 * (top - bottom)):
        for name in words:
            axes.axhline(heights[name], color="0.6", linewidth=0.8, zorder=1)
        axes.annotate(
            " and ".join(words),
            (0.985 if side == "right" else 0.015, max(heights[name] for name in words)),
            xycoords=("axes fraction", "data"),
            xytext=(0, 1.5),
            textcoords="offset points",
            ha=side,
            fontsize="xx-small",
            color="0.4",
        )


def _by_height(heights: Mapping[str, float], apart: float) -> list[list[str]]:
    """Names whose lines lie so near to each other that they share a label."""
    together: list[list[str]] = []
    for name in sorted(heights, key=heights.__getitem__):
        if together and heights[name] - heights[together[-1][-1]] < apart:
            together[-1].append(name)
        else:
            together.append([name])
    return together


def _against(
    results: Results,
    measured: Paired,
    along: str,
    metrics: Sequence[str],
    rows: Mapping[str, Mapping[str, object]],
    ratio: int | None,
    *,
    caption: str,
    within: tuple[float, float] | None = None,
) -> Figure:
    """``rows``: {title of a row of panels: the values of columns that it shows}; the row of differences comes last."""
    figure, panels = grid(caption, len(metrics), [3.0] * len(rows) + [2.1])
    table = _shown(_chosen(measured.table, rows[next(iter(rows))]), along, within)
    points = sorted(table[along].unique())
    for row_axes, (title, equal) in zip(panels, rows.items(), strict=False):
        for axes, metric in zip(row_axes, metrics, strict=True):
            of_metric = _chosen(measured.table, {**equal, "metric": metric})
            _curves(axes, results, of_metric[of_metric[along].isin(points)], along, metric, ratio, points)
            axes.set(ylabel=results.metric_name(metric), ylim=LIMITS.get(metric))
            floors(axes, results, metric, "left" if along == "ber" else "right")
            _axis(axes, along, points)
        row_axes[0].set_title(title, loc="left", fontsize="small")
    names = results.names.of("system")
    for axes, metric in zip(panels[-1], metrics, strict=True):
        _differences(axes, results, measured, along, metric, rows, ratio, points)
        axes.axhline(0, color="0.3", linewidth=1, zorder=1)
        axes.set(ylabel=f"{names['aesc']} − {names['jpeg']}", xlabel=ALONG[along])
        _axis(axes, along, points)
    if len(rows) > 1:
        panels[-1][0].legend(
            loc="lower left", bbox_to_anchor=(0, 1), ncols=len(rows), fontsize="xx-small", frameon=False
        )
    else:
        panels[-1][0].set_title("paired differences", loc="left", fontsize="small")
    legend_above(figure)
    return figure


def _curves(
    axes: Axes,
    results: Results,
    rows: pd.DataFrame,
    along: str,
    metric: str,
    ratio: int | None,
    points: Sequence[float],
) -> None:
    """AESC-I and JPEG at every ratio, or at one with direct transmission, and each one's error-free end."""
    series = [
        (system, of_ratio, figures.PALETTE[number if ratio is None else ORDER.index(system)], order)
        for number, of_ratio in enumerate([ratio] if ratio is not None else results.ratios)
        for order, system in enumerate(("aesc", "jpeg"))
    ]
    if ratio is not None or along == "ber":
        series.append(("direct", 1, figures.PALETTE[2] if ratio is not None else "#222222", 2))
    clean = results.clean.table
    for system, of_ratio, colour, order in series:
        curve = _chosen(rows, {"system": system, "ratio": of_ratio})
        draw(axes, curve, along, system, results.legend_name(system, of_ratio), colour, order)
        end = _chosen(clean, {"system": system, "ratio": of_ratio, "metric": metric})
        draw(axes, end.assign(end=end_of(along, points)), "end", system, "", colour, order)


def _differences(
    axes: Axes,
    results: Results,
    measured: Paired,
    along: str,
    metric: str,
    rows: Mapping[str, Mapping[str, object]],
    ratio: int | None,
    points: Sequence[float],
) -> None:
    """AESC-I minus JPEG by ratio, or at one ratio by row of panels, and their difference without errors."""
    of, than = {"system": "aesc"}, {"system": "jpeg"}
    ends = results.difference(results.clean, of, than, along="ratio", metric=metric)
    ratios = results.ratios if ratio is None else [ratio]
    for number, (title, equal) in enumerate(rows.items()):
        for index, at_ratio in enumerate(ratios, start=0 if ratio is None else len(ORDER) + number):
            found = results.difference(measured, of, than, along=along, metric=metric, ratio=at_ratio, **equal)
            found = found[found.index.isin(points)]
            look = {"color": figures.PALETTE[index], "marker": figures.MARKERS[index], "markersize": 4.5}
            axes.plot(found.index, found.value, label=title, **look)
            axes.fill_between(found.index, found.low, found.high, color=look["color"], alpha=0.2, linewidth=0)
            if number == 0:
                axes.plot([end_of(along, points)], [ends.value[at_ratio]], linestyle="none", **look)


def draw(
    axes: Axes, rows: pd.DataFrame, x: str, system: str, name: str, colour: str, order: int = 0, line: str = ""
) -> None:
    """One curve of a system with its band, of one point its interval; a later one is drawn smaller, so that both are seen."""
    rows = rows[np.isfinite(rows["value"])]
    marker = figures.MARKERS[ORDER.index(system)]
    style = {"linestyle": line or LINES[system], "marker": marker, "markersize": 6.0 - 1.5 * order}
    axes.plot(rows[x], rows["value"], color=colour, label=name or "_", **style)
    if len(rows) == 1:
        axes.vlines(rows[x], rows["low"], rows["high"], color=colour)
    else:
        axes.fill_between(rows[x], rows["low"], rows["high"], color=colour, alpha=0.2, linewidth=0)


def end_of(along: str, points: Sequence[float]) -> float:
    """Where the error-free end is drawn: beyond the highest SNR, before the lowest bit error rate."""
    if along == "ber":
        return points[0] / 4
    return points[-1] + 0.12 * ((points[-1] - points[0]) or 1.0)


def _axis(axes: Axes, along: str, points: Sequence[float]) -> None:
    """Ticks at measured points, and one at the error-free end, set apart by a thin line."""
    end = end_of(along, points)
    if along == "ber":
        axes.set_xscale("log")
        ticks = [10.0**power for power in range(int(np.ceil(np.log10(points[0]))), int(np.log10(points[-1])) + 1)]
        labels = [f"$10^{{{round(np.log10(tick))}}}$" for tick in ticks]
        axes.axvline((points[0] * end) ** 0.5, color="0.8", linewidth=1.5, zorder=0)
        axes.minorticks_off()
    else:
        figures.tick_where_measured(axes, points)
        ticks = [tick for tick in axes.get_xticks() if points[0] <= tick <= points[-1]]
        labels = [f"{tick:g}".replace("-", "−") for tick in ticks]
        axes.axvline((points[-1] + end) / 2, color="0.8", linewidth=1.5, zorder=0)
    axes.set_xticks([*ticks, end], [*labels, NO_ERRORS])


def _shown(rows: pd.DataFrame, along: str, within: tuple[float, float] | None) -> pd.DataFrame:
    """The rows of the interval ``within``, if it holds two points or more."""
    if within is None:
        return rows[rows[along] > 0] if along == "ber" else rows
    inside = rows[rows[along].between(*within)]
    return inside if inside[along].nunique() > 1 else rows


def _chosen(rows: pd.DataFrame, equal: Mapping[str, object]) -> pd.DataFrame:
    for column, value in equal.items():
        rows = rows[rows[column] == value]
    return rows
