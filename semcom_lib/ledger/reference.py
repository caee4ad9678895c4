"""What a paper says: its values, exhibits and claims, read strictly from reference/<paper>.yaml.

    paper: l_deepsc
    title: A Lite Distributed ...
    columns: {snr_db: SNR}        # what a reader is told instead of a column's name; a unit's suffix (_db) is added to numbers
    names:                        # and instead of a column's values; legends and tables of the reports have them from here
      system: {full: full resolution, 8-bit: 8-bit constellation, 4-bit: 4-bit constellation}
    values:                       # plain values that notebooks quote and claims name
      num_weights: {value: 3333120, place: Table III}
    exhibits:                     # what a claim may be filed under; paths are below reports/
      fig06: {title: "Fig. 6: ...", report: l_deepsc/2c_constellation.ipynb, figure: l_deepsc/figures/... .svg}
    claims:
      - claim: alike_above_9_db   # its key, once in the file
        title: All constellations alike above 9 dB  # its name for readers
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
        title: Run time
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
    certain       true: the whole 95 % interval must meet `expect`, not the estimate alone; undecided where it does in part
    better        above or below: on that side of paper_value a miss of `expect` is better than the paper, if it is sure
    by_construction   why it holds whatever is measured; such a claim is shown and not counted
    impossible    the proof, in one line, that it cannot hold; measured, shown and not counted
    note          what a reader of the verdict should know
    cause         why it is not reproduced and which experiment shows that, shown beside that verdict alone: a sentence that begins
                  with one of CAUSES and a colon, "training: the loss of Fig. 9 still falls."
    grid          {column: [...], column: [...], paper_value: [[...], ...]}: a claim for each cell, whose values join `where`;
                  {column} and {paper_value} in claim, title, quote, note and cause become the cell's

An exhibit may name its `data`, where they are not the paper's dataset.
All that is wrong with a file is one ValueError that names file, claim and key.
"""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, NoReturn

from semcom_lib import paths, strict_yaml
from semcom_lib.ledger import grids
from semcom_lib.ledger.conditions import Condition, Expectation, is_number, read_conditions, read_expectation
from semcom_lib.ledger.names import Names

MEASURES = ("value", "difference", "ratio")
POINTS = ("all", "any", "mean")
SIDES = ("above", "below")
CAUSES = ("training", "reading", "paper")
"""Too little of it here; what the paper leaves open was taken otherwise; what it says cannot be seen."""
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
    title: str
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
    better: str | None = None
    by_construction: str | None = None
    impossible: str | None = None
    cause: str | None = None


@dataclass(frozen=True)
class Reference:
    """All of one paper's file."""

    paper: str
    title: str
    values: Mapping[str, Value]
    exhibits: Mapping[str, Exhibit]
    claims: tuple[Claim, ...]
    names: Names

    def claims_of(self, exhibit: str | None) -> tuple[Claim, ...]:
        """The claims of one exhibit, or all. Raises ValueError for an exhibit that the file does not have."""
        if exhibit is not None and exhibit not in self.exhibits:
            _fail(f"reference/{self.paper}.yaml", f"exhibit {exhibit!r} is unknown; one of: {', '.join(self.exhibits)}")
        return tuple(claim for claim in self.claims if exhibit in (None, claim.exhibit))


@dataclass(frozen=True)
class _File:
    """The keys of a file."""

    paper: str
    title: str
    values: Mapping[str, Any]
    exhibits: Mapping[str, Any]
    claims: list[Any]
    columns: Mapping[str, Any] | None = None
    names: Mapping[str, Any] | None = None


def load_reference(paper: str) -> Reference:
    """reference/<paper>.yaml. Raises ValueError, one line, for whatever is wrong with it."""
    name = f"reference/{paper}.yaml"
    parts = _checked(strict_yaml.load(paths.ROOT / name, name), name, _File)
    if parts["paper"] != paper:
        _fail(name, f"paper is {parts['paper']!r}; must be {paper!r}")
    names = _names(parts.get("columns", {}), parts.get("names", {}), name)
    values = {key: Value(**_checked(item, f"{name}: values: {key}", Value)) for key, item in parts["values"].items()}
    exhibits = {
        key: Exhibit(**_checked(item, f"{name}: exhibits: {key}", Exhibit)) for key, item in parts["exhibits"].items()
    }
    claims: dict[str, Claim] = {}
    for index, entry in enumerate(parts["claims"], start=1):
        where = f"{name}: claim {entry['claim'] if isinstance(entry, Mapping) and 'claim' in entry else f'no. {index}'}"
        for cell in grids.cells(entry, where):
            claim = _claim(cell, f"{name}: claim {cell['claim']}" if "claim" in cell else where, values, exhibits)
            if claim.claim in claims:
                _fail(f"{name}: claim {claim.claim}", "is there twice; a claim's key must be its own")
            claims[claim.claim] = claim
    return Reference(paper, parts["title"], values, exhibits, tuple(claims.values()), names)


def _names(columns: Mapping[str, Any], values: Mapping[str, Any], where: str) -> Names:
    places = {"columns": columns} | {f"names: {column}": shown for column, shown in values.items()}
    for place, shown in places.items():
        if not isinstance(shown, Mapping):
            _fail(f"{where}: {place}", f"must be a mapping, is {shown!r}")
        for key, words in shown.items():
            if not isinstance(words, str):
                _fail(f"{where}: {place}: {key}", f"must be text, is {words!r}")
    return Names(columns, values)


def _claim(entry: Mapping[str, Any], where: str, values: Mapping[str, Value], exhibits: Mapping[str, Exhibit]) -> Claim:
    parts = _checked(entry, where, Claim)
    if parts["exhibit"] not in exhibits:
        _fail(where, f"exhibit {parts['exhibit']!r} is unknown; one of: {', '.join(exhibits)}")
    parts["paper_value"] = _paper_value(parts.get("paper_value"), where, values)
    if "out_of_reach" in parts:
        if idle := sorted(set(parts) - (_SAID | {"paper_value", "out_of_reach", "note"})):
            _fail(where, f"{idle[0]} has no use beside out_of_reach")
        return Claim(**parts)
    if missing := [key for key in ("table", "expect") if key not in parts]:
        _fail(where, f"{missing[0]} is missing (or out_of_reach)")
    for key, allowed in (("measure", MEASURES), ("points", POINTS), ("better", SIDES)):
        if parts.get(key, allowed[0]) not in allowed:
            _fail(where, f"{key} {parts[key]!r} is unknown; one of: {', '.join(allowed)}")
    if "better" in parts and parts["paper_value"] is None:
        _fail(where, "better needs a paper_value")
    for key in ("by_construction", "cause"):
        if key in parts and "impossible" in parts:
            _fail(where, f"{key} has no use beside impossible")
    word, _, words = parts.get("cause", f"{CAUSES[0]}: .").partition(":")
    if word not in CAUSES or not words.strip():
        _fail(where, f"cause must be {':, '.join(CAUSES[:-1])}: or {CAUSES[-1]}: and a sentence, is {parts['cause']!r}")
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


_NUMBER = int | float
_SAID = {"claim", "title", "exhibit", "place", "quote"}
_KINDS = {
    **dict.fromkeys(("values", "exhibits", "columns", "names", "of", "than", "where", "expect"), (dict, "a mapping")),
    **dict.fromkeys(("claims", "pair"), (list, "a list")),
    "certain": (bool, "true or false"),
    "value": (_NUMBER, "a finite number"),
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
        if not isinstance(value, kind) or (kind is _NUMBER and not is_number(value)):
            _fail(where, f"{key} must be {words}, is {value!r}")
        named = value if kind is dict or key == "pair" else ()
        if others := [name for name in named if not isinstance(name, str)]:
            _fail(where, f"{key}: {others[0]!r} must be text")
    return dict(entry)


def _fail(where: str, message: str) -> NoReturn:
    raise ValueError(" ".join(f"{where}: {message}".split()))
