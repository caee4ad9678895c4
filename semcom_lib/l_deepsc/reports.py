"""What the reports of L-DeepSC on constellations and compression draw, and what is seen in it  [l_deepsc Figs. 5, 10, 11].

    names = load_reference("l_deepsc").names
    constellations(symbols, names, caption=...)
    constellations_seen(symbols)

Those on fading channels are in :mod:`semcom_lib.l_deepsc.fading_report`.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from semcom_lib import figures
from semcom_lib.ledger import seen
from semcom_lib.ledger.names import Names, decimals


def constellations(symbols: pd.DataFrame, names: Names, *, caption: str) -> Figure:
    """The symbols of full resolution and of the coarsest constellation side by side  [l_deepsc Fig. 5]."""
    panels = {names.of("system")[system]: _points(symbols, system) for system in ("full", coarsest(symbols))}
    return figures.scatter(panels, caption=caption)


def constellations_seen(symbols: pd.DataFrame) -> seen.Sentences:
    """How many points there are, how far the distributions are apart, and which points of the grid stay empty."""
    system = coarsest(symbols)
    full, coarse = _points(symbols, "full"), _points(symbols, system)
    used = np.unique(coarse)
    levels = [np.unique(part(coarse)) for part in (np.real, np.imag)]
    grid = (levels[0][:, None] + 1j * levels[1]).ravel()
    empty = np.abs(grid[~np.isin(grid, used)])
    gaps = [distribution_gap(part(full), part(coarse)) for part in (np.real, np.imag)]
    fullest = max(np.unique(part(coarse), return_counts=True)[1].max() / len(coarse) for part in (np.real, np.imag))
    blank = "No crossing of its levels stays empty, where the paper points out blank regions at the edge."
    if len(empty):
        blank = (
            f"{len(empty)} crossings of its levels stay empty, at a mean amplitude of {decimals(empty.mean())} against "
            f"{decimals(np.abs(used).mean())} of those in use: the paper points out blank regions at the edge."
        )
    return seen.Sentences(
        f"Of {len(full):,} symbols, full resolution makes {len(np.unique(full)):,} different points and the coarse "
        f"constellation {len(used)}, of {2 ** (2 * _bits(system))} that {_bits(system)} bits a real dimension allow.",
        f"The distribution functions of the two are at most {decimals(gaps[0])} apart in phase and {decimals(gaps[1])} in "
        f"quadrature, {seen.percent(max(gaps) / fullest)} of what the fullest level of a dimension carries alone.",
        blank,
    )


def coarsest(symbols: pd.DataFrame) -> str:
    """The constellation with the fewest bits: 4-bit."""
    return min((system for system in symbols.system.unique() if system != "full"), key=_bits)


def distribution_gap(a: np.ndarray, b: np.ndarray) -> float:
    """The largest distance between the distribution functions of two samples (Kolmogorov and Smirnov's)."""
    points = np.sort(np.concatenate([a, b]))
    shares = (np.searchsorted(np.sort(sample), points, side="right") / len(sample) for sample in (a, b))
    return float(np.abs(np.subtract(*shares)).max())


def panels_of_snr(
    table: pd.DataFrame,
    x: str,
    xlabel: str,
    panels: Mapping[str, pd.Series],
    *,
    legend: str,
    floor: float,
    caption: str,
) -> Figure:
    """BLEU-1 against ``x``, a panel for each mask of rows, a curve an SNR, and the floor  [l_deepsc Figs. 10, 11]."""
    figure, axes = figures.new(caption, columns=len(panels))
    snrs_db = sorted(table.snr_db.unique())
    names = {snr_db: f"{snr_db:g} dB" for snr_db in snrs_db}
    for ax, (title, rows) in zip(axes, panels.items(), strict=True):
        chosen = table[rows & (table.metric == "bleu_1")].sort_values(["snr_db", x])
        figures.draw_curves(ax, chosen, x=x, y="value", hue="snr_db", names=names, order=snrs_db)
        ax.set(xlabel=xlabel, title=title, ylim=(0, 1))
        figures.draw_floor(ax, floor)
        ax.legend(loc=legend)
    axes[0].set_ylabel("BLEU (1-gram)")
    return figure


def losses(table: pd.DataFrame, x: str, against: float) -> pd.DataFrame:
    """What BLEU-1 loses against the rows with ``against`` in column ``x``: (values of x, SNRs), positive for a loss."""
    value = table[table.metric == "bleu_1"].pivot(index=x, columns="snr_db", values="value")
    return -value.sub(value.loc[against])


def _points(symbols: pd.DataFrame, system: str) -> np.ndarray:
    rows = symbols[symbols.system == system]
    return (rows.real + 1j * rows.imag).to_numpy()


def _bits(system: str) -> int:
    return int(system.removesuffix("-bit"))
