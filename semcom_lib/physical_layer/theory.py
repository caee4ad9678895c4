"""Closed forms that the simulations are checked against: bit error rates, capacities, outage, amplitude densities.

``snr_db`` is Es/N0 = 1 / n0 per complex symbol, averaged over the fading (E[|h|^2] = 1); the receiver knows h. Each
function takes a number or an array of SNRs (amplitudes) and returns float64 of its shape. ``modulation`` is "bpsk", "qpsk",
"16qam", "64qam" or "256qam". A value that is not finite or out of range raises ValueError.

Nothing here leans on the code that it checks, and reports that draw it do without torch.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chndtr, erfc, hyperu, ive, logsumexp, roots_hermite

NUM_AXES = {"bpsk": 1, "qpsk": 2, "16qam": 2, "64qam": 2, "256qam": 2}
NUM_LEVELS = {"bpsk": 2, "qpsk": 2, "16qam": 4, "64qam": 8, "256qam": 16}  # of each axis

MAX_SNR_DB = 1000  # either way, and within the range of float64 wherever these formulas take its square or exponential

_QUADRATURE_ORDER = 128


def ebno_db_to_snr_db(ebno_db: ArrayLike, num_bits_per_symbol: int, code_rate: float = 1.0) -> np.ndarray:
    """Es/N0 = Eb/N0 + 10 log10(num_bits_per_symbol * code_rate), both in dB, Eb per information bit."""
    if not (num_bits_per_symbol > 0 and 0 < code_rate <= 1):
        raise ValueError(f"num_bits_per_symbol = {num_bits_per_symbol} must be > 0, code_rate = {code_rate} in (0, 1]")
    return _checked("ebno_db", ebno_db) + 10 * np.log10(float(num_bits_per_symbol * code_rate))


def ber_awgn(modulation: str, snr_db: ArrayLike) -> np.ndarray:
    """Exact bit error rate of the uncoded modulation over AWGN.

    [Cho & Yoon, "On the general BER expression of one- and two-dimensional amplitude modulations", 2002]
    """
    weights, distances = _gray_error_terms(modulation)
    return np.sum(weights * erfc(distances * np.sqrt(_linear(snr_db)[..., None])), axis=-1)


def ber_rayleigh(modulation: str, snr_db: ArrayLike) -> np.ndarray:
    """Exact bit error rate of the uncoded modulation over Rayleigh fading: :func:`ber_awgn` averaged over |h|^2.

    Each erfc(sqrt(c |h|^2)) averages to 1 - sqrt(c / (1 + c))  [Proakis, "Digital Communications", Sec. 14.3].
    """
    weights, distances = _gray_error_terms(modulation)
    c = distances**2 * _linear(snr_db)[..., None]
    without_cancellation = 1 / ((1 + c) * (1 + np.sqrt(c / (1 + c))))
    return np.sum(weights * without_cancellation, axis=-1)


def capacity_awgn(snr_db: ArrayLike) -> np.ndarray:
    """Shannon capacity of the complex AWGN channel, log2(1 + SNR), bits per symbol."""
    return np.log1p(_linear(snr_db)) / np.log(2)


def capacity_rayleigh(snr_db: ArrayLike) -> np.ndarray:
    """Ergodic capacity of Rayleigh fading, E[log2(1 + |h|^2 SNR)] = exp(1/SNR) E1(1/SNR) / ln 2, bits per symbol.

    [Alouini & Goldsmith, "Capacity of Rayleigh fading channels", 1999]
    """
    exp_e1 = hyperu(1, 1, 1 / _linear(snr_db))  # exp(x) E1(x), where the product of the two would overflow
    return exp_e1 / np.log(2)


def capacity_cm(modulation: str, snr_db: ArrayLike) -> np.ndarray:
    """Mutual information of equally likely points over AWGN, bits per symbol: the limit of coded modulation.

    [Ungerboeck, "Channel coding with multilevel/phase signals", 1982], by Gauss-Hermite quadrature.
    """
    metric, own, weights = _axis_log_likelihoods(modulation, snr_db)
    return _axis_information(modulation, logsumexp(metric, axis=-1) - own, weights)


def capacity_bicm(modulation: str, snr_db: ArrayLike) -> np.ndarray:
    """Mutual information of the bits, each taken alone, over AWGN, bits per symbol: the limit of bit interleaving.

    [Caire, Taricco & Biglieri, "Bit-interleaved coded modulation", 1998], by Gauss-Hermite quadrature.
    """
    metric, _, weights = _axis_log_likelihoods(modulation, snr_db)
    labels = np.arange(metric.shape[-1])
    received = logsumexp(metric, axis=-1)
    equivocation = 0.0
    for weight in 2 ** np.arange(int(np.log2(labels.size))):
        same_bit = (labels[:, None] & weight) == (labels & weight)
        equivocation = equivocation + received - logsumexp(metric, axis=-1, b=same_bit[:, None, :])
    return _axis_information(modulation, equivocation, weights)


def outage_rayleigh(rate: float, snr_db: ArrayLike) -> np.ndarray:
    """Probability that log2(1 + |h|^2 SNR) < rate (bits per symbol) in Rayleigh fading: 1 - exp((1 - 2^rate) / SNR)."""
    return -np.expm1(-_outage_gain(rate, snr_db))


def outage_rician(rate: float, snr_db: ArrayLike, k_factor: float) -> np.ndarray:
    """Probability that log2(1 + |h|^2 SNR) < rate (bits per symbol) in Rician fading with a linear K-factor.

    1 - Q1(sqrt(2K), sqrt(2 (K + 1) (2^rate - 1) / SNR)), Marcum's Q function as a non-central chi-square tail.
    [Simon & Alouini, "Digital Communication over Fading Channels", Sec. 2.2]
    """
    k_factor = _non_negative("k_factor", k_factor)
    return chndtr(2 * (k_factor + 1) * _outage_gain(rate, snr_db), 2, 2 * k_factor)


def rayleigh_pdf(amplitude: ArrayLike) -> np.ndarray:
    """Density of |h| in Rayleigh fading with E[|h|^2] = 1: 2 r exp(-r^2)."""
    return rician_pdf(amplitude, k_factor=0.0)


def rician_pdf(amplitude: ArrayLike, k_factor: float) -> np.ndarray:
    """Density of |h| in Rician fading with E[|h|^2] = 1: 2 r (K + 1) exp(-K - (K + 1) r^2) I0(2 r sqrt(K (K + 1))).

    [Simon & Alouini, "Digital Communication over Fading Channels", Sec. 2.2]
    """
    r, k_factor = _non_negative("amplitude", amplitude), _non_negative("k_factor", k_factor)
    scattered = np.exp(-((np.sqrt(k_factor + 1) * r - np.sqrt(k_factor)) ** 2))  # scaled with ive: no overflow
    return 2 * r * (k_factor + 1) * scattered * ive(0, 2 * r * np.sqrt(k_factor * (k_factor + 1)))


def axis_levels(modulation: str) -> np.ndarray:
    """Amplitudes of one axis of a unit-energy constellation, in the order of their labels: float64 (NUM_LEVELS,).

    From the most positive level down the labels are the reflected Gray code with all bits but the sign inverted
    [3GPP TS 38.211 Sec. 5.1].
    """
    if modulation not in NUM_LEVELS:
        raise ValueError(f"modulation = {modulation!r} must be one of {list(NUM_LEVELS)}")
    size = NUM_LEVELS[modulation]
    i = np.arange(size)
    levels = np.empty(size)
    levels[i ^ (i >> 1) ^ (size // 2 - 1)] = size - 1 - 2 * i
    return levels / np.sqrt(NUM_AXES[modulation] * np.mean(levels**2))


def _gray_error_terms(modulation: str) -> tuple[np.ndarray, np.ndarray]:
    """Weights w and distances d of the bit error rate sum_i w_i erfc(d_i sqrt(SNR)) of one Gray-labelled axis."""
    levels = axis_levels(modulation)
    num_bits = int(np.log2(levels.size))
    i = np.arange(levels.size - 1)
    weights = np.zeros(i.size)
    for k in range(1, num_bits + 1):
        steps = i * 2 ** (k - 1)
        sign = (-1.0) ** (steps // levels.size)
        count = 2 ** (k - 1) - (2 * steps + levels.size) // (2 * levels.size)
        weights += np.where(i < levels.size - levels.size // 2**k, sign * count, 0)
    return weights / (levels.size * num_bits), (2 * i + 1) * np.abs(levels).min()


def _axis_log_likelihoods(modulation: str, snr_db: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """-|y - level|^2 / n0 (..., sent, node, level) of one axis, that of the sent level (node,), the nodes' weights."""
    levels = axis_levels(modulation)
    nodes, weights = roots_hermite(_QUADRATURE_ORDER)
    offset = (levels[:, None, None] - levels) * np.sqrt(_linear(snr_db)[..., None, None, None])
    return -((offset + nodes[:, None]) ** 2), -(nodes**2), weights / np.sqrt(np.pi)


def _axis_information(modulation: str, equivocation: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Bits per symbol, given the nats of doubt (..., sent, node) that the noise leaves on one axis."""
    lost_bits = np.mean(equivocation @ weights, axis=-1) / np.log(2)
    return NUM_AXES[modulation] * (np.log2(NUM_LEVELS[modulation]) - lost_bits)


def _outage_gain(rate: float, snr_db: ArrayLike) -> np.ndarray:
    """The |h|^2 below which a code of this rate fails."""
    return np.expm1(_non_negative("rate", rate) * np.log(2)) / _linear(snr_db)


def _linear(snr_db: ArrayLike) -> np.ndarray:
    snr_db = _checked("snr_db", snr_db)
    if (np.abs(snr_db) > MAX_SNR_DB).any():
        raise ValueError(f"snr_db = {snr_db.min():g}..{snr_db.max():g} must be in -{MAX_SNR_DB}..{MAX_SNR_DB}")
    return 10 ** (snr_db / 10)


def _non_negative(name: str, value: ArrayLike) -> np.ndarray:
    return _checked(name, value, minimum=0.0)


def _checked(name: str, value: ArrayLike, minimum: float = -np.inf) -> np.ndarray:
    try:
        value = np.asarray(value)
        value = np.asarray(value, dtype=float) if value.dtype.kind in "biuf" else np.array(np.nan)
    except ValueError:  # rows of unequal lengths
        value = np.array(np.nan)
    if not np.all(np.isfinite(value) & (value >= minimum)):
        worst = float(value[~(np.isfinite(value) & (value >= minimum))].ravel()[0])
        raise ValueError(
            f"{name} = {worst} must be real, finite" + (f" and >= {minimum:g}" if minimum > -np.inf else "")
        )
    return value
