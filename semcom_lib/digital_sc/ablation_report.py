"""What the report on the parts draws, and what is seen in it  [digital_sc Table III].

ablation, rates = (paired.read("digital_sc", name) for name in ("ablation", "rates"))
"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from semcom_lib import figures
from semcom_lib.digital_sc.reports import estimate, sides
from semcom_lib.ledger import seen
from semcom_lib.ledger.layout import Table
from semcom_lib.ledger.names import Names, decimals, measured
from semcom_lib.ledger.paired import Paired

NATURAL = {"quantiser": "learned", "labels": "natural"}
GRAY = {"quantiser": "learned", "labels": "gray"}
RELABELLED = {"quantiser": "learned", "labels": "relabelled"}
KINDS = ("learned", "even", "range")


def cases_table(ablation: pd.DataFrame, costs: pd.DataFrame, paper: dict[int, float], names: Names) -> Table:
    """Table III: what each case is, its channels and symbols, our accuracy with its interval, and the ``paper``'s by case."""
    rows = ablation[ablation.case > 0].set_index("case")
    of_case = costs.set_index("case").reindex(rows.index)
    columns = {
        "channels": of_case.channels.map("{:.0f}".format).replace("nan", ""),
        "symbols": of_case.channel_uses.map("{:,.0f}".format).replace("nan", ""),
        "ours": [measured(row.value, row.low, row.high) for row in rows.itertuples()],
        "the paper's": [decimals(paper[case]) for case in rows.index],
    }
    frame = pd.DataFrame(columns, index=rows.index).rename(index=names.of("case"))
    return Table(frame.rename_axis("case"))


def case_less(ablation: Paired, of: int, than: int) -> pd.Series:
    """The accuracy of one case minus that of another: value, low, high."""
    return ablation.difference({"case": of}, {"case": than}, along="ber").iloc[0]


def cases_seen(ablation: Paired) -> seen.Sentences:
    """What each part is worth, by the comparisons that the paper makes."""
    parts = {
        "The SLL instead of cross-entropy": {
            "with all channels": (3, 2),
            "pruned": (5, 4),
            "pruned and quantised": (7, 6),
        },
        "Pruning": {"with cross-entropy": (4, 2), "with the SLL": (5, 3)},
        "Quantisation": {"with cross-entropy": (6, 4), "with the SLL": (7, 5)},
        "Noise, and the SLL against it,": {"of case 3 over case 1": (3, 1)},
    }
    return seen.Sentences(
        *(
            f"{part} changes the accuracy by "
            f"{seen.listed([f'{estimate(case_less(ablation, *pair))} {words}' for words, pair in pairs.items()])}."
            for part, pairs in parts.items()
        )
    )


def compared(rates: pd.DataFrame) -> dict[str, int]:
    """The bits and channels at which quantisers and labels are compared."""
    row = rates[rates.quantiser == "range"].iloc[0]
    return {"bits": int(row.bits), "num_channels": int(row.num_channels)}


def kinds_figure(rates: pd.DataFrame, names: Names, *, caption: str) -> Figure:
    """The accuracy against BER, left of three quantisers, right of natural and Gray labels, at equal bits."""
    at = compared(rates)
    rows = rates[(rates.bits == at["bits"]) & (rates.num_channels == at["num_channels"])]
    drawn, (left, right) = figures.new(caption, columns=2, size=(12.0, 4.8))
    for ax, column, part in (
        (left, "quantiser", rows[rows.labels == "natural"]),
        (right, "labels", rows[rows.quantiser == "learned"]),
    ):
        ax.set_xscale("log")
        figures.draw_curves(ax, part, x="ber", y="value", hue=column, names=names.of(column))
        ax.set(xlabel="BER", ylabel="accuracy", title=names.column(column))
        ax.legend()
    return drawn


def kinds_seen(rates: Paired) -> seen.Sentences:
    """Learned against uniform levels, and Gray against natural labels, at equal bits."""
    at = compared(rates.table)

    def less(of: dict[str, str], than: dict[str, str]) -> pd.DataFrame:
        return rates.difference(of, than, along="ber", **at)

    def said(of: dict[str, str], than: dict[str, str]) -> str:
        difference = less(of, than)
        most = difference.value.abs().idxmax()
        return f"{sides(difference, '', 'BER')}, by {estimate(difference.loc[most])} at BER {most:g}"

    even, spanning = ({"quantiser": kind, "labels": "natural"} for kind in KINDS[1:])
    return seen.Sentences(
        f"Learned levels lie, against evenly spaced ones whose ends are learned, {said(NATURAL, even)}; against those that "
        f"span the range (eq. 8), {said(NATURAL, spanning)}.",
        f"Gray labels lie, against natural ones, {said(GRAY, NATURAL)}; put in after the training, {said(RELABELLED, NATURAL)}.",
    )


def levels_seen(rates: Paired, ber: float) -> seen.Sentences:
    """Learned against even levels at every number of bits, at one BER."""
    number, table = compared(rates.table)["num_channels"], rates.table
    said = []
    for bits in sorted(table.bits[(table.quantiser == "even") & (table.num_channels == number)].unique()):
        even = {"quantiser": "even", "labels": "natural"}
        less = rates.difference(NATURAL, even, along="ber", bits=bits, num_channels=number).loc[ber]
        said.append(f"{estimate(less)} at {bits} bit{'s' if bits > 1 else ''}")
    return seen.Sentences(f"At BER {ber:g} learned levels less even ones make {seen.listed(said)}.")


def plane(rates: pd.DataFrame, uses: pd.DataFrame, ber: float) -> pd.DataFrame:
    """bits, num_channels, channel_uses, value, low, high of learned levels with natural labels at one BER."""
    keys = ["quantiser", "labels", "bits", "num_channels"]
    rows = rates[(rates.quantiser == "learned") & (rates.labels == "natural") & (rates.ber == ber)]
    return rows.merge(uses, on=keys).sort_values(["num_channels", "bits"])


def of_device(accuracy: pd.DataFrame, splits: pd.DataFrame, ber: float) -> pd.DataFrame:
    """split, device_flops, value, low, high of every fixed split point at one BER; none takes more channel uses than the main."""
    rows = accuracy[(accuracy.system == "fixed") & (accuracy.ber == ber)]
    return rows.merge(splits[["split", "device_flops"]], on="split").sort_values("device_flops")


def plane_figure(rows: pd.DataFrame, of_splits: pd.DataFrame, *, caption: str) -> Figure:
    """Left the accuracy against the channel uses, a curve for each number of channels, a point for each number of bits; right
    against the operations of the device, a point for each split point.
    """
    drawn, (ax, right) = figures.new(caption, columns=2, size=(12.0, 4.6))
    words = {number: f"{number} channels" for number in rows.num_channels.unique()}
    figures.draw_curves(ax, rows, x="channel_uses", y="value", hue="num_channels", names=words)
    for row in rows.itertuples():
        ax.annotate(
            f"{row.bits} bit", (row.channel_uses, row.value), (4, -11), textcoords="offset points", fontsize="x-small"
        )
    ax.set(xlabel="QPSK symbols an image", ylabel="accuracy", title="bits and channels, one split point")
    ax.legend()
    megaflops = of_splits.device_flops / 1e6
    error = np.stack([of_splits.value - of_splits.low, of_splits.high - of_splits.value]).clip(min=0)
    right.errorbar(megaflops, of_splits.value, yerr=error, color=figures.PALETTE[0], marker="o", capsize=3)
    for x, row in zip(megaflops, of_splits.itertuples(), strict=True):
        right.annotate(f"block {row.split}", (x, row.value), (4, -11), textcoords="offset points", fontsize="x-small")
    right.set(xlabel="MFLOP of the device", ylabel="accuracy", title="split points, at most as many channel uses")
    return drawn


def plane_seen(rows: pd.DataFrame, of_splits: pd.DataFrame, device_share: float) -> seen.Sentences:
    """How accuracy grows with bits and with channels, and what is the cheapest that is nearly the best."""
    best = rows.loc[rows.value.idxmax()]
    near = rows[rows.value >= best.value - 0.01]
    cheapest = near.loc[near.channel_uses.idxmin()]
    gains = {
        number: of_number.set_index("bits").value.iloc[[0, -1]].tolist()
        for number, of_number in rows.groupby("num_channels")
    }
    grown = [
        f"from {decimals(low)} to {decimals(high)} with {number} channels" for number, (low, high) in gains.items()
    ]
    return seen.Sentences(
        f"From {rows.bits.min()} to {rows.bits.max()} bits the accuracy goes {seen.listed(grown)}.",
        f"The best is {decimals(best.value)} with {best.num_channels} channels at {best.bits} bits, in "
        f"{best.channel_uses:,} symbols; within a hundredth of it is {cheapest.num_channels} channels at {cheapest.bits} bits, "
        f"in {cheapest.channel_uses:,}.",
        f"All of them ask the device for {seen.percent(device_share)} of the network's FLOPs. In at most as many channel uses the "
        f"accuracy goes from {decimals(of_splits.value.iloc[0])} behind block {of_splits.split.iloc[0]}, where the device computes "
        f"{of_splits.device_flops.iloc[0] / 1e6:.1f} MFLOP, to {decimals(of_splits.value.iloc[-1])} behind block "
        f"{of_splits.split.iloc[-1]}, {of_splits.device_flops.iloc[-1] / 1e6:.1f} MFLOP.",
    )
