"""What a paper says: its values, exhibits and claims, read strictly from reference/<paper>.yaml.

    paper: l_deepsc
    title: A Lite Distributed ...
    values:                       # plain values that notebooks quote and claims name
      num_weights: {value: 3333120, place: Table III}
    exhibits:                     # what a claim may be filed under; paths are below reports/
      fig06: {title: "Fig. 6: ...", report: l_deepsc/4_constellation.ipynb, figure: l_deepsc/figures/... .svg}
    claims:
      - claim: alike_above_9_db   # its key, once in the file
        exhibit: fig06
        place: Sec. IV-A
        quote: "very similar performance when SNR > 9 dB"
        table: constellation.csv  # below results/<paper>/; ../other/table.csv for another's
        measure: difference       # value | difference | ratio: of, of - than, of / than
        of: {system: full}        # which rows
        than: {system: [8-bit, 4-bit]}
        where: {metric: bleu_1, snr_db: {above: 9}}
        pair: [snr_db]
        expect: {within: [-0.02, 0.02]}
      - claim: runtime            # nothing here can judge it: `out_of_reach` takes the place of the keys from `table` on
        exhibit: table3
        place: Table III
        quote: 20 ms
        out_of_reach: The time is that of the authors' computer.

The other keys of a claim:

    paper_value   the paper's number, or the name of one of `values`; none where the paper has words only
    column        what is measured, `value` unless named; its interval is in low and high, else <column>_low and <column>_high
    of, than      which rows, by column: a value; a list, any of it; {above, at_least, at_most, below: number}; {max: true} or
                  {min: true}, the rows with the highest or lowest value among those that meet the other conditions
    where         conditions on the rows of both
    pair          columns in which a row of `of` and one of `than` agree to be a point; for a plain value, columns along which
                  the points run. Every other column in which an operand's rows differ must be in its conditions.
    points        all (unless named): every point must meet `expect`; any: one of them; mean: their mean
    expect        at_least, at_most, above, below: bound; within: [bound, bound]; near: {value: bound, tolerance: number};
                  several must all hold. A bound is a number, `paper` or `paper - 0.02`, where `paper` is paper_value.
    certain       true: the whole 95 % interval must meet `expect`, not the estimate alone
    note          what a reader of the verdict should know
    grid          {column: [...], column: [...], paper_value: [[...], ...]}: a claim for each cell, whose values join `where`;
                  {column} and {paper_value} in claim, quote and note become the cell's

An exhibit may name its `data`, where they are not the paper's dataset.
All that is wrong with a file is one ValueError that names file, claim and key.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Any, NoReturn

import yaml

from semcom_lib import paths
from semcom_lib.ledger.conditions import Condition, Expectation, is_number, read_conditions, read_expectation

MEASURES = ("value", "difference", "ratio")
POINTS = ("all", "any", "mean")
ANYTHING = Expectation()


@dataclass(frozen=True)
class Value:
    """A number that the paper prints, and where."""

    value: float
    place: str


@dataclass(frozen=True)
class Exhibit:
    """A figure or table of the paper: where we show it, below reports/, and the data if not the paper's dataset."""

    title: str
    report: str
    figure: str | None = None
    data: str | None = None


@dataclass(frozen=True)
class Claim:
    """One claim: out of reach, or with a table, rows to compare and what their measure must meet."""

    claim: str
    exhibit: str
    place: str
    quote: str
    paper_value: float | None = None
    out_of_reach: str | None = None
    note: str | None = None
    table: str = ""
    column: str = "value"
    measure: str = "value"
    of: tuple[Condition, ...] = ()
    than: tuple[Condition, ...] = ()
    where: tuple[Condition, ...] = ()
    pair: tuple[str, ...] = ()
    points: str = "all"
    expect: Expectation = ANYTHING
    certain: bool = False


@dataclass(frozen=True)
class Reference:
    """All of one paper's file."""

    paper: str
    title: str
    values: Mapping[str, Value]
    exhibits: Mapping[str, Exhibit]
    claims: tuple[Claim, ...]

    def claims_of(self, exhibit: str | None) -> tuple[Claim, ...]:
        """The claims of one exhibit, or all. Raises ValueError for an exhibit that the file does not have."""
        if exhibit is not None and exhibit not in self.exhibits:
            _fail(f"reference/{self.paper}.yaml", f"exhibit {exhibit!r} is unknown; one of: {', '.join(self.exhibits)}")
        return tuple(claim for claim in self.claims if exhibit in (None, claim.exhibit))


def load_reference(paper: str) -> Reference:
    """reference/<paper>.yaml. Raises ValueError, one line, for whatever is wrong with it."""
    name = f"reference/{paper}.yaml"
    file = paths.ROOT / name
    if not file.is_file():
        _fail(name, "no such file")
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), _Loader)
    except yaml.YAMLError as error:
        _fail(name, " ".join(str(error).split()))
    parts = _checked(content, name, Reference)
    if parts["paper"] != paper:
        _fail(name, f"paper is {parts['paper']!r}; must be {paper!r}")
    values = {key: Value(**_checked(item, f"{name}: values: {key}", Value)) for key, item in parts["values"].items()}
    exhibits = {
        key: Exhibit(**_checked(item, f"{name}: exhibits: {key}", Exhibit)) for key, item in parts["exhibits"].items()
    }
    claims: dict[str, Claim] = {}
    for index, entry in enumerate(parts["claims"], start=1):
        where = f"{name}: claim {entry['claim'] if isinstance(entry, Mapping) and 'claim' in entry else f'no. {index}'}"
        for cell in _cells(entry, where):
            claim = _claim(cell, f"{name}: claim {cell['claim']}" if "claim" in cell else where, values, exhibits)
            if claim.claim in claims:
                _fail(f"{name}: claim {claim.claim}", "is there twice; a claim's key must be its own")
            claims[claim.claim] = claim
    return Reference(paper, parts["title"], values, exhibits, tuple(claims.values()))


def _cells(entry: Any, where: str) -> list[dict[str, Any]]:
    """The claims of one entry: itself, or one a cell of its grid."""
    if not isinstance(entry, Mapping):
        _fail(where, f"must be a mapping, is {entry!r}")
    if "grid" not in entry:
        return [dict(entry)]
    shared = {key: value for key, value in entry.items() if key != "grid"}
    grid = entry["grid"] if isinstance(entry["grid"], Mapping) else {}
    axes = {key: axis for key, axis in grid.items() if key != "paper_value"}
    if not axes or not all(isinstance(axis, list) and axis for axis in axes.values()):
        _fail(where, "grid must name columns, each with a list of values")
    given = shared.get("where", {})
    if both := sorted(set(axes) & set(given)):
        _fail(where, f"grid and where both have {both[0]}")
    cells = []
    for place in itertools.product(*(range(len(axis)) for axis in axes.values())):
        chosen = {column: axis[index] for (column, axis), index in zip(axes.items(), place, strict=True)}
        cell = {**shared, "where": {**given, **chosen}}
        if "paper_value" in grid:
            cell["paper_value"] = _at(grid["paper_value"], place, [len(axis) for axis in axes.values()], where)
        for key in {"claim", "quote", "note"} & set(cell):
            for word, value in {**chosen, "paper_value": cell.get("paper_value")}.items():
                cell[key] = str(cell[key]).replace(f"{{{word}}}", str(value))
        cells.append(cell)
    return cells


def _at(nested: Any, place: Sequence[int], shape: Sequence[int], where: str) -> Any:
    for index, length in zip(place, shape, strict=True):
        if not isinstance(nested, list) or len(nested) != length:
            _fail(where, f"grid: paper_value must be nested lists of {' x '.join(map(str, shape))} numbers")
        nested = nested[index]
    return nested


def _claim(entry: Mapping[str, Any], where: str, values: Mapping[str, Value], exhibits: Mapping[str, Exhibit]) -> Claim:
    parts = _checked(entry, where, Claim)
    if parts["exhibit"] not in exhibits:
        _fail(where, f"exhibit {parts['exhibit']!r} is unknown; one of: {', '.join(exhibits)}")
    parts["paper_value"] = _paper_value(parts.get("paper_value"), where, values)
    if "out_of_reach" in parts:
        if idle := sorted(set(parts) - {"claim", "exhibit", "place", "quote", "paper_value", "out_of_reach", "note"}):
            _fail(where, f"{idle[0]} has no use beside out_of_reach")
        return Claim(**parts)
    if missing := [key for key in ("table", "expect") if key not in parts]:
        _fail(where, f"{missing[0]} is missing (or out_of_reach)")
    for key, allowed in (("measure", MEASURES), ("points", POINTS)):
        if parts.get(key, allowed[0]) not in allowed:
            _fail(where, f"{key} {parts[key]!r} is unknown; one of: {', '.join(allowed)}")
    if ("than" in parts) != (parts.get("measure", "value") != "value"):
        _fail(where, "than must be there for a difference or a ratio, and only then")
    for key in ("of", "than", "where", "expect"):
        try:
            if key == "expect":
                parts[key] = read_expectation(parts[key], parts["paper_value"])
            else:
                parts[key] = read_conditions(parts.get(key, {}))
        except ValueError as error:
            _fail(f"{where}: {key}", str(error))
    return Claim(**parts | {"pair": tuple(parts.get("pair", ()))})


def _paper_value(value: Any, where: str, values: Mapping[str, Value]) -> float | None:
    if isinstance(value, str) and value in values:
        return values[value].value
    if value is None or is_number(value):
        return value
    _fail(where, f"paper_value must be a number or one of values ({', '.join(values)}), is {value!r}")


_KINDS = {
    **dict.fromkeys(("values", "exhibits", "of", "than", "where", "expect"), (dict, "a mapping")),
    **dict.fromkeys(("claims", "pair"), (list, "a list")),
    "certain": (bool, "true or false"),
    "value": (int | float, "a number"),
    "paper_value": (object, ""),
}


def _checked(entry: Any, where: str, into: type) -> dict[str, Any]:
    """``entry`` as arguments of the dataclass ``into``: no key too many, none too few, each of its kind."""
    if not isinstance(entry, Mapping):
        _fail(where, f"must be a mapping, is {entry!r}")
    required = {item.name: item.default is MISSING for item in fields(into)}
    if unknown := [key for key in entry if key not in required]:
        _fail(where, f"{unknown[0]} is unknown; one of: {', '.join(required)}")
    if missing := [key for key, needed in required.items() if needed and key not in entry]:
        _fail(where, f"{missing[0]} is missing")
    for key, value in entry.items():
        kind, words = _KINDS.get(key, (str, "text"))
        if not isinstance(value, kind):
            _fail(where, f"{key} must be {words}, is {value!r}")
    return dict(entry)


def _fail(where: str, message: str) -> NoReturn:
    raise ValueError(f"{where}: {message}")


class _Loader(yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader):
    """YAML in which no key can be given twice; elsewhere the latter silently wins."""

    def get_single_node(self) -> yaml.Node | None:
        root = super().get_single_node()
        waiting, known = [root], set()
        while waiting:
            node = waiting.pop()
            if not isinstance(node, yaml.CollectionNode) or id(node) in known:  # an anchor's node comes once an alias
                continue
            known.add(id(node))
            if isinstance(node, yaml.SequenceNode):
                waiting += node.value
                continue
            seen: set[str] = set()
            for key, value in node.value:
                if key.value in seen:
                    raise yaml.composer.ComposerError(None, None, f"key {key.value} is there twice", key.start_mark)
                seen.add(key.value)
                waiting.append(value)
        return root
