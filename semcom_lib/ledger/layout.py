"""Tables to be read in an executed notebook: text to the left, numbers to the right with their points below each other.

    layout.Table(frame)        # as the last value of a cell

The same frame gives the same bytes: there is no style sheet and no id, every cell says for itself how it is set.
"""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import pandas as pd

from semcom_lib.ledger.names import Names, decimals, measured, number

MARKS = {  # how a verdict begins
    **{
        "✓": "color:#0173b2",
        "▲": "color:#0173b2",
        "?": "color:#5f5f5f;font-style:italic",
        "✗": "color:#a84300;font-weight:bold",
    },
    **dict.fromkeys("≡∅○", "color:#5f5f5f"),
}
_NUMBER = re.compile(r"[−+]?\d[\d,]*(\.\d+)?")
_NUMBERS = re.compile(rf"({_NUMBER.pattern}|never)?( of \d+| dB| x)?([ \n]?\[.*\])?(\n[a-z ]+)?")
_FIGURE_SPACE, _POINT_SPACE = "\u2007", "\u2008"  # as wide as a digit, as wide as a point
_WIDE = 28  # characters; longer texts are wrapped
_COLUMNS = 4  # of estimates that fit a page beside their names


@dataclass(frozen=True)
class Table:
    """A frame as a table; of a row's name the lines after the first are set smaller, and ``links`` says where it leads."""

    frame: pd.DataFrame
    links: Sequence[str] = ()

    def __repr__(self) -> str:
        lines = [[*_index_names(self.frame), *map(_heading, self.frame.columns)]]
        lines += [
            [*key, *row]
            for key, row in zip(_keys(self.frame), zip(*_columns(self.frame).values(), strict=True), strict=True)
        ]
        return "\n".join(" | ".join(cell.replace("\n", " ") for cell in line) for line in lines)

    def _repr_html_(self) -> str:
        columns = _columns(self.frame)
        right = [_is_of_numbers(texts) for texts in columns.values()]
        shown = [
            _aligned(texts) if of_numbers else texts for texts, of_numbers in zip(columns.values(), right, strict=True)
        ]
        levels = _spans(_keys(self.frame))
        lines = ["<table>", "<thead>", *self._head(right), "</thead>", "<tbody>"]
        for i, cells in enumerate(zip(*shown, strict=True)):
            heads = [_row_head(*level[i], self.links[i] if self.links else "") for level in levels if i in level]
            body = [_cell(text, of_numbers) for text, of_numbers in zip(cells, right, strict=True)]
            lines.append(f"<tr>{''.join(heads)}{''.join(body)}</tr>")
        return "\n".join([*lines, "</tbody>", "</table>"])

    def _head(self, right: Sequence[bool]) -> list[str]:
        names, columns = _index_names(self.frame), self.frame.columns
        heads = "".join(_tag("th", html.escape(name), _align(False)) for name in names)
        cells = zip(map(_heading, columns), right, strict=True)
        lines = [f"<tr>{heads}{''.join(_tag('th', _lines(name), _align(to_right)) for name, to_right in cells)}</tr>"]
        if columns.name:
            span = f' colspan="{len(columns)}"'
            corner = "".join(_tag("th", "", "") for _ in names)
            lines.insert(0, f"<tr>{corner}{_tag('th', html.escape(columns.name), 'text-align:center', span)}</tr>")
        return lines


def estimates(table: pd.DataFrame, *, rows: Sequence[str], columns: str, names: Names | None = None) -> Table:
    """value, low and high of a tidy table: a row for each value of ``rows``, a column for each of ``columns``.

    Both are in the order of ``names`` where it knows their values, else in the table's. In a wide table the intervals stand
    below their estimates.
    """
    names = names or Names()
    between = "\n" if table[columns].nunique() > _COLUMNS else " "
    cells = table[[*rows, columns]].assign(
        cell=[measured(row.value, row.low, row.high, between) for row in table.itertuples()]
    )
    cells = cells.pivot(index=list(rows), columns=columns, values="cell")
    orders = [_order(table[column], names.of(column)) for column in (*rows, columns)]
    by_row = pd.MultiIndex.from_product(orders[:-1]) if len(rows) > 1 else orders[0]
    cells = cells.reindex(index=by_row, columns=orders[-1]).dropna(how="all").fillna("")
    for level, column in enumerate(rows):
        shown = names.of(column)
        cells = cells.rename(
            index=lambda value, shown=shown: shown.get(value, value), level=level if len(rows) > 1 else None
        )
    cells = cells.rename(columns=names.of(columns))
    cells = cells.rename_axis(columns=names.heading(columns), index=[names.heading(row) for row in rows])
    return Table(cells)


def _order(column: pd.Series, shown: Sequence[object]) -> list[object]:
    there = column.unique().tolist()
    return [*(value for value in shown if value in there), *(value for value in there if value not in shown)]


def _index_names(frame: pd.DataFrame) -> list[str]:
    """The heads of the row names' columns; none where the rows are only counted."""
    if _is_counted(frame):
        return []
    return [name or "" for name in frame.index.names]


def _keys(frame: pd.DataFrame) -> list[tuple[str, ...]]:
    if _is_counted(frame):
        return [()] * len(frame)
    keys = frame.index if isinstance(frame.index, pd.MultiIndex) else [(key,) for key in frame.index]
    return [tuple(map(_heading, key)) for key in keys]


def _is_counted(frame: pd.DataFrame) -> bool:
    return isinstance(frame.index, pd.RangeIndex) and frame.index.name is None


def _heading(name: object) -> str:
    """The words of a row or a column: 6 for 6.0."""
    return f"{name:g}".replace("-", "−") if isinstance(name, float) else str(name)


def _columns(frame: pd.DataFrame) -> dict[str, list[str]]:
    """The texts of every column: texts as they are, numbers alike all the way down."""
    return {str(name): _texts(column) for name, column in frame.items()}


def _texts(column: pd.Series) -> list[str]:
    if not pd.api.types.is_numeric_dtype(column) or column.dtype == bool:
        return ["" if pd.isna(value) else str(value) for value in column]
    whole = (column.dropna() % 1 == 0).all()
    return ["" if pd.isna(value) else (number if whole else decimals)(float(value)) for value in column]


def _is_of_numbers(texts: Sequence[str]) -> bool:
    return any(texts) and all(_NUMBERS.fullmatch(text) for text in texts)


def _aligned(texts: Sequence[str]) -> list[str]:
    """Room after each plain number for the decimals that others have, so that their points are below each other."""
    places = [len(text) - (text.find(".") + 1 or len(text) + 1) if _NUMBER.fullmatch(text) else -1 for text in texts]
    most = max(places)
    return [_padded(text, place, most) for text, place in zip(texts, places, strict=True)]


def _padded(text: str, places: int, most: int) -> str:
    if places == most or not _NUMBER.fullmatch(text):
        return text
    return text + _POINT_SPACE * (places < 0) + _FIGURE_SPACE * (most - max(places, 0))


def _spans(keys: Sequence[tuple[str, ...]]) -> list[dict[int, tuple[str, int]]]:
    """Where a row name begins at each level, and for how many rows: {row: (name, rows)}; none spans two of a level above."""
    levels = []
    for depth in range(len(keys[0]) if keys else 0):
        spans, row = {}, 0
        for names, rows in groupby(key[: depth + 1] for key in keys):
            length = len(list(rows))
            spans[row] = (names[-1], length)
            row += length
        levels.append(spans)
    return levels


def _row_head(name: str, rows: int, link: str) -> str:
    first, *rest = name.split("\n")
    words = html.escape(first)
    words = f'<a href="{html.escape(link)}">{words}</a>' if link else words
    words += "".join(f'<br><span style="font-weight:normal;font-size:90%">{html.escape(line)}</span>' for line in rest)
    style = _align(False) + (";min-width:14em" if rest else ";white-space:nowrap" if len(first) <= _WIDE else "")
    return _tag("th", words, style, f' rowspan="{rows}"' if rows > 1 else "")


def _cell(text: str, to_right: bool) -> str:
    is_short = max(map(len, text.split("\n"))) <= _WIDE
    style = _align(to_right) + (";white-space:nowrap" if to_right or is_short else ";min-width:10em")
    mark = MARKS.get(text[:1])
    return _tag("td", _lines(text), f"{style};{mark}" if mark else style)


def _lines(text: str) -> str:
    return html.escape(text).replace("\n", "<br>")


def _align(to_right: bool) -> str:
    return f"text-align:{'right' if to_right else 'left'};vertical-align:top"


def _tag(name: str, words: str, style: str, more: str = "") -> str:
    return f'<{name}{more} style="{style}">{words}</{name}>' if style else f"<{name}{more}>{words}</{name}>"
