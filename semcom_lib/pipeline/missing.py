"""Which stages will run and lack something that no clone brings along: what other stages make in data/ and checkpoints/.

DVC itself knows two ways: to make all of data/ and checkpoints/ that is missing, which takes days in a fresh clone although the
results are there, or none of it (``--allow-missing``), where a stage whose code has changed then finds nothing to read.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from semcom_lib.pipeline import stages
from semcom_lib.pipeline.errors import PipelineError
from semcom_lib.pipeline.stages import Stage

NOT_THERE = ("deleted", "not in cache")  # DVC's words


def status(where: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    """What ``dvc status`` finds changed in ``where``, {stage: changes}. Raises PipelineError."""
    argv = [sys.executable, "-m", "dvc", "status", "--json"]
    done = subprocess.run(argv, cwd=where, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise PipelineError(f"dvc status: {' '.join(done.stderr.split())[:300]}")
    return json.loads(done.stdout or "{}")


def is_any(declared: Sequence[Stage], where: Path) -> bool:
    """Is something not there that a stage makes in data/ or checkpoints/?"""
    return any(_is_missing(path, where) for stage in declared for path in stage.makes)


def wanting(declared: Sequence[Stage], changes: Mapping[str, Any], where: Path) -> list[str]:
    """The names of the stages of ``declared`` that will run, with ``changes``, and read something that is not there yet."""
    makers = {path: stage for stage in declared for path in stage.outs}
    runs = {stage for stage in declared if _is_changed(changes.get(stage.name, []))}
    grown = True
    while grown:
        later = {stage for stage in declared if any(_maker(path, makers) in runs for path in stage.reads)} - runs
        runs |= later
        grown = bool(later)
    return [stage.name for stage in declared if stage in runs and any(_is_missing(path, where) for path in stage.reads)]


def drawable(chosen: Sequence[Stage], where: Path) -> tuple[list[Stage], dict[str, str]]:
    """Of stages that redraw reports, in order, those whose files are there; of the others {name: the first that is not}.

    A paper that has not been measured yet at a profile's sizes has no tables to draw from.
    """
    made: set[str] = set()
    possible, lacking = [], {}
    for stage in chosen:
        missing = next((path for path in stage.reads if path not in made and not (where / path).exists()), None)
        if missing is None:
            possible.append(stage)
            made.update(stage.outs)
        else:
            lacking[stage.name] = missing
    return possible, lacking


def _is_missing(path: str, where: Path) -> bool:
    return path.split("/")[0] in stages.CACHED and not (where / path).exists()


def _maker(path: str, makers: Mapping[str, Stage]) -> Stage | None:
    places = [path, *(folder.as_posix() for folder in Path(path).parents)]
    return next((makers[place] for place in places if place in makers), None)


def _is_changed(entries: Sequence[Any]) -> bool:
    """Is there more to it than files that are not there?"""
    for entry in entries:
        if isinstance(entry, str):  # "changed command"
            return True
        if any(what not in NOT_THERE for files in entry.values() for what in files.values()):
            return True
    return False
