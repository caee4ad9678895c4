import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import logsumexp
from scipy.stats import norm, rice

from semcom_lib.physical_layer import theory
from semcom_lib.physical_layer.modulation import NUM_BITS_PER_SYMBOL, Modulation

NAMES = list(NUM_BITS_PER_SYMBOL)
SNRS_DB = np.array([-10.0, -3.0, 0.0, 4.0, 10.0, 18.0, 25.0])


def interval_probability(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """P(low < N(0, 1) < high), accurate in both tails."""
    return np.where(low > 0, norm.sf(low) - norm.sf(high), norm.cdf(high) - norm.cdf(low))


def rayleigh_mean(function, low: float = 0.0) -> float:
    """E[function(|h|^2)] over the exponential |h|^2 > low, by quadrature."""

    def integrand(gain):
        return function(gain) * math.exp(-gain)

    return sum(quad(integrand, *limits, epsabs=0, epsrel=1e-10)[0] for limits in ((low, 1), (1, 60)))


def test_theory_and_the_modulator_speak_of_the_same_constellations():
    assert list(theory.NUM_AXES) == list(theory.NUM_LEVELS) == NAMES
    for name in NAMES:
        assert theory.NUM_AXES[name] == Modulation(name).num_axes
        np.testing.assert_array_equal(theory.axis_levels(name), Modulation(name).levels)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("snr_db", SNRS_DB)
def test_awgn_ber_equals_the_enumeration_of_decision_regions(name, snr_db):
    levels = Modulation(name).levels
    std = math.sqrt(10 ** (-snr_db / 10) / 2)
    order = np.argsort(levels)
    thresholds = np.concatenate(([-np.inf], (levels[order][1:] + levels[order][:-1]) / 2, [np.inf]))
    wrong_bits = 0.0
    for sent, level in enumerate(levels):
        landed = interval_probability((thresholds[:-1] - level) / std, (thresholds[1:] - level) / std)
        wrong_bits += sum(p * (sent ^ int(decided)).bit_count() for p, decided in zip(landed, order, strict=True))
    bits_sent = levels.size * math.log2(levels.size)
    assert theory.ber_awgn(name, snr_db) == pytest.approx(wrong_bits / bits_sent, rel=1e-9)


@pytest.mark.parametrize("snr_db", SNRS_DB)
def test_awgn_ber_equals_the_textbook_sums_of_q_functions(snr_db):
    snr = 10 ** (snr_db / 10)
    q = {i: norm.sf(i * math.sqrt(snr / 5)) for i in (1, 3, 5)}
    assert theory.ber_awgn("16qam", snr_db) == pytest.approx((3 * q[1] + 2 * q[3] - q[5]) / 4, rel=1e-12)
    q = {i: norm.sf(i * math.sqrt(snr / 21)) for i in (1, 3, 5, 9, 13)}
    sum_64 = (7 * q[1] + 6 * q[3] - q[5] + q[9] - q[13]) / 12
    assert theory.ber_awgn("64qam", snr_db) == pytest.approx(sum_64, rel=1e-12)


def test_bpsk_and_qpsk_need_9_6_db_for_a_ber_of_1e_5():
    ebno_db = 9.588  # Proakis, "Digital Communications": 9.6 dB
    for name in ("bpsk", "qpsk"):
        snr_db = theory.ebno_db_to_snr_db(ebno_db, NUM_BITS_PER_SYMBOL[name])
        assert theory.ber_awgn(name, snr_db) == pytest.approx(1e-5, rel=2e-3)


@pytest.mark.parametrize("name", NAMES)
def test_rayleigh_ber_is_the_awgn_ber_averaged_over_the_gain(name):
    for snr_db in SNRS_DB:
        averaged = rayleigh_mean(lambda g, snr_db=snr_db: theory.ber_awgn(name, snr_db + 10 * math.log10(g)), low=1e-12)
        assert theory.ber_rayleigh(name, snr_db) == pytest.approx(averaged, rel=1e-7)


def test_rayleigh_ber_keeps_its_precision_at_high_snr():
    assert theory.ber_rayleigh("bpsk", 120.0) == pytest.approx(1 / (4 * 10**12), rel=1e-11)


@pytest.mark.parametrize(
    ("code_rate", "limit_db"),
    [(1 / 5, -0.964), (1 / 4, -0.794), (1 / 3, -0.495), (1 / 2, 0.187), (2 / 3, 1.059), (3 / 4, 1.626)],
)
def test_binary_input_capacity_gives_the_published_shannon_limits(code_rate, limit_db):
    for name, capacity in (("bpsk", theory.capacity_cm), ("qpsk", theory.capacity_bicm)):
        num_bits = NUM_BITS_PER_SYMBOL[name]

        def excess(ebno_db, name=name, capacity=capacity, num_bits=num_bits):
            return capacity(name, theory.ebno_db_to_snr_db(ebno_db, num_bits, code_rate)) - num_bits * code_rate

        assert brentq(excess, -3, 3) == pytest.approx(limit_db, abs=1e-3)


@pytest.mark.parametrize("snr_db", [0.0, 7.0, 15.0])
@pytest.mark.parametrize("name", ["16qam", "64qam"])
def test_constellation_capacities_equal_adaptive_integration(name, snr_db):
    levels, n0 = Modulation(name).levels, 10 ** (-snr_db / 10)
    labels = np.arange(levels.size)

    def entropy(density) -> float:
        def integrand(y):
            return -density(y) * math.log2(density(y)) if density(y) > 0 else 0.0

        return quad(integrand, -5, 5, epsabs=1e-9, limit=400, points=np.sort(levels))[0]

    def mixture(members):
        return lambda y: (
            math.exp(logsumexp(-((y - levels[members]) ** 2) / n0)) / math.sqrt(math.pi * n0) / len(members)
        )

    noise = math.log2(math.pi * math.e * n0) / 2
    received = entropy(mixture(labels))
    assert theory.capacity_cm(name, snr_db) == pytest.approx(2 * (received - noise), abs=1e-6)
    bits = 0.0
    for weight in 2 ** np.arange(int(math.log2(levels.size))):
        given_bit = [entropy(mixture(labels[(labels & weight > 0) == value])) for value in (False, True)]
        bits += received - np.mean(given_bit)
    assert theory.capacity_bicm(name, snr_db) == pytest.approx(2 * bits, abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_bit_interleaving_costs_capacity_and_no_input_beats_shannon(name):
    snr_db = np.linspace(-15, 45, 13)
    cm, bicm = theory.capacity_cm(name, snr_db), theory.capacity_bicm(name, snr_db)
    assert np.all(bicm <= cm + 1e-9)
    assert np.all(cm < theory.capacity_awgn(snr_db))
    assert np.all(np.diff(bicm) > -1e-7)
    assert bicm[-1] == pytest.approx(NUM_BITS_PER_SYMBOL[name], abs=1e-6)


def test_awgn_capacity_is_one_bit_at_0_db_and_two_at_4_77_db():
    np.testing.assert_allclose(theory.capacity_awgn([0.0, 10 * math.log10(3)]), [1, 2], rtol=1e-14)


@pytest.mark.parametrize("snr_db", [-40.0, -5.0, 10.0, 30.0])
def test_ergodic_capacity_is_the_mean_over_the_gain(snr_db):
    snr = 10 ** (snr_db / 10)
    expected = rayleigh_mean(lambda g: math.log2(1 + g * snr))
    assert theory.capacity_rayleigh(snr_db) == pytest.approx(expected, rel=1e-7)
    assert theory.capacity_rayleigh(snr_db) < theory.capacity_awgn(snr_db)  # Jensen


@pytest.mark.parametrize("k_factor", [0.0, 2.0, 10.0, 1000.0])
def test_rician_density_is_that_of_scipy_with_unit_mean_power(k_factor):
    r = np.linspace(0, 4, 200)
    sigma = math.sqrt(1 / (2 * (k_factor + 1)))
    expected = rice.pdf(r, math.sqrt(2 * k_factor), scale=sigma)
    np.testing.assert_allclose(theory.rician_pdf(r, k_factor), expected, rtol=1e-9, atol=1e-12)
    for power in (0, 2):
        moment = quad(lambda r: r**power * theory.rician_pdf(r, k_factor), 0, 6, points=[1.0], limit=200)[0]  # noqa: B023
        assert moment == pytest.approx(1, abs=1e-9)


def test_rayleigh_density_peaks_at_its_mode():
    assert theory.rayleigh_pdf(math.sqrt(0.5)) == pytest.approx(math.sqrt(2 / math.e), rel=1e-14)


@pytest.mark.parametrize("k_factor", [0.0, 2.0, 10.0])
def test_outage_is_the_probability_of_a_gain_below_the_need(k_factor):
    for rate, snr_db in ((1 / 3, 0.0), (2.0, 10.0), (3.0, 30.0)):
        need = math.sqrt((2**rate - 1) / 10 ** (snr_db / 10))
        expected = quad(lambda r: theory.rician_pdf(r, k_factor), 0, need, epsabs=0)[0]
        assert theory.outage_rician(rate, snr_db, k_factor) == pytest.approx(expected, rel=1e-8)
        if k_factor == 0:
            assert theory.outage_rayleigh(rate, snr_db) == pytest.approx(expected, rel=1e-8)


def test_outage_of_a_strong_line_of_sight_is_a_step_at_capacity():
    below, above = theory.outage_rician(2.0, np.array([4.0, 5.5]), k_factor=1e5)  # capacity 2 bits at 4.77 dB
    assert below > 1 - 1e-6
    assert above < 1e-6


def test_every_function_keeps_the_shape_of_its_snrs():
    snr_db = np.zeros((3, 2))
    results = [
        theory.ber_awgn("16qam", snr_db),
        theory.ber_rayleigh("16qam", snr_db),
        theory.capacity_awgn(snr_db),
        theory.capacity_rayleigh(snr_db),
        theory.capacity_cm("16qam", snr_db),
        theory.capacity_bicm("16qam", snr_db),
        theory.outage_rayleigh(1.0, snr_db),
        theory.outage_rician(1.0, snr_db, 2.0),
        theory.rician_pdf(snr_db, 2.0),
    ]
    assert {np.shape(result) for result in results} == {(3, 2)}


def test_bad_input_is_refused_in_one_line():
    calls = {
        "8psk": lambda: theory.ber_awgn("8psk", 0.0),
        "snr_db = nan": lambda: theory.ber_rayleigh("qpsk", math.nan),
        "rate = -1.0": lambda: theory.outage_rayleigh(-1.0, 0.0),
        "k_factor = -0.5": lambda: theory.outage_rician(1.0, 0.0, -0.5),
        "amplitude = -1.0": lambda: theory.rayleigh_pdf(-1.0),
        "snr_db = nan must": lambda: theory.capacity_awgn("three"),
        "snr_db = nan must be": lambda: theory.capacity_awgn(1j),
        "snr_db = nan must be real": lambda: theory.capacity_awgn([[1.0], [1.0, 2.0]]),
        r"snr_db = 0\.\.4000 must be in -1000\.\.1000": lambda: theory.capacity_rayleigh([0, 4000]),
        r"snr_db = -4000\.\.-4000": lambda: theory.outage_rayleigh(1.0, -4000),
        "code_rate = 0": lambda: theory.ebno_db_to_snr_db(0.0, 2, 0),
    }
    for message, call in calls.items():
        with pytest.raises(ValueError, match=message) as error:
            call()
        assert "\n" not in str(error.value)
