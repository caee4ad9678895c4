"""params.yaml and profiles: every mistake is one line with file, key, value and what it must be, before anything runs."""

import shutil

import jupytext
import pytest
import yaml

from semcom_lib import paths
from semcom_lib.pipeline import parameters, preflight, profiles, repro, stages
from semcom_lib.pipeline.errors import PipelineError


@pytest.mark.parametrize("profile", profiles.names())
def test_a_shipped_profile_gives_every_notebook_what_it_declares(profile):
    values = preflight.checked(profile)
    assert values["profile"] == profile
    assert list(keys(values)) == list(keys(profiles.params()))


@pytest.mark.parametrize("script", sorted({stage.notebook for stage in stages.load()}))
def test_the_parameters_cell_is_what_jupytext_reads(script):
    text = (paths.ROOT / script).read_text(encoding="utf-8")
    assert (
        parameters.cell_in(text, script) == parameters.cell_of(jupytext.reads(text, "py:percent").cells, script).source
    )


def keys(tree, place=""):
    for key, value in tree.items():
        yield from keys(value, f"{place}{key}.") if isinstance(value, dict) else [f"{place}{key}"]


def test_no_anchor_spreads_values_that_a_reader_cannot_see():
    """DVC writes params.yaml anew for an experiment, without anchors: the file must be what it writes."""
    tokens = yaml.scan((paths.ROOT / "params.yaml").read_text(encoding="utf-8"))
    assert not [token for token in tokens if isinstance(token, yaml.AnchorToken | yaml.AliasToken)]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A copy of what is checked. Returns a function that changes one file and checks a profile."""
    for name in ("params.yaml", "stages.yaml"):
        shutil.copy(paths.ROOT / name, tmp_path)
    for name in ("profiles", "notebooks", "reference", "benchmarks"):
        shutil.copytree(paths.ROOT / name, tmp_path / name)
    for stage in stages.load():
        for path in stage.reads:
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).touch()

    def go(profile, file, *changes):
        text = (tmp_path / file).read_text(encoding="utf-8")
        for old, new in changes:
            assert text.count(old), old
            text = text.replace(old, new, 1)
        (tmp_path / file).write_text(text, encoding="utf-8")
        return preflight.checked(profile, tmp_path)

    go.root = tmp_path
    return go


TRAIN = "  train:\n    layers: 4 # of semantic encoder and decoder\n"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("threads: 2", "threads: 0", "params.yaml: threads: must be a whole number >= 1 and <= 1024, is 0"),
        ("threads: 2\n", "", "params.yaml: threads: is missing; must be a whole number >= 1 and <= 1024"),
        ("threads: 2", "thread: 2", "params.yaml: thread: must be a paper with its sections or one of profile, seed"),
        ("threads: 2", "threads: 2\nthreads: 3", "params.yaml, line 5: key threads is there twice"),
        (
            "accelerator: cpu",
            "accelerator: gpu",
            "params.yaml: accelerator: must be one of cpu, cuda, mps, auto, is 'gpu'",
        ),
        ("partial: false", "partial: no", "params.yaml: partial: must be true or false, is 'no'"),
        ("learning_rate: 0.0015", "learning_rate: 4e-3x", "l_deepsc.train.learning_rate: must be a finite number > 0"),
        (
            "learning_rate: 0.0015",
            "learning_rate: -1.5e-3",
            "l_deepsc.train.learning_rate: must be a finite number > 0",
        ),
        ("steps: 6000", "steps: -6000", "params.yaml: l_deepsc.train.steps: must be a whole number >= 1, is -6000"),
        ("steps: 6000", "steps: .inf", "params.yaml: l_deepsc.train.steps: must be a whole number >= 1, is inf"),
        ("steps: 6000", "steps: [6000]", "params.yaml: l_deepsc.train.steps: must be a whole number >= 1, is [6000]"),
        (
            "steps: 6000",
            "stepz: 6000",
            "l_deepsc.train.stepz: notebooks/l_deepsc/2a_constellation_train.py does not declare",
        ),
        ("    steps: 6000\n", "", "params.yaml: l_deepsc.train.steps: is missing; must be a whole number >= 1"),
        (
            "snr_low_db: 0.0 #",
            "snr_low_db: 21 #",
            "l_deepsc.train.snr_low_db: must not be above snr_high_db = 20.0, is 21.0",
        ),
        ("snrs_db: [0.0, 2.5", "snrs_db: [0.0, 0", "physical_layer.csi_evaluate.snrs_db: must not have an entry twice"),
        (TRAIN, TRAIN.replace("train", "trian"), "params.yaml has no section 'l_deepsc.train'"),
        ("  channels: {}", "  channels:", "params.yaml: physical_layer.channels: must be a section, {} if it has no"),
        (
            "  channels: {}",
            "  channels: {}\n  spare: {}",
            "physical_layer.spare: no stage of stages.yaml has this section",
        ),
        ("claims:\n  ledger:", "claims:\n  3: {}\n  ledger:", "params.yaml: claims.3: a key must be a text"),
        ("profile: laptop", "- profile", "params.yaml, line"),
    ],
)
def test_a_mistake_in_params_yaml_is_one_line(project, old, new, message):
    with pytest.raises(PipelineError) as caught:
        project("laptop", "params.yaml", (old, new))
    assert str(caught.value).startswith("params.yaml")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_number_in_the_short_form_is_a_number(project):
    values = project("laptop", "params.yaml", ("learning_rate: 0.0015", "learning_rate: 4e-3"))
    assert values["l_deepsc"]["train"]["learning_rate"] == 0.004


def line_of(words):
    """The number of the line of the demo's profile in which the words stand first."""
    before, _, _ = (paths.ROOT / "profiles" / "demo.yaml").read_text().partition(words)
    return before.count("\n") + 1


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("profile: demo", "profile: dmo", "profiles/demo.yaml: profile: must be demo, is dmo"),
        ("profile: demo\n", "", "profiles/demo.yaml: profile: must be demo, is missing"),
        ("steps: 120", "stepz: 180", "profiles/demo.yaml: l_deepsc.train.stepz: is not in params.yaml"),
        (
            "steps: 120",
            "steps: 120\n    steps: 130",
            f"profiles/demo.yaml, line {line_of('steps: 120') + 1}: key steps is there twice",
        ),
        (
            "steps: 120",
            "steps: 1.2e2",
            "profiles/demo.yaml: l_deepsc.train.steps: must be a whole number >= 1, is 120.0",
        ),
        (
            "corpus: embedded",
            "corpus: embeded",
            "profiles/demo.yaml: l_deepsc.data.corpus: must be one of embedded, europarl",
        ),
        (
            "    ratios: [4, 20]",
            "    ratios: [4]",
            "aesc_i.quality_digits.ratios: must have an entry for each of z_dims (2), has 1",
        ),
        ("z_dims: [8]", "z_dims: 8", "profiles/demo.yaml: aesc_i.start_pictures.z_dims: must be a list, not empty"),
        (
            "  csi_evaluate:\n    trials: 200",
            "  csi_evaluate: 200",
            "physical_layer.csi_evaluate: must be a section, is 200",
        ),
        ("portable: true", "portable: {}", "profiles/demo.yaml: portable: must be a value, is {}"),
    ],
)
def test_a_mistake_in_a_profile_is_one_line(project, old, new, message):
    with pytest.raises(PipelineError) as caught:
        project("demo", "profiles/demo.yaml", (old, new))
    assert str(caught.value).startswith("profiles/demo.yaml")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty; must be a mapping of keys to values"),
        (b"# only a comment\n", "is empty; must be a mapping of keys to values"),
        (b"demo", "is 'demo'; must be a mapping"),
        (b"[1]", r"is \[1\]; must be a mapping"),
        (b"profile: \xff", "line 1: byte 0xff is not UTF-8"),
        (b"profile: [", "line 1: while parsing a flow node"),
        (None, "no such file"),
    ],
)
@pytest.mark.parametrize("file", ["params.yaml", "profiles/demo.yaml"])
def test_a_file_that_is_no_mapping_is_named(project, file, content, message):
    if content is None:
        (project.root / file).unlink()
        message = message if file == "params.yaml" else "profile 'demo' is unknown; one of: laptop, paper"
    else:
        (project.root / file).write_bytes(content)
    with pytest.raises(PipelineError, match=message):
        preflight.checked("demo", project.root)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("steps = ", "steps: int = ", "assignment"),
        ("steps = ", "steps = width = ", "assignment"),
        ("steps = ", "steps = 3\nsteps = ", "steps is assigned twice"),
        ("steps = ", "steps = 2 * ", "steps must be a literal"),
        ('tags=["parameters"]', 'tags=["parameter"]', 'no cell is tagged "parameters"'),
    ],
)
def test_a_parameters_cell_that_nothing_could_be_written_into_is_named(project, old, new, message):
    with pytest.raises(PipelineError, match=f"notebooks/physical_layer/3a_csi_train.py.*{message}"):
        project("laptop", "notebooks/physical_layer/3a_csi_train.py", (old, new))


@pytest.mark.parametrize("profile", ["laptop", "demo"])
def test_a_run_of_the_pipeline_starts_nothing_with_a_mistake_in_its_values(project, profile, monkeypatch, capsys):
    monkeypatch.setattr(paths, "ROOT", project.root)
    monkeypatch.setattr(preflight.checked, "__defaults__", (project.root,))
    params = (project.root / "params.yaml").read_text()
    (project.root / "params.yaml").write_text(params.replace("    rounds: 5\n", "    rounds: -5\n"))
    assert repro.main([profile]) == 1
    assert capsys.readouterr().err.startswith(
        "error: params.yaml: l_deepsc.distributed_evaluate.rounds: must be a whole"
    )
    assert not (project.root / "build").exists()


def test_what_is_written_for_a_profile_is_read_back_as_it_was(tmp_path, monkeypatch):
    for profile in ("demo", "paper"):
        values = preflight.checked(profile)
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(values, sort_keys=False))
        assert profiles.params(tmp_path) == values
