"""Notebooks that a person runs, in JupyterLab, VS Code or as a script, write to a scratch folder and never into the project.

There the project's own files are links: a notebook reads what the pipeline has made, and what it writes takes a link's place.
Every file is written by :func:`semcom_lib.paths.replacing`, which replaces a link and not what it points to.
"""

import contextlib
import os
import sys
from pathlib import Path

BY_THE_RUNNER = "SEMCOM_RUN"  # set in the kernels of semcom_lib.run, whose notebooks write into the project
FOLDERS = ("data", "checkpoints", "results", "reports")
OF_RUNS = ("resume",)  # halves of the pipeline's trainings: another training must not go on from them


def home(root: Path) -> Path:
    """The folder whose data/, checkpoints/, results/ and reports/ this process reads and writes: ``root``, or the scratch one."""
    if not _by_a_person(root):
        return root
    scratch = root / "build" / "interactive"
    link(root, scratch)
    shown = scratch.relative_to(root).as_posix()
    print(
        f"Not a run of the pipeline: whatever this notebook makes goes to {shown}/; remove that folder to begin anew."
    )
    return scratch


def link(root: Path, scratch: Path) -> None:
    """Lay links to the project's files into ``scratch``, where nothing else lies; links to what is gone are removed."""
    for name in FOLDERS:
        for path in [*(scratch / name).rglob("*")]:
            if path.is_symlink() and not path.exists():
                path.unlink(missing_ok=True)
        _link(root / name, scratch / name)


def _by_a_person(root: Path) -> bool:
    if BY_THE_RUNNER in os.environ:
        return False
    kernel = sys.modules.get("ipykernel.kernelapp")
    if kernel is not None and kernel.IPKernelApp.initialized():
        return True
    script = getattr(sys.modules["__main__"], "__file__", None)
    return script is not None and Path(script).resolve().is_relative_to(root / "notebooks")


def _link(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for path in source.iterdir() if source.is_dir() else ():
        if path.name.startswith(".") or path.name in OF_RUNS:
            continue
        if path.is_dir():
            _link(path, target / path.name)
        elif not os.path.lexists(target / path.name):
            with contextlib.suppress(FileExistsError):  # another notebook was first
                (target / path.name).symlink_to(path)
