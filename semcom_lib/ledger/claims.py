"""The ledger: the papers' claims, judged by code from measured CSVs, and how it is read.

reference/<paper>.yaml says what each paper claims and which rows of which CSV decide (:mod:`semcom_lib.ledger.reference` has the
format); :mod:`semcom_lib.ledger.verdicts` has the rule of every verdict.

    claims.judge("l_deepsc", profile=profile, data=data)      # the ledger's rows
    claims.show("l_deepsc", exhibit="fig06")                  # the same, to be read below a figure
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from semcom_lib.ledger import verdicts
from semcom_lib.ledger.layout import Table
from semcom_lib.ledger.names import Names, decimals, interval, number
from semcom_lib.ledger.points import PAIRED, WIDEST
from semcom_lib.ledger.reference import Claim, load_reference
from semcom_lib.ledger.verdicts import (
    BETTER,
    BY_CONSTRUCTION,
    COULD_FAIL,
    IMPOSSIBLE,
    NOT_REPRODUCED,
    OUT_OF_REACH,
    REPRODUCED,
    UNDECIDED,
    VERDICTS,
    Verdict,
)

COLUMNS = [
    "paper", "claim", "exhibit", "place", "paper_value", "ours", "ours_low", "ours_high", "verdict", "points", "at", "profile",
    "data",
]  # fmt: skip
UNMEASURED = "Not measured at this profile's sizes."
MARKED = {
    REPRODUCED: "✓ reproduced",
    BETTER: "▲ better than the paper",
    UNDECIDED: "? undecided",
    NOT_REPRODUCED: "✗ not reproduced",
    BY_CONSTRUCTION: "≡ holds by construction",
    IMPOSSIBLE: "∅ impossible",
    OUT_OF_REACH: "○ out of reach",
}
_INTERVALS = {PAIRED: "paired", WIDEST: "widest of both", "": ""}
_SUMMARY = {
    BETTER: "{} better than in the paper",
    UNDECIDED: "{} undecided",
    NOT_REPRODUCED: "{} not reproduced",
    BY_CONSTRUCTION: "{} by construction",
    IMPOSSIBLE: "{} impossible",
    OUT_OF_REACH: "{} out of reach",
}


def judge(paper: str, *, profile: str, data: str, partial: bool = False) -> pd.DataFrame:
    """The ledger of one paper: COLUMNS, a row a claim, in the order of its file.

    ``points`` says at how many of its points a claim holds ("41 of 42"), ``at`` which one decides. ``profile`` and ``data`` say
    what was run; an exhibit with data of its own names them instead. ``partial`` is for profiles that measure fewer points than
    the claims ask for: such a claim is out of reach instead of an error. Raises ValueError, one line naming file, claim and key,
    where a claim does not fit its table.
    """
    reference = load_reference(paper)
    rows = []
    for claim in reference.claims:
        found = verdicts.judge(claim, paper, reference.names, partial=partial)
        at = (found.point or measured_rows(claim, reference.names)) if found.points else ""
        decided = (_share(found), at.replace("\N{NO-BREAK SPACE}", " "))
        measure = (claim.paper_value, found.ours, found.low, found.high, found.verdict, *decided)
        source = reference.exhibits[claim.exhibit].data or data
        rows.append((paper, claim.claim, claim.exhibit, claim.place, *measure, profile, source))
    numbers = dict.fromkeys(["paper_value", "ours", "ours_low", "ours_high"], float)
    return pd.DataFrame(rows, columns=COLUMNS).astype(numbers)


def show(paper: str, exhibit: str | None = None, *, partial: bool = False) -> Table:
    """What the paper says, what we measured, where that was decided, by which rule, and the verdict, in words."""
    reference = load_reference(paper)
    claims = reference.claims_of(exhibit)
    found = [verdicts.judge(claim, paper, reference.names, partial=partial) for claim in claims]
    decided = [(at.point, _share(at), at.verdict) for at in found]
    frame = _frame(claims, found).assign(
        **{
            "decided at": [_decided_at(*parts) for parts in decided],
            "reproduced if": [rule(claim, reference.names) for claim in claims],
            "remark": _remarks(claims, found),
        }
    )
    return Table(_without_empty_columns(frame))


def page(ledger: pd.DataFrame) -> Iterator[tuple[str, Table]]:
    """The ledger of several papers, an exhibit at a time: its heading as Markdown, and its claims.

    Links lead from reports/<folder>/ to the exhibits. Raises ValueError for a claim that the paper's file no longer has.
    """
    for paper, of_paper in ledger.groupby("paper", sort=False):
        reference = load_reference(paper)
        known = {claim.claim: claim for claim in reference.claims}
        if stale := sorted(set(of_paper.claim) - set(known)):
            raise ValueError(
                f"reports/{paper}/claims.csv: claim {stale[0]} is not in reference/{paper}.yaml; judge again"
            )
        title = f"## {reference.title}\n\n{summary(of_paper)}\n\n"
        for key, rows in of_paper.groupby("exhibit", sort=False):
            exhibit = reference.exhibits[key]
            figure = f", [figure](../{exhibit.figure})" if exhibit.figure else ""
            source = f"profile: {rows.profile.iloc[0]}; data: {rows.data.iloc[0]}"
            claims = [known[claim] for claim in rows.claim]
            found = [Verdict(row.verdict, row.ours, row.ours_low, row.ours_high) for row in rows.itertuples()]
            decided = zip(rows["at"], rows.points, rows.verdict, strict=True)
            frame = _frame(claims, found).assign(
                **{"decided at": [_decided_at(*parts) for parts in decided], "remark": _remarks(claims, found)}
            )
            links = [f"../{exhibit.figure or exhibit.report}"] * len(rows)
            yield (
                f"{title}### {exhibit.title}\n\n[notebook](../{exhibit.report}){figure}; {source}",
                Table(_without_empty_columns(frame), links),
            )
            title = ""


def summary(ledger: pd.DataFrame) -> str:
    """How many of the claims that could have failed are reproduced, and what became of the others, in one sentence."""
    count = {verdict: int((ledger.verdict == verdict).sum()) for verdict in VERDICTS}
    others, not_counted = (
        [
            words.format(count[verdict])
            for verdict, words in _SUMMARY.items()
            if count[verdict] and counted == (verdict in COULD_FAIL)
        ]
        for counted in (True, False)
    )
    others = f" ({', '.join(others)})" if others else ""
    not_counted = f"; not counted: {', '.join(not_counted)}" if not_counted else ""
    return f"{share_reproduced(ledger)} claims that could have failed are reproduced{others}{not_counted}."


def share_reproduced(ledger: pd.DataFrame) -> str:
    """How many of the claims that could have failed are reproduced: 24 of 52."""
    return f"{(ledger.verdict == REPRODUCED).sum()} of {ledger.verdict.isin(COULD_FAIL).sum()}"


def counts(ledger: pd.DataFrame, by: str = "exhibit") -> Table:
    """How many claims of each ``by``, exhibit or paper, have which verdict, in the ledger's order, with their sum.

    The last column has those that could have failed. Of verdicts that no claim has only the two plain ones have a column.
    """
    table = pd.crosstab(ledger[by], ledger["verdict"]).reindex(
        index=ledger[by].unique(), columns=VERDICTS, fill_value=0
    )
    table = table.loc[:, table.any() | table.columns.isin([REPRODUCED, NOT_REPRODUCED])]
    table.columns.name = None
    references = [load_reference(paper) for paper in ledger.paper.unique()]
    if by == "paper":
        titles = {reference.paper: reference.title for reference in references}
    else:
        titles = {key: exhibit.title for reference in references for key, exhibit in reference.exhibits.items()}
    table.index = table.index.map(titles).rename(by)
    table.loc["all"] = table.sum()
    at_stake = table[[verdict for verdict in COULD_FAIL if verdict in table]].sum(axis=1)
    return Table(table.rename(columns=MARKED).assign(**{"could have failed": at_stake}))


def rule(claim: Claim, names: Names) -> str:
    """When the claim counts as reproduced, in words; empty if out of reach."""
    if claim.out_of_reach:
        return ""
    points = {"all": "", "any": ", at one point at least", "mean": ", in the mean over the points"}[claim.points]
    certain = ", with the whole interval" if claim.certain else ""
    better = f"; better than the paper if surely {claim.better} it" if claim.better else ""
    return f"{measured_rows(claim, names)}: {claim.expect.words}{points}{certain}{better}"


def measured_rows(claim: Claim, names: Names) -> str:
    """What is measured, and of which rows, in words: (Ours) − (Theirs), BLEU-1."""
    of, than, where = (
        ", ".join(condition.words(names) for condition in conditions)
        for conditions in (claim.of, claim.than, claim.where)
    )
    sides = of if claim.measure == "value" else f"({of}) {'−' if claim.measure == 'difference' else '/'} ({than})"
    measured = ", ".join(filter(None, [sides, where]))
    if claim.column != "value":
        measured = " of ".join(filter(None, [names.column(claim.column), measured]))
    return measured


def _frame(claims: Sequence[Claim], found: Sequence[Verdict]) -> pd.DataFrame:
    """A row a claim: its title with the paper's words, the verdict, the paper's number and ours with its interval."""
    return pd.DataFrame(
        {
            "verdict": [MARKED[verdict.verdict] for verdict in found],
            "paper": [number(claim.paper_value) for claim in claims],
            "ours": [(number if np.isnan(at.low) else decimals)(at.ours) for at in found],
            "95 % interval": [_interval(at) for at in found],
        },
        index=pd.Index([f"{claim.title}\n“{claim.quote}” ({claim.place})" for claim in claims], name="claim"),
    )


def _interval(found: Verdict) -> str:
    """The interval, and below it how it came about where it is not the table's own."""
    ends = interval(found.low, found.high)
    return "\n".join(filter(None, [ends, _INTERVALS[found.interval]])) if ends else ""


def _without_empty_columns(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.loc[:, (frame != "").any()]


def _share(found: Verdict) -> str:
    """41 of 42, as the ledger's column has it; empty where nothing was measured."""
    return f"{found.holds} of {found.points}" if found.points else ""


def _decided_at(at: str, share: str, verdict: str) -> str:
    """The point that decides and how many hold; that it is alone, where it is what keeps the claim from holding."""
    holds, points = map(int, share.split(" of ")) if share else (0, 0)
    if points < 2:
        return at
    alone = {NOT_REPRODUCED: ": this one alone breaks it", UNDECIDED: ": this one alone is undecided"}
    ending = alone.get(verdict, "") if points - holds == 1 else ""
    return "\n".join(filter(None, [at, f"{share} points hold{ending}"]))


def _remarks(claims: Sequence[Claim], found: Sequence[Verdict]) -> list[str]:
    return [_remark(claim, verdict.verdict) for claim, verdict in zip(claims, found, strict=True)]


def _remark(claim: Claim, verdict: str) -> str:
    if verdict == OUT_OF_REACH:
        return claim.out_of_reach or UNMEASURED
    cause = f"Cause, {claim.cause}" if claim.cause and verdict == NOT_REPRODUCED else ""
    return " ".join(filter(None, [claim.by_construction, claim.impossible, claim.note, cause]))
