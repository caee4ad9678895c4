"""DVC with several stages at a time: as many as asked for, each after those it reads from, and none after a failure."""

import json
import os
import signal
import subprocess
import sys
import time

import networkx as nx
import pytest

from semcom_lib import paths
from semcom_lib.pipeline import dvc_process, side_by_side

# Begins, waits until as many files begin-* are there as it is told, and makes its output of what it reads.
STAGE = """
import pathlib, sys, time
name, together, *read = sys.argv[1:]
pathlib.Path(f"begin-{name}").touch()
end = time.monotonic() + 20
while len(list(pathlib.Path().glob("begin-*"))) < int(together):
    assert time.monotonic() < end, "alone"
    time.sleep(0.01)
pathlib.Path(name).write_text(name + "".join(pathlib.Path(file).read_text() for file in read))
"""


@pytest.fixture
def folder(tmp_path):
    """A folder of DVC's without stages."""
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").write_text("[core]\n    no_scm = true\n    analytics = false\n")
    (tmp_path / "stage.py").write_text(STAGE)
    return tmp_path


def declare(folder, **stages):
    """name=(command, what it reads); each makes the file of its name."""
    declared = {name: {"cmd": command, "deps": read, "outs": [name]} for name, (command, read) in stages.items()}
    (folder / "dvc.yaml").write_text(json.dumps({"stages": declared}))  # which is YAML


def meeting(name, together, *read):
    return f"python stage.py {name} {together} {' '.join(read)}", ["stage.py", *read]


def dvc(folder, *arguments, module="semcom_lib.pipeline.quick_dvc"):
    argv = [sys.executable, "-u", "-m", module, *arguments]
    binaries = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    environment = {**os.environ, "PYTHONPATH": str(paths.ROOT), "PATH": binaries}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "stdin": subprocess.DEVNULL}
    return subprocess.Popen(argv, cwd=folder, env=environment, text=True, process_group=0, **pipes)


def ended(process):
    said, _ = process.communicate(timeout=60)
    return process.returncode, said


def test_stages_that_can_run_side_by_side_do_and_others_wait_for_what_they_read(folder):
    declare(folder, a=meeting("a", 2), b=meeting("b", 2), c=meeting("c", 3, "a", "b"), d=meeting("d", 4, "c"))
    code, said = ended(dvc(folder, "2", "repro"))
    assert code == 0, said
    assert [(folder / name).read_text() for name in "abcd"] == ["a", "b", "cab", "dcab"]
    assert said.index("Running stage 'c'") < said.index("Running stage 'd'")
    assert ended(dvc(folder, "status", module="dvc")) == (0, "Data and pipelines are up to date.\n")
    _, again = ended(dvc(folder, "2", "repro"))
    assert "Running" not in again


def test_what_has_not_changed_is_not_run_again(folder):
    (folder / "in").write_text("1")
    declare(folder, a=("cp in a", ["in"]), b=("cp stage.py b", ["stage.py"]), c=("cat a b > c", ["a", "b"]))
    assert ended(dvc(folder, "2", "repro"))[0] == 0
    (folder / "in").write_text("2")
    _, said = ended(dvc(folder, "2", "repro"))
    assert [name for name in "abc" if f"Running stage '{name}'" in said] == ["a", "c"]
    assert (folder / "c").read_text() == "2" + STAGE


@pytest.mark.parametrize("jobs", [1, 3])
def test_no_more_run_at_a_time_than_asked_for(folder, jobs):
    meets = f"while [ $(ls begin-* | wc -l) -lt {jobs} ]; do sleep 0.01; done; sleep 0.3"  # the first ones each other
    counted = "mkdir {0}.now; touch begin-{0}; " + meets + "; ls -d *.now | wc -l > {0}; rmdir {0}.now"
    declare(folder, **{name: (counted.format(name), ["stage.py"]) for name in "abcdef"})
    code, said = ended(dvc(folder, str(jobs), "repro"))
    assert code == 0, said
    assert max(int((folder / name).read_text()) for name in "abcdef") == jobs


def test_after_a_failure_what_runs_is_finished_and_kept_and_nothing_begins(folder):
    fails = "while [ ! -e begin-b ]; do sleep 0.01; done; exit 3"
    goes_on = "touch begin-b && sleep 2 && cp stage.py b"
    declare(folder, a=(fails, ["stage.py"]), b=(goes_on, ["stage.py"]), c=("cp b c", ["b"]))
    code, said = ended(dvc(folder, "2", "repro"))
    assert code != 0
    assert "ERROR: failed to reproduce 'a'" in said
    assert "Traceback" not in said
    assert sorted(path.name for path in folder.glob("[abc]")) == ["b"]
    assert list(json.loads((folder / "dvc.lock").read_text())["stages"]) == ["b"]


def test_an_interrupt_ends_what_runs_and_nothing_begins_after_it(folder):
    waits = "touch begin-{0} && exec sleep 30"
    declare(folder, **{name: (waits.format(name), ["stage.py"]) for name in "abc"})
    process = dvc(folder, "2", "repro")
    end = time.monotonic() + 30
    while len(list(folder.glob("begin-*"))) < 2:
        assert time.monotonic() < end
        time.sleep(0.02)
    began = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    code, said = ended(process)
    assert code != 0
    assert time.monotonic() - began < 10
    assert "Traceback" not in said
    assert len(list(folder.glob("begin-*"))) == 2


def test_the_stage_that_most_others_wait_for_in_a_row_comes_first():
    reads = nx.DiGraph([("b2", "b1"), ("b3", "b2"), ("a2", "a1"), ("last", "b3"), ("last", "a2"), ("last", "alone")])
    done = side_by_side._in_order(["alone", "a1", "a2", "b1", "b2", "b3", "last"], reads, lambda stage: stage, 1)
    assert done[0] == "b1"
    assert max(done.index("a1"), done.index("b2")) < done.index("alone")
    assert done[-1] == "last"


@pytest.mark.parametrize(
    ("cores", "threads", "accelerator", "jobs"),
    [(2, 1, "cpu", 2), (2, 2, "cpu", 1), (1, 2, "cpu", 1), (16, 1, "cpu", 4), (16, 2, "cpu", 2), (16, 1, "auto", 1)],
)
def test_a_scratch_copy_runs_as_many_stages_as_there_are_cores_for(
    monkeypatch, tmp_path, cores, threads, accelerator, jobs
):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))
    settings = {"threads": threads, "accelerator": accelerator}
    assert dvc_process.stages_at_once(settings, tmp_path) == jobs
    assert dvc_process.stages_at_once(settings, paths.ROOT) == 1
