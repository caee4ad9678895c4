"""What is seen in the paper's figures of AESC-I, in three sentences whose numbers come from their tables  [aesc_i Figs. 3-14]."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from semcom_lib.aesc_i.compared import (
    AESC,
    JPEG,
    better,
    capital,
    certainty,
    counted,
    ratios_in_words,
    signed,
    where_better,
    without_errors,
    worse,
)
from semcom_lib.aesc_i.convergence import converged
from semcom_lib.aesc_i.reports import FLOORS, READINGS, Results, image_bits
from semcom_lib.ledger import seen
from semcom_lib.ledger.names import decimals

WAY = 0.9  # from its value at the lowest SNR to that at the highest: a system has its cliff behind it
SETTLED = 0.05  # a loss that fell by less of itself in the last fifth changed little


def losses(results: Results, pixel_loss: str) -> seen.Sentences:
    """Where both losses end, what the last fifth of training changed, and how steadily they fell."""
    by_z = dict(iter(results.training.groupby("z_dims", sort=False)))
    parts = {pixel_loss: "pixel", "semantic loss": "semantic"}
    ends = [
        f"{seen.listed([decimals(rows[f'validation_{part}'].iloc[-1]) for rows in by_z.values()])} ({name})"
        for name, part in parts.items()
    ]
    start = results.training.start_epochs.iloc[0] if "start_epochs" in results.training else 0.0
    found = converged(results.training)
    by_part = {name: found[found.part == part] for name, part in parts.items()}
    changes = [
        f"{seen.with_unit(seen.span(100 * (rows.value - 1), '{:+.1f}'), '%')} ({name})"
        for name, rows in by_part.items()
    ]
    still = [
        f"{number} of {len(rows)} ({name})"
        for name, rows in by_part.items()
        if (number := int((rows.value < 1 - SETTLED).sum()))
    ]
    rises = [f"{seen.percent(rows.rises.mean())} ({name})" for name, rows in by_part.items()]
    return seen.Sentences(
        f"From epoch {start:.1f} to {results.training.epoch.max():.1f} the validation losses come, for Z = "
        f"{seen.listed([f'{z}' for z in by_z])}, to {' and '.join(ends)}.",
        f"In the last fifth of that they changed by {' and by '.join(changes)}: more than {seen.percent(SETTLED)} lower came "
        f"{' and '.join(still) if still else 'none'} of the Z, and a learning rate that ends at zero lets any loss settle.",
        f"Of the validations {' and '.join(rises)} are higher than the one before.",
    )


def sent(results: Results) -> seen.Sentences:
    """The ratios in bits, how JPEG's bits compare, and the decoder against an image."""
    names, direct = results.names.of("system"), image_bits(results, "direct", 1)
    bits = {
        system: pd.Series([image_bits(results, system, ratio) for ratio in results.ratios])
        for system in ("aesc", "jpeg")
    }
    in_bits = {system: seen.listed([f"{direct / x:.2f}" for x in of_system]) for system, of_system in bits.items()}
    decoders = [image_bits(results, "aesc", ratio, "decoder") for ratio in results.ratios]
    return seen.Sentences(
        f"The paper's {ratios_in_words(results)} {'are' if len(results.ratios) > 1 else 'is'}, in bits, {in_bits['aesc']} of "
        f"{names['aesc']} and {in_bits['jpeg']} of {names['jpeg']}.",
        f"{names['jpeg']} has {seen.span(bits['jpeg'] / bits['aesc'], '{:.2f}')} times {names['aesc']}'s bits an image, so that at "
        "one name the two are not at equal bits.",
        f"The decoder, which no ratio counts, takes as many bits as the latents of {seen.span(decoders / bits['aesc'], '{:,.0f}')} "
        "images.",
    )


def without_channel(results: Results) -> seen.Sentences:
    """What compression alone leaves: against JPEG at every ratio, against the network of gamma = 0, and above the floors."""
    names, highest = results.names.of("system"), results.ratios[-1]
    against, gains = [], []
    for metric in ("recognition_ratio", "perceptual"):
        name = results.metric_name(metric)
        gap = results.difference(results.clean, AESC, JPEG, along="ratio", metric=metric)
        counts = [len(points(metric, gap)) for points in (better, worse)]
        against.append(f"in {name} better at {counts[0]} of {len(gap)} ratios and worse at {counts[1]}")
        gap = results.difference(results.clean, AESC, {"system": "pixels"}, along="ratio", metric=metric, ratio=highest)
        gains.append(f"{signed(gap.value.iloc[0])} in {name}{certainty(gap.iloc[0])}")
    floors = [f"{decimals(without_errors(results, floor, 'recognition_ratio'))} ({names[floor]})" for floor in FLOORS]
    return seen.Sentences(
        f"Without errors {names['aesc']} is, against {names['jpeg']}, {'; '.join(against)}.",
        f"At ratio {highest:g} the semantic loss makes a difference of {' and of '.join(gains)}, against {names['pixels']}.",
        f"{capital(results.metric_name('recognition_ratio'))} of one image that never changes is {seen.listed(floors)}: from there "
        "up a curve says something.",
    )


def all_ratios(
    results: Results, metrics: Sequence[str], channel: str, *, reading: str = "session", paper: str
) -> seen.Sentences:
    """Both metrics without errors, how often either system is the better one, where the cliffs end, and what ``paper`` has."""
    sentences = [
        counted(results, metric, results.transmission, "snr_db", channel=channel, spread=reading) for metric in metrics
    ]
    cliffs = _cliffs(results, metrics[0], channel, results.ratios, ("aesc", "jpeg"), [reading])
    return seen.Sentences(*sentences, f"{cliffs}; the paper has {paper}.")


def one_ratio(
    results: Results, metrics: Sequence[str], channel: str, ratio: int, *, paper: str = "no curve of this channel"
) -> seen.Sentences:
    """Where AESC-I is better or worse than JPEG in either reading, what all have without errors, where the cliffs end."""
    readings = readings_of(results, channel)
    sentences = []
    for metric in metrics:
        ways = []
        for reading in readings:
            gap = results.difference(
                results.transmission, AESC, JPEG, metric=metric, channel=channel, spread=reading, ratio=ratio
            )
            ways.append(f"{where_better(results, metric, gap)} ({results.names.of('spread')[reading]})")
        ends = [
            f"{decimals(without_errors(results, system, metric, of_ratio))} ({results.names.of('system')[system]})"
            for system, of_ratio in (("aesc", ratio), ("jpeg", ratio), ("direct", None))
        ]
        sentences.append(
            f"In {results.metric_name(metric)} {'; '.join(ways)}; without errors they have {seen.listed(ends)}."
        )
    systems = ("aesc", "jpeg", "direct")
    cliffs = _cliffs(results, "recognition_ratio", channel, [ratio], systems, readings)
    return seen.Sentences(*sentences, f"{cliffs}; the paper has {paper}.")


def readings_of(results: Results, channel: str) -> list[str]:
    """The readings of a channel that were measured, in their order."""
    rows = results.transmission.table
    there = set(rows.spread[rows.channel == channel])
    return [reading for reading in READINGS if reading in there]


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
        f"As at {seen.point(snrs_db[-1])} the images shown arrive {' and '.join(whole)}.",
        f"At {seen.point(snrs_db[0])} the mean absolute error of a pixel is {' and '.join(errors[0])} of 255 levels.",
        f"At {seen.point(snrs_db[-1])} it is {' and '.join(errors[1])}; "
        "whether they keep their meaning is for the recognition rate to say.",
    )


def _cliffs(
    results: Results,
    metric: str,
    channel: str,
    ratios: Sequence[int],
    systems: Sequence[str],
    readings: Sequence[str],
) -> str:
    """Where each system has its cliff behind it, by reading."""
    by_reading = []
    for reading in readings:
        made = []
        for system in systems:
            rows = results.transmission.table
            equal = {"metric": metric, "channel": channel, "system": system, "spread": reading}
            found = [
                _through(seen.curve(rows, **equal, ratio=1 if system == "direct" else ratio).value) for ratio in ratios
            ]
            by = seen.with_unit(seen.span(pd.Series(found), "{:g}"), "dB")
            made.append(f"{results.names.of('system')[system]} by {by}")
        by_reading.append(f"{seen.listed(made)} ({results.names.of('spread')[reading]})")
    name = results.metric_name(metric)
    return f"Nine tenths of the way from the lowest to the highest SNR's {name} lie behind {', and behind '.join(by_reading)}"


def _through(value: pd.Series) -> float:
    """The first point from which on a curve has made WAY of its way from its first to its last value."""
    made = (value - value.iloc[0]) / ((value.iloc[-1] - value.iloc[0]) or 1.0)
    short = value.index[made < WAY]
    later = value.index[value.index > short[-1]] if len(short) else value.index
    return later[0] if len(later) else value.index[-1]


def _arrives(images: np.ndarray, snrs_db: Sequence[float]) -> str:
    """From which SNR on all images (m, SNRs, ...) are those of the highest."""
    same = (images == images[:, -1:]).reshape(len(images), len(snrs_db), -1).all(axis=(0, 2))
    first = len(snrs_db) - int(np.argmin(same[::-1])) if not same.all() else 0
    return (
        f"from {seen.point(snrs_db[first])} on" if first < len(snrs_db) - 1 else f"at {seen.point(snrs_db[-1])} alone"
    )
