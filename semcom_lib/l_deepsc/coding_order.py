"""What the report shows of RS against turbo coding: is there any setting in which RS coding wins?  [l_deepsc Sec. IV-B]"""

from collections.abc import Callable, Mapping

import pandas as pd
from matplotlib.figure import Figure

from semcom_lib import figures
from semcom_lib.ledger import paired, seen
from semcom_lib.ledger.names import Names, decimals
from semcom_lib.ledger.paired import Paired

CODES = {"huffman_rs": "RS", "huffman_turbo": "turbo"}
SPREAD = {True: "interleaved", False: "not interleaved"}
CHANNELS = ("awgn", "rayleigh", "rayleigh_per_symbol")
DECISIONS = ("soft", "hard")


def figure(bleu: Paired, names: Names, *, caption: str) -> Figure:
    """BLEU-1 of both codes against SNR, a panel a channel; with interleaver solid, without dashed."""
    drawn, axes = figures.new(caption, columns=len(CHANNELS), size=(14.0, 4.8))
    rows = bleu.table[bleu.table.metric == "bleu_1"]
    spread = rows.interleaved.map(SPREAD)
    rows = rows.assign(curve=rows.system.map(CODES) + ", " + rows.decisions + ", " + spread)
    order = sorted(rows.curve.unique())
    lines = {curve: "--" for curve in order if curve.endswith("not interleaved")}
    for ax, channel in zip(axes, CHANNELS, strict=True):
        chosen = rows[rows.channel == channel]
        figures.draw_curves(ax, chosen, x="snr_db", y="value", hue="curve", order=order, lines=lines)
        ax.set(xlabel=figures.LABELS["snr_db"], title=names.of("channel")[channel], ylim=(0, 1))
    axes[0].set_ylabel("BLEU (1-gram)")
    axes[-1].legend(loc="center left", bbox_to_anchor=(1.02, 0.5))
    return drawn


def order_seen(bleu: Paired, names: Names) -> seen.Sentences:
    """In how many of all cases turbo coding lies above RS coding, where not, and what soft input and interleaving are worth."""
    gains = {
        (channel, decisions, interleaved): bleu.difference(
            {"system": "huffman_turbo", "decisions": decisions},
            {"system": "huffman_rs", "decisions": "hard"},
            channel=channel,
            interleaved=interleaved,
            metric="bleu_1",
        )
        for channel in CHANNELS
        for decisions in DECISIONS
        for interleaved in (False, True)
    }
    wins = {decisions: _count(gains, decisions, paired.above) for decisions in DECISIONS}
    losses = {key: points for key, gain in gains.items() if (points := paired.below(gain))}
    rs = bleu.table[bleu.table.metric.eq("bleu_1") & bleu.table.system.eq("huffman_rs")]
    where = "at none of them."
    if losses:
        lost = [
            f"{names.of('channel')[c]}, {d} input, {SPREAD[i]}, {seen.at(p, gains[c, d, i].index)}"
            for (c, d, i), p in losses.items()
        ]
        highest = max(
            rs[rs.channel.eq(c) & rs.interleaved.eq(i) & rs.snr_db.isin(p)].value.max()
            for (c, _, i), p in losses.items()
        )
        where = (
            f"at {sum(map(len, losses.values()))} ({'; '.join(lost)}), where its BLEU-1 is at most {decimals(highest)}."
        )
    soft = [(gains[c, "soft", i] - gains[c, "hard", i]).value.max() for c in CHANNELS for i in (False, True)]
    return seen.Sentences(
        f"Over {len(CHANNELS)} channels, with and without interleaver, the turbo code with soft input surely lies above RS coding "
        f"at {wins['soft']} points, and with the hard decisions that RS decoding has at {wins['hard']}.",
        f"RS coding surely lies above turbo coding {where}",
        f"Soft input is worth up to {decimals(max(soft))} in BLEU-1 to the turbo code, whose blocks are a whole sentence long, "
        "where RS(7, 5) corrects one symbol of three bits in 21.",
    )


def _count(
    gains: Mapping[tuple[str, str, bool], pd.DataFrame], decisions: str, what: Callable[..., list[float]]
) -> str:
    """At how many points of how many it holds."""
    chosen = [gain for (_, of, _), gain in gains.items() if of == decisions]
    return f"{sum(len(what(gain)) for gain in chosen)} of {sum(map(len, chosen))}"
