"""The fingerprint of a training: equal for equal trainings, another one for whatever decides the result."""

from pathlib import Path

import pytest
import yaml

from semcom_lib import paths
from semcom_lib.learning import training
from semcom_lib.pipeline import experiment

NOTEBOOK = "notebooks/paper/2_train.py"
CODE = ["seed = 1\nsnr_low_db = 0.0", "train()"]


@pytest.fixture
def project(tmp_path):
    """A project with a training stage and an evaluation stage."""
    run = f"python -m semcom_lib.run {NOTEBOOK}"
    deps = ["data/paper", NOTEBOOK, "semcom_lib/model.py"]
    stages = {
        "train": {
            "cmd": f"{run} paper.train", "deps": [*deps],
            "outs": ["checkpoints/a.pt", {"reports/paper/r.ipynb": {"cache": False}}],
        },
        "evaluate": {"cmd": f"{run} paper.evaluate", "deps": deps, "outs": [{"reports/paper/e.ipynb": {"cache": False}}]},
    }  # fmt: skip
    (tmp_path / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    for name, text in {"data/paper/train.txt": "a", "semcom_lib/model.py": "x = 1", NOTEBOOK: "# prose"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_every_stage_of_the_pipeline_is_found_as_it_stands():
    for stage in yaml.safe_load((paths.ROOT / "dvc.yaml").read_text())["stages"].values():
        _, _, _, notebook, section, *rest = stage["cmd"].split()
        name = rest[1] if rest[:1] == ["--as"] else Path(notebook).stem
        assert experiment.declared(notebook, section, name, paths.ROOT) == stage


def of(project, code=CODE, section="paper.train", name="r"):
    return experiment.fingerprint(NOTEBOOK, section, name, code, project)


@pytest.mark.parametrize(
    "change",
    [
        lambda project: (project / "data/paper/train.txt").write_text("b"),
        lambda project: (project / "data/paper/more.txt").write_text("a"),
        lambda project: (project / "data/paper/train.txt").rename(project / "data/paper/other.txt"),
        lambda project: (project / "semcom_lib/model.py").write_text("x = 2"),
    ],
)
def test_data_and_library_decide(project, change):
    before = of(project)
    assert before == of(project)
    change(project)
    assert of(project) != before


def test_every_parameter_and_every_line_of_code_decides_and_prose_does_not(project):
    before = of(project)
    assert of(project, ["seed = 1\nsnr_low_db = 1.0", "train()"]) != before
    assert of(project, ["seed = 1\nsnr_low_db = 0.0", "train(2)"]) != before
    assert of(project, ["seed = 1", "snr_low_db = 0.0\ntrain()"]) != before
    (project / NOTEBOOK).write_text("# other prose")
    assert of(project) == before


def test_what_trains_nothing_has_none(project, tmp_path_factory):
    assert of(project, section="paper.evaluate", name="e") is None
    assert of(project, name="of_no_stage") is None
    assert of(project, section="paper.unknown") is None
    assert of(tmp_path_factory.mktemp("no_dvc")) is None


def test_the_training_loop_reads_the_runners_variable():
    assert training.EXPERIMENT == experiment.VARIABLE
