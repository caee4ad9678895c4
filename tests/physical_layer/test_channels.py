"""The laws of the channels: unit-mean-power fading, noise variance, uncoded error rates against closed forms."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import binomtest, kstest, rayleigh, rice

from semcom_lib import seeds
from semcom_lib.physical_layer import channels

N = 200_000


def generator(*purpose):
    return seeds.torch_generator(1, "test", *purpose)


def mean_within(samples, expected, sigmas=4.5):
    """Is the sample mean within so many standard errors of the expected mean?"""
    samples = np.asarray(samples, dtype=np.float64)
    return abs(samples.mean() - expected) <= sigmas * samples.std(ddof=1) / math.sqrt(len(samples))


@pytest.mark.parametrize("n0", [0.01, 1.0, 3.0])
def test_noise_has_variance_n0_half_of_it_in_each_real_dimension(n0):
    noise = channels.awgn(torch.zeros(1, N, dtype=torch.complex64), n0, generator=generator("noise"))[0]
    assert mean_within(noise.abs().square(), n0)
    assert mean_within(noise.real.square(), n0 / 2)
    assert mean_within(noise.imag.square(), n0 / 2)
    assert mean_within((noise.real * noise.imag), 0.0)


def test_snr_is_the_inverse_of_n0():
    assert channels.snr_to_n0(0.0) == 1.0
    assert channels.snr_to_n0(10.0) == pytest.approx(0.1)
    assert channels.snr_to_n0(-3.0103) == pytest.approx(2.0, rel=1e-5)


def test_one_snr_a_row():
    n0 = torch.tensor([[0.0], [4.0]])
    noise = channels.awgn(torch.zeros(2, N, dtype=torch.complex64), n0, generator=generator("rows"))
    assert not noise[0].abs().any()
    assert mean_within(noise[1].abs().square(), 4.0)


@pytest.mark.parametrize("k_factor", [0.0, 0.5, 2.0, 10.0])
def test_rician_has_unit_mean_power_and_the_k_factor_of_its_name(k_factor):
    h = channels.rician_gain(N, k_factor=k_factor, generator=generator("rician", k_factor))[:, 0]
    assert mean_within(h.abs().square(), 1.0)
    assert mean_within(h.real, math.sqrt(k_factor / (k_factor + 1)))
    assert mean_within(h.imag, 0.0)
    # |h| is Rice distributed: scipy's shape is b = sqrt(2 K), its scale sqrt(1 / (2 (K + 1)))
    law = rice(math.sqrt(2 * k_factor), scale=math.sqrt(1 / (2 * (k_factor + 1))))
    assert kstest(h.abs().numpy(), law.cdf).pvalue > 1e-3


def test_rayleigh_gain_is_complex_normal_with_unit_mean_power():
    h = channels.rayleigh_gain(N, generator=generator("rayleigh"))[:, 0]
    assert mean_within(h.abs().square(), 1.0)
    assert kstest(h.abs().numpy(), rayleigh(scale=math.sqrt(0.5)).cdf).pvalue > 1e-3


@pytest.mark.parametrize("fading", [channels.rayleigh, channels.rician])
def test_one_gain_holds_for_one_block_and_differs_between_rows(fading):
    x = torch.ones(3, 10, dtype=torch.complex64)
    y, h = fading(x, 0.0, generator=generator("block"))
    assert h.shape == (3, 1)
    torch.testing.assert_close(y, h.expand(3, 10))
    assert len({complex(value) for value in h[:, 0]}) == 3
    y, h = fading(x, 0.0, block_length=4, generator=generator("block"))
    assert h.shape == (3, 3)
    torch.testing.assert_close(y, torch.cat([h[:, :1].expand(3, 4), h[:, 1:2].expand(3, 4), h[:, 2:].expand(3, 2)], 1))


def test_equalising_with_the_true_gain_leaves_noise_of_variance_n0_over_gain_power():
    x = torch.ones(1, N, dtype=torch.complex64)
    y, h = channels.rayleigh(x, 0.5, generator=generator("equalise"))
    left = (channels.equalise(y, h) - x)[0]
    assert mean_within(left.abs().square(), 0.5 / float(h.abs().square()))


def test_equal_generators_meet_equal_channels():
    first, second = torch.zeros(4, 32, dtype=torch.complex64), torch.ones(4, 32, dtype=torch.complex64)
    y1, h1 = channels.rician(first, 0.3, generator=generator("crn"))
    y2, h2 = channels.rician(second, 0.3, generator=generator("crn"))
    assert torch.equal(h1, h2)
    torch.testing.assert_close(y2 - h2 * second, y1)


@pytest.mark.parametrize("snr_db", [0.0, 4.0, 8.0])
def test_uncoded_qpsk_error_rate_is_the_closed_form(snr_db):
    """BER = Q(sqrt(SNR)) over AWGN; over Rayleigh (1 - sqrt(g / (1 + g))) / 2 with g = SNR / 2 a bit."""
    bits = torch.randint(0, 2, (N, 2), generator=generator("bits"))
    x = torch.complex(1.0 - 2.0 * bits[:, :1], 1.0 - 2.0 * bits[:, 1:]) / math.sqrt(2)
    n0, snr = channels.snr_to_n0(snr_db), 10 ** (snr_db / 10)
    y = channels.awgn(x, n0, generator=generator("awgn", snr_db))
    faded, h = channels.rayleigh(x, n0, generator=generator("rayleigh", snr_db))
    expected = {"awgn": 0.5 * math.erfc(math.sqrt(snr / 2)), "rayleigh": 0.5 * (1 - math.sqrt(snr / 2 / (1 + snr / 2)))}
    for name, received in {"awgn": y, "rayleigh": channels.equalise(faded, h)}.items():
        errors = int(((received.real < 0) != bits[:, :1]).sum() + ((received.imag < 0) != bits[:, 1:]).sum())
        # both bits of one symbol share its fade: half as many independent trials over Rayleigh
        assert (
            binomtest(errors // (1 + (name == "rayleigh")), N * (2 - (name == "rayleigh")), expected[name]).pvalue
            > 1e-3
        )


@pytest.mark.parametrize("ber", [0.0, 0.1, 0.5, 1.0])
def test_bsc_flips_with_its_probability(ber):
    bits = torch.randint(0, 2, (N,), dtype=torch.uint8, generator=generator("bits"))
    flips = int((channels.bsc(bits, ber, generator=generator("bsc")) != bits).sum())
    assert binomtest(flips, N, ber).pvalue > 1e-3


def test_tapped_delay_line_has_unit_mean_power_on_every_subcarrier():
    profile = channels.exponential_power_delay_profile(4, 0.7)
    x = torch.ones(20_000, 16, dtype=torch.complex64)
    y, h = channels.tapped_delay_line(
        x, 0.0, power_delay_profile=profile, num_subcarriers=8, generator=generator("tdl")
    )
    for k in range(8):
        assert mean_within(h[:, k].abs().square(), 1.0)
    torch.testing.assert_close(y, torch.cat([h, h], dim=1))


def test_tapped_delay_line_correlates_subcarriers_as_the_profile_says():
    """E[H_j conj(H_k)] = sum_l p_l exp(-2j pi (j - k) l / N)."""
    profile = channels.exponential_power_delay_profile(3, 0.5)
    x = torch.ones(50_000, 8, dtype=torch.complex64)
    _, h = channels.tapped_delay_line(
        x, 0.0, power_delay_profile=profile, num_subcarriers=8, generator=generator("tdl")
    )
    measured = h[:, 1] * h[:, 0].conj()
    expected = complex((profile * torch.exp(-2j * math.pi * torch.arange(3) / 8)).sum())
    assert mean_within(measured.real, expected.real)
    assert mean_within(measured.imag, expected.imag)


@pytest.mark.parametrize("name", ["awgn", "rayleigh", "rician", "tapped_delay_line"])
def test_gradients_pass_through_every_channel(name):
    def link(real, imag):
        x = torch.complex(real, imag).to(torch.complex64)
        g = generator("gradient")
        if name == "awgn":
            return torch.view_as_real(channels.awgn(x, 0.1, generator=g)).double()
        if name == "tapped_delay_line":
            profile = channels.exponential_power_delay_profile(2, 1.0)
            y, h = channels.tapped_delay_line(x, 0.1, power_delay_profile=profile, num_subcarriers=4, generator=g)
            return torch.view_as_real(y * channels.subcarrier_gain(h, 4).conj()).double()
        y, h = getattr(channels, name)(x, 0.1, generator=g)
        return torch.view_as_real(channels.equalise(y, h)).double()

    real, imag = (
        torch.randn(2, 4, dtype=torch.float64, generator=generator(p), requires_grad=True) for p in ("re", "im")
    )
    # the channels are linear in x: a large step keeps single precision's rounding out of the finite difference
    assert torch.autograd.gradcheck(link, (real, imag), eps=0.25, atol=1e-4, rtol=1e-4)


def test_bad_input_is_named():
    x = torch.ones(2, 4, dtype=torch.complex64)
    with pytest.raises(ValueError, match=r"n0 = -1\.0 is not a noise variance"):
        channels.awgn(x, -1.0, generator=generator())
    with pytest.raises(ValueError, match="n0 = nan"):
        channels.awgn(x, math.nan, generator=generator())
    with pytest.raises(ValueError, match=r"k_factor = -0\.5"):
        channels.rician(x, 0.1, k_factor=-0.5, generator=generator())
    with pytest.raises(ValueError, match="block_length = 0"):
        channels.rayleigh(x, 0.1, block_length=0, generator=generator())
    with pytest.raises(ValueError, match="h has 1 gains a row"):
        channels.equalise(x, torch.ones(2, 1, dtype=torch.complex64), block_length=2)
    with pytest.raises(ValueError, match=r"ber = 1.5 .* 0..1"):
        channels.bsc(torch.zeros(3, dtype=torch.uint8), 1.5, generator=generator())
    profile = channels.exponential_power_delay_profile(4, 0.1)
    with pytest.raises(ValueError, match="4 taps"):
        channels.tapped_delay_line(x, 0.1, power_delay_profile=profile, num_subcarriers=2, generator=generator())
    with pytest.raises(ValueError, match="must sum to 1"):
        channels.tapped_delay_line(x, 0.1, power_delay_profile=profile * 2, num_subcarriers=8, generator=generator())
