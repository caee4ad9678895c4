"""Early and late sitting days: the text that the cloud begins with, and the text that its devices hear later."""

from semcom_lib.sources.text import Dated

_LAST_CENTURY = "50"  # two-digit years from here on are of 19..; Europarl begins in 1996


def in_time(day: str) -> str:
    """A key that sorts sitting days by time: "ep-99-12-17" before "ep-00-01-17"; other names sort as they are."""
    release, _, date = day.partition("-")
    return f"{'19' if date >= _LAST_CENTURY else '20'}{date}" if release == "ep" else day


def early_and_late(dated: Dated, first_late_day: str) -> tuple[Dated, Dated]:
    """The sentences of the days before ``first_late_day`` (which need not be a sitting day), and all others, in their order.

    Raises ValueError where one of the two has none.
    """
    boundary = in_time(first_late_day)
    parts: tuple[list[tuple[str, str]], list[tuple[str, str]]] = ([], [])
    for sentence, day in zip(*dated, strict=True):
        parts[in_time(day) >= boundary].append((sentence, day))
    if not all(parts):
        days = sorted(set(dated.days), key=in_time)
        raise ValueError(
            f"first_late_day = {first_late_day!r} must be above {days[0]} and at most {days[-1]}"
            if days
            else "there are no sentences to divide by their days"
        )
    early, late = (Dated(*map(list, zip(*part, strict=True))) for part in parts)
    return early, late
