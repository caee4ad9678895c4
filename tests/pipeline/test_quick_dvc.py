"""A lock file that is read and written in C holds what DVC's own reading and writing leave in it."""

import pytest
from dvc.utils.serialize import _yaml

from semcom_lib.pipeline import quick_dvc

STAGE = {
    "cmd": "python -m x " * 20,
    "params": {"small": 1e-05, "none": None, "yes": True, "word": "1e-05", "some": [1.0, 2]},
}
LOCK = {"schema": "2.0", "stages": {"b": STAGE, "a": {"cmd": "y"}}}


@pytest.fixture
def in_c(monkeypatch):
    for name in ("parse_yaml_for_update", "_dump"):
        monkeypatch.setattr(_yaml, name, getattr(_yaml, name))
    quick_dvc.use_c()


def updated(path):
    with _yaml.modify_yaml(path) as lock:
        lock["stages"]["c"] = STAGE
    return _yaml.load_yaml(path)


def test_the_lock_file_is_updated_as_by_dvc_itself_in_the_same_order(tmp_path, request):
    _yaml.dump_yaml(tmp_path / "dvc.lock", LOCK)
    before = (tmp_path / "dvc.lock").read_bytes()
    expected = updated(tmp_path / "dvc.lock")
    (tmp_path / "dvc.lock").write_bytes(before)
    request.getfixturevalue("in_c")
    assert updated(tmp_path / "dvc.lock") == expected
    assert list(expected["stages"]) == list(_yaml.load_yaml(tmp_path / "dvc.lock")["stages"]) == ["b", "a", "c"]


def test_it_is_c_that_reads_and_writes_it(tmp_path, in_c, monkeypatch):
    from ruamel.yaml import emitter, scanner

    def fail(*_):
        raise AssertionError("in Python")

    monkeypatch.setattr(scanner.Scanner, "scan_plain", fail)
    monkeypatch.setattr(emitter.Emitter, "emit", fail)
    (tmp_path / "dvc.lock").write_text("schema: '2.0'\nstages: {}\n")
    assert updated(tmp_path / "dvc.lock")["stages"] == {"c": STAGE}


def test_comments_in_other_files_stay(tmp_path, in_c):
    (tmp_path / "dvc.yaml").write_text("stages:\n  # the first\n  a: {}\n")
    with _yaml.modify_yaml(tmp_path / "dvc.yaml") as stages:
        stages["stages"]["b"] = {}
    assert "# the first" in (tmp_path / "dvc.yaml").read_text()
