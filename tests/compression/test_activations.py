"""The laws of activation quantisation: its moving range, its levels, its gradient, which layers it reaches."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from semcom_lib import seeds
from semcom_lib.compression.activations import (
    ActivationQuantiser,
    calibrating,
    linear_quantisers,
    quantised_activations,
)
from semcom_lib.compression.quantisation import quantised, weight_levels
from semcom_lib.compression.uniform_quantiser import from_levels, to_levels
from semcom_lib.physical_layer import channels
from semcom_lib.physical_layer.constellation import FiniteConstellation


def activations(*shape):
    return torch.randn(*shape, generator=seeds.torch_generator(1, "activations"))


def network():
    with seeds.initialising(1, "network"):
        return nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 3))


def test_ranges_are_exponential_moving_averages():
    """x_min(t+1) = (1 - c) x_min(t) + c min X(t); the first batch sets it  [l_deepsc eqs. 20, 21]."""
    quantiser = ActivationQuantiser(8, c=0.25)
    quantiser.calibrate(torch.tensor([-2.0, 2.0]))
    assert (float(quantiser.x_min), float(quantiser.x_max)) == (-2.0, 2.0)
    quantiser.calibrate(torch.tensor([-6.0, 4.0]))
    assert (float(quantiser.x_min), float(quantiser.x_max)) == (-3.0, 2.5)


@pytest.mark.parametrize("bits", [1, 4, 8, 16])
def test_it_is_the_quantiser_of_the_constellation(bits):
    """Eqs. 20-24 act on activations and on constellations alike."""
    quantiser, constellation = ActivationQuantiser(bits), FiniteConstellation(bits)
    for purpose in range(3):
        x = channels.complex_normal(1, 500, generator=seeds.torch_generator(1, purpose))
        quantiser.calibrate(torch.view_as_real(x))
        constellation.calibrate(x)
    levels = quantiser.quantise(torch.view_as_real(x))
    assert torch.equal(levels, constellation.quantise(x))
    torch.testing.assert_close(torch.view_as_complex(quantiser.dequantise(levels)), constellation.dequantise(levels))


@pytest.mark.parametrize("bits", [1, 2, 8])
def test_values_lie_on_at_most_2_to_the_m_levels_within_half_a_step_and_outliers_are_clamped(bits):
    quantiser = ActivationQuantiser(bits)
    x = activations(2000)
    quantiser.calibrate(x)
    x_q = quantiser(x)
    assert len(x_q.unique()) <= 2**bits
    half = float(x.max() - x.min()) / (2**bits - 1) / 2
    assert float((x_q - x).abs().max()) <= half * (1 + 1e-5)
    assert quantiser(torch.tensor([-100.0, 100.0])).tolist() == [float(x.min()), float(x.max())]


def test_the_gradient_passes_the_rounding_and_not_the_clamp():
    quantiser = ActivationQuantiser(2)
    quantiser.calibrate(torch.tensor([-1.0, 1.0]))
    x = torch.tensor([-2.0, -1.0, 0.3, 1.0, 1.5], requires_grad=True)
    (3 * quantiser(x)).sum().backward()
    assert x.grad.tolist() == [0, 3, 3, 3, 0]


def test_calibration_changes_no_output_and_quantisation_reaches_every_linear_layer():
    model = network()
    x = activations(50, 5)
    plain = model(x)
    quantisers = linear_quantisers(model, bits=2)
    assert list(quantisers) == ["0", "2"]
    with calibrating(model, quantisers):
        assert torch.equal(model(x), plain)
    with quantised_activations(model, quantisers):
        assert len(model[0](x).unique()) <= 4
        assert len(model(x).unique()) <= 4
    assert torch.equal(model(x), plain)


def test_only_the_given_layers_are_quantised():
    model = network()
    x = activations(50, 5)
    quantisers = {"0": ActivationQuantiser(2)}
    with calibrating(model, quantisers):
        model(x)
    with quantised_activations(model, quantisers):
        expected = model[2](torch.relu(quantisers["0"](nn.functional.linear(x, model[0].weight, model[0].bias))))
        torch.testing.assert_close(model(x), expected)
        assert len(model(x).unique()) > 4


def test_eight_bits_hardly_change_the_output():
    model = network()
    x = activations(200, 5)
    quantisers = linear_quantisers(model, bits=8)
    with torch.no_grad(), calibrating(model, quantisers):
        plain = model(x)
    with torch.no_grad(), quantised_activations(model, quantisers):
        error = (model(x) - plain).square().mean() / plain.var()
    assert 0 < float(error) < 1e-3


def test_use_before_calibration_is_refused():
    model = network()
    with (
        quantised_activations(model, linear_quantisers(model, 8)),
        pytest.raises(RuntimeError, match="run at least one batch under calibrating"),
    ):
        model(activations(1, 5))


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match=r"bits = 17 is outside 1\.\.16"):
        ActivationQuantiser(17)
    with pytest.raises(ValueError, match=r"c = 1.0 must be a number in \[0, 1\)"):
        ActivationQuantiser(8, c=1.0)
    with pytest.raises(ValueError, match="x must be finite"):
        ActivationQuantiser(8).calibrate(torch.tensor([float("nan")]))
    with (
        pytest.raises(ValueError, match="quantisers has 7, which is not a layer"),
        calibrating(network(), {"7": ActivationQuantiser(8)}),
    ):
        pass


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda q: q.calibrate(torch.zeros(0)), "x must be finite, and not empty"),
        (lambda q: q.calibrate(torch.tensor([1.0, math.nan])), "x must be finite"),
        (lambda q: q.calibrate(torch.tensor([1, 2])), "x is a torch.int64 tensor .* floating-point"),
        (lambda q: q.quantise(np.zeros(2)), "x is a numpy float64 array"),
        (lambda q: q.dequantise(torch.tensor([1, 2])), "levels is a torch.int64 tensor"),
        (lambda q: ActivationQuantiser(2.5), "bits = 2.5 is outside"),
        (lambda q: ActivationQuantiser(True), "bits = True is outside"),
        (lambda q: ActivationQuantiser(8, math.nan), "c = nan"),
        (lambda q: to_levels(torch.ones(2), torch.tensor(0.0), torch.tensor(1.0), 0), "bits = 0 is outside"),
        (lambda q: from_levels(torch.ones(2), torch.tensor(0.0), torch.tensor(1.0), 33), "bits = 33 is outside"),
        (lambda q: weight_levels(torch.zeros(0), 4), "kept is empty"),
        (lambda q: quantised(torch.ones(2), torch.tensor([0, 1]), 4), "mask is a torch.int64 tensor .* bool"),
        (lambda q: quantised(torch.ones(2), torch.ones(1, dtype=torch.bool), 4), r"weight's shape \(2,\)"),
        (lambda q: quantised(torch.ones(2), torch.ones(2, dtype=torch.bool), 33), "bits = 33"),
    ],
)
def test_bad_input_is_refused_in_one_line(call, message):
    quantiser = ActivationQuantiser(4)
    quantiser.calibrate(torch.tensor([-1.0, 1.0]))
    with pytest.raises(ValueError, match=message) as error:
        call(quantiser)
    assert "\n" not in str(error.value)
    assert (float(quantiser.x_min), float(quantiser.x_max)) == (-1.0, 1.0)


def test_levels_before_the_first_batch_are_refused():
    with pytest.raises(RuntimeError, match="no range yet"):
        ActivationQuantiser(4).quantise(torch.ones(2))
