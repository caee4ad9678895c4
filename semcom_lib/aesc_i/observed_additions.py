"""What is seen in AESC-I's additional figures, in three sentences whose numbers come from their tables."""

from collections.abc import Sequence

import pandas as pd

from semcom_lib.aesc_i.additions import CODES, TABLES, aesc_bits, against_jpeg, pays_from, rivals
from semcom_lib.aesc_i.compared import (
    SMALLER_IS_BETTER,
    capital,
    certainty,
    counted,
    held_up_to,
    ratios_in_words,
    signed,
)
from semcom_lib.aesc_i.reports import Results, precision_name
from semcom_lib.aesc_i.tradeoffs import CHEAPEST, NEVER, WITHIN
from semcom_lib.ledger import seen
from semcom_lib.ledger.names import decimals

HELD = 0.05  # of the recognition-rate ratio may be lost where errors are still borne


def precision(results: Results, weight_bits: int, latent_bits: int) -> seen.Sentences:
    """What the system's own bits lose against floats at each ratio, and what more bits would bring."""
    sentences = []
    for metric in ("recognition_ratio", "perceptual"):
        loss = _precision_gap(results, metric, (weight_bits, latent_bits), (0, 0))
        sentences.append(
            f"With {precision_name(weight_bits, latent_bits)} a weight and a latent, {results.metric_name(metric)} differs from "
            f"that of floats by {_spanned(loss)}."
        )
    more = _precision_gap(results, "psnr", (16, 16), (0, 0))
    own = _precision_gap(results, "psnr", (weight_bits, latent_bits), (0, 0))
    sentences.append(
        f"In PSNR the difference is {_spanned(own)} dB, and {_spanned(more)} dB with {precision_name(16, 16)}: "
        "that much of the distance to the original is quantisation, the rest is the network's."
    )
    return seen.Sentences(*sentences)


def gammas(results: Results) -> seen.Sentences:
    """Which gamma is best by each measure and which validation chooses, the system's gain by judge and M, its cost in pixels."""
    metrics = ("recognition_ratio", "recognition_ratio_m", "perceptual", "psnr")
    best = []
    for metric in metrics:
        value = seen.curve(results.gammas.table, "gamma", metric=metric).value
        at = value.idxmin() if metric in SMALLER_IS_BETTER else value.idxmax()
        best.append(f"{at:g} in {results.metric_name(metric)} ({decimals(value[at])})")
    validated = seen.curve(results.gammas_validation.table, "gamma", metric=metrics[0]).value
    chosen, *others = validated.sort_values(ascending=False).index
    other = results.gamma if chosen != results.gamma else others[0]
    own = ", the system's,"
    names = {value: f"{value:g}{own if value == results.gamma else ''}" for value in validated.index}
    gap = results.difference(results.gammas_validation, {"gamma": other}, {"gamma": chosen}, along="metric")
    gap = gap.loc[metrics[0]]
    gaps = results.difference(results.gammas, {"gamma": results.gamma}, {"gamma": 0}, along="metric")
    gains = [
        f"{signed(gaps.value[metric])} in {results.metric_name(metric)}{certainty(gaps.loc[metric])}"
        for metric in metrics
    ]
    return seen.Sentences(
        f"Of the γ swept the best are {seen.listed(best)}; validation images choose {names[chosen]} by "
        f"{results.metric_name(metrics[0])} ({decimals(validated[chosen])}), from which "
        f"{names[other]} differs by {signed(gap.value)}{certainty(gap)}.",
        f"Against γ = 0 the system's γ = {results.gamma:g} makes a difference of {gains[0]} and of {gains[1]}, which is in "
        "the loss.",
        f"It makes a difference of {gains[2]} and of {gains[3]}.",
    )


def bsc(results: Results, metrics: Sequence[str]) -> seen.Sentences:
    """How often AESC-I is the better one over a binary symmetric channel, and which rate either system bears."""
    sentences = [counted(results, metric, results.bsc, "ber") for metric in metrics]
    bears = []
    for system in ("aesc", "jpeg", "direct"):
        ratio = 1 if system == "direct" else results.ratios[-1]
        value = seen.curve(results.bsc.table, "ber", metric="recognition_ratio", system=system, ratio=ratio).value
        bears.append(f"{_borne(value[value.index > 0])} by {results.curve_name(system, ratio)}")
    return seen.Sentences(
        *sentences,
        f"Before they cost more than {HELD:g} of the recognition-rate ratio at the lowest rate, errors are borne "
        f"{'; '.join(bears)}.",
    )


def decoder_errors(results: Results, metrics: Sequence[str]) -> seen.Sentences:
    """Where errors in the decoder and in the latents differ most, how JPEG fares at that rate, and which rate each part bears."""
    rows = results.decoder_errors.table
    rows = rows[rows.ber > 0]
    sentences = []
    for metric in metrics:
        curves = {part: seen.curve(rows, "ber", metric=metric, part=part).value for part in _BEARERS}
        worst = (curves["decoder"] - curves["latents"]).abs().idxmax()
        values = [f"{decimals(curve[worst])} in {_BEARERS[part]}" for part, curve in curves.items()]
        sentences.append(
            f"{capital(results.metric_name(metric))} differs most at a bit error rate of {seen.scientific(worst)}: with errors it "
            f"is {seen.listed(values)}."
        )
    bears = [
        f"{name} {_borne(seen.curve(rows, 'ber', metric='recognition_ratio', part=part).value)}"
        for part, name in _BEARERS.items()
    ]
    return seen.Sentences(
        *sentences,
        f"Before they cost more than {HELD:g} of the recognition-rate ratio at the lowest rate, errors are borne in "
        f"{seen.listed(bears)}: one in the decoder spoils every image of its session, one in latents or scans a single image.",
    )


def equal_quality(results: Results, metrics: Sequence[str]) -> seen.Sentences:
    """JPEG's bits at AESC-I's quality, by metric and code, and what the entropy code saves."""
    names = results.names.of("system")
    sentences = []
    for metric in metrics:
        ways = [
            f"{seen.listed([_times(results, ratio, code, metric) for ratio in results.ratios])} times with {TABLES[code]}"
            for code in CODES
        ]
        sentences.append(
            f"At {names['aesc']}'s {results.metric_name(metric)} {names['jpeg']} takes, of {names['aesc']}'s bits without the "
            f"decoder, {' and '.join(ways)} ({ratios_in_words(results)})."
        )
    saved = [
        aesc_bits(results, ratio, "entropy")[1] / aesc_bits(results, ratio, "fixed")[1] for ratio in results.ratios
    ]
    return seen.Sentences(
        *sentences,
        f"Entropy-coded, the latents take {seen.listed([seen.percent(share) for share in saved])} of their fixed number of bits.",
    )


def decoder_share(results: Results, ratio: int, metrics: Sequence[str]) -> seen.Sentences:
    """What a decoder costs, after how many images it pays against each rival by either code, and what is saved in the long run."""
    decoder, latents = aesc_bits(results, ratio, "fixed")
    pays, shares = [], []
    for code in CODES:
        _, own = aesc_bits(results, ratio, code)
        against = rivals(results, ratio, code, metrics)
        ends = [(rival, pays_from(results, ratio, code, rival)) for rival in against]
        words = [f"{'never' if n is None else f'from {n:,} images on'} against {rival.words}" for rival, n in ends]
        pays.append(f"{', '.join(words)} ({CODES[code]})")
        least = min(against, key=lambda rival: rival.bits)
        shares.append(f"{seen.percent(own / least.bits, '{:.1f}')} of those of {least.words} ({CODES[code]})")
    return seen.Sentences(
        f"To send the decoder takes {decoder:,.0f} bits, as many as the latents of {decoder / latents:,.0f} images "
        f"(ratio {ratio:g}).",
        f"It pays {'; '.join(pays)}.",
        f"However many images follow, all bits together stay above {' and '.join(shares)}, the cheapest of these rivals.",
    )


def _times(results: Results, ratio: int, code: str, metric: str) -> str:
    """JPEG's bits over AESC-I's at equal quality; where its sweep does not reach that quality, on which side it ends."""
    row = against_jpeg(results, ratio, code, metric)
    if row.reached == WITHIN:
        return f"{row.saved:.2f}"
    jpeg = results.quality[(results.quality.system == "jpeg") & (results.quality.code == code)]
    ends = {CHEAPEST: ("under", jpeg.bits.min()), NEVER: ("over", jpeg.bits.max())}
    side, bits = ends[row.reached]
    return f"{side} {bits / row.bits:.2f}"


_BEARERS = {"decoder": "the decoder", "latents": "the latents", "scans": "JPEG's scans"}


def _precision_gap(results: Results, metric: str, of: tuple[int, int], than: tuple[int, int]) -> pd.DataFrame:
    """A measure at these bits of a weight and a latent, minus that at others, by ratio."""
    of_bits, than_bits = ({"weight_bits": bits[0], "latent_bits": bits[1]} for bits in (of, than))
    return results.difference(results.precision, of_bits, than_bits, along="ratio", metric=metric)


def _spanned(gap: pd.DataFrame) -> str:
    return seen.span(gap.value, "{:+.3f}")


def _borne(value: pd.Series) -> str:
    """Up to which rate a curve keeps near its value at the lowest."""
    return f"up to {seen.scientific(held_up_to(value, HELD))}"
