"""The laws of correlated gains and of their estimates: covariances and mean-squared errors against closed forms."""

import math

import numpy as np
import pytest
import torch
from scipy.special import j0

from semcom_lib import seeds
from semcom_lib.physical_layer import channels, correlation, csi
from semcom_lib.physical_layer.csi import Csi

N = 20_000
SHAPE = (3, 4)  # receive, transmit
ENDS = {"correlation_receive": 0.9, "correlation_transmit": 0.5}


def generator(*purpose):
    return seeds.torch_generator(1, "csi", *purpose)


def mean_within(samples, expected, sigmas=4.5):
    """Is the mean over the first axis within so many standard errors of the expected one, for every entry?"""
    samples = np.asarray(samples, dtype=np.complex128)
    error = np.abs(samples.mean(axis=0) - np.asarray(expected))
    return bool(np.all(error <= sigmas * samples.std(axis=0, ddof=1) / math.sqrt(len(samples))))


def outer(samples):
    """x x^H of each row of samples (N, n) -> (N, n, n)."""
    return samples[:, :, None] * samples[:, None, :].conj()


def squared_error(estimate, h):
    """|error|^2, the mean over each item: (N,)."""
    return (estimate - h).abs().square().flatten(1).mean(dim=1)


def correlated(*purpose, num=N, **ends):
    return correlation.correlated_gain(num, *SHAPE, **(ENDS | ends), generator=generator("gain", *purpose))


def test_correlated_gains_have_unit_mean_power():
    assert mean_within(correlated().abs().square(), np.ones(SHAPE))


def test_correlated_gains_have_the_kronecker_covariance():
    """E[H_ij conj(H_kl)] = rho_r^|i-k| rho_t^|j-l|, and no pseudo-covariance: the gains are circular."""
    h = correlated().flatten(1)
    rows, columns = np.divmod(np.arange(12), 4)
    expected = 0.9 ** np.abs(rows[:, None] - rows) * 0.5 ** np.abs(columns[:, None] - columns)
    np.testing.assert_allclose(correlation.kronecker_covariance(*SHAPE, **ENDS), expected, rtol=1e-12)
    assert mean_within(outer(h), expected)
    assert mean_within(h[:, :, None] * h[:, None, :], np.zeros((12, 12)))


def test_without_correlation_the_gains_are_independent_draws():
    h = correlated(num=5, correlation_receive=0.0, correlation_transmit=0.0)
    torch.testing.assert_close(h, channels.complex_normal(5, *SHAPE, generator=generator("gain")), rtol=0, atol=1e-7)


@pytest.mark.parametrize("doppler", [0.01, 0.1, 0.382740, 1.3])
def test_jakes_gains_have_clarkes_autocorrelation_and_unit_mean_power(doppler):
    """E[h_i conj(h_j)] = J0(2 pi f_D T (i - j)); 2 pi 0.38274 is its first zero."""
    h = correlation.jakes_gain(N, 6, doppler=doppler, generator=generator("jakes", doppler))
    lag = np.arange(6)[:, None] - np.arange(6)
    np.testing.assert_allclose(correlation.jakes_covariance(6, doppler), j0(2 * np.pi * doppler * lag), atol=1e-12)
    assert mean_within(outer(h), j0(2 * np.pi * doppler * lag))


def test_without_doppler_the_gain_stays():
    h = correlation.jakes_gain(100, 5, doppler=0.0, generator=generator("still"))
    torch.testing.assert_close(h, h[:, :1].expand(100, 5))
    assert h[:, 0].abs().std() > 0.3


@pytest.mark.parametrize("num_pilots", [1, 3])
def test_the_ls_estimate_is_that_of_orthogonal_pilots(num_pilots):
    """H_rough = Y_p X_p^H / num_pilots from Y_p = H X_p + N has a white error of variance n0 / num_pilots (eqs. 13, 14)."""
    num_transmit, n0 = SHAPE[1], 0.4
    phases = torch.arange(num_transmit)[:, None] * torch.arange(num_transmit * num_pilots)
    x_p = torch.exp(-2j * math.pi * phases / num_transmit) / math.sqrt(num_transmit)
    torch.testing.assert_close(x_p @ x_p.mH, num_pilots * torch.eye(num_transmit, dtype=x_p.dtype), rtol=0, atol=1e-5)
    h = correlated()
    noise = math.sqrt(n0) * channels.complex_normal(N, SHAPE[0], x_p.shape[1], generator=generator("pilots"))
    from_pilots = (h @ x_p + noise) @ x_p.mH / num_pilots
    direct = csi.ls_estimate(h, n0, num_pilots, generator=generator("direct"))
    for rough in (from_pilots, direct):
        error = (rough - h).flatten(1)
        assert mean_within(outer(error), n0 / num_pilots * np.eye(12))
        assert mean_within(error * h.flatten(1).conj(), np.zeros(12))
    assert csi.ls_mse(n0, num_pilots) == pytest.approx(n0 / num_pilots)


@pytest.mark.parametrize(("n0", "num_pilots"), [(1.0, 1), (0.1, 1), (1.0, 4)])
def test_mmse_error_of_rayleigh_gains_is_the_closed_form(n0, num_pilots):
    """n0 / (n0 + num_pilots), whether or not the gains are correlated."""
    for ends in (ENDS, {"correlation_receive": 0.0, "correlation_transmit": 0.0}):
        h = correlated(n0, **ends)
        rough = csi.ls_estimate(h, n0, num_pilots, generator=generator("ls", n0))
        estimate = csi.mmse_estimate(rough, n0, num_pilots)
        assert mean_within(squared_error(estimate, h), n0 / (n0 + num_pilots))
    assert csi.mmse_mse(n0, num_pilots) == pytest.approx(n0 / (n0 + num_pilots))


def test_mmse_of_rician_gains_uses_their_mean_and_variance():
    k_factor, n0 = 2.0, 0.5
    prior = {"mean": math.sqrt(k_factor / (k_factor + 1)), "variance": 1 / (k_factor + 1)}
    h = channels.rician_gain(N, k_factor=k_factor, generator=generator("rician"))
    rough = csi.ls_estimate(h, n0, 1, generator=generator("ls"))
    estimate = csi.mmse_estimate(rough, n0, 1, **prior)
    expected = csi.mmse_mse(n0, 1, variance=prior["variance"])
    assert expected == pytest.approx(1 / (1 / prior["variance"] + 1 / n0))
    assert mean_within(squared_error(estimate, h), expected)
    assert mean_within((estimate - h) * rough.conj(), 0.0)  # the error is orthogonal to what was observed
    assert expected < 0.95 * squared_error(csi.mmse_estimate(rough, n0, 1), h).mean()


@pytest.mark.parametrize("n0", [1.0, 0.03])
def test_full_mmse_error_is_the_trace_of_its_closed_form(n0):
    """tr(C - C (C + n0 / P I)^-1 C) / n, here by solving instead of by eigenvalues."""
    num_pilots, covariance = 2, correlation.kronecker_covariance(*SHAPE, **ENDS)
    noisy = covariance + n0 / num_pilots * torch.eye(12, dtype=torch.float64)
    expected = float(torch.trace(covariance - covariance @ torch.linalg.solve(noisy, covariance))) / 12
    assert csi.mmse_full_mse(n0, num_pilots, covariance) == pytest.approx(expected, rel=1e-9)
    h = correlated("full", n0)
    rough = csi.ls_estimate(h, n0, num_pilots, generator=generator("ls", n0))
    estimate = csi.mmse_estimate_full(rough, n0, num_pilots, covariance)
    assert estimate.shape == h.shape
    assert estimate.dtype == torch.complex64
    assert mean_within(squared_error(estimate, h), expected)


def test_full_mmse_follows_complex_covariances():
    """Phases between the gains turn the covariance complex and leave the error what it was."""
    phases = torch.exp(1j * torch.arange(12, dtype=torch.float64).square())
    covariance = correlation.kronecker_covariance(*SHAPE, **ENDS)
    turned = phases[:, None] * covariance * phases.conj()
    h = correlated().flatten(1) * phases.to(torch.complex64)
    rough = csi.ls_estimate(h, 0.5, 1, generator=generator("ls"))
    expected = csi.mmse_full_mse(0.5, 1, covariance)
    assert csi.mmse_full_mse(0.5, 1, turned) == pytest.approx(expected)
    assert mean_within(squared_error(csi.mmse_estimate_full(rough, 0.5, 1, turned), h), expected)


def test_full_mmse_of_a_gain_that_stays_is_one_estimate_from_all_blocks():
    """n blocks without Doppler are n times the pilots of one: s / (s + n)."""
    covariance = correlation.jakes_covariance(5, 0.0)
    assert csi.mmse_full_mse(0.7, 1, covariance) == pytest.approx(csi.mmse_mse(0.7, 5))
    h = correlation.jakes_gain(N, 5, doppler=0.0, generator=generator("still"))
    rough = csi.ls_estimate(h, 0.7, 1, generator=generator("ls"))
    assert mean_within(squared_error(csi.mmse_estimate_full(rough, 0.7, 1, covariance), h), 0.7 / 5.7)


@pytest.mark.parametrize("n0", [3.0, 0.3, 0.003])
def test_knowing_more_is_better(n0):
    """Full covariance < the power alone < nothing."""
    covariance = correlation.kronecker_covariance(*SHAPE, **ENDS)
    assert csi.mmse_full_mse(n0, 1, covariance) < csi.mmse_mse(n0, 1) < csi.ls_mse(n0, 1)


def test_without_correlation_the_full_mmse_is_the_element_wise_one():
    rough = channels.complex_normal(50, *SHAPE, generator=generator("any"))
    identity = torch.eye(12)
    torch.testing.assert_close(csi.mmse_estimate_full(rough, 0.5, 2, identity), csi.mmse_estimate(rough, 0.5, 2))
    assert csi.mmse_full_mse(0.5, 2, identity) == pytest.approx(csi.mmse_mse(0.5, 2))


def test_without_noise_every_estimate_is_the_gain():
    h = correlation.jakes_gain(20, 5, doppler=0.0, generator=generator("still"))  # a covariance of rank 1
    covariance = correlation.jakes_covariance(5, 0.0)
    rough = csi.ls_estimate(h, 0.0, 1, generator=generator("ls"))
    assert torch.equal(rough, h)
    assert torch.equal(csi.mmse_estimate(rough, 0.0, 1), h)
    torch.testing.assert_close(csi.mmse_estimate_full(rough, 0.0, 1, covariance), h)
    assert csi.mmse_full_mse(0.0, 1, covariance) == 0


def test_one_noise_variance_an_item():
    n0 = torch.tensor([0.0, 2.0]).reshape(2, 1)
    h = channels.rayleigh_gain(2, N, generator=generator("items"))
    rough = csi.ls_estimate(h, n0, 1, generator=generator("ls"))
    assert torch.equal(rough[0], h[0])
    assert mean_within((rough - h)[1].abs().square(), 2.0)
    assert mean_within((csi.mmse_estimate(rough, n0, 1) - h)[1].abs().square(), 2 / 3)


def test_imperfect_csi_errs_by_its_variance_and_independently_of_the_gain():
    h = channels.rician_gain(N, generator=generator("rician"))
    error = csi.imperfect_csi(h, 0.2, generator=generator("imperfect")) - h
    assert mean_within(error.abs().square(), 0.2)
    assert mean_within(error, 0.0)
    assert mean_within(error * h.conj(), 0.0)


class Cleaner:
    """A refiner made of two functions."""

    def __init__(self, refine, error_variance=lambda ls_error: ls_error / 4):
        self.refine = lambda h_rough, ls_error: refine(h_rough)
        self.error_variance = error_variance


def known(settings, h, n0=0.3):
    return settings.estimate(h, n0, generator=generator("ls"))


def test_each_kind_of_csi_is_what_its_name_says():
    h = channels.rician_gain(30, 2, generator=generator("kinds"))
    prior = {"mean": math.sqrt(2 / 3), "variance": 1 / 3}
    rough = csi.ls_estimate(h, 0.3, 2, generator=generator("ls"))
    expected = {
        Csi("perfect"): (h, 0.0),
        Csi("rough", 2): (rough, 0.15),
        Csi("mmse", 2, **prior): (csi.mmse_estimate(rough, 0.3, 2, **prior), csi.mmse_mse(0.3, 2, variance=1 / 3)),
        Csi("refined", 2, refiner=Cleaner(lambda rough: rough / 2)): (rough / 2, 0.15 / 4),
        Csi("imperfect", error_variance=0.15): (rough, 0.15),
        Csi("none"): (torch.ones(30, 2, dtype=torch.complex64), 0.0),
    }
    assert {each.kind for each in expected} == set(csi.KINDS)
    for settings, (h_est, error) in expected.items():
        estimated, error_variance = known(settings, h)
        torch.testing.assert_close(estimated, h_est)
        assert float(error_variance) == pytest.approx(error)


def test_the_stated_error_variance_is_the_mean_squared_error():
    h = channels.rayleigh_gain(N, generator=generator("stated"))
    for settings in (Csi("rough", 3), Csi("mmse", 3), Csi("imperfect", error_variance=0.2), Csi("perfect")):
        h_est, error = known(settings, h)
        assert mean_within(squared_error(h_est, h), float(error))


def test_one_snr_an_item_reaches_estimate_and_error_variance():
    n0 = torch.tensor([0.0, 0.4])[:, None]
    h = channels.rayleigh_gain(2, N, generator=generator("items"))
    for kind, variance in (("rough", 0.4), ("mmse", 0.4 / 1.4)):
        h_est, error = known(Csi(kind), h, n0)
        torch.testing.assert_close(h_est[0], h[0])
        assert error.flatten().tolist() == pytest.approx([0.0, variance])
        assert mean_within(squared_error(h_est[1][:, None], h[1][:, None]), variance)


def test_refiners_get_whole_groups_and_the_same_rough_estimates_as_everybody():
    h = channels.rayleigh_gain(5, 2, generator=generator("group"))
    seen = []

    def refine(rough):
        seen.append(rough)
        return rough

    refined = Csi("refined", refiner=Cleaner(refine), group=4)
    more = {"more": lambda n: channels.rayleigh_gain(n, 2, generator=generator("more"))}
    h_est, _ = refined.estimate(h, 0.3, **more, generator=generator("ls"))
    assert seen[0].shape == (8, 2)
    assert torch.equal(h_est, known(Csi("rough"), h)[0])
    assert torch.equal(seen[0][:5], h_est)
    filling = seen[0][5:] - channels.rayleigh_gain(3, 2, generator=generator("more"))
    assert 0.05 < float(filling.abs().square().mean()) < 1.0  # LS estimates, too
    with pytest.raises(ValueError, match="5 items are no whole groups of 4"):
        known(refined, h)
    with pytest.raises(ValueError, match=r"n0 differs between items \(0.1..0.2\)"):
        known(refined, h[:2], torch.tensor([[0.1], [0.2]]))
    alone = Csi("refined", refiner=Cleaner(refine))
    assert known(alone, h[:2], torch.tensor([[0.1], [0.2]]))[1].flatten().tolist() == pytest.approx([0.025, 0.05])
    assert [len(part) for part in known(refined, h[:0])] == [0, 1]


@pytest.mark.parametrize("rho", [-0.1, 1.0, math.nan])
def test_a_correlation_outside_its_range_is_refused(rho):
    with pytest.raises(ValueError, match=rf"correlation = {rho} must be a number in \[0, 1\)"):
        correlated(num=1, correlation_transmit=rho)


@pytest.mark.parametrize("doppler", [-0.1, math.inf, math.nan])
def test_a_bad_doppler_is_refused(doppler):
    with pytest.raises(ValueError, match=rf"doppler = {doppler} must be a number in \[0, inf\)"):
        correlation.jakes_gain(1, 2, doppler=doppler, generator=generator())


def test_bad_input_is_named():
    h = channels.rayleigh_gain(4, 3, generator=generator("bad"))
    with pytest.raises(ValueError, match=r"n0 = -1 is not a variance"):
        csi.ls_estimate(h, -1.0, 2, generator=generator())
    with pytest.raises(ValueError, match=r"n0 = nan"):
        csi.mmse_estimate(h, math.nan, 1)
    with pytest.raises(ValueError, match=r"num_pilots = 0 must be an integer of at least 1"):
        csi.ls_mse(0.1, 0)
    with pytest.raises(ValueError, match=r"error_variance = -0.5"):
        csi.imperfect_csi(h, -0.5, generator=generator())
    with pytest.raises(ValueError, match=r"variance = 0.0 must be a number in \(0, inf\)"):
        csi.mmse_estimate(h, 0.1, 1, variance=0.0)
    with pytest.raises(ValueError, match=r"num_antennas = 0 must be an integer of at least 1"):
        correlation.exponential_correlation(0, 0.5)
    with pytest.raises(ValueError, match=r"num_blocks = 0 must be an integer of at least 1"):
        correlation.jakes_covariance(0, 0.1)
    with pytest.raises(ValueError, match=r"covariance is \(2, 2\); h_ls has 3 gains an item"):
        csi.mmse_estimate_full(h, 0.1, 1, torch.eye(2))
    with pytest.raises(ValueError, match=r"covariance of shape \(2, 2\) is not a Hermitian matrix"):
        csi.mmse_full_mse(0.1, 1, torch.tensor([[1.0, 0.5], [0.0, 1.0]]))
    with pytest.raises(ValueError, match=r"covariance has the eigenvalue -1; it must have none below 0"):
        csi.mmse_full_mse(0.1, 1, torch.diag(torch.tensor([1.0, -1.0])))
    with pytest.raises(ValueError, match=r"kind = 'genie' .* one of: perfect, rough, mmse, refined, imperfect, none"):
        Csi("genie")
    with pytest.raises(ValueError, match=r"refiner = None: 'refined' CSI needs one"):
        Csi("refined")
    with pytest.raises(ValueError, match=r"refiner = .*needs one, and only that one"):
        Csi("rough", refiner=Cleaner(abs))
    with pytest.raises(ValueError, match="error_variance = None: 'imperfect' CSI states one"):
        Csi("imperfect")
    with pytest.raises(ValueError, match=r"error_variance = 0.1: .* only that one"):
        Csi("rough", error_variance=0.1)
    with pytest.raises(ValueError, match=r"error_variance = -1 must be a number"):
        Csi("imperfect", error_variance=-1)
    with pytest.raises(ValueError, match="num_pilots = 0 must be an integer of at least 1"):
        Csi("rough", 0)
    with pytest.raises(ValueError, match="group = 0 must be an integer of at least 1"):
        Csi("refined", refiner=Cleaner(abs), group=0)
    for bad in (lambda h: h[:2], lambda h: h * math.nan, lambda h: h * 1e30):
        with pytest.raises(ValueError, match="refine must return gains of finite power of shape"):
            known(Csi("refined", refiner=Cleaner(bad)), h)
    with pytest.raises(ValueError, match=r"the refiner's error_variance = -0\.3 is not a variance"):
        known(Csi("refined", refiner=Cleaner(abs, lambda ls_error: -ls_error)), h)


H = torch.ones(3, 3, dtype=torch.complex64)
EYE = torch.eye(3)
REFUSED = [
    (lambda g: csi.ls_estimate(H, torch.ones(3), 1, generator=g), r"n0 has shape \(3,\); for x \(3, 3\)"),
    (lambda g: csi.ls_estimate(H.real, 0.1, 1, generator=g), "must be a complex torch tensor"),
    (lambda g: csi.ls_estimate(H, 0.1, 1.5, generator=g), "num_pilots = 1.5 must be an integer"),
    (lambda g: csi.ls_estimate(H, [0.1], 1, generator=g), "n0 is of type list"),
    (lambda g: csi.mmse_estimate(H, torch.ones(3), 1), r"n0 has shape \(3,\); for h_ls \(3, 3\)"),
    (lambda g: csi.mmse_estimate(H.numpy(), 0.1, 1), "h_ls is a numpy complex64 array"),
    (lambda g: csi.mmse_estimate(H, 0.1, 1, variance=math.nan), "variance = nan"),
    (lambda g: csi.mmse_estimate_full(H, torch.ones(3), 1, EYE), r"n0 = \(a torch.float32 tensor \(3,\)\) must be"),
    (lambda g: csi.mmse_estimate_full(H, 0.1, 1, EYE * math.nan), "is not a Hermitian matrix"),
    (lambda g: csi.mmse_full_mse(0.1, 1, EYE.numpy()), "covariance is a numpy float32 array"),
    (lambda g: csi.mmse_full_mse(0.1, 1, torch.zeros(0, 0)), "is not a Hermitian matrix"),
    (lambda g: csi.ls_mse(torch.ones(3), 1), "n0 = "),
    (lambda g: csi.mmse_mse(math.inf, 1), "n0 = inf must be"),
    (lambda g: csi.imperfect_csi(H, torch.ones(3), generator=g), "has shape"),
    (lambda g: csi.imperfect_csi(H, math.nan, generator=g), "error_variance = nan"),
    (lambda g: Csi("imperfect", error_variance="0.1"), "error_variance = '0.1'"),
    (lambda g: Csi("rough", 2.5), "num_pilots = 2.5"),
    (lambda g: correlation.correlated_gain(
        -1, 2, 2, correlation_receive=0.1, correlation_transmit=0.1, generator=g), "batch = -1"),
    (lambda g: correlation.jakes_gain(2, 0, doppler=0.1, generator=g), "num_blocks = 0"),
    (lambda g: correlation.exponential_correlation(2.5, 0.1), "num_antennas = 2.5"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_bad_input_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call(generator())
    assert "\n" not in str(error.value)
