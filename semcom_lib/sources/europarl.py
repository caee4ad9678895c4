"""European Parliament proceedings, English side: {sitting day: its lines}.

Two releases. ``europarl_1996_2001``: a tokenised release, one file a sitting day, 368 days from April 1996 to September 2001; a
local mirror keeps it as one archive, its public home as one ISO-8859-1 file a day: both give the same lines.
``europarl_v7``: the release that the papers use [Koehn 2005], one text without days; we cut it into runs of lines.
"""

import tarfile
from pathlib import Path

from semcom_lib.sources.fetch import DataUnavailable, fetch, neither

ARCHIVE = "europarl-en-1996-2001.tar.xz"
ARCHIVE_SHA256 = "808cc106c5f8ae8ef96d9f84b9975919259ad56ef1d2596775f2d0fb926f2598"
_DAY_URL = (
    "https://raw.githubusercontent.com/Martingeek4life/Sin-r/52ff2595f587852db0c7424d46364cacc52e2c74/it-en/en/{}.al"
)
_DAY_CHECKSUMS = Path(__file__).with_name("europarl_1996_2001.sha256")

V7_ARCHIVE = "fr-en.tgz"
V7_SHA256 = "80f5d52113e23bfe51f890569ed69d2a1348127bca0894d07d1d23e0d0fac1e9"
_V7_URL = "https://www.statmt.org/europarl/v7/fr-en.tgz"
_V7_MEMBER = "europarl-v7.fr-en.en"
V7_LINES_A_DAY = 2_000


def europarl_1996_2001() -> dict[str, list[str]]:
    """The tokenised release 1996-2001: {"ep-96-04-15": lines, ...}. Raises DataUnavailable."""
    try:
        archive = fetch(ARCHIVE, sha256=ARCHIVE_SHA256)
    except DataUnavailable as not_in_mirror:
        return _days_from_public_home(not_in_mirror)
    return read_archive(archive)


def read_archive(archive: Path) -> dict[str, list[str]]:
    """The days of a local archive ``txt/en/<day>.txt``. Raises DataUnavailable when it is truncated or holds no day."""
    try:
        with tarfile.open(archive) as tar:
            members = [member for member in tar if member.isfile() and member.name.endswith(".txt")]
            days = {Path(m.name).stem: tar.extractfile(m).read().decode("utf-8").split("\n") for m in members}
    except (tarfile.TarError, EOFError, OSError, UnicodeDecodeError) as error:
        why = str(error).split("\n")[0]
        raise DataUnavailable(f"{archive}: not a readable archive ({why}); fetch it again") from error
    if not days:
        raise DataUnavailable(f"{archive}: holds no txt/en/<day>.txt file")
    return days


def _days_from_public_home(not_in_mirror: DataUnavailable) -> dict[str, list[str]]:
    days = {}
    for row in _DAY_CHECKSUMS.read_text().splitlines():
        sha256, day = row.split()
        try:
            raw = fetch(f"{day}.al", sha256=sha256, url=_DAY_URL.format(day))
        except DataUnavailable as nor_there:
            raise neither(not_in_mirror, nor_there) from nor_there
        days[day] = raw.read_bytes().decode("iso-8859-1").split("\n")
    return days


def europarl_v7() -> dict[str, list[str]]:
    """Release 7, English side of French-English, in runs of V7_LINES_A_DAY lines. Raises DataUnavailable."""
    archive = fetch(V7_ARCHIVE, sha256=V7_SHA256, url=_V7_URL)
    with tarfile.open(archive) as tar:
        lines = tar.extractfile(_V7_MEMBER).read().decode("utf-8").split("\n")
    starts = range(0, len(lines), V7_LINES_A_DAY)
    return {f"v7-{start:07d}": lines[start : start + V7_LINES_A_DAY] for start in starts}
