"""The fingerprint of what a training stage computes, so that a killed training goes on only as what it was."""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

VARIABLE = "SEMCOM_EXPERIMENT"  # read by semcom_lib.learning.training
_YAML = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
_STAGE = re.compile(r"^  \S.*:\n(?:    .*\n|\n)+", re.MULTILINE)  # as `make pipeline` writes it
_CHUNK = 2**20


def fingerprint(notebook: str, section: str, name: str, code: Iterable[str], root: Path) -> str | None:
    """SHA-256 over all that decides a training under the runner; None where dvc.yaml has no such training stage.

    ``notebook`` is relative to ``root``. ``code`` are its cells with the values of all parameters (seed, sizes, SNR range, ...) in
    place. To them come the contents of the stage's deps: the modules that it imports, the data and checkpoints that it reads.
    """
    stage = declared(notebook, section, name, root)
    if stage is None or not any(_path(out).startswith("checkpoints") for out in stage.get("outs", [])):
        return None
    digest = hashlib.sha256()
    for cell in code:
        digest.update(cell.encode() + b"\0")
    for dep in map(_path, stage["deps"]):
        for file in sorted((root / dep).rglob("*")) if (root / dep).is_dir() else [root / dep]:
            if file.is_file() and dep != notebook:  # whose cells are in already, its prose decides nothing
                digest.update(file.relative_to(root).as_posix().encode() + b"\0")
                _add(digest, file)
    return digest.hexdigest()


def declared(notebook: str, section: str, name: str, root: Path) -> dict[str, Any] | None:
    """The entry of the stage of dvc.yaml that runs ``notebook`` with ``section`` as report ``name``; None if there is none."""
    file = root / "dvc.yaml"
    if not file.is_file():
        return None
    report = f"reports/{Path(notebook).parent.name}/{name}.ipynb"
    for entry in _STAGE.findall(file.read_text(encoding="utf-8")):
        if report in entry:  # the others need not be parsed, which would take longer than many a stage
            ((_, stage),) = yaml.load(entry, _YAML).items()
            if stage["cmd"].split()[3:5] == [notebook, section] and report in map(_path, stage["outs"]):
                return stage
    return None


def _path(entry: Any) -> str:
    return entry if isinstance(entry, str) else next(iter(entry))


def _add(digest: "hashlib._Hash", file: Path) -> None:
    with file.open("rb") as opened:
        while chunk := opened.read(_CHUNK):
            digest.update(chunk)
