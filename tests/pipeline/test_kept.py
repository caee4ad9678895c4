"""Work that is in git is not lost: a stage that is killed, or fails, leaves every file whole, the old one or the new one."""

import json
import random
import time

import pytest

from semcom_lib import paths

WRITES_FOR_LONG = """
import pathlib, time
import pandas as pd
from semcom_lib import tables
end = time.monotonic() + 3 * seed
pathlib.Path("begun").touch()
while time.monotonic() < end:
    for name in ("first", "second"):
        tables.write_table("paper", name, pd.DataFrame({"seed": [seed] * 100000}))
"""


def seed_of(name, content):
    """The seed that a whole file is of."""
    if name.endswith(".csv"):
        header, *rows = content.decode().split("\n")
        assert header == "seed"
        assert rows == [rows[0]] * 100_000 + [""]
        return int(rows[0])
    cells = json.loads(content)["cells"]
    return int("".join(cells[0]["source"]).removeprefix("seed = "))


@pytest.fixture
def drawn(project):
    """The project after a first run, of seed 0."""
    project.write("a", WRITES_FOR_LONG)
    project.seed(0)
    project.write("a", WRITES_FOR_LONG.replace("while time.monotonic() < end:", "for _ in range(1):"))
    code, said = project.run("dvc", "repro")
    assert code == 0, said
    assert {name: seed_of(name, content) for name, content in project.kept().items()} == {
        "1_a.ipynb": 0,
        "first.csv": 0,
        "second.csv": 0,
    }
    return project


def test_a_stage_that_is_killed_leaves_every_file_whole_and_none_for_git_to_show(drawn):
    drawn.write("a", WRITES_FOR_LONG)
    chance = random.Random(12)
    for seed in (1, 2):
        drawn.seed(seed)
        process = drawn.begin("dvc", "repro")
        drawn.wait_for("begun")
        time.sleep(chance.uniform(0, 1))
        drawn.kill(process)
        seeds = {name: seed_of(name, content) for name, content in drawn.kept().items()}
        assert seeds.keys() == {"1_a.ipynb", "first.csv", "second.csv"}
        assert seeds["1_a.ipynb"] == 0
        assert set(seeds.values()) <= {0, 1, 2}
    assert [path.name for path in drawn.root.iterdir() if path.is_socket() or path.name.startswith("kernel")] == []


def test_a_stage_that_fails_leaves_what_was_there(drawn):
    before = drawn.kept()
    drawn.write("a", "\n1 / 0\n")
    code, said = drawn.run("dvc", "repro")
    assert code != 0
    assert "ZeroDivisionError" in said
    assert drawn.kept() == before


def test_a_table_that_a_stage_no_longer_writes_is_an_error_and_no_old_one_passes_for_new(drawn):
    drawn.write("a", WRITES_FOR_LONG.replace('("first", "second")', '("first",)').replace("while", "if"))
    drawn.seed(1)
    code, said = drawn.run("dvc", "repro")
    assert code != 0
    assert "error: results/paper/second.csv: is of an earlier run: the stage has ended without writing it" in said
    assert seed_of("1_a.ipynb", drawn.kept()["1_a.ipynb"]) == 0
    (drawn.root / "results" / "paper" / "second.csv").unlink()
    _, said = drawn.run("dvc", "repro")
    assert "error: results/paper/second.csv: is missing: the stage has ended without writing it" in said


def test_unfinished_files_are_ignored_by_git_and_by_dvc():
    for file in (".gitignore", ".dvcignore"):
        assert f"{paths.UNFINISHED}*" in (paths.ROOT / file).read_text().splitlines()
