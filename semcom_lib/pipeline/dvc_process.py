"""DVC as a process: the environment that it gets, and how it is stopped."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from semcom_lib import paths
from semcom_lib.pipeline import determinism, process
from semcom_lib.pipeline.errors import PipelineError

GRACE = 10.0  # seconds that stages have to end after an interrupt
MOST_CORES = 4  # that a scratch copy's stages use together; each may take a gigabyte


def environment(where: Path) -> dict[str, str]:
    """The environment of a pipeline in ``where``: its own copy of the library first, none of the user's settings."""
    fixed = {
        "PYTHONPATH": str(where),
        "PYTHONNOUSERSITE": "1",
        "PYTHONUTF8": "1",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), *filter(None, [os.environ.get("PATH")])]),
        "SHELL": "/bin/sh",  # DVC gives its stages to this one
    }
    if mirror := os.environ.get("SEMCOM_DATA"):
        fixed["SEMCOM_DATA"] = str(Path(mirror).expanduser().absolute())  # stages run elsewhere
    return determinism.without_settings(os.environ) | fixed


def stages_at_once(settings: Mapping[str, Any], where: Path) -> int:
    """How many stages run side by side in ``where``, at the ``settings`` of its params.yaml (accelerator, threads).

    In a scratch copy as many as this machine has cores for, and memory for their torch; in the project itself, whose dvc.lock
    is kept and whose stages may be large, one after the other. No output depends on it.
    """
    if where == paths.ROOT or settings["accelerator"] != "cpu":
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, MOST_CORES) // settings["threads"])


def run(
    arguments: Sequence[str], where: Path, environment: Mapping[str, str], lock: int, output: int, jobs: int
) -> int:
    """``dvc ARGUMENTS`` in ``where``, holding ``lock`` too, ``jobs`` stages at a time (1 in the project itself).

    What it and its stages print goes to the file ``output``. Returns its exit code; an interrupt first ends all its processes.
    """
    module = ["dvc"] if where == paths.ROOT else ["semcom_lib.pipeline.quick_dvc", str(jobs)]
    argv = [sys.executable, "-u", "-m", *module, *arguments]
    # A group of its own: an interrupt reaches every process of it once, whether it came from a keyboard or from a CI service.
    group = {"process_group": 0, "pass_fds": [lock], "stdin": subprocess.DEVNULL, "stdout": output}
    with process.heeding_interrupts():
        dvc = subprocess.Popen(argv, cwd=where, env=environment, **group)
    try:
        return dvc.wait()
    except KeyboardInterrupt:
        _stop(dvc)
        raise


def without_git(where: Path, environment: Mapping[str, str]) -> None:
    """Have DVC work in a download that is no clone; it remembers. Raises PipelineError for settings that it cannot read."""
    settings = [where / ".dvc" / name for name in ("config", "config.local")]
    if (where / ".git").exists() or any(file.is_file() and "no_scm" in file.read_text("utf-8") for file in settings):
        return
    argv = [sys.executable, "-m", "dvc", "config", "--local", "core.no_scm", "true"]
    if subprocess.run(argv, cwd=where, env=environment, capture_output=True).returncode:
        raise PipelineError(f"{where / '.dvc'}: config or config.local is damaged, or cannot be written to")


def _stop(dvc: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(dvc.pid, signal.SIGINT)
        dvc.wait(GRACE)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):  # too slow, or a second interrupt
        pass
    finally:
        try:
            os.killpg(dvc.pid, signal.SIGKILL)  # whatever is left of the group
        except ProcessLookupError:
            return
        dvc.wait()
