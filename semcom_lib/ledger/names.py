"""What a reader is told instead of the short names in tables: `snr_db` is SNR, `refined` is L-DeepSC, refined CSI.

reference/<paper>.yaml has them once, for its rules and for the legends and tables of its reports.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

Cell = str | bool | float
UNITS = {"_db": "\N{NO-BREAK SPACE}dB"}  # a unit is a suffix of its column's name


@dataclass(frozen=True)
class Names:
    """``columns``: {column: shown}; ``values``: {column: {value: shown}}. What is not in them is shown as it is."""

    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[Cell, str]] = field(default_factory=dict)

    def of(self, column: str) -> Mapping[Cell, str]:
        """The shown names of a column's values, in the file's order; none if it has no names."""
        return self.values.get(column, {})

    def column(self, column: str) -> str:
        """SNR for `snr_db`."""
        return self.columns.get(column, column)

    def heading(self, column: str) -> str:
        """The head of a table's column: SNR (dB)."""
        unit = self.quantity(column, "").strip()
        return f"{self.column(column)} ({unit})" if unit else self.column(column)

    def quantity(self, column: str, amount: str) -> str:
        """``amount``, a number in words, with the column's unit: 6 dB."""
        return amount + next((unit for suffix, unit in UNITS.items() if column.endswith(suffix)), "")

    def value(self, column: str, *values: Cell) -> str:
        """One of these ``values`` of a column, in words: L-DeepSC, refined CSI; SNR = 0 or 6 dB; codec h264."""
        shown = self.of(column)
        named = [shown[value] for value in values if value in shown]
        if len(named) == len(values):
            return ("; " if any("," in name for name in named) else " or ").join(named)
        if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
            amount = self.quantity(column, " or ".join(map(plain, values)))
            return f"{self.column(column)}\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{amount}"
        return f"{self.column(column)} {' or '.join(shown.get(value, str(value)) for value in values)}"


def plain(x: float) -> str:
    """A number as its file has it, with a minus sign and thousands set apart: 0.02, 615,000, −3."""
    words = f"{x:,.15g}" if isinstance(x, float) else f"{x:,}"
    return words.replace("-", "−")


def number(x: float | None) -> str:
    """The one format of numbers: whole ones whole, others as :func:`decimals`; nothing where there is none, ∞ for infinity."""
    if x is None or x != x:
        return ""
    if math.isinf(x):
        return "∞" if x > 0 else "−∞"
    return f"{x:,.0f}".replace("-", "−") if x == round(x) else decimals(x)


def decimals(x: float) -> str:
    """Three decimals, or as many as show the first digit of a smaller number that is not nothing (six at most)."""
    places = min(6, math.ceil(-math.log10(abs(x)))) if 0 < abs(x) < 0.0005 else 3
    return f"{x:,.{places}f}".replace("-", "−")


def interval(low: float, high: float) -> str:
    """[low, high]; nothing where there is none."""
    return "" if low != low else f"[{decimals(low)}, {decimals(high)}]"


def measured(x: float, low: float, high: float, between: str = " ") -> str:
    """An estimate with its interval: 0.652 [0.645, 0.658]; nothing where there is none."""
    return "" if x != x else f"{decimals(x)}{between}{interval(low, high)}".strip()
