"""A small project with the real library and the real DVC."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from semcom_lib import paths

PARAMS = (
    "profile: laptop\nseed: {seed}\nthreads: 1\naccelerator: cpu\npartial: false\nportable: false\npaper: {{a: {{}}}}\n"
)
BODY = """
import pandas as pd
from semcom_lib import tables
for name in ("first", "second"):
    tables.write_table("paper", name, pd.DataFrame({"seed": [seed] * 1000}))
"""
STAGE = """\
  paper_{key}:
    cmd: python -m semcom_lib.run notebooks/paper/1_{key}.py paper.{key}
    deps: [notebooks/paper/1_{key}.py]
    params: [seed, paper.{key}]
    outs:
      - reports/paper/1_{key}.ipynb: {{cache: false, persist: true}}
      - results/paper/first.csv: {{cache: false, persist: true}}
      - results/paper/second.csv: {{cache: false, persist: true}}
"""
STAGES = """\
paper:
  a: {notebook: 1_a.py, makes: [results/paper/first.csv, results/paper/second.csv]}
"""


class Project:
    """Stage a by DVC, which writes two tables of its seed, unless the test says otherwise."""

    def __init__(self, root: Path) -> None:
        self.root = root
        shutil.copytree(paths.ROOT / "semcom_lib", root / "semcom_lib", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(paths.ROOT / ".dvcignore", root)
        (root / ".dvc").mkdir()
        (root / ".dvc" / "config").write_text((paths.ROOT / ".dvc" / "config").read_text() + "    no_scm = true\n")
        (root / "notebooks" / "paper").mkdir(parents=True)
        self.write("a", BODY)
        self.seed(1)
        (root / "dvc.yaml").write_text("stages:\n" + STAGE.format(key="a"))
        (root / "stages.yaml").write_text(STAGES)
        for room in ("profiles", "reference", "benchmarks"):
            (root / room).mkdir()
        (root / "profiles" / "demo.yaml").write_text("profile: demo\nseed: 7\n")

    def write(self, key: str, body: str) -> None:
        """The notebook of stage ``key``."""
        (self.root / "notebooks" / "paper" / f"1_{key}.py").write_text(
            f'# %% tags=["parameters"]\nseed = 0\n# %%{body}'
        )

    def seed(self, value: int) -> None:
        """Set it in params.yaml."""
        (self.root / "params.yaml").write_text(PARAMS.format(seed=value))

    def begin(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """``python -m ARGUMENTS`` in the project, in a process group of its own."""
        environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **variables}
        argv = [sys.executable, "-m", *arguments]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        return subprocess.Popen(argv, cwd=self.root, env=environment, process_group=0, text=True, **pipes)

    def run(self, *arguments: str, **variables: str) -> tuple[int, str]:
        """(exit code, what it said) of ``python -m ARGUMENTS``."""
        process = self.begin(*arguments, **variables)
        said, _ = process.communicate()
        return process.returncode, said

    def kill(self, process: subprocess.Popen[str]) -> None:
        """Kill it with all processes of its group, at once."""
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()

    def wait_for(self, name: str, seconds: float = 60.0) -> None:
        """Until a notebook has made the file ``name``, which is then removed."""
        end = time.monotonic() + seconds
        while not (self.root / name).exists():
            assert time.monotonic() < end, f"{name} did not appear within {seconds} s"
            time.sleep(0.02)
        (self.root / name).unlink()

    def kept(self) -> dict[str, bytes]:
        """All files of reports/ and results/, except those that git and DVC ignore."""
        files = [file for room in ("reports", "results") for file in (self.root / room).rglob("*") if file.is_file()]
        return {file.name: file.read_bytes() for file in files if not file.name.startswith(paths.UNFINISHED)}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project in which nothing has been run."""
    (tmp_path / "project").mkdir()
    return Project(tmp_path / "project")
