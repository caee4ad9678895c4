"""What the report on accuracy draws, and what is seen in it  [mem_deepsc Fig. 5].

    accuracy = paired.read("mem_deepsc", "accuracy")
    figure(accuracy.table, names, caption=...)
    benchmarks_seen(accuracy, names)

Learned systems are drawn solid, the paper's chains dashed and dotted, dash-dotted the chain of words that takes as many symbols as
Mem-DeepSC, and the floor as a grey line. Differences are judged on paired bootstrap draws.
"""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from semcom_lib.ledger import paired, seen
from semcom_lib.ledger.names import Names, decimals
from semcom_lib.ledger.paired import Paired
from semcom_lib.mem_deepsc.reports import (
    ACCURACY,
    FLOOR,
    above_and_below,
    by_channel,
    estimate,
    floor_of,
    less,
    panels,
    value_of,
)

LEARNED = ("memory", "separate", "no_memory")
PAPER_CHAINS = ("utf8_turbo", "utf8_turbo_fitted")
BOUND = "no_channel"
SYSTEMS = (*LEARNED, *PAPER_CHAINS, "word_code")  # in this order they take the palette's colours
LINES = {"utf8_turbo": "--", "utf8_turbo_fitted": ":", "word_code": "-."}


def figure(accuracy: pd.DataFrame, names: Names, *, caption: str) -> Figure:
    """The accuracy of every system against SNR, a panel a channel."""
    return panels(accuracy, SYSTEMS, names, lines=LINES, bound=BOUND, caption=caption)


def benchmarks_seen(accuracy: Paired, names: Names) -> seen.Sentences:
    """Mem-DeepSC against the paper's chains, the chain of words and the floor, and how large the lead can be."""
    leads = {
        (chain, channel): less(accuracy, "memory", chain, channel)
        for chain in (*PAPER_CHAINS, "word_code", FLOOR)
        for channel in names.of("channel")
    }
    of_paper = {
        (chain, channel, snr_db): row
        for chain in PAPER_CHAINS
        for channel in names.of("channel")
        for snr_db, row in leads[chain, channel].iterrows()
    }
    (_, channel, snr_db), lead = max(of_paper.items(), key=lambda at: at[1].value)
    floor = floor_of(accuracy.table[accuracy.table.metric == ACCURACY])

    def over_chains(channel: str) -> str:
        differences = [leads[chain, channel] for chain in PAPER_CHAINS]
        return seen.at(paired.everywhere(differences), differences[0].index)

    def spans(channel: str) -> str:
        return seen.span(leads["word_code", channel].value)

    def over(than: str) -> str:
        return by_channel(names, lambda channel: above_and_below(leads[than, channel]))

    return seen.Sentences(
        f"Mem-DeepSC lies above both UTF-8 chains {by_channel(names, over_chains)}.",
        f"Its lead over them is largest over {names.of('channel')[channel]} at {seen.point(snr_db)}: {estimate(lead)}; the floor "
        f"answers {decimals(floor)} right without hearing anything, so that a chain whose receiver guesses as well is never more "
        f"than {decimals(1 - floor)} behind.",
        f"Against the chain that codes words and takes as many symbols it lies {over('word_code')}; its "
        f"lead is {by_channel(names, spans)}.",
        f"Against the floor it lies {over(FLOOR)} (above and below: with the whole interval of the paired difference).",
    )


def memory_seen(accuracy: Paired, names: Names) -> seen.Sentences:
    """What the memory and the third step of the training are worth."""

    def memory(channel: str) -> str:
        return f"by {seen.span(less(accuracy, 'memory', 'no_memory', channel).value)}"

    def joint(channel: str) -> str:
        gain = less(accuracy, "memory", "separate", channel)
        return f"{above_and_below(gain)} ({estimate(gain.iloc[0])} at {seen.point(gain.index[0])})"

    def none(channel: str) -> str:
        return above_and_below(less(accuracy, "no_memory", FLOOR, channel))

    return seen.Sentences(
        f"The memory raises the accuracy {by_channel(names, memory)}.",
        f"Without it the question alone is left, and against the floor, which has nothing else either, the system lies "
        f"{by_channel(names, none)}.",
        f"Trained jointly, Mem-DeepSC lies, against the separate one, {by_channel(names, joint)}.",
    )


def channels_seen(accuracy: Paired, names: Names) -> seen.Sentences:
    """What fading and inaccurate CSI cost Mem-DeepSC, the paper's chain and the chain of words."""
    shown = names.of("system")

    def changes(system: str, of: str, than: str) -> str:
        change = accuracy.difference({"channel": of}, {"channel": than}, system=system, metric=ACCURACY)
        at = {point: estimate(change.loc[point]) for point in (change.index[0], change.index[-1])}
        return f"{shown[system]} by {seen.listed([f'{words} at {seen.point(point)}' for point, words in at.items()])}"

    def all_changes(of: str, than: str) -> str:
        return "; ".join(changes(system, of, than) for system in ("memory", "utf8_turbo", "word_code"))

    ends = [value_of(accuracy.table, system, "rician_imperfect").iloc[-1] for system in ("memory", BOUND)]
    return seen.Sentences(
        f"From AWGN to Rician fading the accuracy changes: {all_changes('rician', 'awgn')}.",
        f"From perfect to inaccurate CSI it changes: {all_changes('rician_imperfect', 'rician')}.",
        f"At the highest SNR with inaccurate CSI, Mem-DeepSC has {decimals(ends[0])}, where features that arrive as they are give "
        f"{decimals(ends[1])}.",
    )


def training_seen(trainings: Mapping[str, pd.DataFrame]) -> seen.Sentences:
    """Where the losses of the first and the last step ended, and whether they still fell."""
    said = []
    for step, words in (("semantic", "The semantic codec"), ("joint", "The whole network")):
        ends = []
        for curve, rows in trainings[step].groupby("curve", sort=False):
            last = rows.iloc[-1]
            falls = last.validation_loss <= rows.validation_loss.min()
            ends.append(
                f"{curve}: {decimals(last.validation_loss)}, {'still falling' if falls else 'past its least'}, "
                f"{seen.percent(last.accuracy)} right"
            )
        steps = trainings[step].step.max()
        said.append(f"{words} ends after {steps:,} steps with a loss, and held-out answers, of: {'; '.join(ends)}.")
    return seen.Sentences(
        *said, "A loss that still falls makes every accuracy here a lower bound of what the model can reach."
    )
