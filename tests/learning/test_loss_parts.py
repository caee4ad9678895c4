"""The parts of a loss outlive a kill."""

import pytest

from semcom_lib.learning.loss_parts import LossParts


def test_a_resumed_run_has_the_rows_of_an_uninterrupted_one(tmp_path):
    file = tmp_path / "parts.json"
    before = LossParts(file)
    for step in (10, 20):
        before.record(step, pixel=1.0 / step, semantic=float(step))
    resumed = LossParts(file)  # its checkpoint was that of step 15
    for step in (20, 30):
        resumed.record(step, pixel=1.0 / step, semantic=float(step))
    rows = resumed.finish([10, 20, 30])
    assert rows == [{"step": step, "pixel": 1.0 / step, "semantic": float(step)} for step in (10, 20, 30)]
    assert not file.exists()


def test_rows_of_an_abandoned_run_are_left_out_and_a_missing_one_is_named(tmp_path):
    file = tmp_path / "parts.json"
    LossParts(file).record(7, pixel=1.0)
    parts = LossParts(file)
    parts.record(10, pixel=2.0)
    with pytest.raises(ValueError, match=r"parts\.json has no parts for step 20"):
        parts.finish([10, 20])
    assert parts.finish([10]) == [{"step": 10, "pixel": 2.0}]
