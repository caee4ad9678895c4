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


def test_the_first_columns_do_not_depend_on_how_many_there_are():
    few, many = (channels.complex_normal_by_column(3, n, generator=generator("columns")) for n in (2, 50))
    assert torch.equal(few, many[:, :2])
    assert mean_within(
        channels.complex_normal_by_column(2, N, generator=generator("power")).abs().square().ravel(), 1.0
    )


def test_equalising_divides_by_the_estimate():
    y = torch.tensor([[2j, 4.0]])
    torch.testing.assert_close(channels.equalise(y, torch.tensor([[2j]])), torch.tensor([[1.0, -2j]]))
    assert channels.equalise(y, torch.zeros(1, 1)).isfinite().all()


@pytest.mark.parametrize("snr_db", [0.0, 4.0, 8.0])
def test_uncoded_qpsk_error_rate_is_the_closed_form(snr_db):
    """BER = Q(sqrt(SNR)) over AWGN; over Rayleigh (1 - sqrt(g / (1 + g))) / 2 with g = SNR / 2 a bit."""
    bits = torch.randint(0, 2, (N, 2), generator=generator("bits"))
    x = torch.complex(1.0 - 2.0 * bits[:, 0], 1.0 - 2.0 * bits[:, 1]) / math.sqrt(2)
    n0, snr = channels.snr_to_n0(snr_db), 10 ** (snr_db / 10)
    y = channels.awgn(x, n0, generator=generator("awgn", snr_db))
    h = channels.rayleigh_gain(N, generator=generator("gain", snr_db))[:, 0]
    faded = channels.equalise(channels.awgn(h * x, n0, generator=generator("rayleigh", snr_db)), h)
    expected = {"awgn": 0.5 * math.erfc(math.sqrt(snr / 2)), "rayleigh": 0.5 * (1 - math.sqrt(snr / 2 / (1 + snr / 2)))}
    for name, received in {"awgn": y, "rayleigh": faded}.items():
        errors = int(((received.real < 0) != bits[:, 0]).sum() + ((received.imag < 0) != bits[:, 1]).sum())
        # both bits of one symbol share its fade: half as many independent trials over Rayleigh
        share = 1 + (name == "rayleigh")
        assert binomtest(errors // share, 2 * N // share, expected[name]).pvalue > 1e-3


@pytest.mark.parametrize("ber", [0.0, 0.1, 0.5, 1.0])
def test_bsc_flips_with_its_probability(ber):
    bits = torch.randint(0, 2, (N,), dtype=torch.uint8, generator=generator("bits"))
    flips = int((channels.bsc(bits, ber, generator=generator("bsc")) != bits).sum())
    assert binomtest(flips, N, ber).pvalue > 1e-3


def test_gradients_pass_through_the_noise():
    def link(real, imag):
        x = torch.complex(real, imag).to(torch.complex64)
        return torch.view_as_real(channels.awgn(x, 0.1, generator=generator("gradient"))).double()

    real, imag = (
        torch.randn(2, 4, dtype=torch.float64, generator=generator(p), requires_grad=True) for p in ("re", "im")
    )
    assert torch.autograd.gradcheck(link, (real, imag), eps=0.25, atol=1e-4, rtol=1e-4)


def test_bad_input_is_named():
    x = torch.ones(2, 4, dtype=torch.complex64)
    with pytest.raises(ValueError, match=r"n0 = -1\.0 is not a noise variance"):
        channels.awgn(x, -1.0, generator=generator())
    with pytest.raises(ValueError, match="n0 = nan"):
        channels.awgn(x, math.nan, generator=generator())
    with pytest.raises(ValueError, match=r"n0 has shape \(4,\); for x \(2, 4\) it must have 2 dimensions"):
        channels.awgn(x, torch.ones(4), generator=generator())
    with pytest.raises(ValueError, match=r"k_factor = -0\.5"):
        channels.rician_gain(2, k_factor=-0.5, generator=generator())
    with pytest.raises(ValueError, match=r"ber = 1.5 .* 0..1"):
        channels.bsc(torch.zeros(3, dtype=torch.uint8), 1.5, generator=generator())
