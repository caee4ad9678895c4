"""What the report on masks draws, and what is seen in it  [mem_deepsc Fig. 6, Table II, Prop. 2].

accuracy = paired.read("mem_deepsc", "masks")
figure(accuracy.table, names, caption=...)
masks_seen(accuracy, names, more_steps, paired.read("mem_deepsc", "accuracy"))
"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from semcom_lib import figures
from semcom_lib.ledger import paired, seen
from semcom_lib.ledger.layout import Table
from semcom_lib.ledger.names import Names, decimals, number
from semcom_lib.ledger.paired import Paired
from semcom_lib.mem_deepsc.reports import above_and_below, by_channel, estimate, less, panels, value_of

MASKS = ("importance", "consecutive")
OTHERS = (*MASKS, "random", "utf8_turbo_amc")
_UNMASKED = "memory_"


def unmasked(accuracy: pd.DataFrame) -> tuple[str, str]:
    """The systems without a mask, with all symbols and with half of them: memory_32, memory_16."""
    systems = [system for system in accuracy.system.unique() if system.startswith(_UNMASKED)]
    sizes = sorted(int(system.removeprefix(_UNMASKED)) for system in systems)
    return f"{_UNMASKED}{sizes[-1]}", f"{_UNMASKED}{sizes[0]}"


def figure(accuracy: pd.DataFrame, names: Names, *, caption: str) -> Figure:
    """The accuracy under every mask and without one against SNR, a panel a channel  [mem_deepsc Fig. 6]."""
    full, half = unmasked(accuracy)
    lines = {half: (0, (1, 1)), "random": ":", "utf8_turbo_amc": "--"}
    return panels(accuracy, (full, half, *OTHERS), names, lines=lines, caption=caption)


def masks_seen(accuracy: Paired, names: Names, more_steps: int, before: Paired) -> seen.Sentences:
    """The masks against all symbols, against each other, and against a model of fewer symbols.

    ``more_steps`` is by how many steps all systems were trained on after the third step, ``before`` the accuracy until then: a
    reference that this has harmed makes masks look free.
    """
    shown, (full, half) = names.of("system"), unmasked(accuracy.table)

    def loss(mask: str, channel: str) -> str:
        gain = less(accuracy, mask, full, channel)
        worst = gain.value.idxmin()
        return f"by {estimate(gain.loc[worst])} at {seen.point(worst)}"

    def random(channel: str) -> str:
        gain = less(accuracy, "random", full, channel)
        both = [less(accuracy, mask, "random", channel) for mask in MASKS]
        return (
            f"by {estimate(gain.iloc[-1])} (the other two lie above it {seen.at(paired.everywhere(both), gain.index)})"
        )

    def fewer(channel: str) -> str:
        return " and ".join(f"{shown[mask]} {above_and_below(less(accuracy, mask, half, channel))}" for mask in MASKS)

    def trained_on(channel: str) -> str:
        ends = (value_of(before.table, "memory", channel).iloc[-1], value_of(accuracy.table, full, channel).iloc[-1])
        return f"from {decimals(ends[0])} to {decimals(ends[1])}"

    return seen.Sentences(
        *(
            f"Against all symbols the {shown[mask]} changes the accuracy, where it costs most, "
            f"{by_channel(names, lambda channel, mask=mask: loss(mask, channel))}."
            for mask in MASKS
        ),
        f"After the third step the systems without a mask and that of the consecutive mask were trained on by {more_steps:,} "
        "steps, and the importance model as long over the former, frozen. At the highest SNR this took the accuracy with all "
        f"symbols {by_channel(names, trained_on)}: the masks are compared with the latter.",
        f"At the highest SNR the random mask changes it {by_channel(names, random)}.",
        f"Against a model that has half of the symbols from the start, and no mask, there lie {by_channel(names, fewer)}.",
    )


def lengths_seen(accuracy: Paired, names: Names) -> seen.Sentences:
    """All symbols against a model of half of them, and against the paper's adaptive chain."""

    full, half = unmasked(accuracy.table)

    def more(channel: str) -> str:
        gain = less(accuracy, full, half, channel)
        first, last = gain.index[0], gain.index[-1]
        return f"by {estimate(gain.loc[first])} at {seen.point(first)} and by {estimate(gain.loc[last])} at {seen.point(last)}"

    def adaptive(channel: str) -> str:
        gain = less(accuracy, "utf8_turbo_amc", full, channel)
        worst = gain.value.idxmin()
        return f"{above_and_below(gain)}, lowest by {estimate(gain.loc[worst])} at {seen.point(worst)}"

    return seen.Sentences(
        f"All symbols instead of half of them change the accuracy {by_channel(names, more)}.",
        f"The adaptive chain of letters lies, against Mem-DeepSC with all symbols, {by_channel(names, adaptive)}.",
    )


def symbols_frame(uses: pd.DataFrame) -> pd.DataFrame:
    """Table II with the positions counted, by SNR.

    ``position_uses`` are the fewest symbols that ``told`` bits can take, at the capacity log2(1 + SNR) of AWGN; ``saved`` is what
    an importance mask then saves of all symbols, ``saved_known`` what a mask does that the receiver knows.
    """
    snr = 10 ** (uses.snr_db / 10)
    frame = uses.assign(position_uses=uses.told / np.log2(1 + snr)).set_index("snr_db")
    frame["saved_known"] = 1 - frame.masked / frame.no_mask
    frame["saved"] = 1 - (frame.masked + frame.position_uses) / frame.no_mask
    return frame


def symbols_table(uses: pd.DataFrame, names: Names) -> Table:
    """Table II in words."""
    frame = symbols_frame(uses)
    shown = names.of("system")
    columns = {
        "no mask": frame.no_mask,
        "masked": frame.masked,
        "saved": frame.saved_known.map(seen.percent),
        "positions (bits)": frame.told,
        "positions (symbols, at least)": frame.position_uses.map("{:.1f}".format),
        "saved, with positions": frame.saved.map(seen.percent),
        shown["utf8_turbo_amc"]: frame.utf8_turbo_amc.map(number),
        "no mask / AMC": frame.share.map("{:.3f}".format),
    }
    return Table(pd.DataFrame(columns).rename_axis(names.heading("snr_db")))


def symbols_seen(uses: pd.DataFrame, least: float, greatest: float, shortest: float) -> seen.Sentences:
    """What eq. 15 saves, what the positions cost, and the shares of the adaptive chain; the other numbers are the paper's."""
    frame = symbols_frame(uses)
    first, last = frame.iloc[0], frame.iloc[-1]
    low, high = (seen.point(snr_db) for snr_db in (frame.index[0], frame.index[-1]))
    return seen.Sentences(
        f"Eq. 15 asks for {first.masked:g} symbols at {low} and {last.masked:g} at {high} of {last.no_mask:g}, where the paper "
        f"comes down to {shortest:g}: saved are {seen.percent(last.saved_known)} at the most.",
        f"To say which symbols an importance mask keeps takes {last.told:g} bits, at {high} no fewer than {last.position_uses:.1f} "
        f"symbols: saved are {seen.percent(last.saved)} then, and at {low} {seen.percent(first.saved)}.",
        f"All symbols are {seen.percent(frame.share.min(), '{:.1f}')} to {seen.percent(frame.share.max(), '{:.1f}')} of the "
        f"adaptive chain's, in the paper {seen.percent(least)} to {seen.percent(greatest, '{:.1f}')}.",
    )


def models_figure(
    sizes: pd.DataFrame, lengths: pd.DataFrame, uses: pd.DataFrame, *, floor: float, caption: str
) -> Figure:
    """Left the accuracy of models of several sizes, right the shortest that do, eq. 15 fitted to them, and the paper's numbers."""
    drawn, (left, right) = figures.new(caption, columns=2, size=(12.0, 4.8))
    order = sorted(sizes.num_symbols.unique())
    words = {size: f"{size} symbols" for size in order}
    figures.draw_curves(left, sizes, x="snr_db", y="value", hue="num_symbols", names=words, order=order)
    figures.draw_floor(left, floor)
    left.set(xlabel=figures.LABELS["snr_db"], ylabel="answer accuracy", ylim=(0, 1.02), title="models of several sizes")
    left.legend(loc="lower right")
    curves = {
        "shortest that does, measured": lengths.set_index("snr_db").shortest,
        "eq. 15, fitted to it": lengths.set_index("snr_db").fitted,
        "eq. 15 with the paper's μ_max, σ_m²": uses.set_index("snr_db").masked,
    }
    rows = pd.concat([curve.rename("value").reset_index().assign(curve=name) for name, curve in curves.items()])
    lines = dict(zip(curves, ("", "-", "--"), strict=True))
    figures.draw_curves(right, rows, x="snr_db", y="value", hue="curve", lines=lines)
    right.set(xlabel=figures.LABELS["snr_db"], ylabel="symbols a sentence", title="symbols that are enough")
    right.set_ylim(bottom=0)
    right.legend()
    return drawn


def models_seen(lengths: pd.DataFrame, mu_max: float, sigma_m2: float) -> seen.Sentences:
    """mu_max and sigma_m^2 of our models beside the paper's ``mu_max`` and ``sigma_m2``, and whether lengths follow the noise."""
    first, last = lengths.iloc[0], lengths.iloc[-1]
    noise = last.sigma_m2
    if np.isinf(noise):
        fit = "no finite σ_m² fits: the lengths do not grow with the channel's noise"
    elif noise == 0:
        fit = "σ_m² is 0: the lengths grow with the channel's noise as eq. 16 has it, of a model without noise"
    else:
        fit = f"σ_m² is {decimals(noise)} and L {decimals(last.minimum)}, from eq. 15 fitted to the shortest lengths"
    errors = (lengths.fitted - lengths.shortest).abs()
    return seen.Sentences(
        f"The largest part of our symbols, which have unit mean power, is {decimals(last.mu_max)}, where the paper has μ_max = "
        f"{mu_max:g}.",
        f"Of our models {fit}; the paper has {sigma_m2:g}.",
        f"Within {decimals(first.margin)} of the best are {first.shortest:g} symbols at {seen.point(first.snr_db)} and "
        f"{last.shortest:g} at {seen.point(last.snr_db)}; eq. 15 as fitted is off by "
        f"{decimals(errors.max())} symbols at the most, at "
        f"{seen.point(lengths.snr_db[errors.idxmax()])}.",
    )
