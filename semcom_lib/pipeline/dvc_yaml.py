"""Write dvc.yaml from stages.yaml, the notebooks' imports and the parameters that they declare, and the parameters' values there.

python -m semcom_lib.pipeline.dvc_yaml
"""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from semcom_lib import paths
from semcom_lib.pipeline import errors, imports, parameters, profiles, scripts, stages
from semcom_lib.pipeline.errors import PipelineError
from semcom_lib.pipeline.stages import Stage

FILE = "dvc.yaml"
HEADER = """\
# Written by `make pipeline` from stages.yaml, from what each notebook imports and from the parameters that it declares: change
# those, then run it again. A test compares. Any change of a `cmd`, even white space, would rerun its stage.
"""
# DVC would remove what a stage makes before it runs: what is in git stays, until the runner has written it anew.
IN_GIT = {"cache": False, "persist": True}
TEMPLATE = "curves"  # .dvc/plots/curves.json: a curve for each system, a panel for each metric
BY_THE_RUNNER = {"threads", "portable"}  # it sets the kernel's environment by them, whatever the notebook declares


def main() -> int:
    """Write params.yaml's values into the notebooks, then dvc.yaml. Returns the exit code."""
    try:
        declared = stages.load()
        for script in scripts.write():
            print(f"{script}: header and parameters cell written anew")
        paths.write_text(paths.ROOT / FILE, rendered(entries(declared)))
    except PipelineError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {errors.in_words(error, FILE)}", file=sys.stderr)
        return 1
    print(f"{FILE}: {len(declared)} stages")
    return 0


def entries(declared: Iterable[Stage], root: Path = paths.ROOT) -> dict[str, Any]:
    """The stages as DVC wants them, {name: entry}. Raises PipelineError."""
    params = profiles.params(root)
    return {stage.name: _entry(stage, params, root) for stage in declared}


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


def _entry(stage: Stage, params: Mapping[str, Any], root: Path) -> dict[str, Any]:
    notebook = root / stage.notebook
    cell = parameters.cell_in(notebook.read_text(encoding="utf-8"), Path(stage.notebook))
    parameters.section_of(params, stage.section)  # there must be such a section
    wanted = BY_THE_RUNNER | set(parameters.declared_in(cell, Path(stage.notebook)))
    name = [] if stage.report_name == notebook.stem else ["--as", stage.report_name]
    given = [f"{key}={value}" for key, value in stage.arguments]
    entry = {
        "cmd": " ".join(["python -m semcom_lib.run", stage.notebook, stage.section, *name, *given]),
        "deps": sorted({stage.notebook, *stage.reads} | imports.closure(stage.notebook, root)),
        "params": [*(key for key in params if key in wanted), stage.section],
    }
    drawn = {path: {"x": x, "y": y, "template": TEMPLATE} for path, x, y in stage.curves}
    for path in stage.outs:
        kind = "plots" if path in drawn else "metrics" if path.endswith(".json") else "outs"
        cached = path.split("/")[0] in stages.CACHED
        entry.setdefault(kind, []).append(path if cached else {path: IN_GIT | drawn.get(path, {})})
    return entry


def _path(item: str | dict[str, Any]) -> str:
    if isinstance(item, str):
        return item
    ((path, flags),) = item.items()
    return f"{path}: {{{', '.join(f'{key}: {json.dumps(value).strip(chr(34))}' for key, value in flags.items())}}}"


if __name__ == "__main__":
    sys.exit(main())
