"""Where things lie, relative to the project's root (the folder that holds ``semcom_lib``)."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from semcom_lib import interactive

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
HOME = interactive.home(ROOT)  # ROOT itself, but for notebooks that a person runs
REPORTS = HOME / "reports"
DATA = HOME / "data"
CHECKPOINTS = HOME / "checkpoints"
RESULTS = HOME / "results"

UNFINISHED = (
    ".unfinished-"  # how the names of files begin that are just being written; .gitignore and .dvcignore have it
)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path`` to write to; it takes the place of ``path`` only if the block succeeds.

    Git and DVC ignore it, should the process be killed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f"{UNFINISHED}{path.name}.", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_text(path: Path, text: str) -> None:
    """Write ``path`` whole or not at all, UTF-8 with Unix line ends."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
