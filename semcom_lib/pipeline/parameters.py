"""The parameters of a notebook: declared in its cell tagged "parameters", given by params.yaml, written into that cell."""

import ast
import contextlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from semcom_lib.pipeline.errors import PipelineError

TAG = "parameters"
_YAML = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader  # the former some ten times as fast


def load_settings(section: str, root: Path) -> dict[str, Any]:
    """params.yaml's plain top-level values and, as "section", the values of ``section``. Raises PipelineError."""
    everything = yaml.load((root / "params.yaml").read_text(encoding="utf-8"), _YAML)
    chosen: Any = everything
    for key in section.split("."):
        if not isinstance(chosen, dict) or key not in chosen:
            raise PipelineError(f"params.yaml has no section {section!r}")
        chosen = chosen[key]
    if not isinstance(chosen, dict):
        raise PipelineError(f"params.yaml: {section!r} is a value, not a section")
    return {key: value for key, value in everything.items() if not isinstance(value, dict)} | {"section": chosen}


def choose(
    declared: Iterable[str], settings: Mapping[str, Any], overrides: Mapping[str, Any], notebook: Path, section: str
) -> dict[str, Any]:
    """The value of every parameter that the notebook has ``declared``.

    Values of the section go before common ones, ``overrides`` before both. Raises PipelineError for a parameter of the
    section or the overrides that is not declared.
    """
    declared = list(declared)
    unknown = [key for key in [*settings["section"], *overrides] if key not in declared]
    if unknown:
        raise PipelineError(
            f"{notebook}: parameter {unknown[0]!r} of {section} is not declared; it has: {', '.join(declared)}"
        )
    common = {key: value for key, value in settings.items() if key in declared}
    return common | settings["section"] | dict(overrides)


def cell_of(cells: Iterable[Any], notebook: Path) -> Any:
    """The cell tagged "parameters". Raises PipelineError where there is none."""
    for cell in cells:
        if TAG in cell.metadata.get("tags", []):
            return cell
    raise PipelineError(f'{notebook}: no cell is tagged "{TAG}"')


def declared_in(source: str) -> list[str]:
    """The names that a parameters cell assigns, one assignment a line, in its order."""
    return [node.targets[0].id for node in _assignments(source)]


def with_values(source: str, values: Mapping[str, Any], notebook: Path) -> str:
    """``notebook``'s parameters cell with the value of each assignment replaced; the rest, comments too, stays as it is.

    Raises PipelineError for a value that no Python literal gives back.
    """
    return _replaced(source, {key: _literal(value, f"{notebook}: {key}") for key, value in values.items()})


def without_values(source: str) -> str:
    """A parameters cell with "..." in place of every value: equal for two cells that differ in values only."""
    return _replaced(source, dict.fromkeys(declared_in(source), "..."))


def _assignments(source: str) -> list[ast.Assign]:
    return [node for node in ast.parse(source).body if isinstance(node, ast.Assign)]


def _replaced(source: str, texts: Mapping[str, str]) -> str:
    data = source.encode()  # ast counts bytes
    starts = [0]
    for line in data.split(b"\n"):
        starts.append(starts[-1] + len(line) + 1)
    for node in reversed(_assignments(source)):
        if (text := texts.get(node.targets[0].id)) is not None:
            begin = starts[node.value.lineno - 1] + node.value.col_offset
            end = starts[node.value.end_lineno - 1] + node.value.end_col_offset
            data = data[:begin] + text.encode() + data[end:]
    return data.decode()


def _literal(value: Any, where: str) -> str:
    text = repr(value)
    with contextlib.suppress(ValueError, SyntaxError):
        if ast.literal_eval(text) == value:
            return text
    raise PipelineError(
        f"{where} = {text}; must be a finite number, a text, true, false, null, or a list or mapping of such"
    )
