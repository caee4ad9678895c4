"""What the report on fading channels draws, and what is seen in it  [l_deepsc Figs. 8, 9].

    bleu = paired.read("l_deepsc", "fading")
    figure(bleu.table, "rician", names, caption=...)
    seen_over(bleu, "rician", names)

Learned systems are drawn solid, the paper's chains dashed, dotted the chains of letters that spend as many channel uses as
L-DeepSC, dash-dotted the chain of words, and the floor as a grey line. Differences are judged on paired bootstrap draws.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from semcom_lib import figures
from semcom_lib.ledger import paired, seen
from semcom_lib.ledger.names import Names, decimals
from semcom_lib.ledger.paired import Paired

FLOOR = "floor"
LEARNED = ("deepsc_perfect", "perfect", "refined", "rough", "none")  # in the order of legends
PAPER_CHAINS = ("huffman_rs", "huffman_turbo")
FAIR_CHAINS = ("huffman_rs_fair", "huffman_ldpc_fair")
WORD_CHAINS = ("word_ldpc", "word_ldpc_refined", "word_ldpc_rough")
COLOURS = (*LEARNED, *PAPER_CHAINS, *FAIR_CHAINS)  # in this order they take the palette's
CORRELATED_COLOURS = (*LEARNED[:4], "refined_4", "rough_4")
WORD_COLOURS = (LEARNED[0], *WORD_CHAINS)  # those of the learned systems with the same CSI
SEEDS = ("refined", "refined_seed_1", "refined_seed_2")
LINES = (
    dict.fromkeys(PAPER_CHAINS, "--")
    | dict.fromkeys(FAIR_CHAINS, ":")
    | dict.fromkeys(WORD_CHAINS, "-.")
    | dict.fromkeys(("refined_4", "rough_4"), (0, (1, 1)))
)


def figure(bleu: pd.DataFrame, channel: str, names: Names, *, caption: str) -> Figure:
    """BLEU-1, which the paper plots, and BLEU-4 of every system against SNR over one channel; equal colours, equal CSI."""
    colours = CORRELATED_COLOURS if channel == "rayleigh_correlated" else COLOURS
    shown = names.of("system")
    drawn, axes = figures.new(caption, columns=2, size=(14.0, 5.2))
    for ax, order in zip(axes, (1, 4), strict=True):
        rows = bleu[(bleu.channel == channel) & (bleu.metric == f"bleu_{order}")]
        for systems, palette in ((colours, colours), (WORD_CHAINS, WORD_COLOURS)):
            chosen = rows[rows.system.isin(systems)]
            figures.draw_curves(
                ax, chosen, x="snr_db", y="value", hue="system", names=shown, order=palette, lines=LINES
            )
        figures.draw_floor(ax, floor_of(rows), shown[FLOOR])
        ax.set(xlabel=figures.LABELS["snr_db"], ylabel=f"BLEU ({order}-gram)", ylim=(0, 1))
    lines = {line.get_label(): line for line in axes[0].lines}
    listed = [shown[system] for system in (*colours, *WORD_CHAINS)]
    wanted = sorted(lines, key=lambda label: listed.index(label) if label in listed else len(listed))  # the floor last
    axes[1].legend([lines[label] for label in wanted], wanted, loc="center left", bbox_to_anchor=(1.02, 0.5))
    return drawn


def floor_of(rows: pd.DataFrame) -> float:
    """The height of the floor in rows of one channel and metric: the same at every SNR."""
    return float(rows[rows.system == FLOOR].value.iloc[0])


def seen_over(bleu: Paired, channel: str, names: Names) -> seen.Sentences:
    """Learned systems against the paper's chains and the word chain, kinds of CSI, the floor, and the paper's two chains."""
    over = {"channel": channel, "metric": "bleu_1"}
    snrs_db = _snrs_db(bleu, **over)
    low, high = snrs_db[0], snrs_db[-1]
    against_paper = [_less(bleu, system, chain, **over) for system in LEARNED for chain in PAPER_CHAINS]
    value = _values(bleu, over, LEARNED)
    none_rough = _less(bleu, "none", "rough", **over)
    rs_turbo = _less(bleu, "huffman_rs", "huffman_turbo", **over)
    with_csi = seen.listed([f"{decimals(value[kind][low])} with {kind}" for kind in ("perfect", "refined", "rough")])
    at_high = [value[kind][high] for kind in ("perfect", "refined", "rough")]
    return seen.Sentences(
        f"All learned systems lie above both of the paper's chains {seen.at(paired.everywhere(against_paper), snrs_db)}; "
        + against_words(bleu, channel, "refined", "word_ldpc_refined", names),
        f"At {seen.point(low)} BLEU-1 is {with_csi} CSI, where the floor alone has {decimals(_floor(bleu, over))}, and "
        f"at {seen.point(high)} the three are within {decimals(max(at_high) - min(at_high))}; without CSI, which the paper has "
        f"below them all, the system lies above the one with rough CSI {seen.at(paired.above(none_rough), snrs_db)} and below it "
        f"{seen.at(paired.below(none_rough), snrs_db)}; " + _at_low_by_bleu_4(bleu, channel, low),
        f"Of the paper's chains, RS coding, which the paper has above turbo coding, lies above it "
        f"{seen.at(paired.above(rs_turbo), snrs_db)} and below it {seen.at(paired.below(rs_turbo), snrs_db)} "
        "(above and below: with the whole interval of the paired difference).",
    )


def correlated_seen(bleu: Paired, names: Names) -> seen.Sentences:
    """What refining is worth where neighbours' gains are alike, with one pilot and with four, and to the word chain."""
    over = {"channel": "rayleigh_correlated", "metric": "bleu_1"}
    snrs_db = _snrs_db(bleu, **over)
    gains = {pilots: _less(bleu, f"refined{pilots}", f"rough{pilots}", **over) for pilots in ("", "_4")}
    words = _less(bleu, "word_ldpc_refined", "word_ldpc_rough", **over)
    best = {pilots: gain.value.idxmax() for pilots, gain in gains.items()}
    alone = _less(bleu, "refined", "rough", channel="rayleigh", metric="bleu_1")
    left = _less(bleu, "perfect", "refined", **over)
    return seen.Sentences(
        f"With one pilot, refined CSI lies above rough CSI {seen.at(paired.above(gains['']), snrs_db)}, most at "
        f"{seen.point(best[''])} ({_estimate(gains[''], best[''])}), where with independent gains, of which neighbours say "
        f"nothing, the difference is {_estimate(alone, best[''])}.",
        f"With four pilots it lies above {seen.at(paired.above(gains['_4']), snrs_db)}, most at {seen.point(best['_4'])} "
        f"({_estimate(gains['_4'], best['_4'])}); what is left to perfect CSI with one pilot is at most "
        f"{decimals(left.value.max())}.",
        f"To the word chain refined CSI is worth at most {decimals(words.value.max())}; "
        + against_words(bleu, "rayleigh_correlated", "refined", "word_ldpc_refined", names),
    )


def against_words(bleu: Paired, channel: str, system: str, chain: str, names: Names) -> str:
    """Where a learned system lies above the word chain and where below, in BLEU-1 and in BLEU-4."""
    parts = []
    for metric in ("bleu_1", "bleu_4"):
        gain = _less(bleu, system, chain, channel=channel, metric=metric)
        parts.append(
            f"in {names.of('metric')[metric]} above {seen.at(paired.above(gain), gain.index)} and below "
            f"{seen.at(paired.below(gain), gain.index)} ({_estimate(gain, gain.index[0])} at {seen.point(gain.index[0])}, "
            f"{_estimate(gain, gain.index[-1])} at {seen.point(gain.index[-1])})"
        )
    shown = names.of("system")
    return f"against the chain of words with the same CSI and as many channel uses, {shown[system]} is {seen.listed(parts)}."


def seeds_table(bleu: Paired, channel: str = "rician") -> pd.DataFrame:
    """BLEU-1 of the training seeds, their spread (largest less smallest) and the width of the first one's interval, by SNR."""
    rows = bleu.table[(bleu.table.channel == channel) & (bleu.table.metric == "bleu_1")]
    curves = {system: seen.curve(rows, system=system) for system in SEEDS}
    table = pd.DataFrame({system: curve.value for system, curve in curves.items()})
    table["spread"] = table.max(axis=1) - table.min(axis=1)
    table["interval"] = curves[SEEDS[0]].high - curves[SEEDS[0]].low
    return table


def seeds_seen(table: pd.DataFrame) -> seen.Sentences:
    """How far training seeds are apart, beside what the test sentences leave open."""
    wider = table.index[table.spread > table.interval].tolist()
    return seen.Sentences(
        f"{len(SEEDS)} trainings that differ in their seed alone are at most {decimals(table.spread.max())} apart "
        f"(at {seen.point(table.spread.idxmax())}), on average {decimals(table.spread.mean())}.",
        f"The 95 % interval of one training is {seen.span(table.interval)} wide: the spread exceeds it "
        f"{seen.at(wider, table.index)}.",
        "An interval in these figures says what other test sentences would give, not what another training would; differences "
        f"below {decimals(table.spread.max())} between two trainings may be their seeds'.",
    )


def _less(bleu: Paired, system: str, other: str, **over: object) -> pd.DataFrame:
    return bleu.difference({"system": system}, {"system": other}, **over)


def _estimate(gain: pd.DataFrame, at: float) -> str:
    row = gain.loc[at]
    return f"{decimals(row.value)} [{decimals(row.low)}, {decimals(row.high)}]"


def _values(bleu: Paired, over: dict[str, object], systems: Sequence[str]) -> dict[str, pd.Series]:
    return {system: seen.curve(bleu.table, system=system, **over).value for system in systems}


def _floor(bleu: Paired, over: dict[str, object]) -> float:
    return float(_values(bleu, over, [FLOOR])[FLOOR].iloc[0])


def _snrs_db(bleu: Paired, **over: object) -> np.ndarray:
    return seen.curve(bleu.table, system="perfect", **over).index.to_numpy()


def _at_low_by_bleu_4(bleu: Paired, channel: str, snr_db: float) -> str:
    over = {"channel": channel, "metric": "bleu_4"}
    value = _values(bleu, over, ("refined", "word_ldpc_refined", FLOOR))
    return (
        f"in BLEU-4 refined CSI has {decimals(value['refined'][snr_db])} at {seen.point(snr_db)}, the chain of words "
        f"{decimals(value['word_ldpc_refined'][snr_db])} and the floor {decimals(value[FLOOR][snr_db])}."
    )
