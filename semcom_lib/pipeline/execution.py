"""What semcom_lib.run does: execute a percent script with its parameters and write the byte-stable notebook."""

import contextlib
import logging
import os
import sys
import threading
import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import papermill
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec
from papermill.exceptions import PapermillExecutionError
from traitlets import default

from semcom_lib import paths
from semcom_lib.pipeline import determinism, errors, experiment, parameters, scratch, stages, warm, written
from semcom_lib.pipeline.errors import PipelineError
from semcom_lib.progress import CHANNEL

KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}


class LocalKernelManager(AsyncKernelManager):
    """Talks to its kernel through sockets in the file system instead of open TCP ports; the kernel begins warm if it can."""

    @default("transport")
    def _transport(self) -> str:
        return "ipc"

    @default("ip")
    def _ip(self) -> str:
        return str(Path(os.environ["JUPYTER_RUNTIME_DIR"]) / "kernel")  # "-1" and so on are added to it

    @default("connection_file")
    def _connection_file(self) -> str:
        return str(Path(os.environ["JUPYTER_RUNTIME_DIR"]) / "kernel.json")

    @property
    def kernel_spec(self) -> KernelSpec:
        """This interpreter, whatever the kernel specs of this machine call python3."""
        through = ["semcom_lib.pipeline.warm"] if warm.ADDRESS in os.environ else []
        argv = [sys.executable, "-m", *through, "semcom_lib.pipeline.kernel", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name=self.kernel_name, language=KERNELSPEC["language"])


def main(arguments: list[str]) -> int:
    """Parse the command line, run the notebook, say where it lies. Returns the exit code."""
    if len(arguments) < 2 or (arguments[2:3] == ["--as"] and len(arguments) < 4):
        print("usage: python -m semcom_lib.run NOTEBOOK SECTION [--as NAME] [key=value ...]", file=sys.stderr)
        return 2
    notebook, section, *rest = arguments
    name, overrides = (rest[1], rest[2:]) if rest[:1] == ["--as"] else (None, rest)
    try:
        report = run(Path(notebook), section, parameters.overridden(overrides), name=name)
    except PipelineError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:  # a disk that is full, a folder that cannot be written to
        print(f"error: {errors.in_words(error, notebook)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"error: {notebook}: interrupted", file=sys.stderr)
        return 130
    print(report.relative_to(paths.ROOT))
    return 0


def run(notebook: Path, section: str, overrides: Mapping[str, Any] | None = None, *, name: str | None = None) -> Path:
    """Execute ``notebook`` with ``section`` of params.yaml and return the report's path. Raises PipelineError.

    ``name`` is the report's, without its ending (default: the notebook's).
    """
    notebook = _found(notebook)
    report_name = stages.file_name(name if name is not None else notebook.stem, "--as")
    settings = parameters.load_settings(section, paths.ROOT)
    source = jupytext.read(paths.ROOT / notebook)
    cell = parameters.cell_of(source.cells, notebook)
    values = parameters.choose(
        parameters.declared_in(cell.source, notebook), settings, overrides or {}, notebook, section
    )
    cell.source = parameters.with_values(cell.source, values, notebook)
    for index, cell in enumerate(source.cells):
        cell["id"] = f"cell-{index:03d}"
    source.metadata["kernelspec"] = KERNELSPEC
    variables = determinism.variables(settings, paths.ROOT)
    code = [cell.source for cell in source.cells if cell.cell_type == "code"]
    if identity := experiment.fingerprint(notebook.as_posix(), section, report_name, code, paths.ROOT):
        variables[experiment.VARIABLE] = identity
    report = paths.REPORTS / notebook.parent.name / f"{report_name}.ipynb"
    report.parent.mkdir(parents=True, exist_ok=True)
    if not os.access(report.parent, os.W_OK):  # to be told so before the hours that a training takes
        raise PipelineError(f"{report.parent}: cannot be written to")
    outs = written.Outs(notebook.as_posix(), section, report_name, paths.ROOT)
    executed = _execute(source, notebook, variables)
    outs.check()
    with paths.replacing(report) as temporary:
        nbformat.write(normalise(executed), temporary)
    return report


def _found(notebook: Path) -> Path:
    """Relative to the project's root, if it lies there; it may be typed so from any folder. Raises PipelineError."""
    for candidate in (notebook, paths.ROOT / notebook):
        if candidate.is_file():
            found = candidate.resolve()
            return found.relative_to(paths.ROOT) if found.is_relative_to(paths.ROOT) else found
    raise PipelineError(f"{notebook}: no such notebook")


def _execute(source: nbformat.NotebookNode, notebook: Path, variables: Mapping[str, str]) -> nbformat.NotebookNode:
    logging.getLogger("papermill").setLevel(logging.ERROR)
    with scratch.folder() as folder, _progress_pipe(folder) as pipe:
        given, executed = folder / "in.ipynb", folder / "out.ipynb"
        nbformat.write(source, given)
        empty = {name: str(folder / name.lower()) for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR")}
        own = {**empty, "JUPYTER_RUNTIME_DIR": str(folder), CHANNEL: str(pipe)}
        if mirror := os.environ.get("SEMCOM_DATA"):
            own["SEMCOM_DATA"] = str(Path(mirror).expanduser().absolute())  # the kernel's folder is another
        with _environ({**variables, **own}), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # papermill's and nbclient's own
            try:
                papermill.execute_notebook(
                    given,
                    executed,
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
                raise PipelineError(f"{notebook}, cell {first_line!r}: {error.ename}: {message}") from None
            except Exception as error:  # a kernel that died, a disk that is full
                raise PipelineError(f"{notebook}: {type(error).__name__}: {' '.join(str(error).split())}") from error
        result = nbformat.read(executed, as_version=4)
    for cell in result.cells:
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                first_line = cell.source.strip().split("\n")[0]
                raise PipelineError(
                    f"{notebook}, cell {first_line!r}: wrote to stderr: {' '.join(output.text.split())[:300]}"
                )
    return result


def normalise(executed: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Drop what differs between two equal runs: papermill's record, execution times, versions, where printed text was cut."""
    executed.metadata = nbformat.from_dict({"kernelspec": KERNELSPEC, "language_info": {"name": "python"}})
    for index, cell in enumerate(executed.cells):
        tags = cell.metadata.get("tags", [])
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        cell["id"] = f"cell-{index:03d}"
        for output in cell.get("outputs", []):
            output.get("metadata", {}).pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = _in_one_piece(cell.outputs)
    return executed


def _in_one_piece(outputs: Iterable[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """The outputs with what was printed in a row as one: a kernel sends what there is whenever a while has passed."""
    joined: list[nbformat.NotebookNode] = []
    for output in outputs:
        if joined and output.output_type == joined[-1].output_type == "stream" and output.name == joined[-1].name:
            joined[-1].text += output.text
        else:
            joined.append(output)
    return joined


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
    """Have ``variables`` in place of the user's own settings."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(determinism.without_settings(before) | variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
