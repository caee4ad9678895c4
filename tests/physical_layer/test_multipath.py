"""Slow fading that transmissions share: unit mean power, gains constant over a session, nothing drawn twice."""

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


def test_more_taps_than_subcarriers_and_none_are_refused():
    with pytest.raises(ValueError, match="num_subcarriers = 4 allows no more"):
        TappedDelayLine(5, 0.5, 4)
    with pytest.raises(ValueError, match="num_taps = 0"):
        TappedDelayLine(0, 0.5, 4)
    with pytest.raises(ValueError, match="decay = nan must be finite"):
        TappedDelayLine(2, float("nan"), 4)
