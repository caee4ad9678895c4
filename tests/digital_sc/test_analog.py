"""Analog transmission: power, noise, channel uses, and the SNR that stands for a bit error rate."""

import math

import pytest
import torch

from semcom_lib.digital_sc.analog import AnalogBlock, analog_channels, ber_to_snr_db
from semcom_lib.digital_sc.bottleneck import DigitalBlock
from semcom_lib.physical_layer.theory import ber_awgn


def analog(x, num_kept=None):
    block = AnalogBlock(x.shape[1])
    if num_kept is not None:
        block.pruning.prune(num_kept)
    block.start(x)
    return block


def test_every_image_is_sent_with_unit_mean_power(features):
    x = features(5, 6, 4, 4) * torch.tensor([0.01, 0.1, 1, 10, 100]).view(-1, 1, 1, 1)
    for num_kept in (None, 3):
        symbols = analog(x, num_kept).modulate(x)
        assert symbols.dtype == torch.complex64
        torch.testing.assert_close(symbols.abs().square().mean(dim=1), torch.ones(5))


def test_without_noise_images_of_average_strength_arrive_as_they_were(features, noise):
    x = features(3, 6, 4, 4)
    x = x / x.square().mean(dim=(1, 2, 3), keepdim=True).sqrt()
    torch.testing.assert_close(analog(x).transfer(x, math.inf, generator=noise()), x)
    received = analog(x, 4).transfer(x, math.inf, generator=noise())
    assert float(received[:, 4:].detach().abs().max()) == 0
    torch.testing.assert_close(received[0, :4] / x[0, :4], (received[0, 0, 0, 0] / x[0, 0, 0, 0]).expand(4, 4, 4))


@pytest.mark.parametrize("snr_db", [0.0, 6.0])
def test_the_noise_is_that_of_the_snr(features, noise, snr_db):
    """n0 / 2 in each real number: of features of unit variance half the inverse SNR, times the symbols' power of 2."""
    x = features(40, 6, 8, 8)
    block = analog(x)
    error = block.transfer(x, snr_db, generator=noise()) - block.transfer(x, math.inf, generator=noise())
    assert float(error.detach().square().mean() / block.amplitude.detach() ** 2) == pytest.approx(
        10 ** (-snr_db / 10) / 2, rel=0.03
    )


def test_gradients_reach_features_scaling_and_amplitude(features, noise):
    x = features(3, 6, 4, 4).requires_grad_()
    block = analog(x.detach(), 4)
    block.transfer(x, 6.0, generator=noise()).square().sum().backward()
    assert float(x.grad[:, :4].abs().min()) > 0
    assert float(x.grad[:, 4:].abs().max()) == 0
    assert float(block.raw_amplitude.grad) != 0
    assert float(block.pruning.raw_scaling.grad[:4].abs().sum()) > 0


def test_an_odd_number_of_features_takes_half_a_symbol_more(features, noise):
    x = features(2, 3, 3, 3)
    block = analog(x)
    assert block.count_channel_uses(3, 3) == 14
    assert block.modulate(x).shape == (2, 14)
    assert block.transfer(x, 300.0, generator=noise()).shape == x.shape


def test_an_image_without_features_stays_finite(noise):
    received = analog(torch.ones(1, 2, 2, 2)).transfer(torch.zeros(1, 2, 2, 2), 300.0, generator=noise())
    assert bool(received.isfinite().all())


@pytest.mark.parametrize("bits", [1, 2, 3])
def test_with_q_times_the_channels_analog_takes_the_digital_channel_uses(bits):
    digital, analog = DigitalBlock(64, bits), AnalogBlock(64)
    digital.pruning.prune(13)
    analog.pruning.prune(analog_channels(13, bits, 64))
    assert digital.count_channel_uses(16, 16) == analog.count_channel_uses(16, 16)


def test_more_channels_than_there_are_are_refused():
    with pytest.raises(ValueError, match=r"num_channels x bits = 132 must be at most the 128 channels"):
        analog_channels(66, 2, 128)


@pytest.mark.parametrize("ber", [1e-5, 1e-3, 1e-2, 0.1, 0.3])
def test_uncoded_qpsk_has_the_bit_error_rate_at_its_snr(ber):
    assert float(ber_awgn("qpsk", ber_to_snr_db(ber))) == pytest.approx(ber, rel=1e-9)


def test_the_training_ber_is_7_3_db():
    assert ber_to_snr_db(1e-2) == pytest.approx(7.33, abs=0.005)


@pytest.mark.parametrize("ber", [0, 0.5, -0.1, math.nan])
def test_rates_without_an_snr_are_refused(ber):
    with pytest.raises(ValueError, match=r"ber = .* must be a number in \(0, 0.5\)"):
        ber_to_snr_db(ber)
