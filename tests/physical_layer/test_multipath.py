"""Slow fading that transmissions share: unit mean power, gains constant over a session, nothing drawn twice."""

import math

import pytest
import torch

from semcom_lib import seeds
from semcom_lib.physical_layer import channels, multipath
from semcom_lib.physical_layer.fading import Awgn, Rayleigh, transmit
from semcom_lib.physical_layer.multipath import SessionFade, TappedDelayLine, session_fades


def generator(*purpose):
    return seeds.torch_generator(5, "multipath", *purpose)


def test_a_tapped_delay_line_has_unit_mean_power_on_every_subcarrier():
    h = TappedDelayLine(4, 0.5, 16).gain(20_000, 16, generator=generator("power"))
    assert h.shape == (20_000, 16)
    power = h.abs().square().mean(dim=0)
    assert torch.allclose(power, torch.ones(16), atol=0.04)  # five standard errors


def test_its_subcarriers_are_correlated_as_the_profile_says():
    """E[H_k conj H_(k + d)] = sum_l p_l exp(2j pi l d / N), the profile's transform."""
    num_subcarriers, shift = 16, 3
    profile = multipath.exponential_power_delay_profile(4, 0.5)
    h = TappedDelayLine(4, 0.5, num_subcarriers).gain(20_000, num_subcarriers, generator=generator("correlation"))
    measured = (h * h.roll(-shift, 1).conj()).mean()
    expected = (profile * torch.exp(2j * torch.pi * torch.arange(4) * shift / num_subcarriers)).sum()
    assert abs(complex(measured - expected)) < 0.03


def test_one_tap_is_flat_rayleigh_fading():
    h = TappedDelayLine(1, 0.5, 8).gain(3, 20, generator=generator("flat"))
    assert torch.allclose(h, h[:, :1].expand(3, 20))


@pytest.mark.parametrize("law", [Awgn(), Rayleigh(), TappedDelayLine(3, 1.0, 8)])
def test_without_noise_a_session_comes_through_its_fade_unchanged(law):
    (fade,) = session_fades(law, 1, generator=generator(law))
    x = channels.complex_normal(50, generator=generator("x"))
    x_hat, n0_hat = transmit(x, torch.tensor([20, 30]), fade, 0.0, generator=generator("noise"))
    assert torch.allclose(x_hat, x, atol=1e-4)
    gains = multipath.repeated(fade.h[None], 30)[0].abs().square()
    assert torch.allclose(n0_hat, 1e-20 / torch.cat([gains[:20], gains]))
    assert fade.power == pytest.approx(float(fade.h.abs().square().mean()))


def test_a_session_fade_draws_nothing_and_is_the_same_for_every_item():
    fade = SessionFade(torch.tensor([1 + 1j, 2 + 0j]))
    before = generator("state")
    h = fade.gain(3, 5, generator=before)
    assert torch.equal(before.get_state(), generator("state").get_state())
    assert torch.equal(h, torch.tensor([[1 + 1j, 2, 1 + 1j, 2, 1 + 1j]]).expand(3, 5))
    assert fade.block_length == 1
    assert SessionFade(torch.tensor([1j])).block_length is None


@pytest.mark.parametrize("decay", [-1e308, -2000.0, -3.0, 0.0, 0.7, 800.0, 1e308])
def test_any_finite_decay_gives_powers_that_sum_to_one_and_rise_or_fall_by_its_sign(decay):
    powers = multipath.exponential_power_delay_profile(4, decay)
    assert float(powers.sum()) == pytest.approx(1.0)
    if abs(decay) < 10:
        torch.testing.assert_close(powers[1:], powers[:-1] * math.exp(-decay))
    else:
        assert powers.tolist() == ([1.0, 0, 0, 0] if decay > 0 else [0, 0, 0, 1.0])


REFUSED = [
    (lambda g: TappedDelayLine(5, 0.5, 4), "num_subcarriers = 4 allows no more"),
    (lambda g: TappedDelayLine(0, 0.5, 4), "num_taps = 0 must be an integer of at least 1"),
    (lambda g: TappedDelayLine(2.5, 0.5, 4), "num_taps = 2.5"),
    (lambda g: TappedDelayLine(2, math.nan, 4), "decay = nan must be a number"),
    (lambda g: TappedDelayLine(2, -math.inf, 4), "decay = -inf must be a number"),
    (lambda g: TappedDelayLine(2, "1", 4), "decay = '1' must be a number"),
    (lambda g: TappedDelayLine(2, 0.5, 4.5), "num_subcarriers = 4.5"),
    (lambda g: TappedDelayLine(2, 0.5, 4).gain(-1, generator=g), "batch = -1"),
    (lambda g: TappedDelayLine(2, 0.5, 4).gain(1, -1, generator=g), "num_blocks = -1"),
    (lambda g: SessionFade(torch.zeros(0, dtype=torch.complex64)), "h holds 0 gains"),
    (lambda g: SessionFade(torch.tensor([complex(math.nan, 0)])), "all of them finite"),
    (lambda g: SessionFade(torch.ones(2)), r"must be a complex torch tensor \(num_gains,\)"),
    (lambda g: SessionFade([1j]), "h is of type list"),
    (lambda g: session_fades(Rayleigh(), -1, generator=g), "num_sessions = -1"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_bad_input_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call(generator())
    assert "\n" not in str(error.value)
