"""Runs in one folder: one pipeline at a time, stages side by side, nothing in the way after a kill."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest

from semcom_lib import paths
from semcom_lib.pipeline import lock
from semcom_lib.pipeline.errors import PipelineError

HOLDS = """
import subprocess, sys, time
from pathlib import Path
from semcom_lib.pipeline import lock
with lock.held(Path(sys.argv[1])) as number:
    sleeps = [sys.executable, "-c", "import time; time.sleep(60)"]
    print(subprocess.Popen(sleeps, pass_fds=[number]).pid if sys.argv[2:] else 0, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Begins a process that holds the lock of tmp_path; returns it and the pid of its child."""
    begun = []

    def begin(*arguments):
        argv = [sys.executable, "-c", HOLDS, str(tmp_path), *arguments]
        begun.append(subprocess.Popen(argv, cwd=paths.ROOT, stdout=subprocess.PIPE, text=True))
        return begun[-1], int(begun[-1].stdout.readline())

    yield begin
    for process in begun:
        process.kill()
        process.communicate()


def test_a_second_run_is_refused_in_one_line_that_says_who_holds_the_folder(tmp_path, holder):
    process, _ = holder()
    with pytest.raises(PipelineError) as refused, lock.held(tmp_path):
        pass
    message = str(refused.value)
    assert message.startswith(f"{tmp_path}: another run is at work there (process {process.pid} on ")
    assert "\n" not in message


def test_the_lock_of_a_run_that_was_killed_is_no_obstacle(tmp_path, holder):
    process, _ = holder()
    process.kill()
    process.wait()
    for _ in range(2):
        with lock.held(tmp_path):
            pass


def test_the_lock_lasts_as_long_as_the_dvc_of_a_run_that_was_killed(tmp_path, holder):
    process, child = holder("with a child")
    process.kill()
    process.wait()
    with pytest.raises(PipelineError, match="another run"), lock.held(tmp_path):
        pass
    os.kill(child, signal.SIGKILL)
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with contextlib.suppress(PipelineError), lock.held(tmp_path):
            return
    pytest.fail("the lock is still held")


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / ".dvc").write_text("")
    with (
        pytest.raises(PipelineError, match=rf"{tmp_path}: a run cannot write there \(Not a directory\)"),
        lock.held(tmp_path),
    ):
        pass


def test_stages_run_side_by_side(project):
    body = "\nimport pathlib, time\npathlib.Path('{0}').touch()\nend = time.monotonic() + 30\n" + (
        "while not pathlib.Path('{1}').exists() and time.monotonic() < end: time.sleep(0.02)\nprint(time.monotonic() < end)\n"
    )
    project.write("a", body.format("a.begun", "b.begun"))
    project.write("b", body.format("b.begun", "a.begun"))
    params = project.root / "params.yaml"
    params.write_text(params.read_text().replace("{a: {}}", "{a: {}, b: {}}"))
    command = "python -m semcom_lib.run notebooks/paper/1_{0}.py paper.{0}"
    stage = f"  paper_{{0}}:\n    cmd: {command}\n    outs: [reports/paper/1_{{0}}.ipynb]\n"
    (project.root / "dvc.yaml").write_text("stages:\n" + stage.format("a") + stage.format("b"))
    both = [project.begin("dvc", "repro", f"paper_{key}") for key in "ab"]
    said = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    for key in "ab":
        assert '"True\\n"' in (project.root / "reports" / "paper" / f"1_{key}.ipynb").read_text()
    assert not list(project.root.glob("kernel*"))
