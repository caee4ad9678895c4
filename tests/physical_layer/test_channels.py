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


def test_a_trainable_bsc_flips_the_bits_that_the_plain_one_flips():
    bits = torch.randint(0, 2, (20, 50), generator=generator("bits"))
    for ber in (0.0, 0.2, 1.0):
        plain = channels.bsc(bits, ber, generator=generator("bsc", ber))
        for dtype in (torch.float32, torch.float64, torch.bfloat16):
            received = channels.bsc_straight_through(bits.to(dtype), ber, generator=generator("bsc", ber))
            assert received.dtype == dtype
            assert torch.equal(received, plain.to(dtype))


@pytest.mark.parametrize("ber", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_its_gradient_is_that_of_the_expected_bit(ber):
    """E[received] = ber + (1 - 2 ber) bit: the slope between the two means, whatever is flipped."""
    bits = torch.tensor([0.0, 1.0, 1.0, 0.0]).requires_grad_()
    weight = torch.tensor([1.0, -2.0, 3.0, 4.0])
    (weight * channels.bsc_straight_through(bits, ber, generator=generator("bsc"))).sum().backward()
    torch.testing.assert_close(bits.grad, (1 - 2 * ber) * weight)
    mean = [channels.bsc(torch.full((N,), bit), ber, generator=generator(bit)).double().mean() for bit in (0, 1)]
    assert float(mean[1] - mean[0]) == pytest.approx(1 - 2 * ber, abs=4.5 * math.sqrt(2 * 0.25 / N))


def test_gains_and_noise_of_any_integer_types_and_bools_are_taken():
    assert channels.bsc(torch.tensor([True, False]), 1.0, generator=generator()).tolist() == [False, True]
    assert channels.bsc(torch.tensor([1, 0], dtype=torch.int8), 1.0, generator=generator()).tolist() == [0, 1]
    x = torch.ones(2, 3, dtype=torch.complex128)
    assert channels.awgn(x, 0, generator=generator()).dtype == torch.complex128
    assert torch.equal(channels.awgn(x, np.zeros((2, 1)), generator=generator()), x)
    assert channels.snr_to_n0(math.inf) == 0.0
    torch.testing.assert_close(channels.snr_to_n0(torch.tensor([0.0, 10.0])), torch.tensor([1.0, 0.1]))


X = torch.ones(3, 3, dtype=torch.complex64)
REFUSED = [
    (lambda g: channels.snr_to_n0(math.nan), r"snr_db = nan must be a number in \[-300, inf\]"),
    (lambda g: channels.snr_to_n0(-4000), r"snr_db = -4000 must be"),
    (lambda g: channels.snr_to_n0("3"), r"snr_db = '3' must be"),
    (lambda g: channels.snr_to_n0([1.0, 2.0]), r"snr_db = \(of type list\) must be"),
    (lambda g: channels.awgn(X, -1.0, generator=g), "n0 = -1 is not a variance: it must be finite and >= 0"),
    (lambda g: channels.awgn(X, math.nan, generator=g), "n0 = nan"),
    (lambda g: channels.awgn(X, 1e39, generator=g), "n0 = inf"),
    (lambda g: channels.awgn(X, torch.tensor([[1.0], [-2.0], [1.0]]), generator=g), "n0 = -2"),
    (lambda g: channels.awgn(X, X, generator=g), "n0 is a torch.complex64 tensor"),
    (lambda g: channels.awgn(X, "1", generator=g), "n0 is of type str"),
    (lambda g: channels.awgn(X, None, generator=g), "n0 is of type NoneType"),
    (lambda g: channels.awgn(X, torch.ones(3), generator=g), r"n0 has shape \(3,\); for x \(3, 3\) .* 2 dimensions"),
    (lambda g: channels.awgn(X[:1], torch.ones(3, 1), generator=g), r"n0 has shape \(3, 1\); for x \(1, 3\)"),
    (lambda g: channels.awgn(X.real, 1.0, generator=g), "x is a torch.float32 tensor .* must be a complex torch"),
    (lambda g: channels.awgn(X.numpy(), 1.0, generator=g), "x is a numpy complex64 array"),
    (lambda g: channels.awgn([1j], 1.0, generator=g), "x is of type list"),
    (lambda g: channels.rician_gain(2, k_factor=-0.5, generator=g), r"k_factor = -0\.5 must be .* \[0, inf\)"),
    (lambda g: channels.rician_gain(2, k_factor=math.nan, generator=g), "k_factor = nan"),
    (lambda g: channels.rician_gain(2, k_factor="2", generator=g), "k_factor = '2'"),
    (lambda g: channels.rayleigh_gain(-2, generator=g), "batch = -2 must be an integer of at least 0"),
    (lambda g: channels.rayleigh_gain(2, 1.5, generator=g), "num_columns = 1.5 must be an integer"),
    (lambda g: channels.equalise(X, X[0]), r"h_est has shape \(3,\); for y \(3, 3\)"),
    (lambda g: channels.equalise(X[:1], X), r"h_est has shape \(3, 3\); for y \(1, 3\)"),
    (lambda g: channels.equalise(X.numpy(), X), "y is a numpy complex64 array"),
    (lambda g: channels.equalise(X, 1j), "h_est is of type complex"),
    (
        lambda g: channels.bsc(torch.ones(3, dtype=torch.int64), 1.5, generator=g),
        r"ber = 1.5 must be a number in \[0, 1\]",
    ),
    (lambda g: channels.bsc(torch.ones(3, dtype=torch.int64), math.nan, generator=g), "ber = nan"),
    (lambda g: channels.bsc(torch.tensor([0, 2]), 0.5, generator=g), "must hold only 0 and 1"),
    (lambda g: channels.bsc(torch.tensor([0, -1]), 0.5, generator=g), "must hold only 0 and 1"),
    (lambda g: channels.bsc(torch.ones(3), 0.5, generator=g), "must be an integer torch tensor"),
    (lambda g: channels.bsc(np.ones(3, np.uint8), 0.5, generator=g), "bits is a numpy uint8 array"),
    (lambda g: channels.bsc_straight_through(torch.tensor([0.5]), 0.1, generator=g), "must hold only 0 and 1"),
    (lambda g: channels.bsc_straight_through(torch.tensor([math.nan]), 0.1, generator=g), "must hold only 0 and 1"),
    (lambda g: channels.bsc_straight_through(torch.ones(2, dtype=torch.uint8), 0.1, generator=g), "floating-point"),
    (lambda g: channels.bsc_straight_through(torch.ones(2), -0.1, generator=g), "ber = -0.1"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_bad_input_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call(generator())
    assert "\n" not in str(error.value)
