"""Released weights: small, packed, checked before they are read; no dataset and no training are needed.

    system = pretrained.load("l_deepsc_rician_refined")
    system.receive(["the vote will take place tomorrow"], 12.0, generator=seeds.torch_generator(1, "try"))

pretrained/<name>/ holds the packed weights, whatever else the model needs (its vocabulary), settings.json, whose ``paper`` is
the room that knows how to load it, and README.md, the model card. pretrained/SHA256SUMS has the checksum of every file.
"""

import hashlib
import importlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from semcom_lib import paths

FOLDER = paths.ROOT / "pretrained"
SUMS = "SHA256SUMS"
SETTINGS = "settings.json"


def names() -> list[str]:
    """The released models, by name."""
    return sorted(path.parent.name for path in FOLDER.glob(f"*/{SETTINGS}"))


def load(name: str) -> Any:
    """The system of a release, ready to use; its type is its paper's: ``semcom_lib.<paper>.release.load``.

    Raises ValueError for a name that is not released, and for a file that is missing or not what was released.
    """
    if name not in names():
        raise ValueError(f"name = {name!r} is not a released model; one of: {', '.join(names())}")
    files = _checked_files(name)
    settings = json.loads(files.pop(SETTINGS))
    return importlib.import_module(f"semcom_lib.{settings['paper']}.release").load(files, settings)


def release(name: str, paper: str, files: Mapping[str, bytes], settings: Mapping[str, Any]) -> Path:
    """Write pretrained/<name>/ and its checksums; a model card that is there stays. Returns the folder."""
    folder = FOLDER / name
    everything = {**files, SETTINGS: (json.dumps({"paper": paper, **settings}, indent=2) + "\n").encode()}
    for file, data in everything.items():
        with paths.replacing(folder / file) as temporary:
            temporary.write_bytes(data)
    sums = _read_sums() | {f"{name}/{file}": hashlib.sha256(data).hexdigest() for file, data in everything.items()}
    paths.write_text(FOLDER / SUMS, "".join(f"{digest}  {file}\n" for file, digest in sorted(sums.items())))
    return folder


def _checked_files(name: str) -> dict[str, bytes]:
    """Every released file of a model, by its name, equal to what was released."""
    files = {}
    for path, digest in _read_sums().items():
        folder, _, file = path.partition("/")
        if folder != name:
            continue
        try:
            files[file] = (FOLDER / path).read_bytes()
        except OSError as error:
            raise ValueError(f"pretrained/{path} cannot be read ({error.strerror}); git restores it") from error
        if hashlib.sha256(files[file]).hexdigest() != digest:
            raise ValueError(f"pretrained/{path} is not the released file (other SHA-256); git restores it")
    if SETTINGS not in files:
        raise ValueError(f"pretrained/{SUMS} does not list {name}/{SETTINGS}; git restores it")
    return files


def _read_sums() -> dict[str, str]:
    """{path below pretrained/: SHA-256}."""
    file = FOLDER / SUMS
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    return {path: digest for digest, _, path in (line.partition("  ") for line in lines)}
