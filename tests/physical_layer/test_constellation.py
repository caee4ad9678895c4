"""The laws of the finite constellation: its number of points, its power, its error, its gradient."""

import pytest
import torch

from semcom_lib import seeds
from semcom_lib.physical_layer import channels
from semcom_lib.physical_layer.constellation import FiniteConstellation


def symbols(n=20_000):
    return channels.complex_normal(1, n, generator=seeds.torch_generator(1, "symbols"))


def calibrated(bits, c=0.1):
    constellation = FiniteConstellation(bits, c)
    constellation.calibrate(symbols())
    return constellation


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_m_bits_give_2_to_the_m_levels_in_each_real_dimension(bits):
    sent = calibrated(bits)(symbols())
    assert len(sent.real.unique()) <= 2**bits
    assert len(sent.imag.unique()) <= 2**bits
    assert len(torch.view_as_real(sent)[0].unique(dim=0)) > 2**bits


@pytest.mark.parametrize("bits", [1, 3, 4, 8])
def test_what_is_sent_has_unit_mean_power(bits):
    assert float(calibrated(bits)(symbols()).abs().square().mean()) == pytest.approx(1.0, abs=1e-4)


def test_quantisation_error_is_a_twelfth_of_the_squared_step():
    constellation = calibrated(8)
    x = symbols()
    error = torch.view_as_real(constellation.dequantise(constellation.quantise(x)) - x)
    step = float(constellation.x_max - constellation.x_min) / 255
    assert float(error.square().mean()) == pytest.approx(step**2 / 12, rel=0.05)


def test_16_bits_change_next_to_nothing():
    x = symbols()
    torch.testing.assert_close(calibrated(16)(x), x / x.abs().square().mean().sqrt(), atol=1e-3, rtol=0)


def test_ranges_are_exponential_moving_averages():
    """x_min(t+1) = (1 - c) x_min(t) + c min X(t)  [l_deepsc eq. 20]."""
    constellation = FiniteConstellation(4, c=0.25)
    constellation.calibrate(torch.tensor([[-2.0 + 0j, 2.0]]))
    constellation.calibrate(torch.tensor([[-6.0 + 0j, 4.0]]))
    assert float(constellation.x_min) == -3.0
    assert float(constellation.x_max) == 2.5


def test_outliers_are_clamped_to_the_outermost_level():
    constellation = calibrated(4)
    levels = constellation.quantise(torch.tensor([100.0 - 100.0j]))
    assert levels.tolist() == [[15.0, 0.0]]


def test_the_gradient_passes_straight_through():
    x = symbols(8).requires_grad_()
    torch.view_as_real(calibrated(2)(x)).sum().backward()
    torch.testing.assert_close(torch.view_as_real(x.grad), torch.ones(1, 8, 2))


@pytest.mark.parametrize("bits", [0, 17, -1])
def test_bits_outside_1_to_16_are_refused(bits):
    with pytest.raises(ValueError, match=rf"bits = {bits} must be an integer in 1\.\.16"):
        FiniteConstellation(bits)


def test_use_before_calibration_is_refused():
    with pytest.raises(RuntimeError, match="call calibrate"):
        FiniteConstellation(4)(symbols())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda c: c.calibrate(torch.zeros(0, dtype=torch.complex64)), r"x of shape \(0,\) must be finite"),
        (lambda c: c.calibrate(torch.tensor([complex(float("nan"), 0)])), "must be finite"),
        (lambda c: c.calibrate(torch.tensor([1j, float("inf")])), "must be finite"),
        (lambda c: c.calibrate(torch.zeros(4, dtype=torch.complex64)), "not all zeros"),
        (lambda c: c.calibrate(torch.ones(4)), "x is a torch.float32 tensor .* complex"),
        (lambda c: c.quantise(torch.ones(4)), "x is a torch.float32 tensor .* complex"),
        (lambda c: FiniteConstellation(2.5), "bits = 2.5"),
        (lambda c: FiniteConstellation(4, float("nan")), "c = nan"),
    ],
)
def test_bad_input_is_refused_in_one_line_and_leaves_the_averages(call, message):
    constellation = calibrated(4)
    before = [float(buffer) for buffer in constellation.buffers()]
    with pytest.raises(ValueError, match=message) as error:
        call(constellation)
    assert "\n" not in str(error.value)
    assert [float(buffer) for buffer in constellation.buffers()] == before
