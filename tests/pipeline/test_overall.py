"""How far a run is, how long stages took, and what the runner says of itself."""

import os
import subprocess
import sys

import pytest

from semcom_lib import paths
from semcom_lib.pipeline import durations, overall, stages

DVC = [
    "Running stage 'a':\n",
    "> python -m semcom_lib.run a\n",
    "Stage 'b' didn't change, skipping\n",
    "Running stage 'c':\n",
    "Stage 'd' is cached - skipping run, checking out outputs\n",
    "Running stage 'e':\n",
]


def headings(last, lines=DVC, seconds=60, jobs=1):
    now = iter(range(0, 10_000, seconds))
    run = overall.Overall("abcde", last, jobs, clock=lambda: next(now))
    return [heading for line in lines if (heading := run.heading(line))]


def test_every_stage_that_runs_is_told_its_place_and_what_is_left():
    last = {"a": 10, "b": 20, "c": 30, "d": 600, "e": 50}
    assert headings(last) == [
        "stage 1 of 5, about 12 min left",
        "stage 3 of 5, about 11 min left",
        "stage 5 of 5, about 50 s left",
    ]


def test_a_stage_that_never_ran_is_taken_for_one_like_the_others_of_this_run():
    assert headings({}) == ["stage 1 of 5", "stage 3 of 5, about 3 min left", "stage 5 of 5, about 60 s left"]


def test_where_two_run_at_a_time_half_of_what_they_took_before_is_left_and_all_of_what_passed_between_two():
    last = {"a": 10, "b": 20, "c": 30, "d": 600, "e": 50}
    assert headings(last, jobs=2)[0] == "stage 1 of 5, about 6 min left"
    assert headings(last, jobs=2)[-1] == "stage 5 of 5, about 25 s left"
    assert headings({}, jobs=2) == headings({})


def test_lines_go_through_in_their_order_below_their_headings(capfd):
    code = f"import sys; [print(line, end='', flush=True) for line in {DVC!r}]"
    with overall.forwarded("abcde", {}) as pipe:
        subprocess.run([sys.executable, "-c", code], stdout=pipe, check=True)
    shown = capfd.readouterr().out.splitlines(keepends=True)
    assert [line for line in shown if not line.startswith("stage ")] == DVC
    assert shown[:2] == ["stage 1 of 5\n", DVC[0]]


def test_the_words_of_dvc_are_those_that_are_looked_for(tmp_path):
    """DVC itself, three times: it runs a stage, finds it unchanged, and takes it from its run cache."""
    (tmp_path / "dvc.yaml").write_text(
        "stages:\n  a_1: {cmd: cp in out, deps: [in], outs: [out]}\n  b: {cmd: cp out end, deps: [out], outs: [end]}\n"
    )
    argv = [sys.executable, "-m", "dvc"]
    subprocess.run([*argv, "init", "--no-scm", "-q"], cwd=tmp_path, check=True)
    seen = []
    for content in ("1", "1", "2", "1"):
        (tmp_path / "in").write_text(content)
        done = subprocess.run([*argv, "repro"], cwd=tmp_path, capture_output=True, text=True, check=True)
        lines = done.stdout.splitlines()
        begun = [match[1] for line in lines if (match := overall.BEGINS.match(line))]
        skipped = [match[1] for line in lines if (match := overall.SKIPPED.match(line))]
        seen.append((begun, skipped))
    assert seen == [(["a_1", "b"], []), ([], ["a_1", "b"]), (["a_1", "b"], []), ([], ["a_1", "b"])]


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (99, "99 s"), (150, "2 min"), (5_990, "100 min"), (9_000, "2.5 h")]
)
def test_a_duration_is_told_as_people_tell_it(seconds, words):
    assert durations.in_words(seconds) == words


STAGES = """
paper:
  a: {notebook: a.py}
  b: {notebook: b.py}
  c_fast: {notebook: c.py, as: c_fast, section: c, with: {speed: fast}}
  c_slow: {notebook: c.py, as: c_slow, section: c, with: {speed: slow}}
"""


@pytest.fixture
def project(tmp_path):
    """A project of four stages, two of one notebook and one section."""
    (tmp_path / "stages.yaml").write_text(STAGES)
    (tmp_path / "notebooks" / "paper").mkdir(parents=True)
    for name in "abc":
        (tmp_path / "notebooks" / "paper" / f"{name}.py").touch()
    return tmp_path


def test_durations_are_kept_by_stage_where_git_does_not_look(project):
    durations.record(["notebooks/paper/a.py", "paper.a"], 12.34, project)
    durations.record(["notebooks/paper/a.py", "paper.a", "seed=1"], 56.78, project)
    for name in ("fast", "slow"):
        durations.record(["notebooks/paper/c.py", "paper.c", "--as", f"c_{name}", f"speed={name}"], 1.0, project)
    durations.record(["notebooks/paper/c.py", "paper.c", "--as", "tried", "speed=warp"], 1.0, project)
    (project / durations.FOLDER / "paper.b").write_text("damaged")
    assert durations.recorded(stages.load(project), project) == {
        "paper_a": 56.8,
        "paper_c_fast": 1.0,
        "paper_c_slow": 1.0,
    }
    ignored = subprocess.run(["git", "check-ignore", "-q", durations.FOLDER / "paper.a"], cwd=paths.ROOT)
    assert ignored.returncode in (0, 128)  # 128: this is no clone


def test_that_a_duration_cannot_be_kept_is_no_failure(project):
    (project / "build").write_text("a file in the way")
    durations.record(["notebooks/paper/a.py", "paper.a"], 1.0, project)
    assert durations.recorded(stages.load(project), project) == {}


def runner(*arguments):
    argv = [sys.executable, "-m", "semcom_lib.run", *arguments]
    return subprocess.run(argv, cwd=paths.ROOT, capture_output=True, text=True, env={**os.environ})


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_the_runner_explains_itself(option):
    done = runner(option)
    assert (done.returncode, done.stderr) == (0, "")
    assert "python -m semcom_lib.run NOTEBOOK SECTION [--as NAME] [key=value ...]" in done.stdout


def test_the_runner_lists_every_stage_with_its_section_and_notebook():
    done = runner("--list")
    assert (done.returncode, done.stderr) == (0, "")
    for stage in stages.load():
        (line,) = [line for line in done.stdout.splitlines() if line.split()[:1] == [stage.name]]
        assert line.split()[1:3] == [stage.section, stage.notebook]
