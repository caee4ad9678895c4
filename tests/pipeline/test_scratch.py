"""The folder of a command's sockets: where a socket can be bound, and gone afterwards."""

import socket
import tempfile
from pathlib import Path

import pytest

from semcom_lib.pipeline import scratch
from semcom_lib.pipeline.errors import PipelineError


@pytest.fixture
def short():
    """A folder of a short path."""
    with tempfile.TemporaryDirectory(dir="/tmp") as place:
        yield Path(place)


def binds(place):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place / "kernel-12"))


def test_it_lies_in_tmpdir_and_is_gone_afterwards(short, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(short))
    with scratch.folder() as place:
        assert place.parent == short
        assert place.stat().st_mode & 0o777 == 0o700
        binds(place)
    assert not place.exists()


def test_a_tmpdir_too_long_for_sockets_is_passed_over(tmp_path, monkeypatch):
    long = tmp_path / ("x" * (97 - len(f"{tmp_path}/")))
    long.mkdir()
    monkeypatch.setenv("TMPDIR", str(long))
    with scratch.folder() as place:
        assert long not in place.parents
        binds(place)


def test_the_longest_tmpdir_that_is_used_leaves_room_for_a_socket(short, monkeypatch):
    used = set()
    for length in range(75, 97):
        place = short / ("x" * (length - len(f"{short}/")))
        place.mkdir()
        monkeypatch.setenv("TMPDIR", str(place))
        with scratch.folder() as found:
            binds(found)
            used.add(found.parent == place)
        place.rmdir()
    assert used == {True, False}


def test_a_tmpdir_that_is_not_there_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "none"))
    with scratch.folder() as place:
        binds(place)


def test_no_place_at_all_is_one_line(monkeypatch):
    def full(**_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "mkdtemp", full)
    with pytest.raises(PipelineError, match="TMPDIR: no folder for temporary files can be made"), scratch.folder():
        pass
