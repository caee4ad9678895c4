"""Profiles change values and never keys, and a command line that cannot work says so in one line."""

import contextlib
import subprocess

import pytest
import yaml

from semcom_lib import paths
from semcom_lib.pipeline import reports, repro, stages
from semcom_lib.pipeline.errors import PipelineError

PARAMS = yaml.safe_load((paths.ROOT / "params.yaml").read_text())
PROFILES = sorted((paths.ROOT / "profiles").glob("*.yaml"))


@pytest.mark.parametrize("profile", PROFILES, ids=lambda path: path.stem)
def test_a_profile_changes_values_and_never_keys(profile):
    overlay = yaml.safe_load(profile.read_text())
    assert overlay["profile"] == profile.stem

    def keys(tree, place=""):
        for key, value in tree.items():
            yield from keys(value, f"{place}{key}.") if isinstance(value, dict) else [f"{place}{key}"]

    merged = repro.overlaid(PARAMS, overlay, profile.name)
    assert list(keys(merged)) == list(keys(PARAMS))


def test_an_unknown_key_of_a_profile_is_named():
    with pytest.raises(PipelineError, match=r"demo\.yaml: l_deepsc\.train\.stepz is not in params\.yaml"):
        repro.overlaid(PARAMS, {"l_deepsc": {"train": {"stepz": 1}}}, "demo.yaml")
    with pytest.raises(PipelineError, match=r"l_deepsc must be a section"):
        repro.overlaid(PARAMS, {"l_deepsc": 3}, "demo.yaml")


def test_an_unknown_profile_is_named(capsys):
    assert repro.main(["lptop"]) == 1
    assert capsys.readouterr().err == "error: profile 'lptop' is unknown; one of: laptop, demo, paper\n"


@pytest.fixture
def started(monkeypatch):
    """The command lines of DVC that a laptop run starts, none of which is run."""
    started, really_run = [], subprocess.run

    def run(argv, **settings):
        if argv[0] == "git":
            return really_run(argv, **settings)
        started.append(argv)
        return subprocess.CompletedProcess(argv, 0)

    monkeypatch.setattr(repro.warm, "started", lambda *_: contextlib.nullcontext({}))
    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(reports, "write_list", lambda: started.append("list"))
    return started


def test_redrawing_runs_its_stages_by_themselves_and_in_order(started):
    assert repro.main(["laptop", "--redraw"]) == 0
    (_, *argv), then = started
    names = [stage.name for stage in stages.redrawing(stages.load())]
    assert argv == ["-m", "dvc", "repro", "--single-item", "--force", *names]
    assert names[-1] == "claims_ledger"
    assert then == "list"


def test_the_whole_pipeline_is_one_plain_repro(started):
    assert repro.main(["laptop"]) == 0
    (_, *argv), then = started
    assert (argv, then) == (["-m", "dvc", "repro"], "list")
