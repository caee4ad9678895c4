"""Tables come back as they were written, texts that look like numbers' absence included."""

import pandas as pd
import pytest

from semcom_lib import tables


def test_texts_and_missing_numbers_come_back_as_they_were(tmp_path):
    frame = pd.DataFrame({"received": ["", "NA", "null", "we act"], "low": [0.5, None, 0.25, 1.0], "of": [1, 2, 3, 4]})
    tables.write_table("paper", "sentences", frame, folder=tmp_path)
    assert (tmp_path / "paper" / "sentences.csv").read_text().startswith("received,low,of\n")
    pd.testing.assert_frame_equal(tables.read_table("paper", "sentences", folder=tmp_path), frame)


def test_a_column_without_any_text_or_number_is_missing_numbers(tmp_path):
    tables.write_table("paper", "empty", pd.DataFrame({"x": [1, 2], "theory": [None, None]}), folder=tmp_path)
    assert tables.read_table("paper", "empty", folder=tmp_path).theory.isna().all()


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.csv is missing; dvc repro makes it"):
        tables.read_table("paper", "none", folder=tmp_path)
