"""Bootstrap draws on disk: a row for each row of their table, the same bytes for the same draws."""

import numpy as np
import pytest

from semcom_lib import draws, paths


@pytest.fixture
def folder(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "RESULTS", tmp_path)
    return tmp_path


def test_draws_come_back_to_six_decimals(folder):
    measured = np.random.default_rng(1).uniform(size=(7, 400))
    draws.write_draws("paper", "bleu", measured)
    read = draws.read_draws("paper", "bleu")
    assert read.dtype == np.float64
    assert read.shape == measured.shape
    assert np.abs(read - measured).max() <= 0.6e-6
    (file,) = (folder / "paper").iterdir()
    assert file.name == "bleu.draws.npz"
    assert file.stat().st_size < 5 * measured.size


def test_equal_draws_give_equal_bytes_at_any_time(folder, monkeypatch):
    measured = np.random.default_rng(1).uniform(size=(3, 400))
    draws.write_draws("paper", "bleu", measured)
    first = (folder / "paper" / "bleu.draws.npz").read_bytes()
    monkeypatch.setattr("time.time", lambda: 2e9)
    draws.write_draws("paper", "bleu", measured)
    assert (folder / "paper" / "bleu.draws.npz").read_bytes() == first


def test_a_table_without_draws_has_none(folder):
    assert draws.read_draws("paper", "bleu") is None


def test_draws_of_one_row_are_no_table(folder):
    with pytest.raises(ValueError, match=r"draws is a numpy float64 array \(400,\): it must be \(rows, number\)"):
        draws.write_draws("paper", "bleu", np.ones(400))
