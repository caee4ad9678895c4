"""Which executed notebooks under reports/ are executions of their scripts as these stand, and which are of an older run.

    python -m semcom_lib.pipeline.reports       writes reports/older_run.txt; so do `make repro` and `make redraw` in place

A report is of an older run when its cells are not its script's, the values of the parameters cell apart. What a report would
show now, ``dvc repro`` says; the list only keeps readers from taking an old report for the script beside it.
"""

import sys
from pathlib import Path

import jupytext
import nbformat

from semcom_lib import paths
from semcom_lib.pipeline import errors, parameters, stages
from semcom_lib.pipeline.errors import PipelineError

LIST = "reports/older_run.txt"
HEADER = """\
# Executed notebooks that are of an older run: their scripts have changed since, and running their stage again takes them off.
# Written by `python -m semcom_lib.pipeline.reports`; a test compares.
"""


def main() -> int:
    """Write the list. Returns the exit code."""
    try:
        print(f"{LIST}: {write_list()} reports")
    except PipelineError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {errors.in_words(error, LIST)}", file=sys.stderr)
        return 1
    return 0


def write_list() -> int:
    """Write the list and return how many reports stand in it. Raises PipelineError."""
    older = of_older_run()
    paths.write_text(paths.ROOT / LIST, listed(older))
    return len(older)


def listed(reports: list[str]) -> str:
    """The text of the list: a path a line under its header."""
    return HEADER + "".join(f"{report}\n" for report in reports)


def of_older_run(root: Path = paths.ROOT) -> list[str]:
    """The executed notebooks whose cells are not their script's, sorted. Raises PipelineError for one that no stage makes."""
    notebooks = {stage.report: stage.notebook for stage in stages.load(root)}
    found = sorted(path.relative_to(root).as_posix() for path in (root / "reports").rglob("*.ipynb"))
    if strangers := [report for report in found if report not in notebooks]:
        raise PipelineError(f"{strangers[0]}: no stage of {stages.FILE} makes it")
    return [report for report in found if not is_execution(root / report, root / notebooks[report])]


def is_execution(report: Path, script: Path) -> bool:
    """Has ``report`` exactly the cells of ``script``, in kind, text and order, the values of the parameters apart?"""
    return _cells(nbformat.read(report, as_version=4)) == _cells(jupytext.read(script))


def _cells(notebook: nbformat.NotebookNode) -> list[tuple[str, bool, str]]:
    """(kind, is it tagged, text) of every cell; of the parameters cell the text without values."""
    cells = []
    for cell in notebook.cells:
        tagged = parameters.TAG in cell.metadata.get("tags", [])
        cells.append((cell.cell_type, tagged, parameters.without_values(cell.source) if tagged else cell.source))
    return cells


if __name__ == "__main__":
    sys.exit(main())
