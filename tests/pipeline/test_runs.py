"""A whole run by semcom_lib.pipeline.repro: interrupted, refused, in a download without .git, in a clone with Windows line ends."""

import os
import signal
import subprocess
import time

import pytest

from semcom_lib import paths
from semcom_lib.pipeline import lock, repro

WAITS = """
import pathlib, time
import pandas as pd
from semcom_lib import tables
tables.write_table("paper", "first", pd.DataFrame({"seed": [seed] * 1000}))
pathlib.Path("begun").touch()
time.sleep(60)
"""
REPRO = "semcom_lib.pipeline.repro"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_run_that_is_told_to_end_ends_all_its_processes_in_one_line_and_frees_the_folder(project, number):
    project.write("a", WAITS)
    process = project.begin(REPRO, "laptop")
    project.wait_for("begun")
    began = time.monotonic()
    os.kill(process.pid, number)  # this process alone: it passes it on
    said, _ = process.communicate()
    assert time.monotonic() - began < 8  # before its stages are killed
    assert process.returncode == 130
    errors = [line for line in said.splitlines() if line.startswith("error: ")]
    assert errors == [
        "error: notebooks/paper/1_a.py: interrupted",
        "error: interrupted; the same command goes on with the stage that was running",
    ]
    assert "Traceback" not in said
    assert sorted(project.kept()) == ["first.csv"]
    assert (project.root / "results" / "paper" / "first.csv").read_text().count("1\n") == 1000
    with lock.held(project.root):
        pass


def test_a_download_without_git_runs(project):
    settings = project.root / ".dvc" / "config"
    settings.write_text((paths.ROOT / ".dvc" / "config").read_text())
    code, said = project.run(REPRO, "laptop")
    assert code == 0, said
    assert sorted(project.kept()) == ["1_a.ipynb", "first.csv", "older_run.txt", "second.csv"]


def test_a_second_run_is_refused_before_it_touches_the_library_of_the_first(project):
    scratch = project.root / "build" / "demo"
    (scratch / "semcom_lib").mkdir(parents=True)
    (scratch / "semcom_lib" / "first.py").write_text("of the first run")
    with lock.held(scratch):
        code, said = project.run(REPRO, "demo")
    assert code == 1
    assert said.startswith(f"error: {scratch}: another run is at work there (process {os.getpid()} on ")
    assert len(said.splitlines()) == 1
    assert (scratch / "semcom_lib" / "first.py").read_text() == "of the first run"


@pytest.mark.parametrize("name", [".", "notes"])
def test_a_scratch_folder_that_holds_other_files_is_left_alone(tmp_path, capsys, name):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("mine")
    assert repro.main(["demo", "--into", str(tmp_path / name)]) == 1
    said = capsys.readouterr().err
    assert (
        said
        == f"error: {(tmp_path / name).resolve()}: holds other files; --into takes a new folder, or that of an earlier run\n"
    )
    assert [path.name for path in tmp_path.rglob("*")] == ["notes", "mine.txt"]


@pytest.mark.skipif(not (paths.ROOT / ".git").exists(), reason="a download is no clone")
def test_a_clone_with_windows_line_ends_has_the_bytes_of_any_other(tmp_path):
    clone = [
        *("git", "-c", "core.autocrlf=true", "clone", "-q", "--depth", "1"),
        f"file://{paths.ROOT}",
        str(tmp_path / "clone"),
    ]
    subprocess.run(clone, check=True, capture_output=True)
    listing = subprocess.run(
        ["git", "ls-files", "--eol"], cwd=tmp_path / "clone", capture_output=True, text=True, check=True
    )
    kinds = {line.split()[1] for line in listing.stdout.splitlines()}
    assert kinds == {"w/lf", "w/-text", "w/none"}
