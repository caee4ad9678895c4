"""The ledger: the papers' claims, judged by code from measured CSVs.

reference/<paper>.yaml says what each paper claims and which rows of which CSV decide (:mod:`semcom_lib.ledger.reference` has the
format). A claim is ``reproduced`` where the measure meets the expectation, ``not reproduced`` where it does not, and
``out of reach`` where nothing here can tell. Its ``ours`` is the measure at the point that decides: the worst where all
points must meet the expectation, the best where any suffices, the mean where the mean must. ``ours_low`` and ``ours_high``
are its 95 % interval; that of a difference or a ratio is the widest that its two intervals allow, which overstates it
where both saw the same noise and fading.

    claims.judge("l_deepsc", profile=profile, data=data)      # the ledger's rows
    claims.show("l_deepsc", exhibit="fig06")                  # the same, to be read below a figure
"""

from typing import Any, NoReturn

import numpy as np
import pandas as pd

from semcom_lib import paths
from semcom_lib.ledger.conditions import NotMeasured, select
from semcom_lib.ledger.reference import Claim, Exhibit, load_reference

COLUMNS = [
    "paper", "claim", "exhibit", "place", "paper_value", "ours", "ours_low", "ours_high", "verdict", "profile", "data",
]  # fmt: skip
UNMEASURED = "Not measured at this profile's sizes."
VERDICTS = ("reproduced", "not reproduced", "out of reach")


def judge(paper: str, *, profile: str, data: str, exhibit: str | None = None, partial: bool = False) -> pd.DataFrame:
    """The ledger of one paper, or of one of its exhibits: COLUMNS, a row a claim, in the order of its file.

    ``profile`` and ``data`` say what was run; an exhibit with data of its own names them instead. ``partial`` is for
    profiles that measure fewer points than the claims ask for: such a claim is out of reach instead of an error.
    Raises ValueError, one line naming file, claim and key, where a claim does not fit its table.
    """
    reference = load_reference(paper)
    rows = []
    for claim in reference.claims_of(exhibit):
        ours, low, high, verdict = _judged(claim, paper, partial)
        source = reference.exhibits[claim.exhibit].data or data
        rows.append(
            (
                paper,
                claim.claim,
                claim.exhibit,
                claim.place,
                claim.paper_value,
                ours,
                low,
                high,
                verdict,
                profile,
                source,
            )
        )
    numbers = dict.fromkeys(["paper_value", "ours", "ours_low", "ours_high"], float)
    return pd.DataFrame(rows, columns=COLUMNS).astype(numbers)


def show(paper: str, exhibit: str | None = None, *, partial: bool = False) -> pd.DataFrame:
    """What the paper says, what we measured and the verdict, in words; tells pandas to show texts and tables whole."""
    pd.set_option("display.max_colwidth", None, "display.max_rows", None)
    claims = load_reference(paper).claims_of(exhibit)
    judged = judge(paper, profile="", data="", exhibit=exhibit, partial=partial)
    rows = [
        {
            "the paper says": claim.quote,
            "place": claim.place,
            "paper": number(row.paper_value),
            "ours": interval(row.ours, row.ours_low, row.ours_high),
            "reproduced if": rule(claim),
            "verdict": row.verdict,
            "remark": _remark(claim, row.verdict),
        }
        for claim, row in zip(claims, judged.itertuples(), strict=True)
    ]
    return pd.DataFrame(rows, index=[claim.claim for claim in claims])


def counts(ledger: pd.DataFrame, by: str = "exhibit") -> pd.DataFrame:
    """How many claims of each ``by`` have which verdict, in the ledger's order, with their sum."""
    table = pd.crosstab(ledger[by], ledger["verdict"]).reindex(
        index=ledger[by].unique(), columns=VERDICTS, fill_value=0
    )
    table.columns.name = None
    table.loc["all"] = table.sum()
    return table


def rule(claim: Claim) -> str:
    """When the claim counts as reproduced, in words; empty if out of reach."""
    if claim.out_of_reach:
        return ""
    column = [] if claim.column == "value" else [claim.column]
    if claim.measure == "value":
        measured = [*column, *map(str, claim.of)]
    else:
        of, than = (", ".join(map(str, conditions)) for conditions in (claim.of, claim.than))
        measured = [*column, f"({of}) {'−' if claim.measure == 'difference' else '/'} ({than})"]
    points = {"all": "", "any": ", at one point at least", "mean": ", in the mean over the points"}[claim.points]
    certain = ", with the whole interval" if claim.certain else ""
    return f"{', '.join([*measured, *map(str, claim.where)])}: {claim.expect.words}{points}{certain}"


def number(x: float | None) -> str:
    """Four decimals, or three digits where those would show less; whole numbers whole, nothing for none."""
    if x is None or np.isnan(x):
        return ""
    if x == round(x):
        return f"{x:,.0f}"
    return f"{x:.4f}" if abs(x) >= 0.001 else f"{x:.3g}"


def interval(x: float, low: float, high: float) -> str:
    """The number with its interval, if it has one."""
    return number(x) if np.isnan(low) else f"{number(x)} [{number(low)}, {number(high)}]"


def page(ledger: pd.DataFrame) -> str:
    """The ledger of several papers as Markdown, a table an exhibit; its links lead from reports/<folder>/ to the exhibits.

    Raises ValueError for a claim that the paper's file no longer has.
    """
    parts = []
    for paper, of_paper in ledger.groupby("paper", sort=False):
        reference = load_reference(paper)
        claims = {claim.claim: claim for claim in reference.claims}
        if stale := sorted(set(of_paper.claim) - set(claims)):
            raise ValueError(
                f"reports/{paper}/claims.csv: claim {stale[0]} is not in reference/{paper}.yaml; judge again"
            )
        parts.append(f"## {reference.title} (`{paper}`)")
        for key, rows in of_paper.groupby("exhibit", sort=False):
            exhibit = reference.exhibits[key]
            figure = f", [figure](../{exhibit.figure})" if exhibit.figure else ""
            lines = [
                f"### {exhibit.title}",
                f"[notebook](../{exhibit.report}){figure}; profile: {rows.profile.iloc[0]}; data: {rows.data.iloc[0]}",
                "",
                "| claim | the paper says | place | paper | ours | verdict | remark |",
                "|---|---|---|---|---|---|---|",
            ]
            parts.append("\n".join(lines + [_line(row, claims[row.claim], exhibit) for row in rows.itertuples()]))
    return "\n\n".join(parts)


def _line(row: Any, claim: Claim, exhibit: Exhibit) -> str:
    verdict = "**not reproduced**" if row.verdict == VERDICTS[1] else row.verdict
    ours = interval(row.ours, row.ours_low, row.ours_high)
    link = f"[`{row.claim}`](../{exhibit.figure or exhibit.report})"
    cells = [link, claim.quote, row.place, number(row.paper_value), ours, verdict, _remark(claim, row.verdict)]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _remark(claim: Claim, verdict: str) -> str:
    return claim.out_of_reach or (UNMEASURED if verdict == VERDICTS[2] else claim.note) or ""


def _judged(claim: Claim, paper: str, partial: bool) -> tuple[float, float, float, str]:
    """ours, ours_low, ours_high, verdict."""
    if claim.out_of_reach:
        return np.nan, np.nan, np.nan, VERDICTS[2]
    try:
        points = _points(claim, paper)
    except NotMeasured:
        if not partial:
            raise
        return np.nan, np.nan, np.nan, VERDICTS[2]
    if claim.points == "mean":
        points = points.mean().to_frame().T
    decisive = points[["low", "high"]] if claim.certain else points[["value"]]
    if decisive.isna().any(axis=None):
        _fail(claim, paper, "certain", f"{claim.table} has no interval of {claim.column}")
    points["holds"] = claim.expect.holds(decisive.to_numpy()).all(axis=1)
    points["margin"] = claim.expect.margin(decisive.to_numpy()).min(axis=1)
    ranked = points.sort_values(["holds", "margin"], kind="stable")
    point = ranked.iloc[-1 if claim.points == "any" else 0]
    return point.value, point.low, point.high, VERDICTS[0 if point.holds else 1]


def _points(claim: Claim, paper: str) -> pd.DataFrame:
    """The measure at every point: value, and low and high, nan where the table has no intervals."""
    of = _operand(claim, paper, "of")
    if claim.measure == "value":
        return of[["value", "low", "high"]]
    than = _operand(claim, paper, "than")
    join = {"on": list(claim.pair), "how": "left"} if claim.pair else {"how": "cross"}
    both = of.merge(than, suffixes=("", "_than"), **join)
    if (alone := both.value_than.isna()).any():
        point = ", ".join(f"{column} {both[alone].iloc[0][column]}" for column in claim.pair)
        _fail(claim, paper, "than", f"no row to pair with {point}", NotMeasured)
    if claim.measure == "difference":
        ends = {end: both[end] - both[f"{other}_than"] for end, other in _ENDS}
    else:
        if (both.filter(regex="^(value|low|high)") <= 0).any(axis=None):
            _fail(claim, paper, "measure", "a ratio needs positive numbers and intervals")
        ends = {end: both[end] / both[f"{other}_than"] for end, other in _ENDS}
    return pd.DataFrame(ends)


_ENDS = (("value", "value"), ("low", "high"), ("high", "low"))


def _operand(claim: Claim, paper: str, key: str) -> pd.DataFrame:
    """The rows of ``of`` or ``than``: the columns of ``pair``, then value, low and high. Raises ValueError."""
    file = paths.RESULTS / paper / claim.table
    if not file.is_file():
        _fail(claim, paper, "table", f"results/{paper}/{claim.table} is missing")
    table = pd.read_csv(file, keep_default_na=False, na_values=["", "nan"])
    conditions = getattr(claim, key) + claim.where
    try:
        rows = select(table, conditions)
    except ValueError as error:
        _fail(claim, paper, key, f"{claim.table}: {error}", type(error))
    for column in (*claim.pair, claim.column):
        if column not in table:
            _fail(claim, paper, "column" if column == claim.column else "pair", f"{claim.table} has no {column}")
    told_apart = list(dict.fromkeys([*claim.pair, *(condition.column for condition in conditions)]))
    if len(rows) > 1 and (not told_apart or rows.duplicated(told_apart).any()):
        _fail(claim, paper, key, f"several rows of {claim.table} are alike in {', '.join(told_apart) or 'all'}")
    low, high = ("low", "high") if claim.column == "value" else (f"{claim.column}_low", f"{claim.column}_high")
    measured = pd.DataFrame({column: rows[column] for column in claim.pair})
    try:
        for name, column in (("value", claim.column), ("low", low), ("high", high)):
            measured[name] = rows[column].astype(float) if column in rows else np.nan
    except ValueError:
        _fail(claim, paper, "column", f"{claim.table}: {column} does not hold numbers")
    if measured["value"].isna().any():
        _fail(claim, paper, key, f"{claim.table} has no {claim.column} in one of the rows")
    return measured.reset_index(drop=True)


def _fail(claim: Claim, paper: str, key: str, message: str, kind: type[ValueError] = ValueError) -> NoReturn:
    raise kind(f"reference/{paper}.yaml: claim {claim.claim}: {key}: {message}")
