"""Differences on paired draws: what one row's luck shares with the other's cancels."""

import numpy as np
import pandas as pd
import pytest

from semcom_lib import draws, paths, tables
from semcom_lib.ledger import paired

TABLE = pd.DataFrame(
    [
        (system, snr_db, "bleu_1", value)
        for system, values in {"a": (0.5, 0.7), "b": (0.45, 0.72), "c": (0.2,)}.items()
        for snr_db, value in zip((6.0, 0.0), values, strict=False)
    ],
    columns=["system", "snr_db", "metric", "value"],
)
LUCK = np.random.default_rng(1).normal(0, 0.2, 400)
DRAWS = TABLE.value.to_numpy()[:, None] + LUCK + np.random.default_rng(2).normal(0, 0.001, (5, 400))
BLEU = paired.Paired(TABLE, DRAWS)


def test_common_luck_cancels():
    gain = BLEU.difference({"system": "a"}, {"system": "b"}, metric="bleu_1")
    assert gain.index.tolist() == [0.0, 6.0]
    assert gain.value.tolist() == pytest.approx([-0.02, 0.05])
    assert (gain.high - gain.low < 0.01).all()
    np.testing.assert_allclose(gain.loc[6.0, ["low", "high"]], np.quantile(DRAWS[0] - DRAWS[2], [0.025, 0.975]))
    assert (paired.above(gain), paired.below(gain)) == ([6.0], [0.0])


def test_points_that_one_side_lacks_are_left_out():
    gain = BLEU.difference({"system": "a"}, {"system": "c"}, metric="bleu_1")
    assert gain.index.tolist() == [6.0]


def test_everywhere_is_where_all_are_above():
    over_b, over_c = (BLEU.difference({"system": "a"}, {"system": other}, metric="bleu_1") for other in "bc")
    assert paired.everywhere([over_b, over_c]) == [6.0]
    assert paired.everywhere([over_b, -over_b]) == []


@pytest.mark.parametrize(
    ("of", "than", "message"),
    [
        ({"system": "d"}, {"system": "a"}, "no row of system d, metric bleu_1 at one snr_db"),
        ({"system": "a"}, {}, "several rows of metric bleu_1 at one snr_db"),
        ({"system": "c"}, {"system": "e"}, "no row of system e"),
    ],
)
def test_rows_that_cannot_be_paired_are_named(of, than, message):
    with pytest.raises(ValueError, match=message):
        BLEU.difference(of, than, metric="bleu_1")


def test_a_table_is_read_with_its_draws(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "RESULTS", tmp_path)
    tables.write_table("paper", "bleu", TABLE)
    with pytest.raises(FileNotFoundError, match=r"the draws of results/paper/bleu\.csv are missing"):
        paired.read("paper", "bleu")
    draws.write_draws("paper", "bleu", DRAWS)
    np.testing.assert_allclose(paired.read("paper", "bleu").draws, DRAWS, atol=1e-6)
