"""A fresh clone has results and reports but neither data nor checkpoints: only what a changed stage reads is made again."""

import subprocess
import sys

import pytest

from semcom_lib.pipeline import dvc_process, missing
from semcom_lib.pipeline.stages import Stage


def stage(key, reads=(), makes=()):
    return Stage("p", key, f"notebooks/p/{key}.py", key, tuple(reads), tuple(makes), ())


STAGES = [
    stage("data", makes=["data/p", "results/corpus.csv"]),
    stage("train", reads=["data/p/train.npy"], makes=["checkpoints/p", "results/training.csv"]),
    stage("evaluate", reads=["checkpoints/p/model.pt", "data/p"], makes=["results/scores.csv"]),
    stage("draw", reads=["results/scores.csv"]),
    stage("other", reads=["results/corpus.csv"], makes=["checkpoints/other"]),
]
GONE = {
    "p_data": [{"changed outs": {"data/p": "not in cache"}}],
    "p_train": [{"changed deps": {"data/p": "deleted"}}, {"changed outs": {"checkpoints/p": "not in cache"}}],
    "p_evaluate": [{"changed deps": {"checkpoints/p": "deleted", "data/p": "deleted"}}],
    "p_other": [{"changed outs": {"checkpoints/other": "deleted"}}],
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"p_draw": [{"changed deps": {"figures.py": "modified"}}]}, []),
        ({"p_train": [{"changed deps": {"data/p": "deleted", "train.py": "modified"}}]}, ["p_train", "p_evaluate"]),
        ({"p_evaluate": [{"changed deps": {"params.yaml": {"p.evaluate": "modified"}}}]}, ["p_evaluate"]),
        ({"p_evaluate": ["changed command"]}, ["p_evaluate"]),
        ({"p_evaluate": [{"changed outs": {"results/scores.csv": "modified"}}]}, ["p_evaluate"]),
        ({"p_data": [{"changed deps": {"data.py": "new"}}]}, ["p_train", "p_evaluate"]),
        ({"p_other": ["changed command"]}, []),
    ],
)
def test_what_changed_and_what_follows_from_it_wants_the_data_that_it_reads(tmp_path, changes, expected):
    assert missing.is_any(STAGES, tmp_path)
    assert missing.wanting(STAGES, GONE | changes, tmp_path) == expected


def test_what_is_there_is_not_wanted(tmp_path):
    (tmp_path / "data" / "p").mkdir(parents=True)
    (tmp_path / "data" / "p" / "train.npy").touch()
    changes = GONE | {"p_train": ["changed command"]}
    assert missing.wanting(STAGES, changes, tmp_path) == ["p_evaluate"]
    (tmp_path / "checkpoints" / "p").mkdir(parents=True)
    (tmp_path / "checkpoints" / "p" / "model.pt").touch()
    assert missing.wanting(STAGES, changes, tmp_path) == []
    assert missing.is_any(STAGES, tmp_path)
    (tmp_path / "checkpoints" / "other").touch()
    assert not missing.is_any(STAGES, tmp_path)


def test_dvc_speaks_of_missing_files_in_the_words_that_are_expected(project):
    (project.root / "dvc.yaml").write_text("stages: {p_data: {cmd: mkdir data && touch data/p, outs: [data/p]}}\n")
    code, said = project.run("dvc", "repro", "-q")
    assert code == 0, said
    (project.root / "data" / "p").unlink()
    environment = dvc_process.environment(project.root)
    assert missing.status(project.root, environment) == {"p_data": [{"changed outs": {"data/p": "deleted"}}]}
    subprocess.run([sys.executable, "-c", "import shutil; shutil.rmtree('.dvc/cache')"], cwd=project.root, check=True)
    assert missing.status(project.root, environment) == {"p_data": [{"changed outs": {"data/p": "not in cache"}}]}


def test_a_report_is_redrawn_where_its_tables_are_there_or_another_report_makes_them(tmp_path):
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "scores.csv").touch()
    draw = stage("draw", reads=["results/scores.csv"], makes=["reports/p/claims.csv"])
    ledger = stage("ledger", reads=["reports/p/claims.csv"])
    unmeasured = stage("unmeasured", reads=["results/scores.csv", "results/other.csv"], makes=["reports/p/other.csv"])
    after = stage("after", reads=["reports/p/other.csv"])
    possible, lacking = missing.drawable([draw, ledger, unmeasured, after], tmp_path)
    assert possible == [draw, ledger]
    assert lacking == {"p_unmeasured": "results/other.csv", "p_after": "reports/p/other.csv"}
