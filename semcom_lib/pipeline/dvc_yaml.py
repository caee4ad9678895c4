"""Write dvc.yaml from stages.yaml, the notebooks' imports and the parameters that they declare.

python -m semcom_lib.pipeline.dvc_yaml
"""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import jupytext
import yaml

from semcom_lib import paths
from semcom_lib.pipeline import imports, parameters, stages
from semcom_lib.pipeline.errors import PipelineError
from semcom_lib.pipeline.stages import Stage

FILE = "dvc.yaml"
HEADER = """\
# Written by `make pipeline` from stages.yaml, from what each notebook imports and from the parameters that it declares: change
# those, then run it again. A test compares. Any change of a `cmd`, even white space, would rerun its stage.
"""
BY_THE_RUNNER = {"threads", "portable"}  # it sets the kernel's environment by them, whatever the notebook declares


def main() -> int:
    """Write dvc.yaml. Returns the exit code."""
    try:
        declared = stages.load()
        text = rendered(entries(declared))
    except PipelineError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    paths.write_text(paths.ROOT / FILE, text)
    print(f"{FILE}: {len(declared)} stages")
    return 0


def entries(declared: Iterable[Stage], root: Path = paths.ROOT) -> dict[str, Any]:
    """The stages as DVC wants them, {name: entry}. Raises PipelineError."""
    common = yaml.safe_load((root / "params.yaml").read_text(encoding="utf-8"))
    plain = [key for key, value in common.items() if not isinstance(value, dict)]
    return {stage.name: _entry(stage, plain, root) for stage in declared}


def rendered(stage_entries: dict[str, Any]) -> str:
    """The text of dvc.yaml: a path a line, so that a change of one dep is a change of one line."""
    lines = [HEADER + "stages:"]
    for name, entry in stage_entries.items():
        lines += [f"  {name}:", f"    cmd: {entry['cmd']}"]
        for key in ("deps", "params", "outs", "metrics", "plots"):
            if key == "params":
                lines.append(f"    params: [{', '.join(entry[key])}]")
            elif key in entry:
                lines += [f"    {key}:", *(f"      - {_path(item)}" for item in entry[key])]
        lines.append("")
    return "\n".join(lines)


def _entry(stage: Stage, plain: Sequence[str], root: Path) -> dict[str, Any]:
    notebook = root / stage.notebook
    cell = parameters.cell_of(jupytext.read(notebook).cells, Path(stage.notebook))
    parameters.load_settings(stage.section, root)  # there must be such a section
    wanted = BY_THE_RUNNER | set(parameters.declared_in(cell.source))
    name = [] if stage.report_name == notebook.stem else ["--as", stage.report_name]
    entry = {
        "cmd": " ".join(["python -m semcom_lib.run", stage.notebook, stage.section, *name]),
        "deps": sorted({stage.notebook, *stage.reads} | imports.closure(stage.notebook, root)),
        "params": [*(key for key in plain if key in wanted), stage.section],
    }
    for path in stage.outs:
        cached = path.split("/")[0] in stages.CACHED
        entry.setdefault(_kind(path), []).append(path if cached else {path: {"cache": False}})
    return entry


def _kind(path: str) -> str:
    """How DVC shows an out: measured tables as metrics, other measurements as plots."""
    if path.split("/")[0] != "results":
        return "outs"
    return "metrics" if path.endswith(".csv") else "plots"


def _path(item: str | dict[str, Any]) -> str:
    return item if isinstance(item, str) else f"{next(iter(item))}: {{cache: false}}"


if __name__ == "__main__":
    sys.exit(main())
