"""The refiner's task: LS estimates at SNRs of the range, the same for a step in every run, and a network that learns from them."""

import math
from functools import partial

import pytest
import torch

from semcom_lib import seeds
from semcom_lib.learning import training
from semcom_lib.physical_layer import csi
from semcom_lib.physical_layer.adnet import ADNet
from semcom_lib.physical_layer.adnet_training import RefinerTask, matrices_of_items
from semcom_lib.physical_layer.correlation import correlated_gain
from semcom_lib.physical_layer.equalised_link import MATRIX_SIDE, refined_csi
from semcom_lib.physical_layer.fading import MatrixRayleigh, Rician

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
    """With the LS estimate's SNR uniform in a .. b dB: (10^(-a/10) - 10^(-b/10)) / ((b - a) ln(10) / 10).

    From one pilot at the lowest SNR, a = 0, to all pilots at the highest, b = 10 + 10 lg num_pilots.
    """
    h_rough, error, h = task(num_pilots=num_pilots).draw(20_000, generator=seeds.torch_generator(5, "draw"))
    expected = (1 - 0.1 / num_pilots) / math.log(10 * num_pilots)
    assert float((h_rough - h).abs().square().mean()) == pytest.approx(expected, rel=0.02)
    assert error.shape == (20_000, 1, 1)
    torch.testing.assert_close(((h_rough - h).abs().square() / error).mean(), torch.tensor(1.0), rtol=0.01, atol=0)


def test_each_matrix_has_an_snr_of_its_own_within_the_range():
    """With 64 gains the mean squared error of a matrix is within 60 % of its n0, and n0 spreads over 0.1 .. 1."""
    h_rough, error, h = task().draw(2_000, generator=seeds.torch_generator(5, "draw"))
    powers = (h_rough - h).abs().square().mean(dim=(1, 2))
    assert 0.04 < float(powers.min()) < 0.1
    assert 0.9 < float(powers.max()) < 1.6
    assert float(((powers / error.flatten() - 1).abs() < 0.6).float().mean()) > 0.999
    equal, _, h = task(snr_low_db=10.0).draw(2_000, generator=seeds.torch_generator(5, "draw"))
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


def test_a_link_s_matrices_of_correlated_gains_are_the_law_s_row_by_row():
    """Neighbours in both directions of the picture are correlated; the refiner of a link is shown the same."""
    law = MatrixRayleigh(0.9, MATRIX_SIDE)
    h = matrices_of_items(law)(200, generator=seeds.torch_generator(5, "draw"))
    for apart in ((h[:, 1:], h[:, :-1]), (h[..., 1:], h[..., :-1])):
        assert float((apart[0] * apart[1].conj()).mean().real) == pytest.approx(0.9, abs=0.05)
    shown = []

    class Recorder:
        def refine(self, h_rough, ls_error):
            shown.append(h_rough)
            return h_rough

        def error_variance(self, ls_error):
            return ls_error

    items = law.gain(200 * MATRIX_SIDE**2, generator=seeds.torch_generator(5, "draw"))
    refined_csi(Recorder()).estimate(items, 0.0, generator=seeds.torch_generator(5, "pilots"))
    torch.testing.assert_close(shown[0], h)


def trained(adnet, learned, tmp_path, **plan):
    """The history of a short training."""
    plan = training.Plan(**{"learning_rate": 0.005, "warmup_steps": 10, "validate_every": 20} | plan)
    return training.train(
        adnet, learned.loss, plan, validate=learned.validate, resume=tmp_path / "run.pt", stage="tests"
    )


def test_the_stated_error_variance_is_the_mean_squared_error_at_any_snr_of_the_training(tmp_path):
    """On matrices of its own, however little the network has learnt."""
    adnet, learned = model(8), task(num_pilots=4, validation_matrices=1000)
    trained(adnet, learned, tmp_path, steps=40)
    learned.measure_errors(adnet)
    for snr_db, gain in ((0.0, 0.94), (5.0, 1.0), (13.0, 1.1), (16.0, 1.1)):
        error = 10.0 ** (-snr_db / 10)
        h = correlated(1000, generator=seeds.torch_generator(5, "fresh", snr_db))
        h_rough = csi.ls_estimate(h, error, 1, generator=seeds.torch_generator(5, "noise", snr_db))
        with torch.inference_mode():
            mse = float((adnet.refine(h_rough, error) - h).abs().square().mean())
        assert float(adnet.error_variance(error)) == pytest.approx(mse, rel=0.03)
        assert mse < gain * error  # at 0 dB stating the LS error would not do


def test_what_trains_on_it_beats_the_ls_estimate_where_gains_are_correlated(tmp_path):
    """The LS estimate costs 1/2 a gain: 32 a matrix of 64."""
    at_0_db, adnet = task(snr_high_db=0.0), model(8)
    history = trained(adnet, at_0_db, tmp_path, steps=60)
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
