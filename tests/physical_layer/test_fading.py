"""The one transmission: gains hold for their blocks, the equaliser uses the estimate, all systems meet the same channel."""

import math

import numpy as np
import pytest
import torch
from scipy.special import j0

from semcom_lib import seeds
from semcom_lib.physical_layer import channels, correlation, csi
from semcom_lib.physical_layer.csi import Csi
from semcom_lib.physical_layer.fading import Awgn, MatrixRayleigh, Rayleigh, Rician, noise_of_items, transmit

N = 40_000


def generator(*purpose):
    return seeds.torch_generator(4, "fading", *purpose)


def send(x, lengths, law, n0, purpose="send", **settings):
    return transmit(x, torch.tensor(lengths, dtype=torch.int64), law, n0, generator=generator(purpose), **settings)


def ones(count):
    return torch.ones(count, dtype=torch.complex64)


def mean_within(samples, expected, sigmas=4.5):
    """Is the sample mean within so many standard errors of the expected mean?"""
    samples = np.asarray(samples, dtype=np.complex128)
    return abs(samples.mean() - expected) <= sigmas * samples.std(ddof=1) / math.sqrt(len(samples))


class Given:
    """A law with the gains that it is given."""

    def __init__(self, h, block_length=None):
        self.h, self.block_length = torch.tensor(h, dtype=torch.complex64), block_length

    def gain(self, batch, num_blocks=1, *, generator):
        assert self.h.shape == (batch, num_blocks)
        return self.h


def test_each_block_of_each_item_meets_its_own_gain():
    """Seen with no CSI and no noise: the received symbols are the gains themselves."""
    law = Given([[1, 2, 3], [4, 5, 6]], block_length=2)
    x_hat, _ = send(ones(8), [3, 5], law, 0.0, csi=Csi("none"))
    assert x_hat.real.tolist() == [1, 1, 2, 4, 4, 5, 5, 6]
    x_hat, _ = send(ones(8), [3, 5], Given([[1j], [2]]), 0.0, csi=Csi("none"))
    assert x_hat.tolist() == [1j] * 3 + [2] * 5


@pytest.mark.parametrize("law", [Rayleigh(), Rician(0.7)])
def test_fades_of_successive_items_and_blocks_are_independent_draws_of_the_law(law):
    one_an_item, _ = send(ones(6), [2, 2, 2], law, 0.0, csi=Csi("none"))
    assert len(set(one_an_item.tolist())) == 3
    one_a_block = type(law)(**{**vars(law), "block_length": 1})
    x_hat, _ = send(ones(N), [N], one_a_block, 0.0, csi=Csi("none"))
    assert mean_within(x_hat.abs().square(), 1.0)
    assert mean_within(x_hat[1:] * x_hat[:-1].conj(), abs(complex(x_hat.mean())) ** 2)


@pytest.mark.parametrize("law", [Rayleigh(1, 0.1), Rician(2.0, 1, 0.1)])
def test_time_correlated_fading_has_clarkes_autocorrelation(law):
    """E[h_i conj(h_(i+d))] = J0(2 pi f_D T d) of the scattered power, beside the constant line of sight."""
    h = law.gain(N, 4, generator=generator("jakes"))
    scattered, sight = (1 / 3, 2 / 3) if isinstance(law, Rician) else (1.0, 0.0)
    for lag in (0, 1, 3):
        assert mean_within(h[:, lag] * h[:, 0].conj(), sight + scattered * j0(2 * np.pi * 0.1 * lag))
    x_hat, _ = send(ones(8), [8], law, 0.0, csi=Csi("none"))
    assert len(set(x_hat.tolist())) == 8


def test_gains_of_a_matrix_have_the_kronecker_covariance_row_by_row():
    """E[h_i conj(h_j)] = rho^|rows apart| rho^|columns apart| within a matrix of successive items, 0 between matrices."""
    side, rho = 4, 0.8
    h = MatrixRayleigh(rho, side).gain(4000 * side**2, generator=generator("matrix")).reshape(4000, side**2)
    expected = correlation.kronecker_covariance(side, side, correlation_receive=rho, correlation_transmit=rho)
    measured = (h.T @ h.conj() / len(h)).to(torch.complex128)
    assert float((measured - expected).abs().max()) < 5 / math.sqrt(len(h))
    assert mean_within((h[1:, 0] * h[:-1, -1].conj()), 0.0)


def test_the_last_matrix_is_cut_from_a_whole_one_and_each_block_has_its_own():
    law = MatrixRayleigh(0.9, 4)
    whole, cut, two = (law.gain(n, blocks, generator=generator("cut")) for n, blocks in ((32, 1), (19, 1), (32, 2)))
    assert torch.equal(cut, whole[:19])
    assert torch.equal(two[:, :1], whole)
    assert float((two[:, 0] - two[:, 1]).abs().min()) > 1e-3
    assert law.gain(0, generator=generator()).shape == (0, 1)
    assert law.gain(3, 0, generator=generator()).shape == (3, 0)
    with pytest.raises(ValueError, match=r"correlation = 1.0 must be a number in \[0, 1\)"):
        MatrixRayleigh(1.0)
    with pytest.raises(ValueError, match="batch = -1 must be an integer of at least 0"):
        law.gain(-1, generator=generator())


def test_the_equaliser_divides_by_the_true_gain_and_leaves_noise_of_variance_n0_over_its_power():
    x_hat, n0_hat = send(ones(N), [N], Rayleigh(), 0.5)
    assert len(set(n0_hat.tolist())) == 1
    assert mean_within((x_hat - 1).abs().square(), float(n0_hat[0]))
    h = 0.3 + 0.4j
    x_hat, n0_hat = send(ones(N), [N], Given([[h]]), 0.5)
    assert n0_hat[0] == pytest.approx(0.5 / abs(h) ** 2)
    assert mean_within((x_hat - 1).abs().square(), 0.5 / abs(h) ** 2)


@pytest.mark.parametrize(
    ("known", "error"),
    [(Csi("rough", 2), 0.1), (Csi("mmse", 2), 0.1 / 1.1), (Csi("imperfect", error_variance=0.3), 0.3)],
)
def test_the_error_of_an_estimate_reaches_the_noise_variance_that_the_receiver_reckons_with(known, error):
    """n0_hat |h_est|^2 = n0 + error variance, for every item."""
    lengths = [1] * 500
    _, n0_hat = send(ones(500), lengths, Rayleigh(), 0.2, csi=known)
    x_hat, _ = send(ones(500), lengths, Rayleigh(), 0.2, csi=known)
    again, _ = send(ones(500), lengths, Rayleigh(), 0.2, csi=Csi("none"))  # y itself
    h_est = again / x_hat
    torch.testing.assert_close(n0_hat * h_est.abs().square(), torch.full((500,), 0.2 + error), rtol=1e-3, atol=0)


def test_with_their_errors_variance_soft_decisions_are_as_sure_as_they_should_be():
    """P(wrong | LLR) is 1 / (1 + exp |LLR|): of QPSK decisions with |LLR| near 4, 1.8 % are wrong. By n0 alone far more are."""
    count, n0 = 400_000, 0.3
    bits = torch.randint(0, 2, (count, 2), generator=generator("bits"))
    x = torch.complex(1.0 - 2.0 * bits[:, 0], 1.0 - 2.0 * bits[:, 1]) / math.sqrt(2)
    x_hat, n0_hat = send(x, [1] * count, Rayleigh(), n0, csi=Csi("mmse", 1))
    for reckoned, honest in ((n0_hat, True), (n0_hat * n0 / (n0 + n0 / (1 + n0)), False)):
        llr = -4 * x_hat.real / math.sqrt(2) / reckoned
        near = (llr.abs() - 4).abs() < 0.25
        wrong = float(((llr > 0) != (bits[:, 0] == 1))[near].float().mean())
        expected = float((1 / (1 + llr.abs().exp()))[near].mean())
        deviations = abs(wrong - expected) / math.sqrt(expected / int(near.sum()))
        assert (deviations < 4) == honest


def test_systems_of_unequal_lengths_and_csi_meet_the_same_fades_noise_and_pilots():
    """Item i has one gain and one pilots' noise, its k-th symbol one noise, whatever else is sent and known."""
    short = send(torch.zeros(6, dtype=torch.complex64), [1, 2, 3], Rayleigh(), 1.0, csi=Csi("none")).x_hat
    long = send(torch.zeros(15, dtype=torch.complex64), [4, 4, 7], Rayleigh(), 1.0, csi=Csi("none")).x_hat
    assert torch.equal(short, torch.cat([long[:1], long[4:6], long[8:11]]))
    silent = send(ones(6), [1, 2, 3], Rayleigh(), 0.0, csi=Csi("none")).x_hat
    faded = send(ones(15), [4, 4, 7], Rayleigh(), 0.0, csi=Csi("none")).x_hat
    assert torch.equal(silent, torch.cat([faded[:1], faded[4:6], faded[8:11]]))
    noisy = send(ones(6), [1, 2, 3], Rayleigh(), 1.0, csi=Csi("none")).x_hat
    torch.testing.assert_close(noisy, silent + short)
    for law in (Awgn(), Rayleigh(block_length=2)):  # the noise does not follow what the gains draw
        noise = send(torch.zeros(6, dtype=torch.complex64), [1, 2, 3], law, 1.0, csi=Csi("none")).x_hat
        assert torch.equal(noise, short)
    rough = send(ones(6), [1, 2, 3], Rayleigh(), 1.0, csi=Csi("rough")).x_hat
    other = send(ones(15), [4, 4, 7], Rayleigh(), 1.0, csi=Csi("rough")).x_hat
    torch.testing.assert_close(rough, torch.cat([other[:1], other[4:6], other[8:11]]))


def test_blocks_that_both_systems_have_fade_alike():
    law = Rayleigh(block_length=2)
    short = send(ones(8), [4, 4], law, 0.0, csi=Csi("none")).x_hat
    long = send(ones(16), [7, 9], law, 0.0, csi=Csi("none")).x_hat
    assert torch.equal(short, torch.cat([long[:4], long[7:11]]))


def test_one_snr_an_item():
    x_hat, n0_hat = send(torch.zeros(2 * N, dtype=torch.complex64), [N, N], Awgn(), torch.tensor([0.5, 2.0]))
    assert n0_hat[0] == 0.5
    assert n0_hat[-1] == 2.0
    assert mean_within(x_hat[:N].abs().square(), 0.5)
    assert mean_within(x_hat[N:].abs().square(), 2.0)


def test_noise_has_unit_variance_and_no_correlation_between_neighbours():
    noise = noise_of_items(torch.full((200,), 200), generator=generator("noise"))
    assert mean_within(noise.abs().square(), 1.0)
    assert mean_within(noise[1:] * noise[:-1].conj(), 0.0)
    assert mean_within(noise[200:] * noise[:-200].conj(), 0.0)


@pytest.mark.parametrize("law", [Awgn(), Rayleigh(), Rician(block_length=2), Rayleigh(2, 0.05)])
@pytest.mark.parametrize("known", [Csi(), Csi("rough"), Csi("none")])
def test_gradients_pass_through(law, known):
    def link(real, imag):
        x = torch.complex(real, imag).to(torch.complex64)
        return torch.view_as_real(send(x, [3, 2], law, 0.1, csi=known).x_hat).double()

    real, imag = (torch.randn(5, dtype=torch.float64, generator=generator(p), requires_grad=True) for p in ("re", "im"))
    # the channel is linear in x: a large step keeps single precision's rounding out of the finite difference
    assert torch.autograd.gradcheck(link, (real, imag), eps=0.25, atol=1e-3, rtol=1e-3)


def test_nothing_to_send_is_sent():
    for lengths in ([], [0], [0, 0]):
        received = send(ones(0), lengths, Rayleigh(block_length=3), 0.1, csi=Csi("rough"))
        assert received.x_hat.shape == received.n0_hat.shape == (0,)


def test_perfect_csi_errs_by_nothing_and_no_csi_does_not_know_better():
    h = channels.rayleigh_gain(4, generator=generator("h"))
    for kind, expected in (("perfect", h), ("none", torch.ones_like(h))):
        h_est, error = Csi(kind).estimate(h, 0.1, generator=generator())
        assert torch.equal(h_est, expected)
        assert not error.any()
    assert csi.KINDS[0] == Csi().kind


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Rician(-1.0), "k_factor = -1.0"),
        (lambda: Rician(math.nan), "k_factor = nan"),
        (lambda: Rayleigh(0), "block_length = 0 must be an integer of at least 1"),
        (lambda: Rician(2.0, -3), "block_length = -3"),
        (lambda: Rayleigh(1, -0.1), "doppler = -0.1"),
        (lambda: Rayleigh(1.5), "block_length = 1.5"),
        (lambda: Rayleigh(1, "0.1"), "doppler = '0.1'"),
        (lambda: Awgn().gain(-1, generator=generator()), "batch = -1"),
        (lambda: send(ones(2), [3, -1], Awgn(), 0.1), "num_symbols = -1 at its lowest"),
        (lambda: send(ones(2).real, [1, 1], Awgn(), 0.1), "x is a torch.float32 tensor"),
        (lambda: send(ones(2).numpy(), [1, 1], Awgn(), 0.1), "x is a numpy complex64 array"),
        (lambda: send(ones(4), [2, 2], Awgn(), ones(2)), "n0 is a torch.complex64 tensor"),
        (lambda: send(ones(5), [1, 3], Awgn(), 0.1), "num_symbols must add up to the 5 symbols"),
        (lambda: send(ones(4).reshape(2, 2), [2, 2], Awgn(), 0.1), r"symbols of x \(2, 2\)"),
        (lambda: send(ones(4), [2, 2], Awgn(), -0.1), "n0 = -0.1"),
        (lambda: send(ones(4), [2, 2], Awgn(), math.inf), "n0 = inf"),
        (lambda: send(ones(4), [2, 2], Awgn(), torch.ones(4)), r"n0 has shape \(4,\): .* each of 2 items"),
    ],
)
def test_bad_transmissions_are_refused(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)
