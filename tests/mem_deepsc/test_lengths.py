"""The laws of Proposition 2: its four limits, equally many codewords, the fit that finds the noise that made the lengths."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from semcom_lib.mem_deepsc.lengths import (
    fit_model_noise,
    length_of_codewords,
    lengths_by_snr,
    log_num_codewords,
    mu_max_of,
    required_length,
    shortest_length,
)

MU_MAX, SIGMA_M2 = 1.0, 1.44  # [mem_deepsc Sec. V-A]
N0S = 10 ** (-np.arange(-6.0, 19.0, 3) / 10)


def required(n0, sigma_m2=SIGMA_M2, minimum=16.0, mu_max=MU_MAX):
    return required_length(minimum, n0, mu_max, sigma_m2)


def test_required_length_is_eq_15_in_the_papers_numbers():
    expected = 16 * math.log(1 + 1 / 1.44) / math.log(1 + 1 / 2.44)
    assert required(1.0) == pytest.approx(expected, rel=1e-14)
    assert required(1.0, mu_max=2.0) == pytest.approx(16 * math.log(1 + 4 / 1.44) / math.log(1 + 4 / 2.44), rel=1e-14)


def test_case_1_without_noise_of_the_channel_the_minimum_is_enough():
    assert required(0.0) == 16
    lengths = required(np.array([1e-18, 1e-12, 1e-6]))
    slope = 16 / (SIGMA_M2 * (SIGMA_M2 + 1)) / math.log1p(1 / SIGMA_M2)  # the derivative of eq. 15 at n0 = 0
    np.testing.assert_allclose(lengths, 16 + slope * np.array([1e-18, 1e-12, 1e-6]), rtol=1e-12)


def test_case_2_the_length_grows_without_bound_in_proportion_to_the_noise():
    assert required(np.inf) == np.inf
    n0 = np.array([1e9, 1e18, 1e300])  # log(1 + 1 / n0) would be 0 from 1e16 on
    np.testing.assert_allclose(required(n0) / n0, 16 * math.log1p(1 / SIGMA_M2), rtol=1e-8)


def test_case_3_without_the_models_noise_the_capacity_alone_decides():
    """For given N: L -> 0, however slowly, and L_1 -> eq. 16."""
    n0, number = 0.3, 7.0
    sigma_m2 = np.array([1e-3, 1e-30, 1e-300])
    minimum = length_of_codewords(number, sigma_m2, MU_MAX)
    assert np.all(np.diff(minimum) < 0)
    assert minimum[-1] == pytest.approx(2 * number / (300 * math.log(10)))
    eq_16 = 2 * number / math.log(1 + MU_MAX**2 / n0)
    assert required(n0, 1e-300, minimum[-1]) == pytest.approx(eq_16, rel=1e-12)
    assert length_of_codewords(number, n0, MU_MAX) == pytest.approx(eq_16, rel=1e-14)
    assert length_of_codewords(number, 0.0, MU_MAX) == 0


def test_case_4_the_models_noise_makes_the_minimum_infinite_and_the_channels_then_adds_nothing():
    assert length_of_codewords(7.0, np.inf, MU_MAX) == np.inf
    assert length_of_codewords(7.0, 1e18, MU_MAX) == pytest.approx(14e18)
    assert required(1.0, 1e18) == pytest.approx(16)


def test_both_lengths_tell_equally_many_codewords_apart():
    number = log_num_codewords(16, SIGMA_M2, MU_MAX)  # eq. 12
    assert number == pytest.approx(8 * math.log(1 + 1 / SIGMA_M2), rel=1e-14)
    np.testing.assert_allclose(log_num_codewords(required(N0S), SIGMA_M2 + N0S, MU_MAX), number, rtol=1e-12)  # eq. 14
    np.testing.assert_allclose(length_of_codewords(number, SIGMA_M2 + N0S, MU_MAX), required(N0S), rtol=1e-12)


def test_lengths_by_snr_go_from_the_longest_to_the_shortest():
    snrs_db = np.array([-20.0, -2.8, -2.7, 0.0, 6.0, 18.0, np.inf])
    lengths = lengths_by_snr(snrs_db, mu_max=MU_MAX, sigma_m2=SIGMA_M2)
    assert lengths.tolist() == [32, 32, 32, 25, 19, 17, 16]
    assert lengths.dtype == np.int64
    for snr_db, length in zip(snrs_db[2:], lengths[2:], strict=True):  # those that are not cut off
        assert length - 1 < required(10 ** (-snr_db / 10)) <= length


def test_a_minimum_below_the_shortest_is_reached_at_a_finite_snr():
    def lengths(minimum):
        return lengths_by_snr(
            [9.0, 15.0, 150.0], mu_max=MU_MAX, sigma_m2=SIGMA_M2, minimum=minimum, shortest=16, longest=20
        )

    assert lengths(16.0).tolist() == [18, 17, 16]
    assert lengths(15.5).tolist() == [17, 16, 16]
    assert lengths(10.0).tolist() == [16, 16, 16]
    assert lengths(30.0).tolist() == [20, 20, 20]


@pytest.mark.parametrize("sigma_m2", [1e-3, 0.1, 1.44, 20.0])
@pytest.mark.parametrize("mu_max", [0.3, 1.0, 2.5])
def test_the_fit_finds_the_noise_that_made_the_lengths(sigma_m2, mu_max):
    lengths = required_length(12.3, N0S, mu_max, sigma_m2)
    found = fit_model_noise(lengths, N0S, mu_max)
    assert found.sigma_m2 == pytest.approx(sigma_m2, rel=1e-5)
    assert found.minimum == pytest.approx(12.3, rel=1e-5)
    np.testing.assert_allclose(found.lengths, lengths, rtol=1e-6)


def test_the_fit_of_lengths_in_whole_symbols_is_no_worse_than_what_made_them():
    lengths = np.ceil(required(N0S))
    found = fit_model_noise(lengths, N0S, MU_MAX)
    np.testing.assert_allclose(found.lengths, required(N0S, found.sigma_m2, found.minimum), rtol=1e-9)
    best = np.sum((found.lengths - lengths) ** 2)
    assert best < np.sum((required(N0S) - lengths) ** 2)
    for factor in (0.98, 1.02):
        for minimum, sigma_m2 in (
            (factor * found.minimum, found.sigma_m2),
            (found.minimum, factor * found.sigma_m2),
            (found.minimum / factor, found.sigma_m2 * factor),
        ):
            assert best < np.sum((required(N0S, sigma_m2, minimum) - lengths) ** 2)


def test_noise_that_is_none_is_among_what_is_measured():
    n0s = np.array([0.0, 0.5, 1.0])
    found = fit_model_noise(required(n0s), n0s, MU_MAX)
    assert found.sigma_m2 == pytest.approx(SIGMA_M2, rel=1e-5)
    assert found.lengths[0] == pytest.approx(found.minimum) == pytest.approx(16)


@pytest.mark.parametrize("lengths", [np.full(len(N0S), 16.0), 16 + N0S[::-1]], ids=["constant", "falling"])
def test_lengths_that_do_not_grow_with_noise_are_of_infinite_noise_of_the_model(lengths):
    found = fit_model_noise(lengths, N0S, MU_MAX)
    assert found.sigma_m2 == math.inf
    assert found.minimum == pytest.approx(lengths.mean())
    np.testing.assert_allclose(found.lengths, lengths.mean())


@pytest.mark.parametrize("power", [1, 2], ids=["eq. 16", "steeper"])
def test_lengths_that_follow_the_capacity_are_of_a_model_without_noise(power):
    lengths = length_of_codewords(7.0, N0S, MU_MAX) ** power
    found = fit_model_noise(lengths, N0S, MU_MAX)
    assert (found.sigma_m2, found.minimum) == (0.0, 0.0)
    if power == 1:
        np.testing.assert_allclose(found.lengths, lengths)


def test_the_shortest_length_is_the_smallest_within_the_margin_of_the_best():
    accuracies = {32: 0.87, 8: 0.7, 16: 0.82, 24: 0.88, 20: 0.86}
    found = [shortest_length(accuracies, margin) for margin in (0.0, 0.02, 0.059, 0.06, 0.3)]
    assert found == [24, 20, 20, 16, 8]  # although 0.88 - 0.06 exceeds 0.82 in float64
    assert all(longer >= shorter for longer, shorter in pairwise(found))


def test_mu_max_is_the_largest_modulus_of_a_real_part():
    x = torch.tensor([[0.6 + 0.8j, -1.5 + 0.1j], [0.2 - 1.75j, 1.2 + 1.4j]])
    assert mu_max_of(x) == 1.75
    assert mu_max_of(x[0, 0]) == pytest.approx(0.8)


REFUSED = [
    (lambda: required(-0.1), r"n0 = -0.1 must be a number in \[0, inf\]"),
    (lambda: required([0.1, math.nan]), "n0 = nan must be"),
    (lambda: required("loud"), "n0 = 'loud' must be"),
    (lambda: required(1j), "n0 = 1j must be"),
    (lambda: required([[1.0], [1.0, 2.0]]), "n0 is of type list: it must be a number or a regular array"),
    (lambda: required(1.0, sigma_m2=0.0), r"sigma_m2 = 0.0 must be a number in \(0, inf\)"),
    (lambda: required(1.0, minimum=0), "minimum = 0 must be"),
    (lambda: required(1.0, mu_max=math.inf), "mu_max = inf must be"),
    (lambda: log_num_codewords(16, 0.0, 1.0), "variance = 0.0 must be"),
    (lambda: log_num_codewords(-1, 1.0, 1.0), "length = -1 must be"),
    (lambda: length_of_codewords(0.0, 1.0, 1.0), "log_num_codewords = 0.0 must be"),
    (lambda: length_of_codewords(1.0, -1.0, 1.0), "variance = -1.0 must be"),
    (lambda: lengths_by_snr([0.0, -301.0], mu_max=1, sigma_m2=1), "snrs_db = -301.0 must be"),
    (lambda: lengths_by_snr(0.0, mu_max=1, sigma_m2=1, shortest=33), r"shortest = 33 must be an integer in 1\.\.32"),
    (lambda: lengths_by_snr(0.0, mu_max=1, sigma_m2=1, longest=32.0), "longest = 32.0 must be an integer"),
    (lambda: fit_model_noise([16, 17], [0.1], 1.0), r"lengths \(2,\) and n0s \(1,\) must be \(n,\)"),
    (lambda: fit_model_noise([16, 17], [0.1, 0.1], 1.0), "at least two different n0s"),
    (lambda: fit_model_noise(16, 0.1, 1.0), r"lengths \(\) and n0s \(\)"),
    (lambda: fit_model_noise([16, 0], [0.1, 0.2], 1.0), r"lengths = 0 must be a number in \(0, inf\)"),
    (lambda: fit_model_noise([16, 17], [0.1, math.inf], 1.0), r"n0s = inf must be a number in \[0, inf\)"),
    (lambda: fit_model_noise([16, 17], [0.1, 0.2], 0.0), "mu_max = 0.0 must be"),
    (lambda: shortest_length({}, 0.1), "accuracies is empty"),
    (lambda: shortest_length({16: 90.0}, 0.1), r"accuracies\[16\] = 90.0 must be a number in \[0, 1\]"),
    (lambda: shortest_length({0: 0.9}, 0.1), "a length of accuracies = 0 must be an integer"),
    (lambda: shortest_length({16: 0.9}, 2), "margin = 2 must be"),
    (lambda: mu_max_of(torch.zeros(2)), "x is a torch.float32 tensor"),
    (lambda: mu_max_of(torch.zeros(0, dtype=torch.complex64)), "x must be finite, and not empty"),
    (lambda: mu_max_of(torch.tensor([1j, complex(math.nan, 0)])), "x must be finite"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_bad_input_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)
