"""Rapp's amplifier: the closed form's limits, what pilots keep, and gradients."""

import math

import pytest
import torch

from semcom_lib import seeds
from semcom_lib.physical_layer import channels
from semcom_lib.physical_layer.amplifier import Rapp

X = channels.complex_normal(1000, generator=seeds.torch_generator(1, "amplifier"))


@pytest.mark.parametrize("backoff_db", [-6.0, 0.0, 3.0])
@pytest.mark.parametrize("smoothness", [1.0, 2.0, 10.0])
def test_amplitudes_follow_the_closed_form_and_phases_stay(backoff_db, smoothness):
    saturation = 10 ** (backoff_db / 20)
    y = Rapp(backoff_db, smoothness)(X)
    for x, sent in zip(X.tolist(), y.tolist(), strict=True):
        r = abs(x)
        compressed = r / (1 + (r / saturation) ** (2 * smoothness)) ** (1 / (2 * smoothness))
        of_pilot = 1 / (1 + (1 / saturation) ** (2 * smoothness)) ** (1 / (2 * smoothness))
        assert abs(sent) == pytest.approx(compressed / of_pilot, rel=1e-4)
        assert abs(sent / x / abs(sent / x) - 1) < 1e-5


def test_a_pilot_passes_as_it_is_whatever_its_phase():
    pilots = torch.exp(1j * torch.linspace(0, 6, 50))
    torch.testing.assert_close(Rapp(-3.0)(pilots), pilots)


def test_far_below_saturation_it_is_linear_and_far_above_a_limiter():
    torch.testing.assert_close(Rapp(40.0)(X), X, rtol=1e-4, atol=0)
    torch.testing.assert_close(Rapp(-40.0, 4.0)(X).abs(), torch.ones(1000), rtol=1e-3, atol=0)


def test_larger_stays_larger_and_power_is_lost():
    amplitudes = torch.linspace(0.01, 3, 300)
    sent = Rapp(0.0)(amplitudes + 0j).abs()
    assert bool((sent.diff() > 0).all())
    assert float(Rapp(0.0)(X).abs().square().mean()) < float(X.abs().square().mean())


def test_gradients_pass_also_at_zero():
    x = torch.tensor([0j, 1 + 1j, -3j], requires_grad=True)
    Rapp(0.0)(x).abs().square().sum().backward()
    assert bool(torch.isfinite(torch.view_as_real(x.grad)).all())
    assert float(x.grad[1].abs()) > 0


@pytest.mark.parametrize("settings", [(41.0, 2.0), (math.nan, 2.0), (0.0, 0.0), (0.0, 101.0)])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ValueError, match=r"(backoff_db|smoothness) = .* must be a number in"):
        Rapp(*settings)


def test_real_symbols_are_refused():
    with pytest.raises(ValueError, match="it must be a complex torch tensor"):
        Rapp(0.0)(torch.ones(3))
