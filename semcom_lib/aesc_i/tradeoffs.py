"""Bits at equal quality: what JPEG needs for what an autoencoder gives, and from how many images on the decoder pays.

    at_equal_quality(quality, "recognition_ratio")

``quality`` is the table results/aesc_i/quality_<images>.csv: measured rows of systems "aesc", "pixels" and, along its qualities,
"jpeg", each with a ``code``, "fixed" (latent_bits a number; the standard tables) or "entropy" (fitted prefix codes of latents; own
tables). Codes of one kind are compared. All bits are of the source; a channel code makes them all longer alike.
"""

import math

import numpy as np
import pandas as pd

LOWER_IS_BETTER = ("perceptual",)
WITHIN, CHEAPEST, NEVER = "within", "cheapest", "never"
"""Where JPEG reaches a quality: between two of its swept ones, already at its fewest bits, or at none."""


def bits_needed(sweep: pd.DataFrame, value: float, *, lower_is_better: bool) -> tuple[float, str]:
    """The bits at which a swept system gets as good as ``value``, and how it does so: WITHIN, CHEAPEST or NEVER.

    ``sweep`` has columns bits and value. Between neighbours the logarithm of bits is linear in the metric; of several crossings,
    which noise makes, the one of the fewest bits counts. NaN unless WITHIN: beyond the sweep nothing is known. Raises ValueError
    for an empty sweep or one with values that are NaN.
    """
    if sweep.empty or sweep[["bits", "value"]].isna().any(axis=None):
        raise ValueError(f"sweep has {len(sweep)} rows: there must be at least one, and no NaN in bits and value")
    sweep = sweep.sort_values("bits")
    sign = -1.0 if lower_is_better else 1.0
    over = sign * (sweep.value.to_numpy() - value)
    good = np.flatnonzero(over >= 0)
    if not len(good):
        return math.nan, NEVER
    after = good[0]
    if after == 0:
        return math.nan, CHEAPEST
    share = over[after - 1] / (over[after - 1] - over[after])
    low, high = np.log(sweep.bits.to_numpy()[[after - 1, after]])
    return float(np.exp(low + share * (high - low))), WITHIN


def images_until(once: float, saved: float) -> float:
    """The least number of images that save more bits than are sent ``once``, ``saved`` each; NaN if an image saves nothing."""
    return math.floor(once / saved) + 1.0 if saved > 0 else math.nan


def at_equal_quality(quality: pd.DataFrame, metric: str) -> pd.DataFrame:
    """A row for each row of aesc and pixels, with JPEG's bits at its value of a ``metric``: of an image, the same kind of code.

    Columns: system, setting, ratio, code, metric, value, bits, decoder_bits, jpeg_bits (NaN unless WITHIN), reached (WITHIN,
    CHEAPEST or NEVER), saved (JPEG's bits over its own, decoder apart) and break_even (images; NaN where there is none). Raises
    ValueError where the table lacks JPEG's rows of a code.
    """
    rows = quality[quality.metric == metric]
    found = []
    for row in rows[rows.system != "jpeg"].itertuples():
        sweep = rows[(rows.system == "jpeg") & (rows.code == row.code)]
        jpeg_bits, reached = bits_needed(sweep, row.value, lower_is_better=metric in LOWER_IS_BETTER)
        kept = {name: getattr(row, name) for name in KEPT}
        break_even = images_until(row.decoder_bits, jpeg_bits - row.bits)
        found.append(
            kept | {"jpeg_bits": jpeg_bits, "reached": reached, "saved": jpeg_bits / row.bits, "break_even": break_even}
        )
    return pd.DataFrame(found, columns=[*KEPT, "jpeg_bits", "reached", "saved", "break_even"])


KEPT = ("system", "setting", "ratio", "code", "metric", "value", "bits", "decoder_bits")
