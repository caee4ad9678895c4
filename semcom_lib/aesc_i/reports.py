"""The measured tables of AESC-I as its reports read them: names, captions, differences, tables  [aesc_i Figs. 3-14].

    results = load("digits")
    results.difference(results.transmission, {"system": "aesc"}, {"system": "jpeg"}, ratio=20, channel="awgn", ...)

Ratios are named as the paper names them; the bits behind them stand in ``uses_table`` and in the legends. What fewer than
FEWEST_TRIALS trials gave has no interval: so few cannot be resampled. :mod:`semcom_lib.aesc_i.plots` and
:mod:`semcom_lib.aesc_i.additions` draw the tables, :mod:`semcom_lib.aesc_i.observations` and
:mod:`semcom_lib.aesc_i.observed_additions` say what is seen.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from semcom_lib import figures, paths
from semcom_lib.aesc_i.tradeoffs import images_until
from semcom_lib.ledger import paired
from semcom_lib.ledger.layout import Table, estimates
from semcom_lib.ledger.names import Names
from semcom_lib.ledger.paired import Paired
from semcom_lib.ledger.reference import load_reference
from semcom_lib.tables import read_table

FEWEST_TRIALS = 20  # that give an interval
FLOORS = ("mean_image", "black_image")
WITHOUT_RATIO = ("direct", *FLOORS)
SESSIONS = {"rayleigh": "integrated from what was counted over AWGN", "delay_line": "one draw a session"}
READINGS = ("session", "blocks")  # where a stream's bits lie in the code blocks, as the reports have them in order
_IMAGE_METRICS = ("recognition_ratio", "recognition_ratio_m", "ssim", "psnr", "perceptual")


@dataclass(frozen=True)
class Results:
    """The tables of one image set below results/aesc_i/, and the names of reference/aesc_i.yaml for what is in them."""

    images: str
    data: str
    transmission: Paired
    bsc: Paired
    decoder_errors: Paired
    clean: Paired
    precision: Paired
    gammas: Paired
    gammas_validation: Paired
    uses: pd.DataFrame
    quality: pd.DataFrame
    training: pd.DataFrame
    strips: dict[str, np.ndarray]
    names: Names
    subsampling: pd.DataFrame | None = None

    @property
    def ratios(self) -> list[int]:
        """The compression ratios that were measured, as the paper names them."""
        rows = self.transmission.table
        return sorted(rows.ratio[rows.system == "aesc"].unique())

    @property
    def gamma(self) -> float:
        """The weight of the semantic loss in training."""
        return float(self.training.gamma.iloc[0])

    def metric_name(self, metric: str) -> str:
        """The words on an axis; of the perceptual distance, which of the two it is."""
        if metric == "perceptual":
            return self.names.of("perceptual")[self.transmission.table.perceptual.iloc[0]]
        return self.names.of("metric")[metric]

    def curve_name(self, system: str, ratio: float) -> str:
        """AESC-I, ratio 20; direct transmission and the floors have no ratio."""
        name = self.names.of("system")[system]
        return name if system in WITHOUT_RATIO else f"{name}, ratio {ratio:g}"

    def legend_name(self, system: str, ratio: float) -> str:
        """The curve and the bits that an image takes: AESC-I, ratio 20: 320 bits."""
        return f"{self.curve_name(system, ratio)}: {image_bits(self, system, ratio):,.0f} bits"

    def channel_name(self, channel: str) -> str:
        """The channel, and how often it is drawn if that is not for every symbol, or what it was made of."""
        return ", ".join(filter(None, [self.names.of("channel")[channel], SESSIONS.get(channel)]))

    def caption(self, profile: str, *notes: str) -> str:
        """The words under a figure: profile, data and notes."""
        return figures.caption(profile, self.data, *notes)

    def points(self, channel: str) -> tuple[str, str]:
        """What stands behind a point over this channel, for a caption."""
        rows = self.transmission.table
        return self.channel_name(channel), behind(rows[rows.channel == channel], "sessions")

    def difference(
        self,
        measured: Paired,
        of: Mapping[str, object],
        than: Mapping[str, object],
        *,
        along: str = "snr_db",
        **equal: object,
    ) -> pd.DataFrame:
        """:meth:`semcom_lib.ledger.paired.Paired.difference`, without an interval where there are too few trials."""
        rows = measured.difference(of, than, along=along, **equal)
        chosen = measured.table
        for column, value in equal.items():
            chosen = chosen[chosen[column] == value]
        return rows if chosen.trials.min() >= FEWEST_TRIALS else rows.assign(low=np.nan, high=np.nan)


def load(images: str) -> Results:
    """The results of ``images``, digits or pictures. Raises FileNotFoundError naming a table or draws that are missing."""
    drawn = [
        paired.read("aesc_i", f"{kind}_{images}")
        for kind in ("transmission", "bsc", "decoder_errors", "no_channel", "precision", "gammas", "gammas_validation")
    ]
    plain = [read_table("aesc_i", f"{kind}_{images}") for kind in ("channel_uses", "quality", "training")]
    with np.load(paths.RESULTS / "aesc_i" / f"strips_{images}.npz") as strips:
        shown = dict(strips)
    return Results(
        images,
        read_table("aesc_i", "datasets").groupby("set").caption.first()[images],
        *(Paired(with_intervals(measured.table), measured.draws) for measured in drawn),
        *map(with_intervals, plain),
        shown,
        load_reference("aesc_i").names,
        read_table("aesc_i", "jpeg_subsampling_pictures") if images == "pictures" else None,
    )


def with_intervals(rows: pd.DataFrame) -> pd.DataFrame:
    """``rows`` without low and high where fewer than FEWEST_TRIALS trials are behind them."""
    if "trials" not in rows:
        return rows
    enough = rows.trials >= FEWEST_TRIALS
    return rows.assign(low=rows.low.where(enough), high=rows.high.where(enough))


def behind(rows: pd.DataFrame, trials: str) -> str:
    """What stands behind these points: 20 sessions, 500 test images a point, 95 % bands."""
    number = rows.trials.min()
    bands = "95 % bands" if number >= FEWEST_TRIALS else f"no bands: fewer than {FEWEST_TRIALS} {trials}"
    return f"{number:,} {trials}, {rows.images.iloc[0]:,} test images a point, {bands}"


def numbers(results: Results, metric: str, channel: str, spread: str) -> Table:
    """A measure with its 95 % interval: a row an SNR, a column a system and ratio."""
    rows = results.transmission.table
    rows = named(results, rows[(rows.channel == channel) & (rows.metric == metric) & (rows.spread == spread)])
    names = Names({**results.names.columns, "system": results.metric_name(metric)})
    return estimates(rows, rows=["snr_db"], columns="system", names=names)


def without_channel(results: Results) -> Table:
    """Each measure of images that arrive as they were sent, with its 95 % interval: a row a system and ratio, floors last."""
    rows = results.clean.table
    rows = rows[rows.metric.isin(_IMAGE_METRICS)]
    return estimates(named(results, rows), rows=["system"], columns="metric")


def precision_table(results: Results) -> Table:
    """What quantisation loses: each measure by ratio and by the bits of a weight and of a latent."""
    rows = results.precision.table
    rows = rows[rows.metric.isin(_IMAGE_METRICS)]
    bits = [precision_name(row.weight_bits, row.latent_bits) for row in rows.itertuples()]
    rows = named(results, rows).assign(**{"weights and latents": bits, "ratio": rows.ratio})
    return estimates(rows, rows=["ratio", "weights and latents"], columns="metric")


def precision_name(weight_bits: int, latent_bits: int) -> str:
    """16 and 8 bits; floats where nothing is quantised."""
    return f"{weight_bits} and {latent_bits} bits" if weight_bits else "floats"


def subsampling_table(results: Results) -> Table:
    """JPEG's compression ratio in bits at the paper's qualities, by how the colours are sampled."""
    rows = results.subsampling.assign(shown=[f"{ratio:.2f}" for ratio in results.subsampling.in_bits])
    table = rows.pivot(index="subsampling", columns="ratio", values="shown").reindex(rows.subsampling.unique())
    qualities = rows.groupby("ratio").quality.first()
    table.columns = [f"the paper's {ratio:g} (quality {qualities[ratio]:g})" for ratio in table.columns]
    return Table(table.rename_axis("colours"))


def uses_table(results: Results, ratio: int | None = None) -> Table:
    """Bits and channel uses of what each system sends, of all ratios or of one; the ratio in bits is against direct's image."""
    uses = results.uses
    direct = image_bits(results, "direct", 1)
    if ratio is not None:
        uses = uses[uses.ratio.eq(ratio) | uses.system.eq("direct")]
    table = pd.DataFrame(
        {
            "system": [results.curve_name(row.system, row.ratio) for row in uses.itertuples()],
            "part": uses.part.map(results.names.of("part")),
            "bits": uses.bits.round(),
            "ratio in bits": [f"{direct / row.bits:.2f}" if row.part == "image" else "" for row in uses.itertuples()],
            "channel uses": uses.channel_uses.round(),
            "code": uses.code.str.replace("->", "→"),
            "modulation": uses.modulation.str.upper(),
        }
    )
    return Table(table.set_index(["system", "part"]))


def image_bits(results: Results, system: str, ratio: float, part: str = "image", column: str = "bits") -> float:
    """Bits of an image, or of another ``part``; the network without semantic loss sends what AESC-I does."""
    uses = results.uses
    of_ratio = uses.ratio.eq(ratio) | (system == "direct")
    system = "aesc" if system == "pixels" else system
    return float(uses[column][uses.system.eq(system) & of_ratio & uses.part.eq(part)].iloc[0])


def channel_uses(results: Results, system: str, ratio: float, part: str = "image") -> float:
    """Complex symbols that this part of the system takes; direct transmission has no ratio."""
    return image_bits(results, system, ratio, part, "channel_uses")


def break_even(results: Results, ratio: int, system: str) -> int | None:
    """The least number of images from which decoder and latents take fewer channel uses than another system's images."""
    decoder, latents = (channel_uses(results, "aesc", ratio, part) for part in ("decoder", "image"))
    return counted_images(decoder, channel_uses(results, system, ratio) - latents)


def counted_images(once: float, saved: float) -> int | None:
    """:func:`semcom_lib.aesc_i.tradeoffs.images_until` as a count; None if an image saves nothing."""
    images = images_until(once, saved)
    return None if math.isnan(images) else int(images)


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


def named(results: Results, rows: pd.DataFrame) -> pd.DataFrame:
    """``rows`` with systems and metrics in words."""
    words = {"metric": [results.metric_name(metric) for metric in rows.metric]}
    if "system" in rows:
        words["system"] = [results.curve_name(row.system, row.ratio) for row in rows.itertuples()]
    return rows.assign(**words)
