import numpy as np
import pytest
from scipy.integrate import quad

from semcom_lib import seeds
from semcom_lib.physical_layer import theory
from semcom_lib.physical_layer.slow_fading import integrated, weights

POINTS = [-6.0, -2.0, 0.0, 0.5, 1.0, 2.5]
MEANS = [-20.0, 0.0, 3.0, 12.0, 40.0]


def counts(*values):
    """Counts of two trials, by point."""
    return [{"errors": np.array([value, 2 * value]), "bits": np.array([1, 2])} for value in values]


@pytest.mark.parametrize("mean_snr_db", [-1000.0, *MEANS, 1000.0])
def test_weights_are_a_distribution(mean_snr_db):
    shares = weights(POINTS, mean_snr_db)
    assert shares.shape == (len(POINTS) + 1,)
    assert (shares >= 0).all()
    np.testing.assert_allclose(shares.sum(), 1, rtol=1e-12)


@pytest.mark.parametrize("mean_snr_db", MEANS)
def test_a_code_that_fails_below_a_threshold_has_the_outage_of_theory(mean_snr_db):
    rate = 1.3
    threshold_db = 10 * np.log10(2**rate - 1)
    fails = weights([threshold_db - 7, threshold_db], mean_snr_db)[:-1].sum()
    np.testing.assert_allclose(fails, theory.outage_rayleigh(rate, mean_snr_db), rtol=1e-12)
    np.testing.assert_allclose(weights([threshold_db], mean_snr_db)[0], fails, rtol=1e-12)


@pytest.mark.parametrize("mean_snr_db", [0.0, 6.0, 12.0, 20.0])
def test_awgn_error_rate_of_bpsk_integrates_to_that_of_rayleigh(mean_snr_db):
    points = np.linspace(-60, 20, 3201)
    rate = weights(points, mean_snr_db) @ [*theory.ber_awgn("bpsk", points), 0]
    np.testing.assert_allclose(rate, theory.ber_rayleigh("bpsk", mean_snr_db), rtol=1e-4)


@pytest.mark.parametrize("mean_snr_db", [-3.0, 1.0, 6.0])
def test_weights_are_the_mean_of_the_interpolated_curve_over_drawn_fades(mean_snr_db):
    curve = np.array([0.9, 0.7, 0.8, 0.3, 0.1, 0.05])
    gains = seeds.numpy_generator(1, "slow fading").exponential(size=400_000)
    snrs_db = mean_snr_db + 10 * np.log10(gains)
    drawn = np.interp(snrs_db, POINTS, curve, right=0.0)
    error = 4 * drawn.std() / np.sqrt(len(gains))
    assert weights(POINTS, mean_snr_db) @ [*curve, 0] == pytest.approx(drawn.mean(), abs=error)


@pytest.mark.parametrize("mean_snr_db", [-3.0, 1.0, 12.0])
def test_a_point_weighs_the_integral_of_its_hat(mean_snr_db):
    def at(snr_db, point):
        gain = 10 ** ((snr_db - mean_snr_db) / 10)
        density = gain * np.exp(-gain) * np.log(10) / 10  # of the SNR in dB
        return np.interp(snr_db, POINTS, np.eye(len(POINTS))[point]) * density

    integrals = [
        quad(at, POINTS[0], POINTS[-1], args=(point,), points=POINTS)[0] for point in range(1, len(POINTS) - 1)
    ]
    np.testing.assert_allclose(weights(POINTS, mean_snr_db)[1:-2], integrals, atol=1e-9)


def test_far_below_all_points_is_the_lowest_and_far_above_the_error_free_end():
    np.testing.assert_allclose(weights(POINTS, -300.0), [1, 0, 0, 0, 0, 0, 0], atol=1e-12)
    np.testing.assert_allclose(weights(POINTS, 300.0), [0, 0, 0, 0, 0, 0, 1], atol=1e-12)


def test_counts_are_summed_by_name_and_trial():
    sums = integrated(counts(8.0, 4.0, 0.0), [0.125, 0.5, 0.375])
    assert list(sums) == ["errors", "bits"]
    np.testing.assert_allclose(sums["errors"], [3, 6])
    np.testing.assert_allclose(sums["bits"], [1, 2])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: weights([], 0.0), "snrs_db is empty"),
        (lambda: weights([1.0, 1.0], 0.0), r"snrs_db = \[1.0, 1.0\] must rise"),
        (lambda: weights([1.0, np.nan], 0.0), "an SNR of snrs_db = nan must be a number"),
        (lambda: weights(POINTS, np.inf), "mean_snr_db = inf must be a number"),
        (lambda: weights(POINTS, 1001.0), "mean_snr_db = 1001.0 must be a number"),
        (lambda: integrated(counts(1.0, 0.0), [1.0]), r"weights is .*\(1,\): it must be \(2,\)"),
        (lambda: integrated([*counts(1.0), {"bits": np.ones(2)}], [0.5, 0.5]), "counts must be alike at all points"),
        (lambda: integrated([*counts(1.0), {"errors": np.ones(3), "bits": np.ones(3)}], [0.5, 0.5]), "must be alike"),
    ],
)
def test_bad_input_is_named_in_one_line(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)
