"""How long the stages took when they last ran: build/durations/<section>, which neither git nor DVC sees.

python -m semcom_lib.run --list     prints them
"""

import contextlib
from pathlib import Path

from semcom_lib import paths
from semcom_lib.pipeline import stages
from semcom_lib.pipeline.errors import PipelineError

FOLDER = Path("build") / "durations"


def record(section: str, seconds: float, root: Path = paths.ROOT) -> None:
    """Keep how long the stage of ``section`` took. That the folder cannot be written to is no reason to fail."""
    with contextlib.suppress(OSError):
        paths.write_text(root / FOLDER / section, f"{seconds:.1f}\n")


def recorded(root: Path = paths.ROOT) -> dict[str, float]:
    """{section: seconds} of all that have run here."""
    found = {}
    for file in sorted((root / FOLDER).glob("[!.]*")):
        with contextlib.suppress(ValueError, OSError):
            found[file.name] = float(file.read_text(encoding="utf-8"))
    return found


def in_words(seconds: float) -> str:
    """8 s, 3 min, 2.5 h."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 100 * 60 else f"{seconds / 3600:.1f} h"


def listing(root: Path = paths.ROOT) -> str:
    """A line a stage: its name, section and notebook, and how long it last took here. Raises PipelineError."""
    last = recorded(root)
    rows = [("stage", "section", "notebook", "last took")]
    for stage in stages.load(root):
        took = in_words(last[stage.section]) if stage.section in last else "-"
        rows.append((stage.name, stage.section, stage.notebook, took))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*lines, "", f"together {in_words(sum(last.values()))}, where known"])


def main() -> int:
    """Print the stages. Returns the exit code."""
    try:
        print(listing())
    except PipelineError as error:
        print(f"error: {error}")
        return 1
    return 0
