"""Run the whole pipeline at one profile's sizes.

    python -m semcom_lib.pipeline.repro [demo | laptop | paper] [--into FOLDER] [--redraw]

``laptop`` is params.yaml itself and runs in place. Any other profile runs in a scratch copy of the project under build/,
so that the tree stays clean; its file profiles/<name>.yaml may change values of params.yaml but not add keys.
"""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import yaml

from semcom_lib import paths
from semcom_lib.pipeline import determinism, stages, warm
from semcom_lib.pipeline.errors import PipelineError

COPIED = ("semcom_lib", "notebooks", "reference", "benchmarks", "dvc.yaml", ".dvcignore")


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and run the pipeline. Returns the exit code."""
    options = _parser().parse_args(arguments)
    began = time.monotonic()
    try:
        where = _laid_out(options.profile, options.into)
        argv = [sys.executable, "-m", "dvc", "repro", *(_redrawing() if options.redraw else [])]
        code = _run(argv, where)
        if where == paths.ROOT:
            _list_older_reports()
    except (PipelineError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except yaml.YAMLError as error:
        print(f"error: params.yaml or the profile's file: {' '.join(str(error).split())}", file=sys.stderr)
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
    parser.add_argument(
        "profile", nargs="?", default="demo", help=f"{', '.join(['laptop', *_overlays()])} (default: demo)"
    )
    parser.add_argument("--into", type=Path, help="the scratch folder (default: build/<profile>)")
    parser.add_argument(
        "--redraw", action="store_true", help="only the reports that are drawn from results/: no data, no checkpoints"
    )
    return parser


def _overlays() -> list[str]:
    return sorted(path.stem for path in (paths.ROOT / "profiles").glob("*.yaml"))


def _laid_out(profile: str, into: Path | None) -> Path:
    """The folder in which the pipeline runs. Raises PipelineError for an unknown profile."""
    if profile == "laptop":
        return paths.ROOT
    if profile not in _overlays():
        raise PipelineError(f"profile {profile!r} is unknown; one of: {', '.join(['laptop', *_overlays()])}")
    where = (into or paths.ROOT / "build" / profile).resolve()
    prepare(profile, where)
    return where


def _redrawing() -> list[str]:
    """The arguments of ``dvc repro`` that redraw every report, whatever has become of the stages before them."""
    return ["--single-item", "--force", *(stage.name for stage in stages.redrawing(stages.load()))]


def _list_older_reports() -> None:
    from semcom_lib.pipeline import reports  # with jupytext, which takes seconds to import

    reports.write_list()


def _run(argv: list[str], where: Path) -> int:
    settings = yaml.safe_load((where / "params.yaml").read_text(encoding="utf-8"))
    variables = environment(where)
    server: contextlib.AbstractContextManager[dict[str, str]] = contextlib.nullcontext({})
    if settings.get("accelerator") == "cpu":  # a process that has looked for a GPU cannot be forked
        server = warm.started(where, variables | determinism.variables(settings, where))
    with server as address:
        return subprocess.run(argv, cwd=where, env=variables | address).returncode


def environment(where: Path) -> dict[str, str]:
    """The pipeline's environment: its own copy of the library first, and no look into the user's home for settings."""
    search = os.pathsep.join([str(where), *filter(None, [os.environ.get("PYTHONPATH")])])
    binaries = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return os.environ | {"PYTHONPATH": search, "PATH": binaries}


def prepare(profile: str, where: Path) -> None:
    """Lay the project at ``profile``'s sizes into ``where``, keeping the cache of an earlier run there."""
    overlay = yaml.safe_load((paths.ROOT / "profiles" / f"{profile}.yaml").read_text(encoding="utf-8"))
    base = yaml.safe_load((paths.ROOT / "params.yaml").read_text(encoding="utf-8"))
    parameters = overlaid(base, overlay, f"profiles/{profile}.yaml")
    (where / ".dvc").mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        source, target = paths.ROOT / name, where / name
        if source.is_dir():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target)  # with __pycache__, which spares numba a second compilation
        else:
            shutil.copyfile(source, target)
    paths.write_text(where / "params.yaml", yaml.safe_dump(parameters, sort_keys=False))
    settings = (paths.ROOT / ".dvc" / "config").read_text(encoding="utf-8")
    paths.write_text(where / ".dvc" / "config", settings + "    no_scm = true\n")


def overlaid(base: dict[str, Any], overlay: dict[str, Any], name: str, place: str = "") -> dict[str, Any]:
    """``base`` with the values of ``overlay``. Raises PipelineError for a key that ``base`` does not have."""
    result = dict(base)
    for key, value in overlay.items():
        if key not in base:
            raise PipelineError(f"{name}: {place}{key} is not in params.yaml; a profile may only change values")
        if isinstance(base[key], dict) != isinstance(value, dict):
            raise PipelineError(
                f"{name}: {place}{key} must be a {'section' if isinstance(base[key], dict) else 'value'}"
            )
        result[key] = overlaid(base[key], value, name, f"{place}{key}.") if isinstance(value, dict) else value
    return result


if __name__ == "__main__":
    sys.exit(main())
