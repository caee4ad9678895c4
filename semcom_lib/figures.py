"""The one figure style: readable in print and by colour-blind readers, byte-stable files, profile and data in the caption."""

import textwrap
from collections.abc import Mapping, Sequence

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from semcom_lib import paths

LABELS = {"snr_db": "SNR (dB)"}
MARKERS = "osD^vPX*<>hp"
# seaborn's colorblind palette; its pink and its yellow, too pale for a line in print, come last, after a black.
PALETTE = [
    *(sns.color_palette("colorblind").as_hex()[i] for i in (0, 1, 2, 3, 4, 5, 7, 9)),
    "#222222",
    "#fbafe4",
    "#ece133",
]
MOST_TICKS = 10
_SIZE_INCHES = (6.4, 4.0)
_UNLABELLED_SPAN = 100.0  # matplotlib labels minor ticks of axes that span about a decade or less
_CAPTION_CHARACTERS_AN_INCH = 14
_LABEL_INCHES_A_CHARACTER, _LABEL_INCHES_BETWEEN = 0.1, 0.08  # of tick labels in the style's size


def use_style() -> None:
    """Set the companion's style; every figure function calls it."""
    sns.set_theme(context="notebook", style="whitegrid", palette="colorblind")
    mpl.rcParams.update(
        {
            "svg.hashsalt": "semcom",
            "svg.fonttype": "path",
            "figure.dpi": 100,
            "legend.framealpha": 0.9,
            "legend.fontsize": "small",
            "font.family": "DejaVu Sans",
        }
    )
    if "inline" in mpl.get_backend():  # in a notebook: shown whole, as saved; to crop it would take a second drawing
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("png", bbox_inches=None)


def new(caption: str, columns: int = 1, size: tuple[float, float] | None = None) -> tuple[Figure, list[Axes]]:
    """An empty figure of one row of axes with its caption (profile and data) below."""
    use_style()
    inches = size or (_SIZE_INCHES[0] * (0.5 * columns + 0.5), _SIZE_INCHES[1])
    figure, axes = plt.subplots(1, columns, figsize=inches, squeeze=False, layout="constrained")
    characters = int(figure.get_figwidth() * _CAPTION_CHARACTERS_AN_INCH)
    figure.supxlabel("\n".join(textwrap.wrap(caption, characters)), fontsize="x-small", color="0.35")
    return figure, list(axes[0])


def curves(
    table: pd.DataFrame,
    *,
    x: str,
    y: str,
    hue: str,
    caption: str,
    names: Mapping[str, str] | None = None,
    ylabel: str | None = None,
    title: str = "",
    ylim: tuple[float, float] | None = None,
    log_y: bool = False,
    legend_outside: bool = False,
    lines: Mapping[object, str] | None = None,
    floor: float | None = None,
) -> Figure:
    """One curve a value of ``hue``, in the table's order, each with its own marker and its 95 % band (low..high).

    ``table`` is tidy with the columns x, y, hue and, for bands, low and high; ``names`` gives the legend's words, ``lines`` the
    line styles of curves that are not solid, ``floor`` the height of :func:`draw_floor`. Where curves leave no room for the
    legend, ``legend_outside`` puts it to the right of the axes.
    """
    figure, (axes,) = new(caption, size=(9.6, 4.4) if legend_outside else None)
    draw_curves(axes, table, x=x, y=y, hue=hue, names=names, lines=lines)
    if floor is not None:
        draw_floor(axes, floor)
    axes.set(xlabel=LABELS.get(x, x), ylabel=ylabel or y, title=title)
    if log_y:
        axes.set_yscale("log")
    if ylim:
        axes.set_ylim(*ylim)
    if legend_outside:
        axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5))
    else:
        axes.legend()
    return figure


def draw_curves(
    axes: Axes,
    table: pd.DataFrame,
    *,
    x: str,
    y: str,
    hue: str,
    names: Mapping[object, str] | None = None,
    order: Sequence[object] | None = None,
    lines: Mapping[object, str] | None = None,
) -> None:
    """The curves of :func:`curves` on given axes, with ticks where they were measured.

    ``order`` lists the values of ``hue`` that take the colours and markers in turn (default: the table's), so that a curve
    looks the same in every panel, whatever else is in it.
    """
    order = list(table[hue].unique() if order is None else order)
    for key, rows in table.groupby(hue, sort=False):
        index = order.index(key)
        colour = PALETTE[index % len(PALETTE)]
        marker = MARKERS[index % len(MARKERS)]
        size = max(4.0, 8.5 - 1.5 * index)  # a later curve on top of an earlier one leaves its rim to be seen
        look = {"color": colour, "marker": marker, "markersize": size, "linestyle": (lines or {}).get(key, "-")}
        axes.plot(rows[x], rows[y], label=(names or {}).get(key, key), **look)
        if {"low", "high"} <= set(rows.columns):
            axes.fill_between(rows[x], rows["low"], rows["high"], color=colour, alpha=0.2, linewidth=0)
    tick_where_measured(axes, table[x])


def draw_floor(axes: Axes, value: float, label: str = "floor (no channel)") -> None:
    """A grey horizontal line at what a receiver scores that hears nothing; drawn before the legend, it is in it."""
    axes.axhline(value, color="0.6", linewidth=2, zorder=1, label=label)


def tick_where_measured(axes: Axes, x: Sequence[float]) -> None:
    """Ticks of the horizontal axis at the measured points ``x``: both ends, and of the others those whose labels have room.

    Short labels come first. More than MOST_TICKS different points are no list to be read, and have round ticks, as
    logarithmic axes have.
    """
    points = sorted(set(x))
    if len(points) > MOST_TICKS or axes.get_xscale() == "log":
        return
    labels = {point: f"{point:g}" for point in points}
    inches = axes.get_position().width * axes.figure.get_figwidth() / 1.1  # from end to end
    inches_a_unit = inches / (points[-1] - points[0] or 1.0)
    ticks = [points[0], points[-1]]
    for point in sorted(points[1:-1], key=lambda point: len(labels[point])):
        if all(abs(point - tick) * inches_a_unit >= _room(labels[point], labels[tick]) for tick in ticks):
            ticks.append(point)
    axes.set_xticks(sorted(set(ticks)), [labels[tick] for tick in sorted(set(ticks))])


def _room(*labels: str) -> float:
    """The least distance in inches between two ticks with these labels."""
    return _LABEL_INCHES_A_CHARACTER * sum(map(len, labels)) / 2 + _LABEL_INCHES_BETWEEN


def scatter(points: Mapping[str, Sequence[complex]], *, caption: str) -> Figure:
    """Constellations side by side on equal axes that hold them all: {panel title: complex symbols}."""
    limit = 1.05 * max(abs(part) for x in points.values() for z in x for part in (z.real, z.imag))
    figure, panels = new(caption, columns=len(points), size=(3.6 * len(points) + 0.4, 4.5))
    for axes, (name, x) in zip(panels, points.items(), strict=True):
        axes.scatter(
            [z.real for z in x],
            [z.imag for z in x],
            s=4,
            alpha=0.35,
            linewidths=0,
            color=PALETTE[0],
        )
        axes.set(title=name, xlabel="in-phase", aspect="equal", xlim=(-limit, limit), ylim=(-limit, limit))
    panels[0].set_ylabel("quadrature")
    return figure


def image_strips(rows: Mapping[str, np.ndarray], *, columns: Sequence[str], caption: str, title: str = "") -> Figure:
    """Rows of small images under each other, every pixel a square: {row label: uint8 (m, H, W) grey or (m, H, W, 3) RGB}.

    ``columns`` are the m words above the images. Raises ValueError for rows that differ in shape or have not m images.
    """
    shapes = {images.shape for images in rows.values()}
    if len(shapes) != 1 or len(shape := shapes.pop()) not in (3, 4) or shape[0] != len(columns):
        found = ", ".join(str(images.shape) for images in rows.values())
        raise ValueError(f"rows have shapes {found}; must be alike, one image for each of the {len(columns)} columns")
    gap = 2
    height, width = shape[1] + gap, shape[2] + gap
    canvas = np.full((height * len(rows) - gap, width * len(columns) - gap, *shape[3:]), 255, dtype=np.uint8)
    for i, images in enumerate(rows.values()):
        for j, image in enumerate(images):
            canvas[i * height : i * height + shape[1], j * width : j * width + shape[2]] = image
    figure, (axes,) = new(caption, size=(0.95 * len(columns) + 1.6, 0.95 * len(rows) + 0.9))
    axes.imshow(canvas, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.set_xticks([j * width + (shape[2] - 1) / 2 for j in range(len(columns))], columns)
    axes.set_yticks([i * height + (shape[1] - 1) / 2 for i in range(len(rows))], rows)
    axes.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, length=0)
    axes.set_title(title)
    axes.grid(False)
    axes.spines[:].set_visible(False)
    return figure


def save(figure: Figure, paper: str, name: str) -> None:
    """Write reports/<paper>/figures/<name>.svg and .png, equal bytes for equal figures.

    The figure keeps the SVG's layout from then on: to lay it out takes as long as to draw it. So do the minor ticks of
    logarithmic axes, which the style does not show; they go where no label is theirs.
    """
    for axes in figure.axes:
        for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            if axis.get_scale() == "log" and max(limits) >= _UNLABELLED_SPAN * min(limits):
                axis.set_minor_locator(NullLocator())
    for suffix, metadata in (("svg", {"Date": None}), ("png", {"Software": None})):
        with paths.replacing(paths.REPORTS / paper / "figures" / f"{name}.{suffix}") as temporary:
            figure.savefig(temporary, format=suffix, metadata=metadata, dpi=150)
        figure.set_layout_engine(None)


def caption(profile: str, data: str, *notes: str) -> str:
    """The words under a figure: the profile, the data, and what else a reader must know."""
    return "; ".join([f"profile: {profile}", f"data: {data}", *notes])
