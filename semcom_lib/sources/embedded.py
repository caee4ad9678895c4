"""Generated data for the demo: no download, the same bytes everywhere, and named as such in every caption."""

from semcom_lib import seeds
from semcom_lib.arguments import check_integer

_GRAMMAR: dict[str, tuple[str, ...]] = {
    # Upper-case words stand for one of their alternatives. The open classes are large, so that a model cannot guess a sentence
    # from its grammar alone but has to send its words.
    "SENTENCE": (
        "GROUP VERB QUALITY OBJECT on TOPIC MOMENT .",
        "mr NAME VERB QUALITY OBJECT and QUALITY OBJECT .",
        "mrs NAME , GROUP VERB OBJECT on TOPIC and TOPIC .",
        "MANNER , GROUP MODAL VERB TOPIC in COUNTRY MOMENT .",
        "COUNTRY and COUNTRY MODAL MANNER VERB QUALITY OBJECT .",
        "does GROUP VERB OBJECT on QUALITY TOPIC in COUNTRY ?",
        "why MODAL mr NAME VERB QUALITY OBJECT MOMENT ?",
        "QUALITY TOPIC and OBJECT VERB GROUP in COUNTRY .",
        "MANNER VERB TOPIC , QUALITY OBJECT and TOPIC .",
        "MOMENT mrs NAME and mr NAME MODAL VERB OBJECT .",
    ),
    "GROUP": tuple(
        "parliament council commission committees members liberals socialists greens citizens ministers farmers experts "
        "governments regions employers unions consumers fishermen judges delegates".split()
    ),
    "MODAL": tuple("must should will can may cannot would shall".split()),
    "VERB": tuple(
        "support improve discuss adopt reform protect finance simplify strengthen examine amend reject welcome postpone "
        "monitor coordinate criticise approve restore extend defend replace clarify publish reduce question promote "
        "delay prepare explain".split()
    ),
    "QUALITY": tuple(
        "important urgent excellent common new difficult political economic social annual national regional legal clear "
        "fair costly modern public private rural maritime technical democratic strategic modest ambitious temporary "
        "balanced honest coherent".split()
    ),
    "OBJECT": tuple(
        "budgets treaties programmes agreements strategies funds rules markets policies amendments reports proposals "
        "directives resolutions debates guidelines reforms statistics deadlines principles measures taxes contracts "
        "subsidies quotas standards licences inspections ballots speeches".split()
    ),
    "TOPIC": tuple(
        "fisheries employment enlargement transport research agriculture energy asylum health education tourism security "
        "competition steel forestry shipping culture telecommunications pensions equality trade immigration biotechnology "
        "railways waste water climate justice sport development".split()
    ),
    "COUNTRY": tuple(
        "austria belgium denmark finland france germany greece ireland italy luxembourg portugal spain sweden poland "
        "hungary estonia cyprus malta slovenia turkey".split()
    ),
    "NAME": tuple(
        "martin weber rossi garcia jensen dupont murphy larsen costa novak papadopoulos virtanen bakker schmidt moreau "
        "andersson silva kovacs byrne fischer".split()
    ),
    "MANNER": tuple("firstly finally clearly perhaps certainly today however naturally fortunately sadly".split()),
    "MOMENT": tuple("today tomorrow soon now later again annually immediately afterwards tonight".split()),
}


def parliament_days(num_days: int, lines_per_day: int, seed: int) -> dict[str, list[str]]:
    """Parliamentary-sounding sentences from a small grammar: {"day-0000": lines, ...}.

    Raises ValueError for negative numbers of them.
    """
    check_integer("num_days", num_days, 0)
    check_integer("lines_per_day", lines_per_day, 0)
    rng = seeds.numpy_generator(seed, "embedded", "parliament")

    def expand(symbol: str) -> str:
        if symbol not in _GRAMMAR:
            return symbol
        choices = _GRAMMAR[symbol]
        return " ".join(expand(word) for word in choices[int(rng.integers(len(choices)))].split())

    return {f"day-{day:04d}": [expand("SENTENCE") for _ in range(lines_per_day)] for day in range(num_days)}
