"""How soft a cliff is, of curves whose widths are known."""

import numpy as np
import pandas as pd
import pytest

from semcom_lib.aesc_i import cliffs
from semcom_lib.evaluation import Swept

AXIS = [0.0, 1.0, 2.0, 3.0, 4.0]
STEP = [0.2, 0.2, 0.2, 0.8, 0.8]
RAMP = [0.2, 0.35, 0.5, 0.65, 0.8]


def curves(*rows):
    return np.array(rows).T


def test_a_ramp_s_cliff_is_eight_tenths_of_it_wide_and_a_step_s_of_the_grid():
    of = curves(RAMP, STEP)
    assert cliffs.width(AXIS, of, np.array([0.8, 0.8])) == pytest.approx([3.2, 0.8])
    assert cliffs.width([0.0, 2.0, 4.0, 6.0, 8.0], of, np.array([0.8, 0.8])) == pytest.approx([6.4, 1.6])


def test_a_higher_end_makes_no_cliff_softer():
    of = curves(RAMP, [0.1, 0.1 + 0.225, 0.55, 0.775, 1.0])
    ends = np.array([0.8, 1.0])
    assert np.ptp(cliffs.width(AXIS, of, ends)) == pytest.approx(0)
    assert cliffs.relative(AXIS, of, ends, above=0.5, below=2.5) == pytest.approx([0.375, 0.375])


def test_what_is_not_reached_is_at_the_last_point():
    assert cliffs.width(AXIS, curves(RAMP), np.array([1.4])) == pytest.approx([4 - 0.8])


def test_a_dip_belongs_to_the_cliff():
    """The last point below counts: 0.9 of the way is kept from there on only."""
    dipped = curves([0.0, 1.0, 0.5, 1.0, 1.0])
    assert cliffs.width(AXIS, dipped, np.array([1.0])) == pytest.approx([2.8 - 0.1])


def test_a_curve_that_goes_nowhere_has_no_cliff():
    nowhere, end = curves([0.5] * 5, [0.5, 0.4, 0.6, 0.5, 0.5]), np.array([0.5, 0.4])
    assert cliffs.width(AXIS, nowhere, end).tolist() == [0, 0]
    assert cliffs.relative(AXIS, nowhere, end, above=0, below=2).tolist() == [1, 1]


def test_what_cannot_be_measured_is_refused():
    with pytest.raises(ValueError, match="axis must rise"):
        cliffs.width(AXIS[::-1], curves(RAMP), np.array([0.8]))
    with pytest.raises(ValueError, match="no point lies between 2 and 3"):
        cliffs.relative(AXIS, curves(RAMP), np.array([0.8]), above=2, below=3)


def swept(along, points, values):
    """Two metrics of one system, of which one is judged; its two draws are its values and a ramp."""
    rows = [
        {"system": "aesc", "ratio": 20, along: point, "metric": metric, "value": value, "trials": 3}
        for point, value in zip(points, values, strict=True)
        for metric in ("ssim", "recognition_ratio")
    ]
    draws = [[value, ramp] for value, ramp in zip(values, RAMP, strict=True) for _ in range(2)]
    return Swept(pd.DataFrame(rows), np.array(draws))


def test_every_curve_of_a_sweep_has_its_cliffs_and_their_draws():
    of = swept("snr_db", [-1.0, 0.5, 1.0, 1.5, 4.0], [0.2, 0.2, 0.2, 0.8, 0.8])
    of = of._replace(table=of.table.assign(channel="awgn", spread="session"))
    found = cliffs.measured(of, {("aesc", 20): np.full(3, 0.8)}, along="snr_db")
    assert found.table.metric.tolist() == ["width_db", "relative"]
    assert found.table.value.tolist() == pytest.approx([0.4, 1 / 3])
    assert found.draws == pytest.approx(np.array([[0.4, 3.4], [1 / 3, 0.5]]), abs=1e-9)
    assert found.table.high.tolist() == pytest.approx([0.4 + 0.975 * 3.0, 1 / 3 + 0.975 / 6])
    assert found.table.loc[0, ["channel", "spread", "system", "ratio", "trials"]].tolist() == [
        *("awgn", "session", "aesc", 20, 3),
    ]


def test_over_a_binary_channel_the_axis_is_the_bit_error_rate_in_decades():
    of = swept("ber", [0.1, 0.01, 0.001, 1e-4, 1e-5], STEP)
    shuffled = Swept(of.table.iloc[::-1].reset_index(drop=True), of.draws[::-1])
    found = cliffs.measured(shuffled, {("aesc", 20): np.full(3, 0.8)}, along="ber")
    assert found.table.metric.tolist() == ["width_decades"]
    assert found.table.channel.tolist() == ["bsc"]
    assert found.draws[0] == pytest.approx([0.8, 3.2])
    assert found.table.value[0] == pytest.approx(0.8)
