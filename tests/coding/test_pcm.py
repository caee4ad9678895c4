import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from semcom_lib.coding.pcm import ALaw, UniformPcm

# Decision value x_n, character signal before inversion and output value y_n of the interval above it, at both ends of
# each segment [ITU-T G.711 Table 1a, columns 5 to 7].
G711_TABLE_1A = [
    (3968, 0b11111111, 4032),
    (2048, 0b11110000, 2112),
    (1984, 0b11101111, 2016),
    (1024, 0b11100000, 1056),
    (992, 0b11011111, 1008),
    (512, 0b11010000, 528),
    (496, 0b11001111, 504),
    (256, 0b11000000, 264),
    (248, 0b10111111, 252),
    (128, 0b10110000, 132),
    (124, 0b10101111, 126),
    (64, 0b10100000, 66),
    (62, 0b10011111, 63),
    (0, 0b10000000, 1),
]


def snr_db(samples, code):
    noise = code.decode(code.encode(samples)) - samples
    return 10 * np.log10(np.mean(samples.astype(np.float64) ** 2) / np.mean(noise.astype(np.float64) ** 2))


def sine(amplitude, num_samples=100_000):
    return (amplitude * np.sin(2 * np.pi * np.sqrt(2) * 1e-2 * np.arange(num_samples))).astype(np.float32)


def signals(samples):
    return np.packbits(ALaw().encode(np.asarray(samples, np.float32)))


def values(character_signals):
    return ALaw().decode(np.unpackbits(np.asarray(character_signals, np.uint8))) * 4096


def test_alaw_equals_the_published_table():
    decision, signal, output = np.array(G711_TABLE_1A).T
    even_bits_inverted = signal ^ 0b01010101
    np.testing.assert_array_equal(signals(decision / 4096), even_bits_inverted)
    np.testing.assert_array_equal(values(even_bits_inverted), output)
    negative = even_bits_inverted & 0b01111111
    np.testing.assert_array_equal(signals(-(decision + 0.5) / 4096), negative)
    np.testing.assert_array_equal(values(negative), -output)


def test_alaw_keeps_each_sample_in_its_interval():
    """Every output value falls back into its own interval, and no sample is nearer to an interval beyond the next."""
    everything = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(signals(values(everything) / 4096), everything)
    samples = np.linspace(-1, 1, 8193, dtype=np.float32)
    outputs = values(signals(samples))
    assert (np.diff(outputs) >= 0).all()
    assert (np.abs(outputs - samples * 4096) <= np.maximum(1, np.abs(samples) * 4096 / 32)).all()


def test_alaw_has_thirteen_segments_of_slope_two_to_one():
    outputs = values(signals(np.arange(-4096, 4096) / 4096))
    widths = np.unique(outputs, return_counts=True)[1]
    segment_widths = widths[np.diff(widths, prepend=0) != 0]
    assert segment_widths.tolist() == [128, 64, 32, 16, 8, 4, 2, 4, 8, 16, 32, 64, 128]


@pytest.mark.parametrize("level_db", [0, -10, -20, -30])
def test_alaw_snr_stays_near_38_db_over_30_db_of_level(level_db):
    """6.02 * 8 + 4.77 - 20 log10(1 + ln A) = 38.2 dB, A = 87.6, in the logarithmic part; segments ripple around it."""
    expected = 6.02 * 8 + 4.77 - 20 * np.log10(1 + np.log(87.6))
    assert snr_db(sine(10 ** (level_db / 20)), ALaw()) == pytest.approx(expected, abs=2)


def test_alaw_below_its_first_segments_is_twelve_bit_uniform_pcm():
    """Its smallest step, 2 / 4096, is that of 12 bits over [-1, 1]."""
    samples = sine(64 / 4096)
    full_scale_db = 6.02 * 12 + 1.76
    assert snr_db(samples, ALaw()) == pytest.approx(full_scale_db + 20 * np.log10(64 / 4096), abs=0.5)


@pytest.mark.parametrize("bits", [6, 8, 10, 12, 16])
def test_uniform_snr_of_a_full_scale_sine_is_6_db_a_bit(bits):
    amplitude = 1 - 2.0**-bits  # the largest without overload
    expected = 6.02 * bits + 1.76 + 20 * np.log10(amplitude)
    assert snr_db(sine(amplitude), UniformPcm(bits)) == pytest.approx(expected, abs=0.35)


def test_uniform_16_bit_keeps_a_16_bit_recording():
    samples = np.arange(-(2**15), 2**15, dtype=np.float32) / 2**15
    np.testing.assert_array_equal(UniformPcm(16).decode(UniformPcm(16).encode(samples)), samples)


def test_uniform_is_twos_complement_most_significant_first():
    code = UniformPcm(3)
    samples = np.array([0, 0.25, 0.75, 1, -0.25, -1], np.float32)
    words = code.encode(samples).reshape(-1, 3).tolist()
    assert words == [[0, 0, 0], [0, 0, 1], [0, 1, 1], [0, 1, 1], [1, 1, 1], [1, 0, 0]]


@settings(deadline=None, max_examples=50, derandomize=True)
@given(bits=st.integers(2, 24), samples=hnp.arrays(np.float32, st.integers(0, 50), elements=st.floats(-1, 1, width=32)))
def test_uniform_error_is_at_most_half_a_step_below_overload(bits, samples):
    code = UniformPcm(bits)
    step = 2.0 ** (1 - bits)
    error = np.abs(code.decode(code.encode(samples)).astype(np.float64) - samples)
    assert (error[samples <= 1 - step / 2] <= step / 2).all()
    assert (error <= step).all()


@pytest.mark.parametrize("code", [ALaw(), UniformPcm(7), UniformPcm(16)], ids=str)
@settings(deadline=None, max_examples=50, derandomize=True)
@given(received=st.lists(st.integers(0, 1), max_size=200))
def test_any_bits_decode_to_samples_within_full_scale(code, received):
    samples = code.decode(np.array(received, np.uint8))
    assert samples.dtype == np.float32
    assert len(samples) == len(received) // getattr(code, "bits", 8)
    assert (np.abs(samples) <= 1).all()


@pytest.mark.parametrize("code", [ALaw(), UniformPcm(16)], ids=str)
@pytest.mark.parametrize(
    "samples",
    [
        np.array([0, 1.01]),
        np.array([0, np.nan]),
        np.array([0, -np.inf]),
        np.zeros((2, 2)),
        np.zeros(3, np.int16),
        [0.5],
    ],
    ids=["above full scale", "nan", "inf", "2-D", "integers", "list"],
)
def test_samples_beyond_full_scale_are_refused(code, samples):
    with pytest.raises(ValueError, match=r"samples must be|samples is of type list"):
        code.encode(samples)


@pytest.mark.parametrize("bits", [1, 25, 8.5])
def test_impossible_word_lengths_are_refused(bits):
    with pytest.raises(ValueError, match=rf"bits = {bits} must be an integer in 2\.\.24"):
        UniformPcm(bits)


@pytest.mark.parametrize("code", [ALaw(), UniformPcm(7), UniformPcm(24)], ids=str)
def test_samples_of_16_bits_and_of_64_are_coded_alike(code):
    samples = np.linspace(-1, 1, 41).astype(np.float16)
    bits = code.encode(samples)
    assert np.array_equal(code.encode(samples.astype(np.float32)), bits)
    assert np.array_equal(code.encode(samples.astype(np.float64)), bits)


@pytest.mark.parametrize("code", [ALaw(), UniformPcm(16)], ids=str)
@pytest.mark.parametrize("bits", [np.full(16, 2), np.full(16, 0.5), np.full(16, -1), np.zeros((2, 8)), "01"])
def test_what_is_no_row_of_bits_is_refused(code, bits):
    with pytest.raises(ValueError, match=r"bits (is|has)"):
        code.decode(bits)
