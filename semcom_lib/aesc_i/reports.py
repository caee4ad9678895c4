"""What the reports of AESC-I draw and tabulate, the same for digits and for pictures  [aesc_i Figs. 3-14].

    results = load("digits")
    versus_snr(results, ["ssim", "psnr"], "awgn", caption=results.caption(profile, *results.points("awgn")))

Ratios are named as the paper names them; the bits behind them are counted in ``uses_table``. Curves of several ratios have
one colour a ratio, and every system keeps its marker and line: AESC-I solid, JPEG dashed, direct transmission dotted. What
is seen in each figure is said by :mod:`semcom_lib.aesc_i.observations`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from semcom_lib import figures, paths
from semcom_lib.ledger.layout import Table, estimates
from semcom_lib.ledger.names import Names
from semcom_lib.ledger.reference import load_reference
from semcom_lib.tables import read_table

SESSIONS = {"rayleigh": "one fade a session", "delay_line": "one draw a session"}
_LIMITS = {"ssim": (0, 1.02), "recognition_ratio": (0, 1.05)}
_LINES = {"aesc": "-", "jpeg": "--", "direct": ":"}
_ORDER = list(_LINES)


@dataclass(frozen=True)
class Results:
    """The tables of one image set below results/aesc_i/, and the names of reference/aesc_i.yaml for what is in them."""

    images: str
    data: str
    transmission: pd.DataFrame
    uses: pd.DataFrame
    clean: pd.DataFrame
    decoder_errors: pd.DataFrame
    training: pd.DataFrame
    strips: dict[str, np.ndarray]
    names: Names

    @property
    def ratios(self) -> list[int]:
        """The compression ratios that were measured, as the paper names them."""
        return sorted(self.transmission.ratio[self.transmission.system == "aesc"].unique())

    def metric_name(self, metric: str) -> str:
        """The words on an axis; of the perceptual distance, which of the two it is."""
        if metric == "perceptual":
            return self.names.of("perceptual")[self.transmission.perceptual.iloc[0]]
        return self.names.of("metric")[metric]

    def curve_name(self, system: str, ratio: float) -> str:
        """AESC-I, ratio 20; direct transmission has no ratio."""
        name = self.names.of("system")[system]
        return name if system == "direct" else f"{name}, ratio {ratio:g}"

    def channel_name(self, channel: str) -> str:
        """The channel, and how often it is drawn if that is not for every symbol."""
        return ", ".join(filter(None, [self.names.of("channel")[channel], SESSIONS.get(channel)]))

    def caption(self, profile: str, *notes: str) -> str:
        """The words under a figure: profile, data and notes."""
        return figures.caption(profile, self.data, *notes)

    def points(self, channel: str) -> tuple[str, str]:
        """What stands behind a point over this channel, for a caption."""
        row = self.transmission[self.transmission.channel == channel].iloc[0]
        return self.channel_name(channel), f"{row.trials} sessions, {row.images} test images a point, 95 % bands"


def load(images: str) -> Results:
    """The results of ``images``, digits or pictures."""
    kinds = ("transmission", "channel_uses", "no_channel", "decoder_errors", "training")
    frames = [read_table("aesc_i", f"{kind}_{images}") for kind in kinds]
    data = read_table("aesc_i", "datasets").set_index("set").caption[images].iloc[0]
    with np.load(paths.RESULTS / "aesc_i" / f"strips_{images}.npz") as strips:
        return Results(images, data, *frames, dict(strips), load_reference("aesc_i").names)


def losses(results: Results, pixel_loss: str, *, caption: str) -> Figure:
    """Both parts of the loss against the epoch, on training and on validation images  [aesc_i Figs. 3, 9]."""
    figure, panels = figures.new(caption, columns=2)
    for axes, part, name in zip(panels, ("pixel", "semantic"), (pixel_loss, "semantic loss"), strict=True):
        for index, (z_dims, rows) in enumerate(results.training.groupby("z_dims", sort=False)):
            style = {"color": figures.PALETTE[index], "marker": figures.MARKERS[index], "markersize": 5}
            axes.plot(rows.epoch, rows[f"train_{part}"], "--", label=f"Z = {z_dims}, training", **style)
            axes.plot(rows.epoch, rows[f"validation_{part}"], label=f"Z = {z_dims}, validation", **style)
        axes.set(xlabel="epoch", ylabel=name)
    _legend_above(figure)
    return figure


def versus_snr(
    results: Results, metrics: Sequence[str], channel: str, *, caption: str, ratio: int | None = None
) -> Figure:
    """A panel a metric: AESC-I and JPEG at every ratio, or at ``ratio`` with direct transmission as their bound."""
    rows = results.transmission[results.transmission.channel == channel]
    rows = rows[rows.system.ne("direct") if ratio is None else rows.ratio.eq(ratio) | rows.system.eq("direct")]
    figure, panels = figures.new(caption, columns=len(metrics))
    for axes, metric in zip(panels, metrics, strict=True):
        for number, (_, of_ratio) in enumerate(rows[rows.metric == metric].groupby("ratio", sort=False)):
            for order, (system, curve) in enumerate(of_ratio.groupby("system", sort=False)):
                colour = figures.PALETTE[number if ratio is None else _ORDER.index(system)]
                _draw(axes, curve, "snr_db", system, results.curve_name(system, curve.ratio.iloc[0]), colour, order)
        figures.tick_where_measured(axes, rows.snr_db)
        axes.set(xlabel=figures.LABELS["snr_db"], ylabel=results.metric_name(metric), ylim=_LIMITS.get(metric))
    _legend_above(figure)
    return figure


def numbers(results: Results, metric: str, channel: str) -> Table:
    """A measure with its 95 % interval: a row an SNR, a column a system and ratio."""
    rows = results.transmission
    rows = _named(results, rows[(rows.channel == channel) & (rows.metric == metric)])
    names = Names({**results.names.columns, "system": results.metric_name(metric)})
    return estimates(rows, rows=["snr_db"], columns="system", names=names)


def without_channel(results: Results) -> Table:
    """Each measure of images that arrive as they were sent, with its 95 % interval: a row a system and ratio."""
    return estimates(_named(results, results.clean), rows=["system"], columns="metric")


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


def uses_table(results: Results, ratio: int | None = None) -> Table:
    """Bits and channel uses of what each system sends, of all ratios or of one; ``fewer bits`` is against direct's image."""
    uses = results.uses
    direct = uses.bits[uses.system == "direct"].iloc[0]
    if ratio is not None:
        uses = uses[uses.ratio.eq(ratio) | uses.system.eq("direct")]
    table = pd.DataFrame(
        {
            "system": [results.curve_name(row.system, row.ratio) for row in uses.itertuples()],
            "part": uses.part.map(results.names.of("part")),
            "bits": uses.bits.round(),
            "fewer bits": [f"{direct / row.bits:.2f} x" if row.part == "image" else "" for row in uses.itertuples()],
            "channel uses": uses.channel_uses.round(),
            "code": uses.code.str.replace("->", "→"),
            "modulation": uses.modulation.str.upper(),
        }
    )
    return Table(table.set_index(["system", "part"]))


def channel_uses(results: Results, system: str, ratio: int, part: str = "image") -> float:
    """Complex symbols that this part of the system takes; direct transmission has no ratio."""
    uses = results.uses
    of_ratio = uses.ratio.eq(ratio) | (system == "direct")
    return float(uses.channel_uses[uses.system.eq(system) & of_ratio & uses.part.eq(part)].iloc[0])


def break_even(results: Results, ratio: int, system: str) -> int | None:
    """The least number of images from which decoder and latents take fewer channel uses than another system's images."""
    decoder, latents = (channel_uses(results, "aesc", ratio, part) for part in ("decoder", "image"))
    saved = channel_uses(results, system, ratio) - latents
    return math.floor(decoder / saved) + 1 if saved > 0 else None


def break_even_table(results: Results) -> Table:
    """:func:`break_even` of every ratio against JPEG and against direct transmission."""
    rows = {}
    for ratio in results.ratios:
        decoder, latents = (channel_uses(results, "aesc", ratio, part) for part in ("decoder", "image"))
        rows[f"{ratio}"] = {"decoder / latents of an image": decoder / latents}
        for system in ("jpeg", "direct"):
            images = break_even(results, ratio, system)
            words = "never" if images is None else f"{images:,}"
            rows[f"{ratio}"][f"images until fewer uses than {results.names.of('system')[system]}"] = words
    return Table(pd.DataFrame.from_dict(rows, orient="index").rename_axis("ratio"))


def uses_against_images(results: Results, ratio: int, *, caption: str) -> Figure:
    """Channel uses against the number of images that one decoder serves."""
    figure, (axes,) = figures.new(caption)
    images = np.geomspace(1, 1e5, 26)
    for system, name in results.names.of("system").items():
        once = channel_uses(results, "aesc", ratio, "decoder") if system == "aesc" else 0.0
        total = once + images * channel_uses(results, system, ratio)
        rows = pd.DataFrame({"images": images, "value": total})
        colour = figures.PALETTE[_ORDER.index(system)]
        _draw(axes, rows, "images", system, f"{name}{', decoder and latents' if once else ''}", colour)
    axes.set(xscale="log", yscale="log", xlabel="images sent", ylabel="channel uses in all")
    axes.legend()
    return figure


def decoder_errors(results: Results, metrics: Sequence[str], *, caption: str) -> Figure:
    """A panel a metric against the bit error rate that hits the decoder alone, or the latents alone."""
    figure, panels = figures.new(caption, columns=len(metrics))
    names = {"decoder": "errors in the decoder alone", "latents": "errors in the latents alone"}
    for axes, metric in zip(panels, metrics, strict=True):
        rows = results.decoder_errors[results.decoder_errors.metric == metric]
        figures.draw_curves(axes, rows[rows.ber > 0], x="ber", y="value", hue="part", names=names)
        axes.set(xscale="log", xlabel="bit error rate", ylabel=results.metric_name(metric), ylim=_LIMITS.get(metric))
    _legend_above(figure)
    return figure


def _named(results: Results, rows: pd.DataFrame) -> pd.DataFrame:
    """``rows`` with systems and metrics in words."""
    systems = [results.curve_name(row.system, row.ratio) for row in rows.itertuples()]
    return rows.assign(system=systems, metric=[results.metric_name(metric) for metric in rows.metric])


def _draw(axes: Axes, rows: pd.DataFrame, x: str, system: str, name: str, colour: str, order: int = 0) -> None:
    """One curve of a system with its band, if it has one; a later one is drawn smaller, so that both are seen."""
    rows = rows[np.isfinite(rows["value"])]
    marker = figures.MARKERS[_ORDER.index(system)]
    style = {"linestyle": _LINES[system], "marker": marker, "markersize": 7.0 - 1.5 * order}
    axes.plot(rows[x], rows["value"], color=colour, label=name, **style)
    if "low" in rows:
        axes.fill_between(rows[x], rows["low"], rows["high"], color=colour, alpha=0.2, linewidth=0)


def _legend_above(figure: Figure) -> None:
    """The first panel's legend above all panels that share it, in two rows where there are more than three curves."""
    handles, words = figure.axes[0].get_legend_handles_labels()
    columns = len(words) if len(words) <= 3 else math.ceil(len(words) / 2)
    figure.legend(handles, words, loc="outside upper center", ncols=columns)
