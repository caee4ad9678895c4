"""A notebook that a person runs reads the project's files and changes none; a run of the pipeline writes into the project."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from semcom_lib import interactive, paths
from semcom_lib.pipeline import determinism

FILES = ("results/paper/old.csv", "checkpoints/paper/model.pt", "data/paper/train.txt", "reports/paper/figures/old.svg")
NOTEBOOK = """\
# %%
import pandas as pd
from semcom_lib import figures, paths, tables
old = tables.read_table("paper", "old")
tables.write_table("paper", "old", old + 1)
tables.write_table("paper", "new", old)
figures.save(figures.new(figures.caption("laptop", "none"))[0], "paper", "old")
for file in (paths.CHECKPOINTS / "paper" / "model.pt", paths.DATA / "paper" / "train.txt"):
    with paths.replacing(file) as temporary:
        temporary.write_bytes(file.read_bytes() + b" and more")
print(tables.read_table("paper", "old").x[0], (paths.CHECKPOINTS / "paper" / "model.pt").read_text())
"""
IN_A_KERNEL = """\
import sys
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel(kernel_name="python3", extra_arguments=["--IPKernelApp.parent_appname=test"])
reply = client.execute_interactive(open(sys.argv[1]).read(), timeout=120)
client.stop_channels()
manager.shutdown_kernel(now=True)
sys.exit(reply["content"]["status"] != "ok")
"""


@pytest.fixture
def project(tmp_path):
    """A project with a file of each kind and a notebook; returns a function that runs a command line in the notebook's folder."""
    root = tmp_path / "project"
    shutil.copytree(paths.ROOT / "semcom_lib", root / "semcom_lib", ignore=shutil.ignore_patterns("__pycache__"))
    for file in FILES:
        paths.write_text(root / file, "x\n1\n" if file.endswith("csv") else "trained")
    paths.write_text(root / "notebooks" / "paper" / "1_test.py", NOTEBOOK)
    paths.write_text(root / "checkpoints" / "resume" / "half.pt", "half")
    paths.write_text(tmp_path / "kernel.py", IN_A_KERNEL)

    def run(*arguments, **variables):
        argv = [sys.executable, *arguments, "1_test.py"]
        kept = {name: value for name, value in os.environ.items() if name != interactive.BY_THE_RUNNER}
        environment = {**kept, "PYTHONPATH": str(root), "MPLBACKEND": "agg", **variables}
        where = root / "notebooks" / "paper"
        return subprocess.run(argv, cwd=where, env=environment, capture_output=True, text=True)

    run.root = root
    return run


def contents(root):
    return {file: (root / file).read_bytes() for file in FILES}


@pytest.mark.parametrize("how", [["../../../kernel.py"], []], ids=["kernel", "script"])
def test_what_a_person_runs_changes_nothing_of_the_project(project, how):
    before = contents(project.root)
    done = project(*how)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Not a run of the pipeline: whatever this notebook makes goes to build/interactive/" in done.stdout
    assert "2 trained and more" in done.stdout
    assert contents(project.root) == before
    assert not (project.root / "results" / "paper" / "new.csv").exists()
    scratch = project.root / "build" / "interactive"
    assert (scratch / "results" / "paper" / "new.csv").read_text() == "x\n1\n"
    assert not (scratch / "reports" / "paper" / "figures" / "old.svg").is_symlink()
    assert not (scratch / "checkpoints" / "resume" / "half.pt").exists()
    assert "3 trained and more and more" in project(*how).stdout  # what it made is what it reads


@pytest.mark.parametrize("how", [["../../../kernel.py"], []], ids=["kernel", "script"])
def test_what_the_runner_runs_is_written_into_the_project(project, how):
    done = project(*how, **{interactive.BY_THE_RUNNER: "1"})
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Not a run" not in done.stdout
    assert (project.root / "results" / "paper" / "new.csv").read_text() == "x\n1\n"
    assert not (project.root / "build").exists()


def test_the_links_follow_the_project(tmp_path):
    root, scratch = tmp_path / "project", tmp_path / "scratch"
    paths.write_text(root / "results" / "a.csv", "1")
    interactive.link(root, scratch)
    paths.write_text(scratch / "results" / "own.csv", "own")
    paths.write_text(root / "results" / "a.csv", "2")
    paths.write_text(root / "results" / "b" / "c.csv", "3")
    interactive.link(root, scratch)
    assert (scratch / "results" / "a.csv").read_text() == "2"
    assert (scratch / "results" / "b" / "c.csv").read_text() == "3"
    shutil.rmtree(root / "results" / "b")
    interactive.link(root, scratch)
    assert sorted(path.name for path in (scratch / "results").rglob("*.csv")) == ["a.csv", "own.csv"]


def test_a_process_that_runs_no_notebook_has_the_project_itself():
    assert interactive.home(paths.ROOT) == paths.ROOT
    assert paths.RESULTS == paths.ROOT / "results"


def test_every_kernel_of_the_pipeline_and_of_nbval_is_told_that_it_may_write_into_the_project():
    assert determinism.variables({}, paths.ROOT)[interactive.BY_THE_RUNNER] == "1"


def test_jupyterlab_as_make_lab_starts_it_opens_percent_scripts_as_notebooks():
    code = "import json; from jupyter_server.services.config import ConfigManager as M; "
    code += "print(json.dumps(M(config_dir_name='labconfig').get('default_setting_overrides')))"
    environment = {**os.environ, "JUPYTER_CONFIG_PATH": str(paths.ROOT / ".jupyter")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    viewers = json.loads(done.stdout)["@jupyterlab/docmanager-extension:plugin"]["defaultViewers"]
    assert viewers["python"] == "Jupytext Notebook"
    assert "JUPYTER_CONFIG_PATH=$(CURDIR)/.jupyter $(BIN)/jupyter-lab" in (paths.ROOT / "Makefile").read_text()
