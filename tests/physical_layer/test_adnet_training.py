"""The refiner's task: LS estimates at SNRs of the range, the same for a step in every run, and a network that learns from them."""

from functools import partial

import pytest
import torch

from semcom_lib import seeds
from semcom_lib.learning import training
from semcom_lib.physical_layer.adnet import ADNet
from semcom_lib.physical_layer.adnet_training import RefinerTask, matrices_of_items
from semcom_lib.physical_layer.correlation import correlated_gain
from semcom_lib.physical_layer.equalised_link import MATRIX_SIDE
from semcom_lib.physical_layer.fading import Rician

correlated = partial(correlated_gain, num_receive=8, num_transmit=8, correlation_receive=0.9, correlation_transmit=0.9)
SETTINGS = {
    "num_pilots": 1,
    "snr_low_db": 0.0,
    "snr_high_db": 10.0,
    "matrices_per_batch": 16,
    "validation_matrices": 50,
    "seed": 5,
    "stage": "tests",
    "channel": "correlated",
}


def task(gains=correlated, **changed):
    return RefinerTask(gains, **SETTINGS | changed)


def model(width=4):
    with seeds.initialising(5, "adnet"):
        return ADNet(width)


@pytest.mark.parametrize("num_pilots", [1, 4])
def test_the_error_has_the_mean_power_of_the_pilots_noise(num_pilots):
    """E[n0] / num_pilots with the SNR uniform in a .. b dB: (10^(-a/10) - 10^(-b/10)) / ((b - a) ln(10) / 10)."""
    h_rough, h = task(num_pilots=num_pilots).draw(20_000, generator=seeds.torch_generator(5, "draw"))
    expected = (1 - 0.1) / torch.tensor(10.0).log() / num_pilots
    assert float((h_rough - h).abs().square().mean()) == pytest.approx(float(expected), rel=0.02)


def test_each_matrix_has_an_snr_of_its_own_within_the_range():
    """With 64 gains the mean squared error of a matrix is within 60 % of its n0, and n0 spreads over 0.1 .. 1."""
    h_rough, h = task().draw(2_000, generator=seeds.torch_generator(5, "draw"))
    powers = (h_rough - h).abs().square().mean(dim=(1, 2))
    assert 0.04 < float(powers.min()) < 0.1
    assert 0.9 < float(powers.max()) < 1.6
    equal, h = task(snr_low_db=10.0).draw(2_000, generator=seeds.torch_generator(5, "draw"))
    assert float((equal - h).abs().square().mean()) == pytest.approx(0.1, rel=0.02)


def test_a_step_is_the_same_in_every_run_and_differs_from_the_next():
    adnet = model().eval()
    with torch.inference_mode():
        losses = [float(task().loss(adnet, step)) for step in (1, 1, 2)]
        assert losses[0] == losses[1] != losses[2]
        assert float(task(channel="iid").loss(adnet, 1)) != losses[0]


def test_validation_is_always_over_the_same_matrices():
    adnet = model().eval()
    assert task().validate(adnet) == task().validate(adnet)
    assert set(task().validate(adnet)) == {"validation_loss"}


def test_a_link_s_matrices_hold_one_gain_an_item():
    """Successive items' independent gains, Rician with mean sqrt(K / (K + 1))."""
    h = matrices_of_items(Rician(2.0))(50, generator=seeds.torch_generator(5, "draw"))
    assert h.shape == (50, MATRIX_SIDE, MATRIX_SIDE)
    assert float(h.real.mean()) == pytest.approx((2 / 3) ** 0.5, abs=0.02)
    centred = h - h.mean()
    assert float((centred[:, 1:] * centred[:, :-1].conj()).mean().abs()) < 0.02
    assert float((centred[..., 1:] * centred[..., :-1].conj()).mean().abs()) < 0.02


def test_what_trains_on_it_beats_the_ls_estimate_where_gains_are_correlated(tmp_path):
    """At 0 dB the LS estimate has an error of 1 a gain: a loss of 32 a matrix of 64."""
    at_0_db, adnet = task(snr_high_db=0.0), model(8)
    plan = training.Plan(steps=60, learning_rate=0.005, warmup_steps=10, validate_every=20)
    history = training.train(
        adnet, at_0_db.loss, plan, validate=at_0_db.validate, resume=tmp_path / "run.pt", stage="tests"
    )
    assert min(row["validation_loss"] for row in history) < 0.75 * 32


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"snr_low_db": 11.0}, "snr_low_db = 11.0"),
        ({"matrices_per_batch": 0}, "matrices_per_batch = 0"),
        ({"validation_matrices": 0}, "validation_matrices = 0"),
    ],
)
def test_what_cannot_be_is_refused(changed, message):
    with pytest.raises(ValueError, match=message):
        task(**changed)
