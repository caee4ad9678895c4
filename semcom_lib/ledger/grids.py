"""Tables of a paper as claims: an entry with a grid stands for a claim in each of its cells."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any


def cells(entry: Any, where: str) -> list[dict[str, Any]]:
    """The claims of one entry: itself, or one a cell of its grid. Raises ValueError that begins with ``where``."""
    if not isinstance(entry, Mapping):
        raise ValueError(f"{where}: must be a mapping, is {entry!r}")
    if "grid" not in entry:
        return [dict(entry)]
    shared = {key: value for key, value in entry.items() if key != "grid"}
    grid = entry["grid"] if isinstance(entry["grid"], Mapping) else {}
    axes = {key: axis for key, axis in grid.items() if key != "paper_value"}
    if not axes or not all(isinstance(axis, list) and axis for axis in axes.values()):
        raise ValueError(f"{where}: grid must name columns, each with a list of values")
    given = shared.get("where", {})
    if not isinstance(given, Mapping):
        raise ValueError(f"{where}: where must be a mapping, is {given!r}")
    if both := sorted(set(axes) & set(given)):
        raise ValueError(f"{where}: grid and where both have {both[0]}")
    unfolded = []
    for place in itertools.product(*(range(len(axis)) for axis in axes.values())):
        chosen = {column: axis[index] for (column, axis), index in zip(axes.items(), place, strict=True)}
        cell = {**shared, "where": {**given, **chosen}}
        if "paper_value" in grid:
            cell["paper_value"] = _at(grid["paper_value"], place, [len(axis) for axis in axes.values()], where)
        for key in [key for key in ("claim", "title", "quote", "note", "cause") if isinstance(cell.get(key), str)]:
            for word, value in {**chosen, "paper_value": cell.get("paper_value")}.items():
                cell[key] = cell[key].replace(f"{{{word}}}", str(value))
        unfolded.append(cell)
    return unfolded


def _at(nested: Any, place: Sequence[int], shape: Sequence[int], where: str) -> Any:
    for index, length in zip(place, shape, strict=True):
        if not isinstance(nested, list) or len(nested) != length:
            raise ValueError(
                f"{where}: grid: paper_value must be nested lists of {' x '.join(map(str, shape))} numbers"
            )
        nested = nested[index]
    return nested
