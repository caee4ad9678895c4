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
from semcom_lib.ledger.reference import Claim, load_reference
from semcom_lib.ledger.verdicts import NOT_REPRODUCED, OUT_OF_REACH, REPRODUCED, VERDICTS, Verdict

COLUMNS = [
    "paper", "claim", "exhibit", "place", "paper_value", "ours", "ours_low", "ours_high", "verdict", "profile", "data",
]  # fmt: skip
UNMEASURED = "Not measured at this profile's sizes."
MARKED = {REPRODUCED: "✓ reproduced", NOT_REPRODUCED: "✗ not reproduced", OUT_OF_REACH: "○ out of reach"}


def judge(paper: str, *, profile: str, data: str, partial: bool = False) -> pd.DataFrame:
    """The ledger of one paper: COLUMNS, a row a claim, in the order of its file.

    ``profile`` and ``data`` say what was run; an exhibit with data of its own names them instead. ``partial`` is for
    profiles that measure fewer points than the claims ask for: such a claim is out of reach instead of an error.
    Raises ValueError, one line naming file, claim and key, where a claim does not fit its table.
    """
    reference = load_reference(paper)
    rows = []
    for claim in reference.claims:
        found = verdicts.judge(claim, paper, reference.names, partial=partial)
        measure = (claim.paper_value, found.ours, found.low, found.high, found.verdict)
        source = reference.exhibits[claim.exhibit].data or data
        rows.append((paper, claim.claim, claim.exhibit, claim.place, *measure, profile, source))
    numbers = dict.fromkeys(["paper_value", "ours", "ours_low", "ours_high"], float)
    return pd.DataFrame(rows, columns=COLUMNS).astype(numbers)


def show(paper: str, exhibit: str | None = None, *, partial: bool = False) -> Table:
    """What the paper says, what we measured, where that was decided, by which rule, and the verdict, in words."""
    reference = load_reference(paper)
    claims = reference.claims_of(exhibit)
    found = [verdicts.judge(claim, paper, reference.names, partial=partial) for claim in claims]
    frame = _frame(claims, found).assign(
        **{
            "decided at": [_decided_at(verdict) for verdict in found],
            "reproduced if": [rule(claim, reference.names) for claim in claims],
            "remark": [_remark(claim, verdict.verdict) for claim, verdict in zip(claims, found, strict=True)],
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
        title = f"## {reference.title}\n\n"
        for key, rows in of_paper.groupby("exhibit", sort=False):
            exhibit = reference.exhibits[key]
            figure = f", [figure](../{exhibit.figure})" if exhibit.figure else ""
            source = f"profile: {rows.profile.iloc[0]}; data: {rows.data.iloc[0]}"
            claims = [known[claim] for claim in rows.claim]
            found = [Verdict(row.verdict, row.ours, row.ours_low, row.ours_high) for row in rows.itertuples()]
            remarks = [_remark(claim, verdict.verdict) for claim, verdict in zip(claims, found, strict=True)]
            frame = _without_empty_columns(_frame(claims, found).assign(remark=remarks))
            links = [f"../{exhibit.figure or exhibit.report}"] * len(rows)
            yield (
                f"{title}### {exhibit.title}\n\n[notebook](../{exhibit.report}){figure}; {source}",
                Table(frame, links),
            )
            title = ""


def counts(ledger: pd.DataFrame, by: str = "exhibit") -> Table:
    """How many claims of each ``by``, exhibit or paper, have which verdict, in the ledger's order, with their sum."""
    table = pd.crosstab(ledger[by], ledger["verdict"]).reindex(
        index=ledger[by].unique(), columns=VERDICTS, fill_value=0
    )
    table.columns.name = None
    references = [load_reference(paper) for paper in ledger.paper.unique()]
    if by == "paper":
        titles = {reference.paper: reference.title for reference in references}
    else:
        titles = {key: exhibit.title for reference in references for key, exhibit in reference.exhibits.items()}
    table.index = table.index.map(titles).rename(by)
    table.loc["all"] = table.sum()
    return Table(table.rename(columns=MARKED))


def rule(claim: Claim, names: Names) -> str:
    """When the claim counts as reproduced, in words; empty if out of reach."""
    if claim.out_of_reach:
        return ""
    of, than, where = (
        ", ".join(condition.words(names) for condition in conditions)
        for conditions in (claim.of, claim.than, claim.where)
    )
    sides = of if claim.measure == "value" else f"({of}) {'−' if claim.measure == 'difference' else '/'} ({than})"
    measured = ", ".join(filter(None, [sides, where]))
    if claim.column != "value":
        measured = " of ".join(filter(None, [names.column(claim.column), measured]))
    points = {"all": "", "any": ", at one point at least", "mean": ", in the mean over the points"}[claim.points]
    certain = ", with the whole interval" if claim.certain else ""
    return f"{measured}: {claim.expect.words}{points}{certain}"


def _frame(claims: Sequence[Claim], found: Sequence[Verdict]) -> pd.DataFrame:
    """A row a claim: its title with the paper's words, the verdict, the paper's number and ours with its interval."""
    return pd.DataFrame(
        {
            "verdict": [MARKED[verdict.verdict] for verdict in found],
            "paper": [number(claim.paper_value) for claim in claims],
            "ours": [(number if np.isnan(at.low) else decimals)(at.ours) for at in found],
            "95 % interval": [interval(at.low, at.high) for at in found],
        },
        index=pd.Index([f"{claim.title}\n“{claim.quote}” ({claim.place})" for claim in claims], name="claim"),
    )


def _without_empty_columns(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.loc[:, (frame != "").any()]


def _decided_at(verdict: Verdict) -> str:
    share = f"{verdict.holds} of {verdict.points} points hold" if verdict.points > 1 else ""
    return "\n".join(filter(None, [verdict.point, share]))


def _remark(claim: Claim, verdict: str) -> str:
    return claim.out_of_reach or (UNMEASURED if verdict == OUT_OF_REACH else claim.note) or ""
