"""A command line that cannot work says so in one line, before anything is laid out or run."""

import contextlib

import pytest

from semcom_lib import paths
from semcom_lib.pipeline import missing, reports, repro, stages


def test_an_unknown_profile_is_named(capsys):
    assert repro.main(["lptop"]) == 1
    assert capsys.readouterr().err == "error: profile 'lptop' is unknown; one of: laptop, demo, paper\n"


@pytest.fixture
def started(monkeypatch):
    """The arguments of DVC that a laptop run starts, none of which is run."""
    started = []
    monkeypatch.setattr(repro.warm, "started", lambda *_: contextlib.nullcontext({}))
    monkeypatch.setattr(repro.lock, "held", lambda _: contextlib.nullcontext(0))
    monkeypatch.setattr(repro.dvc_process, "without_git", lambda *_: None)
    monkeypatch.setattr(repro.dvc_process, "run", lambda arguments, *_: started.append(arguments) or 0)
    monkeypatch.setattr(reports, "write_list", lambda: started.append("list"))
    return started


def test_redrawing_runs_its_stages_by_themselves_and_in_order(started):
    assert repro.main(["laptop", "--redraw"]) == 0
    names = [stage.name for stage in missing.drawable(stages.redrawing(stages.load()), paths.ROOT)[0]]
    assert started == [["repro", "--single-item", "--force", *names], "list"]
    assert names[-1] == "claims_ledger"


def test_where_all_is_there_the_whole_pipeline_is_one_plain_repro(started, monkeypatch):
    monkeypatch.setattr(repro.missing, "is_any", lambda *_: False)
    assert repro.main(["laptop"]) == 0
    assert started == [["repro"], "list"]


@pytest.mark.parametrize(("wanting", "first"), [([], []), (["b", "c"], [["repro", "b", "c"]])])
def test_in_a_fresh_clone_only_what_a_changed_stage_reads_is_made_again(started, monkeypatch, wanting, first):
    monkeypatch.setattr(repro.missing, "is_any", lambda *_: True)
    monkeypatch.setattr(repro.missing, "status", lambda *_: {})
    monkeypatch.setattr(repro.missing, "wanting", lambda *_: wanting)
    assert repro.main(["laptop"]) == 0
    assert started == [*first, ["repro", "--allow-missing"], "list"]
