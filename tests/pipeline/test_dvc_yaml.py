"""dvc.yaml is what stages.yaml, the imports and the parameters say; nobody types it."""

import json
import os
import subprocess
import sys

import pytest
import yaml

from semcom_lib import paths
from semcom_lib.pipeline import dvc_yaml, stages
from semcom_lib.pipeline.errors import PipelineError

COMMON = "profile: x\nseed: 1\nthreads: 1\naccelerator: cpu\npartial: false\nportable: false\n"
WANTED = """\
stages:
  paper_train_cars:
    cmd: python -m semcom_lib.run notebooks/paper/1_train.py paper.train --as 1_train_cars kind=cars share=0.5
    deps:
      - data/raw.txt
      - notebooks/paper/1_train.py
      - semcom_lib/training.py
    params: [seed, threads, portable, paper.train]
    outs:
      - checkpoints/cars
      - reports/paper/1_train_cars.ipynb: {cache: false, persist: true}
      - results/paper/examples.csv: {cache: false, persist: true}
      - results/paper/strips.npz: {cache: false, persist: true}
    metrics:
      - reports/paper/a.json: {cache: false, persist: true}
    plots:
      - results/paper/loss.csv: {cache: false, persist: true, x: step, y: validation_loss, template: curves}

  paper_show:
    cmd: python -m semcom_lib.run notebooks/paper/2_show.py paper.show
    deps:
      - notebooks/paper/2_show.py
      - results/paper/loss.csv
    params: [profile, threads, portable, paper.show]
    outs:
      - reports/paper/2_show.ipynb: {cache: false, persist: true}
      - reports/paper/figures/paper_fig01.png: {cache: false, persist: true}
      - reports/paper/figures/paper_fig01.svg: {cache: false, persist: true}
"""


def test_dvc_yaml_is_what_is_computed():
    computed = dvc_yaml.rendered(dvc_yaml.entries(stages.load()))
    assert (paths.ROOT / "dvc.yaml").read_text() == computed, "make pipeline writes it"


def test_its_text_says_what_was_computed():
    entries = dvc_yaml.entries(stages.load())
    assert yaml.safe_load(dvc_yaml.rendered(entries)) == {"stages": entries}


def test_the_order_of_its_lines_is_no_matter_of_chance():
    code = "from semcom_lib.pipeline import dvc_yaml, stages; print(dvc_yaml.rendered(dvc_yaml.entries(stages.load())))"
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=paths.ROOT, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True,
        ).stdout
        for seed in "12"
    }  # fmt: skip
    assert len(texts) == 1


@pytest.fixture
def project(tmp_path):
    files = {
        "params.yaml": f"{COMMON}paper:\n  train: {{}}\n  show: {{}}\n",
        "stages.yaml": """
paper:
  train_cars:
    notebook: 1_train.py
    as: 1_train_cars
    section: train
    with: {kind: cars, share: 0.5}
    reads: [data/raw.txt]
    makes: [results/paper/strips.npz, results/paper/loss.csv, results/paper/examples.csv, checkpoints/cars, reports/paper/a.json]
    curves: {loss: [step, validation_loss]}
  show: {notebook: 2_show.py, reads: [results/paper/loss.csv], figures: [paper_fig01]}
""",
        "data/raw.txt": "",
        "semcom_lib/training.py": "import semcom_lib.paths",
        "semcom_lib/paths.py": "",
        "notebooks/paper/1_train.py": '# %% tags=["parameters"]\nseed = 2\n# %%\nimport semcom_lib.training\n',
        "notebooks/paper/2_show.py": '# %% tags=["parameters"]\nprofile = "demo"\n',
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_every_kind_of_entry_is_written_as_dvc_wants_it(project):
    assert dvc_yaml.rendered(dvc_yaml.entries(stages.load(project), project)) == dvc_yaml.HEADER + WANTED


def test_a_section_that_params_yaml_lacks_is_named(project):
    (project / "params.yaml").write_text(f"{COMMON}paper: {{train: {{}}}}\n")
    with pytest.raises(PipelineError, match=r"params\.yaml has no section 'paper\.show'"):
        dvc_yaml.entries(stages.load(project), project)


def test_the_template_of_dvcs_plots_takes_every_axis_for_numbers():
    """DVC hands on a CSV's cells as texts, of which 12 would come before 3."""
    template = json.loads((paths.ROOT / ".dvc" / "plots" / f"{dvc_yaml.TEMPLATE}.json").read_text())
    axes = {axis for stage in stages.load() for _, *both in stage.curves for axis in both}
    assert template["data"]["format"]["parse"] == dict.fromkeys(sorted(axes), "number")
    for axis in "xy":
        assert template["spec"]["encoding"][axis]["field"] == f"<DVC_METRIC_{axis.upper()}>"
