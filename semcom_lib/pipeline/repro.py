"""Run the whole pipeline at one profile's sizes.

    python -m semcom_lib.pipeline.repro [demo | laptop | paper] [--into FOLDER] [--redraw]

``laptop`` is params.yaml itself and runs in place. Any other profile runs in a scratch copy of the project under build/,
so that the tree stays clean; its file profiles/<name>.yaml may change values of params.yaml but not add keys.
"""

import argparse
import contextlib
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import yaml

from semcom_lib import paths
from semcom_lib.pipeline import (
    determinism,
    durations,
    dvc_process,
    errors,
    lock,
    missing,
    overall,
    preflight,
    process,
    profiles,
    stages,
    warm,
)
from semcom_lib.pipeline.errors import PipelineError

MARK = ".dvc/scratch"  # says that a folder is a scratch copy, whose files may be replaced
UNFINISHED = shutil.ignore_patterns("*.tmp.*", "*.pyc.*")  # what another process is just compiling
COPIED = ("semcom_lib", "notebooks", "reference", "benchmarks", "dvc.yaml", ".dvcignore")


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and run the pipeline. Returns the exit code."""
    options = _parser().parse_args(arguments)
    began = time.monotonic()
    try:
        where = _folder(options.profile, options.into)
        with lock.held(where) as held:
            if where != paths.ROOT:
                prepare(options.profile, where)
            code = _run(where, held, redraw=options.redraw)
            if where == paths.ROOT:
                _list_older_reports()
    except PipelineError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:  # a disk that is full, a file that may not be written
        print(f"error: {errors.in_words(error, paths.ROOT)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("error: interrupted; the same command goes on with the stage that was running", file=sys.stderr)
        return 130
    if code:
        print(f"error: the {options.profile} pipeline stopped; the message above names the place", file=sys.stderr)
        return code
    print(f"\n{options.profile} profile done in {time.monotonic() - began:.0f} s")
    print(f"  notebooks  {where / 'reports'}/<paper>/*.ipynb")
    print(f"  figures    {where / 'reports'}/<paper>/figures/")
    print(f"  numbers    {where / 'results'}/<paper>/*.csv")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m semcom_lib.pipeline.repro", description="Rebuild every figure and table."
    )
    parser.add_argument("profile", nargs="?", default="demo", help=f"{', '.join(profiles.names())} (default: demo)")
    parser.add_argument("--into", type=Path, help="the scratch folder (default: build/<profile>)")
    parser.add_argument(
        "--redraw", action="store_true", help="only the reports that are drawn from results/: no data, no checkpoints"
    )
    return parser


def _folder(profile: str, into: Path | None) -> Path:
    """The folder in which the pipeline runs. Raises PipelineError for a profile or a folder that cannot be had."""
    preflight.checked(profile)
    if profile == profiles.LAPTOP:
        return paths.ROOT
    where = (into or paths.ROOT / "build" / profile).resolve()
    if where.exists() and not where.is_dir():
        raise PipelineError(f"{where}: is a file; a run needs a folder")
    if into and where.is_dir() and any(where.iterdir()) and not (where / MARK).is_file():
        raise PipelineError(f"{where}: holds other files; --into takes a new folder, or that of an earlier run")
    return where


def _commands(where: Path, environment: Mapping[str, str], *, redraw: bool) -> list[list[str]]:
    """The arguments of DVC, one command after the other."""
    if where != paths.ROOT:
        return [["repro"]]
    declared = stages.load()
    if redraw:  # whatever has become of the stages before them
        possible, lacking = missing.drawable(stages.redrawing(declared), where)
        for name, path in lacking.items():
            print(f"{name}: not redrawn, {path} has not been made yet")
        return [["repro", "--single-item", "--force", *(stage.name for stage in possible)]]
    if not missing.is_any(declared, where):
        return [["repro"]]
    wanting = missing.wanting(declared, missing.status(where, environment), where)
    return [*([["repro", *wanting]] if wanting else []), ["repro", "--allow-missing"]]


def _list_older_reports() -> None:
    from semcom_lib.pipeline import reports  # with jupytext, which takes seconds to import

    reports.write_list()


def _run(where: Path, held: int, *, redraw: bool) -> int:
    settings = profiles.params(where)
    environment = dvc_process.environment(where)
    dvc_process.without_git(where, environment)
    server: contextlib.AbstractContextManager[dict[str, str]] = contextlib.nullcontext({})
    if settings["accelerator"] == "cpu":  # a process that has looked for a GPU cannot be forked
        server = warm.started(where, environment | determinism.variables(settings, where))
    declared = stages.load()
    last = durations.recorded(declared, where)
    commands = _commands(where, environment, redraw=redraw)
    jobs = dvc_process.stages_at_once(settings, where)
    with server as address:
        for command in commands:
            names = [s.name for s in declared if s.name in command or "--single-item" not in command]
            with overall.forwarded(names, last, jobs) as output:
                if code := dvc_process.run(command, where, environment | address, held, output, jobs):
                    return code
    return 0


def prepare(profile: str, where: Path) -> None:
    """Lay the project at ``profile``'s sizes into ``where``, keeping the cache of an earlier run there."""
    (where / MARK).parent.mkdir(parents=True, exist_ok=True)
    (where / MARK).touch()
    parameters = preflight.checked(profile)
    for name in COPIED:
        source, target = paths.ROOT / name, where / name
        if source.is_dir():
            shutil.rmtree(target, ignore_errors=True)
            # With __pycache__, which spares numba a second compilation.
            shutil.copytree(source, target, ignore=UNFINISHED)
        else:
            shutil.copyfile(source, target)
    paths.write_text(where / "params.yaml", yaml.safe_dump(parameters, sort_keys=False))
    shutil.copyfile(paths.ROOT / ".dvc" / "config", where / ".dvc" / "config")
    paths.write_text(where / ".dvc" / "config.local", "[core]\n    no_scm = true\n")


if __name__ == "__main__":
    process.set_up()
    sys.exit(main())
