"""The stages as stages.yaml gives them: what each one runs, reads and makes, and which only redraw reports."""

import contextlib
import re
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from semcom_lib import paths, strict_yaml
from semcom_lib.pipeline.errors import PipelineError

FILE = "stages.yaml"
KEYS = {
    "notebook": str, "as": str, "section": str, "with": dict, "reads": list, "makes": list, "figures": list, "curves": dict,
}  # fmt: skip
CACHED = ("data", "checkpoints")  # by DVC; what is made elsewhere is small and in git
MADE = (*CACHED, "results", "reports", "pretrained")
IN_EVERY_CLONE = ("results", "reports", "reference", "benchmarks")
_FILE_NAME = re.compile(r"\w[\w.-]*", re.ASCII)


@dataclass(frozen=True)
class Stage:
    """One stage; every path is relative to the project's root."""

    paper: str
    key: str
    notebook: str
    report_name: str
    reads: tuple[str, ...]
    makes: tuple[str, ...]  # report and figures apart
    figures: tuple[str, ...]  # names
    curves: tuple[tuple[str, str, str], ...] = ()  # (file, x, y): columns of measured tables that DVC draws
    section_key: str | None = None  # of params.yaml, where it is not its own key
    arguments: tuple[tuple[str, str], ...] = ()  # parameters by which stages of one section differ

    @property
    def name(self) -> str:
        return f"{self.paper}_{self.key}"

    @property
    def section(self) -> str:
        """Its section of params.yaml."""
        return f"{self.paper}.{self.section_key or self.key}"

    @property
    def report(self) -> str:
        """The executed notebook."""
        return f"reports/{self.paper}/{self.report_name}.ipynb"

    @property
    def outs(self) -> list[str]:
        """All that it makes: report, figures and the rest."""
        drawn = [f"reports/{self.paper}/figures/{name}.{kind}" for name in self.figures for kind in ("png", "svg")]
        return sorted([self.report, *drawn, *self.makes])

    @property
    def only_redraws(self) -> bool:
        """Does it make reports alone, from nothing but what every clone has?"""
        return all(_folder(path) in IN_EVERY_CLONE for path in self.reads) and all(
            _folder(path) == "reports" for path in self.makes
        )


def load(root: Path = paths.ROOT) -> list[Stage]:
    """The stages of stages.yaml, in its order. Raises PipelineError naming file, stage and key."""
    try:
        papers = strict_yaml.load(root / FILE, FILE)
    except ValueError as error:
        raise PipelineError(str(error)) from None
    stages = []
    for paper, entries in _mapping(papers, FILE).items():
        file_name(str(paper), f"{FILE}: {paper}")
        for key, entry in _mapping(entries, f"{FILE}: {paper}").items():
            stages.append(_stage(paper, key, entry, root))
    _check_makers(stages)
    _check_reads(stages, root)
    return stages


def redrawing(stages: Iterable[Stage]) -> list[Stage]:
    """The stages that only redraw reports, each after those whose reports it reads. Raises PipelineError for a circle."""
    chosen = [stage for stage in stages if stage.only_redraws]
    makers = {path: stage for stage in chosen for path in stage.outs}
    try:
        return list(TopologicalSorter({s: [makers[p] for p in s.reads if p in makers] for s in chosen}).static_order())
    except CycleError as error:
        circle = ", ".join(stage.name for stage in error.args[1])
        raise PipelineError(f"{FILE}: {circle}: each reads what the one before it makes") from None


def file_name(name: str, where: str) -> str:
    """``name`` if it is one, without folders. Raises PipelineError."""
    if not _FILE_NAME.fullmatch(name):
        raise PipelineError(f"{where}: must be a file name of letters, digits, _, - and ., is {name!r}")
    return name


def _stage(paper: str, key: str, entry: Any, root: Path) -> Stage:
    where = f"{FILE}: {paper}_{key}"
    for name, value in _mapping(entry, where).items():
        if name not in KEYS:
            raise PipelineError(f"{where}: {name}: unknown; a stage has {', '.join(KEYS)}")
        if not isinstance(value, KEYS[name]) or (
            isinstance(value, list) and not all(isinstance(v, str) for v in value)
        ):
            kind = {str: "a text", list: "a list of texts", dict: "a mapping"}[KEYS[name]]
            raise PipelineError(f"{where}: {name}: must be {kind}, is {value!r}")
    if "notebook" not in entry:
        raise PipelineError(f"{where}: notebook: missing")
    for name in ("notebook", "as", "section", "figures"):
        value = entry.get(name, [])
        for part in [value] if isinstance(value, str) else value:
            file_name(part, f"{where}: {name}")
    notebook = f"notebooks/{paper}/{entry['notebook']}"
    if not (root / notebook).is_file():
        raise PipelineError(f"{where}: notebook: there is no {notebook}")
    for path in entry.get("makes", []):
        if _folder(path) not in MADE or not all(map(_FILE_NAME.fullmatch, path.split("/"))):
            raise PipelineError(f"{where}: makes: {path} must lie in one of {', '.join(MADE)}")
    return Stage(
        section_key=entry.get("section"),
        arguments=tuple(_argument(name, value, where) for name, value in entry.get("with", {}).items()),
        curves=tuple(
            _curve(paper, name, axes, entry.get("makes", []), where) for name, axes in entry.get("curves", {}).items()
        ),
        paper=paper,
        key=key,
        notebook=notebook,
        report_name=entry.get("as", Path(notebook).stem),
        reads=tuple(entry.get("reads", [])),
        makes=tuple(entry.get("makes", [])),
        figures=tuple(entry.get("figures", [])),
    )


def _argument(name: Any, value: Any, where: str) -> tuple[str, str]:
    """A parameter and its value as words of a command line."""
    if not _FILE_NAME.fullmatch(str(name)) or isinstance(value, bool) or not _FILE_NAME.fullmatch(str(value)):
        raise PipelineError(f"{where}: with: {name}: must be a name or a number, is {value!r}")
    return str(name), str(value)


def _curve(paper: str, name: Any, axes: Any, makes: Sequence[str], where: str) -> tuple[str, str, str]:
    file = f"results/{paper}/{name}.csv"
    if file not in makes:
        raise PipelineError(f"{where}: curves: {name}: the stage does not make {file}")
    if not (isinstance(axes, list) and len(axes) == 2 and all(isinstance(axis, str) for axis in axes)):
        raise PipelineError(f"{where}: curves: {name}: must be a list of two columns, is {axes!r}")
    return (file, *axes)


def _check_makers(stages: Sequence[Stage]) -> None:
    """Nothing may be made twice, nor inside a folder that another stage makes as a whole."""
    makers = {}
    for stage in stages:
        for path in stage.outs:
            if path in makers:
                raise PipelineError(f"{FILE}: {stage.name}: makes: {path} is made by {makers[path]}, too")
            makers[path] = stage.name
    for path, maker in makers.items():
        for folder in Path(path).parents:
            if outer := makers.get(folder.as_posix()):
                raise PipelineError(f"{FILE}: {maker}: makes: {path} lies in {folder}, which {outer} makes")


def _check_reads(stages: Sequence[Stage], root: Path) -> None:
    made = {path for stage in stages for path in stage.outs}

    def is_made(path: str) -> bool:
        return path in made or any(folder.as_posix() in made for folder in Path(path).parents)

    others = {path: stage for stage in stages for path in stage.reads if not is_made(path)}
    for path in sorted(others.keys() - _in_git(sorted(others), root)):
        raise PipelineError(f"{FILE}: {others[path].name}: reads: {path} is neither made by a stage nor in git")


def _in_git(candidates: Sequence[str], root: Path) -> set[str]:
    """Those of ``candidates``, files or folders, that git tracks; outside a clone, those that are there."""
    if not candidates:
        return set()
    listing = None
    if (root / ".git").exists():  # a download may lie in another clone
        with contextlib.suppress(FileNotFoundError):
            argv = ["git", "ls-files", "-z", "--", *candidates]
            listing = subprocess.run(argv, cwd=root, capture_output=True, text=True)
    if listing is None or listing.returncode:
        return {path for path in candidates if (root / path).exists()}
    tracked = listing.stdout.split("\0")
    return {path for path in candidates if any(file == path or file.startswith(f"{path}/") for file in tracked)}


def _mapping(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise PipelineError(f"{where}: must be a mapping, is {value!r}")
    return value


def _folder(path: str) -> str:
    return path.split("/")[0]
