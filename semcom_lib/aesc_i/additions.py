"""What AESC-I's reports draw beyond the paper: gamma, errors by part, bits at equal quality, the decoder's share.

    equal_quality(results, ["recognition_ratio", "perceptual"], caption=...)

The paper compares at equal compression ratio. What a system is worth is seen at equal quality: how many bits does JPEG need for
what AESC-I gives, with an entropy code for both, and after how many images has the decoder paid for itself?
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from semcom_lib import figures
from semcom_lib.aesc_i.plots import ALONG, LIMITS, floors, legend_above
from semcom_lib.aesc_i.reports import Results, counted_images, image_bits
from semcom_lib.aesc_i.tradeoffs import WITHIN, at_equal_quality

PARTS = {"decoder": "errors in the decoder", "latents": "errors in the latents", "scans": "errors in JPEG's scans"}
CODES = {"fixed": "a fixed number of bits", "entropy": "entropy-coded"}
TABLES = {"fixed": "standard tables", "entropy": "own tables"}  # of JPEG
SYSTEMS = ("aesc", "jpeg", "pixels")


def gammas(results: Results, *, caption: str) -> Figure:
    """Recognition by the judge and by M, perceptual distance and PSNR against gamma; a line marks the system's."""
    rows = results.gammas.table
    figure, panels = figures.new(caption, columns=3, size=(12.0, 4.2))
    drawn = (("recognition_ratio", "recognition_ratio_m"), ("perceptual",), ("psnr",))
    for axes, metrics in zip(panels, drawn, strict=True):
        names = {metric: results.metric_name(metric) for metric in metrics}
        chosen = rows[rows.metric.isin(metrics)]
        figures.draw_curves(axes, chosen, x="gamma", y="value", hue="metric", names=names, order=metrics)
        axes.axvline(results.gamma, color="0.5", linestyle=":", label=f"γ of the system: {results.gamma:g}")
        axes.set(xlabel="γ, the weight of the semantic loss", ylabel=results.metric_name(metrics[0]))
    legend_above(figure)
    return figure


def decoder_errors(results: Results, metrics: Sequence[str], *, caption: str) -> Figure:
    """A panel a metric against the bit error rate that hits the decoder, the latents or JPEG's scans alone."""
    figure, panels = figures.new(caption, columns=len(metrics))
    rows = results.decoder_errors.table
    for axes, metric in zip(panels, metrics, strict=True):
        chosen = rows[(rows.metric == metric) & (rows.ber > 0)]
        figures.draw_curves(axes, chosen, x="ber", y="value", hue="part", names=PARTS, order=list(PARTS))
        axes.set(xscale="log", xlabel=ALONG["ber"], ylabel=results.metric_name(metric), ylim=LIMITS.get(metric))
        floors(axes, results, metric, "left")
    legend_above(figure)
    return figure


def equal_quality(results: Results, metrics: Sequence[str], *, caption: str) -> Figure:
    """A panel a metric against the bits of an image, without the decoder: AESC-I, the network of gamma = 0, JPEG."""
    figure, panels = figures.new(caption, columns=len(metrics), size=(9.6, 5.0))
    quality = results.quality
    for axes, metric in zip(panels, metrics, strict=True):
        rows = quality[quality.metric == metric]
        for system in SYSTEMS:
            for code in CODES:
                chosen = rows[(rows.system == system) & (rows.code == code)].sort_values("bits")
                _draw_code(axes, chosen, system, code, code_name(results, system, code))
        for row in rows[(rows.system == "aesc") & (rows.code == "fixed")].itertuples():
            words = f"ratio {row.ratio:g}"
            place = {"xytext": (0, 9), "textcoords": "offset points", "ha": "center"}
            box = {"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 0.5}
            axes.annotate(words, (row.bits, row.value), fontsize="x-small", bbox=box, zorder=5, **place)
        axes.set(xscale="log", xlabel="bits an image", ylabel=results.metric_name(metric))
        axes.margins(x=0.12)
        _plain_log_ticks(axes.xaxis, rows.bits)
    legend_above(figure)
    return figure


def code_name(results: Results, system: str, code: str) -> str:
    """AESC-I, entropy-coded; JPEG, own tables."""
    return f"{results.names.of('system')[system]}, {(TABLES if system == 'jpeg' else CODES)[code]}"


def _draw_code(axes: Axes, rows: pd.DataFrame, system: str, code: str, name: str) -> None:
    """A system's points, filled for a fixed code and hollow for an entropy code."""
    colour, marker = figures.PALETTE[SYSTEMS.index(system)], figures.MARKERS[SYSTEMS.index(system)]
    look = {"marker": marker, "color": colour, "markersize": {"aesc": 6, "jpeg": 4, "pixels": 10}[system]}
    face = colour if code == "fixed" else "white"
    axes.plot(
        rows.bits,
        rows.value,
        "-" if code == "fixed" else "--",
        markerfacecolor=face,
        label=name,
        zorder=4 if system == "aesc" else 3,
        **look,
    )
    axes.fill_between(rows.bits, rows.low, rows.high, color=colour, alpha=0.15, linewidth=0)


def _plain_log_ticks(axis: Axis, values: pd.Series) -> None:
    """Ticks at 1, 2, 5, 10 ... or, over many decades, at powers of ten, as plain numbers."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if values.max() < 300 * values.min() else (1,)))
    axis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
    axis.set_minor_locator(NullLocator())


@dataclass(frozen=True)
class Rival:
    """A way to send an image in ``bits``, with no decoder before it, in ``words``."""

    words: str
    bits: float


def rivals(results: Results, ratio: int, code: str, metrics: Sequence[str]) -> list[Rival]:
    """What AESC-I is held against: direct transmission, JPEG at the same ratio, JPEG by the same kind of code at equal metrics."""
    names = results.names.of("system")
    found = [Rival(names["direct"], image_bits(results, "direct", 1))]
    if code == "fixed":
        found.append(Rival(f"{names['jpeg']}, ratio {ratio:g}", image_bits(results, "jpeg", ratio)))
    for metric in metrics:
        row = against_jpeg(results, ratio, code, metric)
        if row.reached == WITHIN:
            found.append(Rival(f"{names['jpeg']} at equal {results.metric_name(metric)}", row.jpeg_bits))
    return found


def against_jpeg(results: Results, ratio: int, code: str, metric: str) -> pd.Series:
    """AESC-I's row of :func:`semcom_lib.aesc_i.tradeoffs.at_equal_quality` at a ratio, by a code."""
    rows = at_equal_quality(results.quality, metric)
    return rows[(rows.system == "aesc") & (rows.ratio == ratio) & (rows.code == code)].iloc[0]


def aesc_bits(results: Results, ratio: int, code: str) -> tuple[float, float]:
    """Bits of AESC-I's decoder and of its latents of an image, by a ``code`` of the quality table."""
    rows = results.quality
    row = rows[(rows.system == "aesc") & (rows.code == code) & (rows.ratio == ratio)].iloc[0]
    return float(row.decoder_bits), float(row.bits)


def pays_from(results: Results, ratio: int, code: str, rival: Rival) -> int | None:
    """The least number of images from which decoder and latents take fewer bits than a rival's images; None if none is."""
    decoder, latents = aesc_bits(results, ratio, code)
    return counted_images(decoder, rival.bits - latents)


def decoder_share(results: Results, ratio: int, metrics: Sequence[str], *, caption: str) -> Figure:
    """A panel a code: bits an image against the images that one decoder serves, and rings where it gets cheaper than a rival."""
    figure, panels = figures.new(caption, columns=2, size=(10.4, 5.0))
    panels[1].sharey(panels[0])
    against = {code: rivals(results, ratio, code, metrics) for code in CODES}
    ends = [pays_from(results, ratio, code, rival) or 1 for code, those in against.items() for rival in those]
    images = np.geomspace(1, 30 * max(ends), 80)
    for axes, (code, those) in zip(panels, against.items(), strict=True):
        decoder, latents = aesc_bits(results, ratio, code)
        name = f"{results.curve_name('aesc', ratio)} with its decoder"
        axes.plot(images, latents + decoder / images, color=figures.PALETTE[0], label=name)
        for rival, colour, line in zip(
            those, (2, 1, 3, 4) if code == "fixed" else (2, 3, 4), (":", "--", "-.", "--"), strict=False
        ):
            words = f"{rival.words}: {rival.bits:,.0f} bits"
            axes.axhline(rival.bits, color=figures.PALETTE[colour], linestyle=line, linewidth=1.6, label=words)
            pays = pays_from(results, ratio, code, rival)
            if pays is not None:
                _ring(axes, pays, rival.bits)
        axes.set(
            xscale="log",
            yscale="log",
            xlabel="images sent",
            ylabel="bits an image",
            title="; ".join(code_name(results, system, code) for system in ("aesc", "jpeg")),
        )
        axes.title.set_fontsize("small")
        axes.legend(fontsize="xx-small", loc="upper right")
    return figure


def _ring(axes: Axes, x: int, y: float) -> None:
    """Where two curves cross, with the number of images."""
    axes.plot(
        [x], [y], "o", markersize=9, markerfacecolor="none", markeredgecolor="#222222", markeredgewidth=1.6, zorder=4
    )
    axes.annotate(f"{x:,}", (x, y), xytext=(6, 6), textcoords="offset points", fontsize="x-small")
