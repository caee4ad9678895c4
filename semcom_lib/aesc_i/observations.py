"""What is seen in each figure of AESC-I's reports, in three sentences whose numbers come from its table  [aesc_i Figs. 3-14].

"Better" and "worse" are said where the 95 % intervals of two systems do not overlap.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from semcom_lib.aesc_i.reports import Results, break_even, channel_uses
from semcom_lib.ledger import seen
from semcom_lib.ledger.names import decimals

SMALLER_IS_BETTER = {"perceptual"}
WAY = 0.9  # from its value at the lowest SNR to that at the highest: a system has its cliff behind it
HELD = 0.05  # of the recognition-rate ratio may be lost where errors are still borne


def losses(results: Results, pixel_loss: str) -> seen.Sentences:
    """Where both losses end, what a smaller latent costs, and how steadily they fall."""
    by_z = dict(iter(results.training.groupby("z_dims", sort=False)))
    longest = next(iter(by_z.values()))
    first, last = longest.iloc[0], longest.iloc[-1]
    parts = {pixel_loss: "pixel", "semantic loss": "semantic"}
    ends = {name: [rows[f"validation_{part}"].iloc[-1] for rows in by_z.values()] for name, part in parts.items()}
    rises = [int((longest[f"validation_{part}"].diff() > 0).sum()) for part in parts.values()]
    over = [last[f"validation_{part}"] / last[f"train_{part}"] - 1 for part in parts.values()]
    falls = " and the ".join(
        f"{name} from {decimals(first[f'validation_{part}'])} to {decimals(last[f'validation_{part}'])}"
        for name, part in parts.items()
    )
    z_dims = seen.listed([f"{z}" for z in by_z])
    return seen.Sentences(
        f"In {last.epoch:.1f} epochs at Z = {next(iter(by_z))} training takes the {falls}, on validation images.",
        f"For Z = {z_dims} they end at {seen.listed([decimals(x) for x in ends[pixel_loss]])} and at "
        f"{seen.listed([decimals(x) for x in ends['semantic loss']])}.",
        f"From one validation to the next the {pixel_loss} rises {rises[0]} of {len(longest) - 1} times and the semantic loss "
        f"{rises[1]}; at the end they lie {seen.percent(over[0], '{:+.1f}')} and {seen.percent(over[1], '{:+.1f}')} from those of "
        "training images.",
    )


def all_ratios(results: Results, metrics: Sequence[str], channel: str, *, paper: str) -> seen.Sentences:
    """Both metrics at the highest SNR, how often either system is the better one, where the cliffs end, and what ``paper`` has."""
    sentences = [_at_high_snr(results, metric, channel) for metric in metrics]
    cliffs = _cliffs(results, metrics[0], channel, results.ratios, ("aesc", "jpeg"))
    return seen.Sentences(*sentences, f"{cliffs}; the paper has {paper}.")


def one_ratio(
    results: Results, metrics: Sequence[str], channel: str, ratio: int, *, paper: str = "no curve of this channel"
) -> seen.Sentences:
    """Where AESC-I is better or worse than JPEG, how far from the bound, where the cliffs end, and what the ``paper`` has."""
    sentences = [_against_jpeg(results, metric, channel, ratio) for metric in metrics]
    cliffs = _cliffs(results, "recognition_ratio", channel, [ratio], ("aesc", "jpeg", "direct"))
    return seen.Sentences(*sentences, f"{cliffs}; the paper has {paper}.")


def strips(results: Results, channel: str) -> seen.Sentences:
    """From which SNR on the shown images arrive as at the highest, and how far their pixels are from what was sent."""
    kept = results.strips
    snrs_db = kept[f"{channel}_snrs_db"].tolist()
    shown = {results.names.of("system")[system]: kept[f"{channel}_{system}"] for system in ("aesc", "jpeg")}
    whole = [f"{_arrives(images, snrs_db)} with {name}" for name, images in shown.items()]
    errors = [
        [f"{np.abs(images[:, at].astype(float) - kept['sent']).mean():.1f} ({name})" for name, images in shown.items()]
        for at in (0, -1)
    ]
    return seen.Sentences(
        f"The images shown arrive as they do at {seen.point(snrs_db[-1])} {' and '.join(whole)}.",
        f"At {seen.point(snrs_db[0])} the mean absolute error of a pixel is {' and '.join(errors[0])} of 255 levels.",
        f"At {seen.point(snrs_db[-1])}, where only compression is left, it is {' and '.join(errors[1])}; "
        "whether they keep their meaning is for the recognition rate to say.",
    )


def uses(results: Results, ratio: int) -> seen.Sentences:
    """What a decoder costs, after how many images it pays, and what is saved in the long run."""
    decoder, latents = (channel_uses(results, "aesc", ratio, part) for part in ("decoder", "image"))
    names = results.names.of("system")
    pays = []
    for system in ("direct", "jpeg"):
        images = break_even(results, ratio, system)
        pays.append(f"{'never' if images is None else f'from {images:,} images on'} against {names[system]}")
    shares = [
        f"{seen.percent(latents / channel_uses(results, system, ratio), '{:.1f}')} of {names[system]}'s"
        for system in ("direct", "jpeg")
    ]
    return seen.Sentences(
        f"To send the decoder takes {decoder:,.0f} channel uses, as many as the latents of {decoder / latents:,.0f} images "
        f"(ratio {ratio}).",
        f"It pays {' and '.join(pays)}.",
        f"However many images follow, the channel uses of all together stay above {' and '.join(shares)}.",
    )


def decoder_errors(results: Results, metrics: Sequence[str]) -> seen.Sentences:
    """How much more an error costs in the decoder than in the latents, and which rate either bears."""
    rows = results.decoder_errors[results.decoder_errors.ber > 0]
    sentences = []
    for metric in metrics:
        decoder, latents = (seen.curve(rows, "ber", metric=metric, part=part).value for part in ("decoder", "latents"))
        worst = (decoder - latents).abs().idxmax()
        sentences.append(
            f"{_capital(results.metric_name(metric))} differs most at a bit error rate of {worst:g}: {decimals(decoder[worst])} "
            f"with errors in the decoder, {decimals(latents[worst])} with errors in the latents."
        )
    bears = []
    for part in ("decoder", "latents"):
        value = seen.curve(rows, "ber", metric="recognition_ratio", part=part).value
        held = value.index[(value < value.iloc[0] - HELD).cumsum() == 0]
        bears.append(f"the {part} {'bears' if part == 'decoder' else 'bear'} up to {held[-1]:g}")
    return seen.Sentences(
        *sentences,
        f"Before it costs more than {HELD:g} in recognition-rate ratio, {' and '.join(bears)}: "
        "an error in the decoder spoils every image of its session, one in the latents a single image.",
    )


def _at_high_snr(results: Results, metric: str, channel: str) -> str:
    systems, names = ("aesc", "jpeg"), results.names.of("system")
    curves = {
        system: [_curve(results, metric, channel, system, ratio) for ratio in results.ratios] for system in systems
    }
    ends = {system: seen.listed([decimals(curve.value.iloc[-1]) for curve in curves[system]]) for system in systems}
    pairs = list(zip(*curves.values(), strict=True))
    better, worse = (sum(len(points(metric, *pair)) for pair in pairs) or "none" for points in (_better, _worse))
    ratios = f"ratio{'s' * (len(results.ratios) > 1)} {seen.listed([f'{ratio}' for ratio in results.ratios])}"
    return (
        f"In {results.metric_name(metric)} {names['aesc']} ends at {ends['aesc']} ({ratios}) and {names['jpeg']} at "
        f"{ends['jpeg']}; of {sum(len(a) for a, _ in pairs)} points {names['aesc']} is better at {better} and worse at {worse}."
    )


def _against_jpeg(results: Results, metric: str, channel: str, ratio: int) -> str:
    aesc, jpeg, direct = (_curve(results, metric, channel, system, ratio) for system in ("aesc", "jpeg", "direct"))
    names, snrs_db = results.names.of("system"), aesc.index
    better, worse = _better(metric, aesc, jpeg), _worse(metric, aesc, jpeg)
    if better or worse:
        ways = [
            f"{word}{than} {seen.at(points, snrs_db)}" if points else f"never {word}{than}"
            for word, than, points in (("better", f" than {names['jpeg']}", better), ("worse", "", worse))
        ]
        compared = f"{names['aesc']} is {' and '.join(ways)}"
    else:
        compared = f"{names['aesc']} and {names['jpeg']} cannot be told apart at any SNR"
    ends = [decimals(curve.value.iloc[-1]) for curve in (aesc, jpeg, direct)]
    return (
        f"In {results.metric_name(metric)} {compared}; at {seen.point(snrs_db[-1])} they have {ends[0]} and {ends[1]}, "
        f"{names['direct']} {ends[2]}."
    )


def _cliffs(results: Results, metric: str, channel: str, ratios: Sequence[int], systems: Sequence[str]) -> str:
    made = []
    for system in systems:
        found = [_through(_curve(results, metric, channel, system, ratio).value) for ratio in ratios]
        by = seen.with_unit(seen.span(pd.Series(found), "{:g}"), "dB")
        made.append(f"{results.names.of('system')[system]} by {by}")
    name = results.metric_name(metric)
    return f"Nine tenths of the way from the lowest to the highest SNR's {name} lie behind {seen.listed(made)}"


def _through(value: pd.Series) -> float:
    """The first point from which on a curve has made WAY of its way from its first to its last value."""
    made = (value - value.iloc[0]) / (value.iloc[-1] - value.iloc[0])
    short = value.index[made < WAY]
    return value.index[value.index > short[-1]][0] if len(short) else value.index[0]


def _better(metric: str, a: pd.DataFrame, b: pd.DataFrame) -> list[float]:
    return seen.surely_above(b, a) if metric in SMALLER_IS_BETTER else seen.surely_above(a, b)


def _worse(metric: str, a: pd.DataFrame, b: pd.DataFrame) -> list[float]:
    return _better(metric, b, a)


def _curve(results: Results, metric: str, channel: str, system: str, ratio: int) -> pd.DataFrame:
    rows = results.transmission[results.transmission.ratio.eq(ratio) | (results.transmission.system == "direct")]
    return seen.curve(rows, metric=metric, channel=channel, system=system)


def _arrives(images: np.ndarray, snrs_db: Sequence[float]) -> str:
    """From which SNR on all images (m, SNRs, ...) are those of the highest."""
    same = (images == images[:, -1:]).reshape(len(images), len(snrs_db), -1).all(axis=(0, 2))
    first = len(snrs_db) - int(np.argmin(same[::-1])) if not same.all() else 0
    return (
        f"from {seen.point(snrs_db[first])} on" if first < len(snrs_db) - 1 else f"at {seen.point(snrs_db[-1])} alone"
    )


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
