"""How the notebooks' percent scripts stand in git: one header, and params.yaml's values in their parameters cells.

So a notebook that is run in JupyterLab shows and has the laptop profile's values (those of the first stage, where it serves
several), and JupyterLab saves a notebook that nobody has changed as the same bytes. `make pipeline` writes both.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from semcom_lib import paths
from semcom_lib.pipeline import parameters, profiles, stages

# What would differ between two machines, the kernel's name and jupytext's version, is filtered out.
HEADER = """\
# ---
# jupyter:
#   jupytext:
#     cell_metadata_filter: tags,-all
#     notebook_metadata_filter: -kernelspec,-jupytext.text_representation.jupytext_version
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
# ---

"""
_ANY_HEADER = re.compile(r"\A# ---\n(?:#.*\n)*?# ---\n\n*")
_LINE = 120  # as ruff formats it


def write(root: Path = paths.ROOT) -> list[str]:
    """Write every notebook as it has to stand; the names of those that had to be changed. Raises PipelineError."""
    changed = []
    for script, text in written(root).items():
        if (root / script).read_text(encoding="utf-8") != text:
            paths.write_text(root / script, text)
            changed.append(script)
    return changed


def written(root: Path = paths.ROOT) -> dict[str, str]:
    """Every notebook's text as it has to stand. Raises PipelineError."""
    values = profiles.params(root)
    common = {key: value for key, value in values.items() if not isinstance(value, dict)}
    texts: dict[str, str] = {}
    for stage in stages.load(root):
        if stage.notebook not in texts:
            text = (root / stage.notebook).read_text(encoding="utf-8")
            given = common | {"section": parameters.section_of(values, stage.section)}
            own = parameters.overridden(f"{key}={value}" for key, value in stage.arguments)
            texts[stage.notebook] = _rewritten(text, given, own, stage.notebook, stage.section)
    return texts


def _rewritten(script: str, given: Mapping[str, Any], own: Mapping[str, Any], notebook: str, section: str) -> str:
    cell = parameters.cell_in(script, Path(notebook))
    declared = parameters.declared_in(cell, Path(notebook))
    values = parameters.choose(declared, given, own, Path(notebook), section)
    sources = {key: _source(value, len(key)) for key, value in values.items()}
    script = script.replace(cell, parameters.replaced(cell, sources), 1)
    return HEADER + _ANY_HEADER.sub("", script, count=1)


def _source(value: Any, name_length: int) -> str:
    """A literal as ruff formats it."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        entries = [_source(entry, 0) for entry in value]
        line = f"[{', '.join(entries)}]"
        too_long = name_length + len(" = ") + len(line) > _LINE
        return "[\n" + "".join(f"    {entry},\n" for entry in entries) + "]" if too_long else line
    return repr(value)
