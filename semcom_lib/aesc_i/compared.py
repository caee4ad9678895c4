"""AESC-I against JPEG in words, for what is said below the figures.

"Better" and "worse" are said where the whole interval of the paired difference lies on one side of zero.
"""

import pandas as pd

from semcom_lib.aesc_i.reports import Results
from semcom_lib.ledger import paired, seen
from semcom_lib.ledger.names import decimals
from semcom_lib.ledger.paired import Paired

SMALLER_IS_BETTER = {"perceptual"}
AESC, JPEG = {"system": "aesc"}, {"system": "jpeg"}


def better(metric: str, gap: pd.DataFrame) -> list[float]:
    """The points at which the first system of a difference is surely the better one."""
    return paired.below(gap) if metric in SMALLER_IS_BETTER else paired.above(gap)


def worse(metric: str, gap: pd.DataFrame) -> list[float]:
    """The points at which it is surely the worse one."""
    return paired.above(gap) if metric in SMALLER_IS_BETTER else paired.below(gap)


def counted(results: Results, metric: str, measured: Paired, along: str, **equal: object) -> str:
    """Both systems' error-free ends at all ratios, and at how many points AESC-I is the better and the worse one."""
    names = results.names.of("system")
    ends = [
        seen.listed([decimals(without_errors(results, system, metric, ratio)) for ratio in results.ratios])
        for system in ("aesc", "jpeg")
    ]
    gaps = [
        results.difference(measured, AESC, JPEG, along=along, metric=metric, ratio=ratio, **equal)
        for ratio in results.ratios
    ]
    for_good, for_bad = (sum(len(points(metric, gap)) for gap in gaps) or "none" for points in (better, worse))
    return (
        f"In {results.metric_name(metric)} {names['aesc']} has {ends[0]} without errors ({ratios_in_words(results)}) and "
        f"{names['jpeg']} {ends[1]}; of {sum(map(len, gaps))} points {names['aesc']} is better at {for_good} and worse at "
        f"{for_bad}."
    )


def where_better(results: Results, metric: str, gap: pd.DataFrame, unit: str = "dB", kind: str = "SNR") -> str:
    """AESC-I is better than JPEG from 2 dB on and worse at 1 dB; or cannot be told apart from it."""
    names = results.names.of("system")
    for_good, for_bad = better(metric, gap), worse(metric, gap)
    if not (for_good or for_bad):
        return f"{names['aesc']} and {names['jpeg']} cannot be told apart at any {kind}"
    ways = [
        f"{word}{than} {seen.at(points, gap.index, unit, kind)}" if points else f"never {word}{than}"
        for word, than, points in (("better", f" than {names['jpeg']}", for_good), ("worse", "", for_bad))
    ]
    return f"{names['aesc']} is {' and '.join(ways)}"


def without_errors(results: Results, system: str, metric: str, ratio: float | None = None) -> float:
    """A measure of images that arrive as they were sent, over all test images; ``ratio`` of systems that have one."""
    rows = results.clean.table
    rows = rows[(rows.system == system) & (rows.metric == metric)]
    return float((rows if ratio is None else rows[rows.ratio == ratio]).value.iloc[0])


def ratios_in_words(results: Results) -> str:
    """Ratios 4, 8 and 20."""
    return f"ratio{'s' * (len(results.ratios) > 1)} {seen.listed([f'{ratio:g}' for ratio in results.ratios])}"


def signed(value: float) -> str:
    """A difference with its sign: +0.120."""
    return f"{'+' if value > 0 else ''}{decimals(value)}"


def certainty(gap: pd.Series) -> str:
    """What to say behind a difference whose interval holds zero, or that has none."""
    return "" if gap.low > 0 or gap.high < 0 else " (not for certain)"


def capital(words: str) -> str:
    """``words`` at the beginning of a sentence."""
    return words[:1].upper() + words[1:]


def held_up_to(value: pd.Series, loss: float) -> float:
    """The last point up to which a curve keeps within ``loss`` of its first value."""
    return value.index[(value < value.iloc[0] - loss).cumsum() == 0][-1]
