"""How long the stages took when they last ran: build/durations/<paper>.<report>, which neither git nor DVC sees.

python -m semcom_lib.run --list     prints them
"""

import contextlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from semcom_lib import paths
from semcom_lib.pipeline import stages
from semcom_lib.pipeline.errors import PipelineError
from semcom_lib.pipeline.stages import Stage

FOLDER = Path("build") / "durations"


def record(arguments: Sequence[str], seconds: float, root: Path = paths.ROOT) -> None:
    """Keep how long a run with these ``arguments`` took. That the folder cannot be written to is no reason to fail."""
    notebook = Path(arguments[0]).absolute()
    name = arguments[3] if arguments[2:3] == ["--as"] else notebook.stem
    with contextlib.suppress(OSError):
        paths.write_text(root / FOLDER / f"{notebook.parent.name}.{name}", f"{seconds:.1f}\n")


def recorded(declared: Iterable[Stage], root: Path = paths.ROOT) -> dict[str, float]:
    """{name: seconds} of the ``declared`` stages that have run in ``root``."""
    stage_of = {f"{stage.paper}.{stage.report_name}": stage.name for stage in declared}
    found = {}
    for file in sorted((root / FOLDER).glob("[!.]*")):
        with contextlib.suppress(ValueError, OSError):
            if file.name in stage_of:
                found[stage_of[file.name]] = float(file.read_text(encoding="utf-8"))
    return found


def in_words(seconds: float) -> str:
    """8 s, 3 min, 2.5 h."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 100 * 60 else f"{seconds / 3600:.1f} h"


def listing(root: Path = paths.ROOT) -> str:
    """A line a stage: its name, section and notebook, and how long it last took here. Raises PipelineError."""
    declared = stages.load(root)
    last = recorded(declared, root)
    rows = [("stage", "section", "notebook", "last took")]
    for stage in declared:
        took = in_words(last[stage.name]) if stage.name in last else "-"
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
