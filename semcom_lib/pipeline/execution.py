"""What semcom_lib.run does: execute a percent script with its parameters and write the byte-stable notebook."""

import ast
import contextlib
import logging
import os
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import papermill
import yaml
from jupyter_client import AsyncKernelManager
from papermill.exceptions import PapermillExecutionError
from traitlets import default

from semcom_lib import paths
from semcom_lib.pipeline import determinism, warm
from semcom_lib.progress import CHANNEL

KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}
_YAML = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader  # the former some ten times as fast


class LocalKernelManager(AsyncKernelManager):
    """Talks to its kernel through sockets in the file system instead of open TCP ports; the kernel begins warm if it can."""

    @default("transport")
    def _transport(self) -> str:
        return "ipc"

    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        command = super().format_kernel_cmd(extra_arguments)
        if warm.ADDRESS not in os.environ or "-m" not in command:
            return command
        at = command.index("-m") + 1  # ipykernel's own kernel spec: python [options] -m ipykernel_launcher -f FILE
        return [*command[:at], "semcom_lib.pipeline.warm", *command[at:]]


class RunError(Exception):
    """Why a notebook did not run, in one line."""


def main(arguments: list[str]) -> int:
    """Parse the command line, run the notebook, say where it lies. Returns the exit code."""
    if len(arguments) < 2 or (arguments[2:3] == ["--as"] and len(arguments) < 4):
        print("usage: python -m semcom_lib.run NOTEBOOK SECTION [--as NAME] [key=value ...]", file=sys.stderr)
        return 2
    notebook, section, *rest = arguments
    name, overrides = (rest[1], rest[2:]) if rest[:1] == ["--as"] else (None, rest)
    try:
        report = run(Path(notebook), section, dict(_override(word) for word in overrides), name=name)
    except RunError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"error: {notebook}: interrupted", file=sys.stderr)
        return 130
    print(report.relative_to(paths.ROOT))
    return 0


def run(notebook: Path, section: str, overrides: Mapping[str, Any] | None = None, *, name: str | None = None) -> Path:
    """Execute ``notebook`` with ``section`` of params.yaml and return the report's path. Raises RunError.

    ``name`` is the report's, without its ending (default: the notebook's).
    """
    if not notebook.is_file():
        raise RunError(f"{notebook}: no such notebook")
    settings = load_settings(section)
    source = jupytext.read(notebook)
    values = choose_parameters(source, settings, overrides or {}, notebook, section)
    for index, cell in enumerate(source.cells):
        cell["id"] = f"cell-{index:03d}"
    source.metadata["kernelspec"] = KERNELSPEC
    executed = _execute(source, values, notebook, determinism.variables(settings, paths.ROOT))
    report = paths.REPORTS / notebook.resolve().parent.name / f"{name or notebook.stem}.ipynb"
    with paths.replacing(report) as temporary:
        nbformat.write(normalise(executed), temporary)
    return report


def load_settings(section: str) -> dict[str, Any]:
    """params.yaml's plain top-level values and, over them, the values of ``section``. Raises RunError."""
    file = paths.ROOT / "params.yaml"
    everything = yaml.load(file.read_text(encoding="utf-8"), _YAML)
    chosen: Any = everything
    for key in section.split("."):
        if not isinstance(chosen, dict) or key not in chosen:
            raise RunError(f"params.yaml has no section {section!r}")
        chosen = chosen[key]
    if not isinstance(chosen, dict):
        raise RunError(f"params.yaml: {section!r} is a value, not a section")
    return {key: value for key, value in everything.items() if not isinstance(value, dict)} | {"section": chosen}


def choose_parameters(
    source: nbformat.NotebookNode,
    settings: Mapping[str, Any],
    overrides: Mapping[str, Any],
    notebook: Path,
    section: str,
) -> dict[str, Any]:
    """The value of every parameter that the notebook declares. Raises RunError for one that it does not declare."""
    declared = declared_parameters(source, notebook)
    unknown = [key for key in [*settings["section"], *overrides] if key not in declared]
    if unknown:
        raise RunError(
            f"{notebook}: parameter {unknown[0]!r} of {section} is not declared; it has: {', '.join(declared)}"
        )
    common = {key: value for key, value in settings.items() if key in declared}
    return common | settings["section"] | dict(overrides)


def declared_parameters(source: nbformat.NotebookNode, notebook: Path) -> list[str]:
    """The names assigned in the cell tagged "parameters", one assignment a line. Raises RunError without such a cell."""
    for cell in source.cells:
        if "parameters" in cell.metadata.get("tags", []):
            return [node.targets[0].id for node in ast.parse(cell.source).body if isinstance(node, ast.Assign)]
    raise RunError(f'{notebook}: no cell is tagged "parameters"')


def _execute(
    source: nbformat.NotebookNode, values: Mapping[str, Any], notebook: Path, variables: Mapping[str, str]
) -> nbformat.NotebookNode:
    logging.getLogger("papermill").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder, _progress_pipe(Path(folder)) as pipe:
        given, executed = Path(folder) / "in.ipynb", Path(folder) / "out.ipynb"
        nbformat.write(source, given)
        with _environ({**variables, CHANNEL: str(pipe)}), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # papermill's and nbclient's own
            try:
                papermill.execute_notebook(
                    given,
                    executed,
                    dict(values),
                    kernel_name="python3",
                    progress_bar=False,
                    request_save_on_cell_execute=False,  # nobody reads a half-executed notebook: it would not be kept
                    cwd=paths.ROOT,
                    kernel_manager_class=LocalKernelManager,
                    shutdown_kernel="immediate",  # the notebook is done: no need to wait for the kernel's farewell
                    extra_arguments=["--log-level=CRITICAL"],  # the kernel's farewell is no news
                )
            except PapermillExecutionError as error:
                message = " ".join(str(error.evalue).split()) or "no message"
                first_line = error.source.strip().split("\n")[0]
                raise RunError(f"{notebook}, cell {first_line!r}: {error.ename}: {message}") from None
            except Exception as error:  # a kernel that died, a disk that is full
                raise RunError(f"{notebook}: {type(error).__name__}: {' '.join(str(error).split())}") from error
        result = nbformat.read(executed, as_version=4)
    for cell in result.cells:
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                first_line = cell.source.strip().split("\n")[0]
                raise RunError(
                    f"{notebook}, cell {first_line!r}: wrote to stderr: {' '.join(output.text.split())[:300]}"
                )
    return result


def normalise(executed: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Drop what differs between two equal runs: papermill's record, execution times, versions."""
    executed.metadata = nbformat.from_dict({"kernelspec": KERNELSPEC, "language_info": {"name": "python"}})
    for index, cell in enumerate(executed.cells):
        tags = cell.metadata.get("tags", [])
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        cell["id"] = f"cell-{index:03d}"
        for output in cell.get("outputs", []):
            output.get("metadata", {}).pop("execution", None)
    return executed


@contextlib.contextmanager
def _progress_pipe(folder: Path) -> Iterator[Path]:
    """A named pipe whose lines go to the terminal while the kernel works."""
    pipe = folder / "progress"
    os.mkfifo(pipe)
    # Held open for both directions, so that neither side ever blocks or sees an end of file between two lines.
    keep_open = os.open(pipe, os.O_RDWR)

    def forward() -> None:
        with open(keep_open, encoding="utf-8", closefd=False) as lines:
            for line in lines:
                if line == "\0\n":
                    return
                sys.stderr.write(line)
                sys.stderr.flush()

    reader = threading.Thread(target=forward, daemon=True)
    reader.start()
    try:
        yield pipe
    finally:
        os.write(keep_open, b"\0\n")
        reader.join()
        os.close(keep_open)


@contextlib.contextmanager
def _environ(variables: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _override(word: str) -> tuple[str, Any]:
    key, equals, value = word.partition("=")
    if not equals:
        raise RunError(f"{word!r} is not of the form key=value")
    return key, yaml.safe_load(value)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
