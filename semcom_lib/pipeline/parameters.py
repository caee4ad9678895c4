"""The parameters of a notebook: declared in its cell tagged "parameters", given by params.yaml, written into that cell."""

import ast
import contextlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from semcom_lib import strict_yaml
from semcom_lib.pipeline import profiles, settings
from semcom_lib.pipeline.errors import PipelineError

TAG = "parameters"
COMMAND_LINE = "command line"


def load_settings(section: str, root: Path) -> dict[str, Any]:
    """params.yaml's plain top-level values and, as "section", the values of ``section``. Raises PipelineError."""
    everything = profiles.params(root)
    chosen = section_of(everything, section)
    return {key: value for key, value in everything.items() if not isinstance(value, dict)} | {"section": chosen}


def section_of(everything: Mapping[str, Any], section: str) -> dict[str, Any]:
    """The values of ``section``, <paper>.<key>. Raises PipelineError where there is none."""
    paper, _, key = section.partition(".")
    sections = everything.get(paper)
    if not isinstance(sections, dict) or key not in sections:
        raise PipelineError(f"{profiles.FILE} has no section {section!r}; must be one such as {_some(everything)}")
    return sections[key]


def choose(
    declared: Mapping[str, Any],
    given: Mapping[str, Any],
    overrides: Mapping[str, Any],
    notebook: Path,
    section: str,
    file: str = profiles.FILE,
) -> dict[str, Any]:
    """The value of every parameter that the notebook has ``declared``, {name: what stands in its cell}.

    Values of the section go before common ones, ``overrides`` before both. Raises PipelineError, naming ``file``, for a
    parameter of the section or the overrides that is not declared, one that nothing gives, and a value of another type or
    range.
    """
    own, commons = given["section"], {key: given[key] for key in given if key != "section"}
    places = {key: (commons[key], f"{file}: ") for key in commons}
    places |= {key: (own[key], f"{file}: {section}.") for key in own}
    places |= {key: (overrides[key], f"{COMMAND_LINE}: ") for key in overrides}
    for key in [*own, *overrides]:
        if key not in declared:
            raise PipelineError(f"{places[key][1]}{key}: {notebook} does not declare it; it has: {', '.join(declared)}")
    if missing := [key for key in declared if key not in places]:
        wanted = settings.wanted(missing[0], declared[missing[0]])
        raise PipelineError(f"{file}: {section}.{missing[0]}: is missing; must be {wanted}")
    values = {key: settings.checked(key, *places[key], default) for key, default in declared.items()}
    settings.check_relations(values, f"{file} and {COMMAND_LINE}: {section}." if overrides else f"{file}: {section}.")
    return values


def overridden(texts: Iterable[str]) -> dict[str, Any]:
    """The values of ``key=value`` words of a command line, each value read as in params.yaml. Raises PipelineError."""
    values: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise PipelineError(f"{COMMAND_LINE}: {text!r} is not of the form key=value")
        if key in values:
            raise PipelineError(f"{COMMAND_LINE}: {key}: is there twice")
        try:
            values[key] = strict_yaml.parse(value, f"{COMMAND_LINE}: {key}")
        except ValueError as error:
            raise PipelineError(str(error)) from None
    return values


def _some(everything: Mapping[str, Any]) -> str:
    return next((f"{p}.{k}" for p, keys in everything.items() if isinstance(keys, dict) for k in keys), "paper.section")


def cell_of(cells: Iterable[Any], notebook: Path) -> Any:
    """The cell tagged "parameters". Raises PipelineError where there is none."""
    for cell in cells:
        if TAG in cell.metadata.get("tags", []):
            return cell
    raise PipelineError(f'{notebook}: no cell is tagged "{TAG}"')


def cell_in(script: str, notebook: Path) -> str:
    """The text of the parameters cell of a percent script, as jupytext would read it, some thousand times as fast."""
    found = re.search(rf'^# %%.*\btags=\[[^]]*"{TAG}".*\n((?:(?!# %%).*\n?)*)', script, re.MULTILINE)
    if not found:
        raise PipelineError(f'{notebook}: no cell is tagged "{TAG}"')
    return found[1].strip("\n")


def declared_in(source: str, notebook: Path) -> dict[str, Any]:
    """What a parameters cell assigns, one literal a line, in its order: {name: value}. Raises PipelineError for anything else."""
    declared: dict[str, Any] = {}
    for node in _assignments(source, notebook):
        name = node.targets[0].id
        if name in declared:
            raise PipelineError(f"{notebook}: the parameters cell: {name} is assigned twice")
        try:
            declared[name] = ast.literal_eval(node.value)
        except ValueError:
            source = ast.unparse(node.value)
            raise PipelineError(f"{notebook}: the parameters cell: {name} must be a literal, is {source}") from None
    return declared


def with_values(source: str, values: Mapping[str, Any], notebook: Path) -> str:
    """``notebook``'s parameters cell with the value of each assignment replaced; the rest, comments too, stays as it is.

    Raises PipelineError for a value that no Python literal gives back.
    """
    return replaced(source, {key: _literal(value, f"{notebook}: {key}") for key, value in values.items()})


def without_values(source: str) -> str:
    """A parameters cell with "..." in place of every value: equal for two cells that differ in values only."""
    return replaced(source, {node.targets[0].id: "..." for node in _assignments(source)})


def _assignments(source: str, notebook: Path = Path("notebook")) -> list[ast.Assign]:
    try:
        nodes = ast.parse(source).body
    except SyntaxError as error:
        raise PipelineError(f"{notebook}: the parameters cell, line {error.lineno}: {error.msg}") from None
    for node in nodes:
        if not (isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)):
            raise PipelineError(
                f"{notebook}: the parameters cell must hold one assignment a line, has {ast.unparse(node)}"
            )
    return nodes


def replaced(source: str, texts: Mapping[str, str]) -> str:
    """A parameters cell with ``texts`` in place of the values of the assignments that they are for."""
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
