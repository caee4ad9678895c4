"""What is seen in a figure, said below it: curves of a measured table, where one lies above another, and words for that.

    full, coarse = (seen.curve(bleu, metric="bleu_1", system=system) for system in ("full", "4-bit"))
    loss = full.value - coarse.value
    seen.Sentences(f"4 bits lose at most {decimals(loss.max())} in BLEU-1, at {seen.point(loss.idxmax(), 'dB')}.")

Every number comes from the table, and so does every word that depends on it: the same cell tells the truth at another profile.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from semcom_lib import draws
from semcom_lib.ledger.names import plain


class Sentences:
    """Sentences as one paragraph of a notebook."""

    def __init__(self, *sentences: str) -> None:
        self.text = " ".join(sentences)

    def __repr__(self) -> str:
        return self.text

    def _repr_markdown_(self) -> str:
        return f"**What is seen.** {self.text}"


def curve(
    table: pd.DataFrame, along: str = "snr_db", *, drawn: np.ndarray | None = None, **equal: object
) -> pd.DataFrame:
    """value, low and high by ``along``, sorted, of the rows whose columns ``equal`` what is given.

    ``drawn`` are the draws of the table's rows as :func:`semcom_lib.draws.read_draws` gives them, (rows, number); each row's are
    then in a column ``draws``. Raises ValueError if there are no such rows, several at one point, or draws of another table.
    """
    if drawn is not None:
        if len(drawn) != len(table):
            raise ValueError(f"drawn has {len(drawn)} rows: the table has {len(table)}")
        table = table.assign(draws=list(drawn))
    rows = table
    for column, value in equal.items():
        rows = rows[rows[column] == value]
    said = ", ".join(f"{column} {value}" for column, value in equal.items())
    if rows.empty:
        raise ValueError(f"no row has {said}")
    if rows[along].duplicated().any():
        raise ValueError(f"several rows of {said} are at one {along}")
    bounds = [column for column in ("low", "high", "draws") if column in rows]
    return rows.set_index(along)[["value", *bounds]].sort_index()


def surely_above(a: pd.DataFrame, b: pd.DataFrame) -> list[float]:
    """The points at which ``a`` lies above ``b`` with 95 % confidence.

    That is the whole interval of their paired draws' difference where both curves have draws, as the ledger has it; else the
    whole interval of ``a`` above that of ``b``, which asks for more where both met the same noise.
    """
    a, b = a.align(b, join="inner", axis=0)
    if "draws" in a and "draws" in b:
        above = pd.Series(draws.interval(np.stack(a.draws) - np.stack(b.draws))[0] > 0, a.index)
    else:
        above = a.low > b.high
    return above.index[above].tolist()


def passing(a: pd.DataFrame, b: pd.DataFrame) -> float | None:
    """The first point from which on ``a`` lies above ``b`` wherever they were measured; None if it does not at the last."""
    below = a.index[~(a.value > b.value)]
    later = a.index[a.index > below[-1]] if len(below) else a.index
    return later[0] if len(later) else None


def at(points: Sequence[float], of: Sequence[float], unit: str = "dB", kind: str = "SNR") -> str:
    """Where something holds, ``of`` being all points where it was looked for: at no SNR, from 6 dB on, at 0 and 12 dB."""
    holds = np.isin(of, points)
    if holds.all() or not holds.any():
        return f"at {'every' if holds.all() else 'no'} {kind}"
    first, last = np.flatnonzero(holds)[[0, -1]]
    words = [plain(point) for point in np.asarray(of)[holds]]
    if len(words) > 1 and holds[first : last + 1].all():
        if last == len(holds) - 1:
            return point(of[first], unit, "from {} on")
        if first == 0:
            return point(of[last], unit, "up to {}")
        if len(words) > 2:
            return point(of[last], unit, f"from {words[0]} to {{}}")
    return with_unit(f"at {listed(words)}", unit)


def point(x: float, unit: str = "dB", sentence: str = "{}") -> str:
    """One point in words: 6 dB."""
    return sentence.format(with_unit(plain(x), unit))


def with_unit(words: str, unit: str) -> str:
    """``words`` and a unit that stays on their line; nothing is added for an empty unit."""
    return f"{words}\N{NO-BREAK SPACE}{unit}" if unit else words


def listed(words: Sequence[str]) -> str:
    """a, b and c."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def span(values: pd.Series, form: str = "{:.3f}") -> str:
    """From the least to the greatest: 0.120 to 0.350; one number where both read alike."""
    ends = [form.format(end).replace("-", "−") for end in (values.min(), values.max())]
    return " to ".join(dict.fromkeys(ends))


def percent(share: float, form: str = "{:.0f}") -> str:
    """A share in hundredths: 62 %; ``form`` may ask for more digits or a sign."""
    return with_unit(form.format(100 * share).replace("-", "−"), "%")


def scientific(x: float) -> str:
    """A small number by its power of ten: 3.6 · 10⁻⁵; 0 as it is."""
    if x == 0:
        return "0"
    digits, power = f"{x:.1e}".split("e")
    return f"{digits}\N{NO-BREAK SPACE}·\N{NO-BREAK SPACE}10{str(int(power)).translate(_RAISED)}".replace("-", "−")


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
