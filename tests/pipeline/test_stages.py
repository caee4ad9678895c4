"""stages.yaml: every mistake in it is one line that names the stage and the key; reports redraw without data."""

import shutil
import subprocess

import pandas as pd
import pytest
import yaml

from semcom_lib import paths
from semcom_lib.pipeline import stages
from semcom_lib.pipeline.errors import PipelineError


@pytest.fixture
def load(tmp_path):
    """A function that loads a stages.yaml beside the notebooks paper/a.py, paper/b.py and some files."""
    for file in (
        "notebooks/paper/a.py",
        "notebooks/paper/b.py",
        "reference/paper.yaml",
        "semcom_lib/sources/raw.sha256",
    ):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()

    def load(text):
        (tmp_path / "stages.yaml").write_text(text)
        return stages.load(tmp_path)

    return load


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "stages.yaml: must be a mapping, is None"),
        ("../paper: {a: {}}", "stages.yaml: ../paper: must be a file name of letters, digits, _, - and ., is '../paper'"),
        ("paper: {a: {notebook: ../a.py}}", "stages.yaml: paper_a: notebook: must be a file name of letters"),
        ("paper: {a: {notebook: a.py, as: ../../a}}", "stages.yaml: paper_a: as: must be a file name of letters"),
        ("paper: {a: {notebook: a.py, figures: [b, /tmp/x]}}", "stages.yaml: paper_a: figures: must be a file name of letters"),
        ("paper: {a: {notebook: a.py, makes: [results/../x]}}", "stages.yaml: paper_a: makes: results/../x must lie in one of"),
        ("paper: 3", "stages.yaml: paper: must be a mapping, is 3"),
        ("paper: {a: }", "stages.yaml: paper_a: must be a mapping, is None"),
        ("paper: {a: {notebok: a.py}}", "stages.yaml: paper_a: notebok: unknown; a stage has notebook, as, section, with, reads"),
        ("paper: {a: {reads: []}}", "stages.yaml: paper_a: notebook: missing"),
        ("paper: {a: {notebook: c.py}}", "stages.yaml: paper_a: notebook: there is no notebooks/paper/c.py"),
        ("paper: {a: {notebook: a.py, reads: reference}}", "stages.yaml: paper_a: reads: must be a list of texts, is 'reference'"),
        ("paper: {a: {notebook: a.py, figures: [3]}}", "stages.yaml: paper_a: figures: must be a list of texts, is [3]"),
        ("paper: {a: {notebook: a.py, curves: [x]}}", "stages.yaml: paper_a: curves: must be a mapping, is ['x']"),
        (
            "paper: {a: {notebook: a.py, curves: {x: [a, b]}}}",
            "stages.yaml: paper_a: curves: x: the stage does not make results/paper/x.csv",
        ),
        (
            "paper: {a: {notebook: a.py, makes: [results/paper/x.csv], curves: {x: [a]}}}",
            "stages.yaml: paper_a: curves: x: must be a list of two columns, is ['a']",
        ),
        ("paper: {a: {notebook: a.py, as: 3}}", "stages.yaml: paper_a: as: must be a text, is 3"),
        ("paper: {a: {notebook: a.py, section: ../b}}", "stages.yaml: paper_a: section: must be a file name of letters"),
        ("paper: {a: {notebook: a.py, with: [x]}}", "stages.yaml: paper_a: with: must be a mapping, is ['x']"),
        ("paper: {a: {notebook: a.py, with: {x: y; ls}}}", "stages.yaml: paper_a: with: x: must be a name or a number, is 'y; ls'"),
        ("paper: {a: {notebook: a.py, with: {x: [1]}}}", "stages.yaml: paper_a: with: x: must be a name or a number, is [1]"),
        ("paper: {a: {notebook: a.py, with: {x: true}}}", "stages.yaml: paper_a: with: x: must be a name or a number, is True"),
        (
            "paper: {a: {notebook: a.py, makes: [result/x.csv]}}",
            "stages.yaml: paper_a: makes: result/x.csv must lie in one of data, checkpoints, results, reports, pretrained",
        ),
        (
            "paper: {a: {notebook: a.py, makes: [data/x]}, b: {notebook: b.py, makes: [data/x]}}",
            "stages.yaml: paper_b: makes: data/x is made by paper_a, too",
        ),
        (
            "paper: {a: {notebook: a.py}, b: {notebook: a.py}}",
            "stages.yaml: paper_b: makes: reports/paper/a.ipynb is made by paper_a, too",
        ),
        (
            "paper: {a: {notebook: a.py, figures: [x]}, b: {notebook: b.py, figures: [x]}}",
            "stages.yaml: paper_b: makes: reports/paper/figures/x.png is made by paper_a, too",
        ),
        (
            "paper: {a: {notebook: a.py, makes: [data/x/y]}, b: {notebook: b.py, makes: [data/x]}}",
            "stages.yaml: paper_a: makes: data/x/y lies in data/x, which paper_b makes",
        ),
        (
            "paper: {a: {notebook: a.py, reads: [results/x.csv]}}",
            "stages.yaml: paper_a: reads: results/x.csv is neither made by a stage nor in git",
        ),
        ("paper: {a: {notebook: a.py, notebook: b.py}}", "stages.yaml, line 1: key notebook is there twice"),
        ("paper: {a: {notebook: a.py}, a: {notebook: b.py}}", "stages.yaml, line 1: key a is there twice"),
        ("paper: {a", "stages.yaml, line 1: while parsing a flow mapping"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_that_names_stage_and_key(load, text, message):
    with pytest.raises(PipelineError) as caught:
        load(text)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_a_read_may_lie_in_what_a_stage_makes_or_be_in_git(load):
    first, second = load(
        "paper:\n  a: {notebook: a.py, makes: [data/x], reads: [reference, semcom_lib/sources/raw.sha256]}\n"
        "  b: {notebook: b.py, reads: [data/x/y.npy, reports/paper/a.ipynb]}\n"
    )
    assert first.outs == ["data/x", "reports/paper/a.ipynb"]
    assert second.reads == ("data/x/y.npy", "reports/paper/a.ipynb")


def test_a_file_that_git_does_not_track_is_in_no_clone(load, tmp_path):
    text = "paper: {a: {notebook: a.py, reads: [reference/paper.yaml]}}"
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    with pytest.raises(PipelineError, match=r"reads: reference/paper\.yaml is neither made by a stage nor in git"):
        load(text)
    subprocess.run(["git", "add", "reference"], cwd=tmp_path, check=True)
    assert load(text)[0].reads == ("reference/paper.yaml",)


def test_a_download_that_lies_in_another_clone_needs_no_git(load, tmp_path):
    load("paper: {a: {notebook: a.py}}")
    shutil.copytree(tmp_path, tmp_path / "download")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    text = "paper: {a: {notebook: a.py, reads: [reference/paper.yaml]}}"
    (tmp_path / "download" / "stages.yaml").write_text(text)
    assert stages.load(tmp_path / "download")[0].reads == ("reference/paper.yaml",)


@pytest.mark.parametrize(
    ("entry", "redraws"),
    [
        ("reads: [results/x.csv, reference/paper.yaml], makes: [reports/paper/claims.csv], figures: [x]", True),
        ("makes: [reports/paper/claims.csv]", True),
        ("makes: [results/y.csv]", False),
        ("reads: [results/x.csv], makes: [results/y.csv]", False),
        ("reads: [data/x]", False),
        ("reads: [results/x.csv, checkpoints/x.pt]", False),
        ("reads: [results/x.csv], makes: [checkpoints/y]", False),
        ("reads: [semcom_lib/sources/raw.sha256]", False),
    ],
)
def test_to_redraw_is_to_make_reports_alone_from_what_every_clone_has(load, entry, redraws):
    maker = "a: {notebook: a.py, makes: [results/x.csv, data/x, checkpoints/x.pt]}"
    chosen = stages.redrawing(load(f"paper: {{{maker}, b: {{notebook: b.py, {entry}}}}}"))
    assert [stage.name for stage in chosen] == (["paper_b"] if redraws else [])


def test_what_reads_a_report_is_redrawn_after_it(load):
    later = "a: {notebook: a.py, reads: [reports/paper/claims.csv]}"
    chosen = stages.redrawing(load(f"paper: {{{later}, b: {{notebook: b.py, makes: [reports/paper/claims.csv]}}}}"))
    assert [stage.name for stage in chosen] == ["paper_b", "paper_a"]


def test_a_circle_of_reports_is_named(load):
    found = load(
        "paper:\n  a: {notebook: a.py, reads: [reports/paper/b.ipynb]}\n"
        "  b: {notebook: b.py, reads: [reports/paper/a.ipynb]}\n"
    )
    with pytest.raises(PipelineError, match=r"stages\.yaml: paper_., paper_., paper_.: each reads"):
        stages.redrawing(found)


def test_every_notebook_is_a_stage_and_none_is_executed_in_place():
    scripts = {path.relative_to(paths.ROOT).as_posix() for path in paths.NOTEBOOKS.rglob("*.py")}
    assert scripts == {stage.notebook for stage in stages.load()}
    assert not list(paths.NOTEBOOKS.rglob("*.ipynb"))


def test_all_that_is_redrawn_is_read_from_files_in_git():
    """So that a fresh clone can; what one of these stages makes for another apart."""
    chosen = stages.redrawing(stages.load())
    made = {path for stage in chosen for path in stage.outs}
    read = {path for stage in chosen for path in stage.reads} - made
    listing = subprocess.run(["git", "ls-files", *sorted(read)], cwd=paths.ROOT, capture_output=True, text=True)
    assert read - set(listing.stdout.splitlines()) == set()


@pytest.mark.parametrize(
    "curve", [curve for stage in stages.load() for curve in stage.curves], ids=lambda curve: curve[0]
)
def test_what_dvc_draws_are_columns_of_numbers(curve):
    file, *axes = curve
    table = pd.read_csv(paths.ROOT / file)
    for axis in axes:
        assert pd.api.types.is_numeric_dtype(table[axis])
    assert table[axes[0]].nunique() > 1


def test_every_file_of_metrics_is_one_that_dvc_can_read():
    """It reads JSON, and fails on a table or an archive of arrays."""
    entries = yaml.safe_load((paths.ROOT / "dvc.yaml").read_text())["stages"].values()
    metrics = [next(iter(out)) for entry in entries for out in entry.get("metrics", [])]
    papers = ("l_deepsc", "aesc_i", "mem_deepsc", "deepsc_s", "digital_sc")
    assert metrics == [f"reports/{paper}/headline.json" for paper in papers]
    drawn = [next(iter(out)) for entry in entries for out in entry.get("plots", [])]
    assert {file.rsplit(".", 1)[1] for file in drawn} == {"csv"}
