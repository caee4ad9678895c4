"""The text corpora by the name that a profile gives them, and how captions name them."""

from collections.abc import Callable

from semcom_lib.sources.embedded import parliament_days
from semcom_lib.sources.europarl import europarl_1996_2001, europarl_v7

EMBEDDED_DAYS, EMBEDDED_LINES_A_DAY = 60, 100

CAPTIONS = {
    "embedded": "generated sentences (embedded demo data)",
    "europarl_1996_2001": "Europarl 1996-2001 (tokenised)",
    "europarl_v7": "Europarl v7",
}


def load(name: str, seed: int) -> dict[str, list[str]]:
    """{day: lines} of the corpus ``name``. Raises ValueError for an unknown name, DataUnavailable for missing files."""
    loaders: dict[str, Callable[[], dict[str, list[str]]]] = {
        "embedded": lambda: parliament_days(EMBEDDED_DAYS, EMBEDDED_LINES_A_DAY, seed),
        "europarl_1996_2001": europarl_1996_2001,
        "europarl_v7": europarl_v7,
    }
    if name not in loaders:
        raise ValueError(f"corpus = {name!r} is unknown; one of: {', '.join(loaders)}")
    return loaders[name]()
