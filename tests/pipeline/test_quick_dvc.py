"""A lock file that is kept in JSON holds what DVC's own reading and writing leave in it, and DVC itself reads it."""

import json

import pytest
from dvc.dependency import param
from dvc.utils.serialize import _yaml

from semcom_lib.pipeline import quick_dvc

STAGE = {
    "cmd": "python -m x " * 20,
    "params": {"small": 1e-05, "none": None, "yes": True, "word": "1e-05", "some": [1.0, 2], "Umlaut": "ü: #"},
}
LOCK = {"schema": "2.0", "stages": {"b": STAGE, "a": {"cmd": "y"}}}


@pytest.fixture
def in_json(monkeypatch):
    for name in ("parse_yaml_for_update", "_dump"):
        monkeypatch.setattr(_yaml, name, getattr(_yaml, name))
    quick_dvc.lock_in_json()


def updated(path, stage="c"):
    with _yaml.modify_yaml(path) as lock:
        lock["stages"][stage] = STAGE
    return _yaml.load_yaml(path)


def test_the_lock_file_is_updated_as_by_dvc_itself_in_the_same_order(tmp_path, request):
    _yaml.dump_yaml(tmp_path / "dvc.lock", LOCK)
    before = (tmp_path / "dvc.lock").read_bytes()
    updated(tmp_path / "dvc.lock")
    expected = updated(tmp_path / "dvc.lock", "d")
    (tmp_path / "dvc.lock").write_bytes(before)
    request.getfixturevalue("in_json")
    updated(tmp_path / "dvc.lock")  # which is in YAML until now
    assert json.loads((tmp_path / "dvc.lock").read_text())
    found = updated(tmp_path / "dvc.lock", "d")
    assert found == expected
    assert [list(lock["stages"]) for lock in (found, expected)] == [["b", "a", "c", "d"]] * 2
    assert [type(value) for value in found["stages"]["c"]["params"].values()] == [
        float,
        type(None),
        bool,
        str,
        list,
        str,
    ]


def test_what_json_has_no_word_for_is_refused(tmp_path, in_json):
    (tmp_path / "dvc.lock").write_text("schema: '2.0'\nstages: {}\n")
    with pytest.raises(ValueError, match="not JSON compliant"), _yaml.modify_yaml(tmp_path / "dvc.lock") as lock:
        lock["stages"]["a"] = {"rate": float("nan")}


def test_comments_in_other_files_stay(tmp_path, in_json):
    (tmp_path / "dvc.yaml").write_text("stages:\n  # the first\n  a: {}\n")
    with _yaml.modify_yaml(tmp_path / "dvc.yaml") as stages:
        stages["stages"]["b"] = {}
    assert "# the first" in (tmp_path / "dvc.yaml").read_text()


def test_parameters_are_read_once(tmp_path, monkeypatch):
    from dvc.fs import localfs

    monkeypatch.setattr(param, "load_path", param.load_path)
    file = tmp_path / "params.yaml"
    file.write_text("paper: {rate: 1e-05}\n")
    quick_dvc.read_params_once()
    first = param.read_param_file(localfs, str(file), ["paper.rate"], flatten=True)
    file.write_text("paper: {rate: 2}\n")
    assert param.read_param_file(localfs, str(file), ["paper.rate"], flatten=True) == first == {"paper.rate": 1e-05}
