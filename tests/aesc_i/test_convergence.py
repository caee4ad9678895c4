"""Whether a training has converged: its end against four fifths of it, and the validations that rose."""

import pandas as pd
import pytest

from semcom_lib.aesc_i.convergence import converged


def history(**changed):
    steps = range(10, 110, 10)
    pixel = [1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.5, 0.4, 0.3]
    columns = {"validation_pixel": pixel, "validation_semantic": [2.0] * 10} | changed
    return pd.DataFrame({"z_dims": 40, "gamma": 0.5, "step": steps, **columns})


def test_the_last_fifth_is_compared_with_what_was_before_it():
    found = converged(pd.concat([history(), history().assign(z_dims=8)])).set_index(["z_dims", "part"])
    assert list(found.index) == [(40, "pixel"), (40, "semantic"), (8, "pixel"), (8, "semantic")]
    assert found.value[40, "pixel"] == pytest.approx(0.3 / 0.5)
    assert found.value[40, "semantic"] == 1
    assert found.rises[40, "pixel"] == pytest.approx(1 / 9)
    assert found.rises[40, "semantic"] == 0


def test_other_shares_can_be_asked_for_and_rows_may_come_in_any_order():
    found = converged(history().sample(frac=1, random_state=1), share=0.5)
    assert found.value.iloc[0] == pytest.approx(0.3 / 0.6)


def test_one_validation_says_nothing():
    with pytest.raises(ValueError, match=r"Z = 40, gamma = 0\.5 has one validation"):
        converged(history().head(1))
