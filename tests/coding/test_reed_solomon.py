import itertools
import math

import galois
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semcom_lib.coding.reed_solomon import PRIMITIVE_POLYNOMIALS, ReedSolomon

L_DEEPSC = ReedSolomon(7, 5, 3)
CODES = [
    L_DEEPSC,
    ReedSolomon(7, 3, 3),  # two errors by table
    ReedSolomon(7, 4, 3),  # odd parity: the third syndrome only detects
    ReedSolomon(6, 4, 3),  # shortened
    ReedSolomon(15, 9, 4),
    ReedSolomon(31, 25, 5),
    ReedSolomon(40, 30, 6),
    ReedSolomon(204, 188, 8),
    ReedSolomon(255, 223, 8),
]


def to_symbols(bits, m):
    return bits.reshape(len(bits), -1, m) @ (1 << np.arange(m)[::-1])


def to_bits(symbols, m):
    return (symbols[..., None] >> np.arange(m)[::-1] & 1).astype(np.uint8).reshape(len(symbols), -1)


def oracle(code):
    """The mother code of length 2^m - 1; galois shortens it to the length of its argument."""
    length = 2**code.m - 1
    field = galois.GF(2**code.m, irreducible_poly=galois.Poly.Int(PRIMITIVE_POLYNOMIALS[code.m]))
    field.compile("python-calculate")  # its own compilation takes ten seconds a field
    return galois.ReedSolomon(length, length - code.num_parity_symbols, field=field)


def random_errors(code, counts, generator):
    """Symbol errors, bits (len(counts), n), at counts distinct places of each block."""
    errors = np.zeros((len(counts), code.num_code_symbols), np.int64)
    for row, count in zip(errors, counts, strict=True):
        places = generator.choice(code.num_code_symbols, count, replace=False)
        row[places] = generator.integers(1, 2**code.m, count)
    return to_bits(errors, code.m)


def as_llr(bits):
    return (2 * bits.astype(np.float32) - 1) * np.float32(3.5)


@pytest.mark.parametrize("code", CODES, ids=str)
def test_encoder_equals_galois(code):
    generator = np.random.default_rng(1)
    bits = generator.integers(0, 2, (20, code.k), dtype=np.uint8)
    expected = oracle(code).encode(to_symbols(bits, code.m))
    np.testing.assert_array_equal(to_symbols(code.encode(bits), code.m), np.asarray(expected))


@pytest.mark.parametrize("code", CODES, ids=str)
def test_decoder_equals_galois_within_and_beyond_its_radius(code):
    """Beyond its radius galois may claim success for a word that is no codeword: that is a failure here."""
    generator = np.random.default_rng(2)
    counts = np.repeat([0, 1, code.t, code.t + 1, code.t + 2], 2 if code.m == 8 else 15)
    sent = code.encode(generator.integers(0, 2, (len(counts), code.k), dtype=np.uint8))
    received = sent ^ random_errors(code, counts, generator)
    bits, failed = code.decode_with_flag(as_llr(received))
    expected, num_errors = oracle(code).decode(to_symbols(received, code.m), output="codeword", errors=True)
    expected_failed = (num_errors == -1) | np.asarray(oracle(code).detect(expected))
    np.testing.assert_array_equal(failed, expected_failed)
    np.testing.assert_array_equal(bits[~failed], to_bits(np.asarray(expected), code.m)[~failed, : code.k])
    np.testing.assert_array_equal(bits[failed], received[failed, : code.k])
    assert not failed[counts <= code.t].any()
    assert failed[counts > code.t].any()


def test_rs_7_5_corrects_every_single_symbol_error():
    sent = L_DEEPSC.encode(np.random.default_rng(3).integers(0, 2, (4, L_DEEPSC.k), dtype=np.uint8))
    for place, value in itertools.product(range(7), range(1, 8)):
        error = np.zeros((1, 7), np.int64)
        error[0, place] = value
        bits, failed = L_DEEPSC.decode_with_flag(as_llr(sent ^ to_bits(error, 3)))
        np.testing.assert_array_equal(bits, sent[:, :15])
        assert not failed.any()


def test_rs_7_5_fails_on_the_syndromes_of_no_single_error():
    """64 syndromes: one without error, 7 x 7 single errors, and the 14 left over."""
    parity = (np.arange(64)[:, None] >> np.arange(6)[::-1] & 1).astype(np.uint8)
    received = np.concatenate([np.zeros((64, 15), np.uint8), parity], axis=1)
    _, failed = L_DEEPSC.decode_with_flag(as_llr(received))
    assert failed.sum() == 14


def test_rs_7_5_has_minimum_distance_three():
    """The weight distribution of an MDS code: A_3 = C(7, 3) (8 - 1) = 245."""
    words = (np.arange(2**15)[:, None] >> np.arange(15) & 1).astype(np.uint8)
    weights = np.count_nonzero(to_symbols(L_DEEPSC.encode(words), 3), axis=1)
    assert np.bincount(weights, minlength=8)[:4].tolist() == [1, 0, 0, 245]


@settings(deadline=None, max_examples=50, derandomize=True)
@given(data=st.data())
def test_decode_inverts_encode_under_t_symbol_errors(data):
    m = data.draw(st.integers(2, 8), label="m")
    num_code_symbols = data.draw(st.integers(2, 2**m - 1), label="num_code_symbols")
    num_info_symbols = data.draw(st.integers(1, num_code_symbols - 1), label="num_info_symbols")
    code = ReedSolomon(num_code_symbols, num_info_symbols, m)
    generator = np.random.default_rng(data.draw(st.integers(0, 2**32), label="seed"))
    bits = generator.integers(0, 2, (4, code.k), dtype=np.uint8)
    errors = random_errors(code, generator.integers(0, code.t + 1, 4), generator)
    decoded, failed = code.decode_with_flag(as_llr(code.encode(bits) ^ errors))
    np.testing.assert_array_equal(decoded, bits)
    assert not failed.any()


def test_block_error_rate_of_rs_7_5_follows_the_binomial_law():
    """Over a binary symmetric channel a block is right when at most one of its seven symbols is wrong."""
    generator = np.random.default_rng(4)
    bits = generator.integers(0, 2, (200_000, L_DEEPSC.k), dtype=np.uint8)
    crossover = 0.03
    sent = L_DEEPSC.encode(bits)
    received = sent ^ (generator.random(sent.shape) < crossover)
    correctable = np.count_nonzero(to_symbols(received ^ sent, 3), axis=1) <= 1
    right = (L_DEEPSC.decode(as_llr(received)) == bits).all(axis=1)
    symbol_right = (1 - crossover) ** 3
    expected = symbol_right**7 + 7 * symbol_right**6 * (1 - symbol_right)
    assert right[correctable].all()
    assert correctable.mean() == pytest.approx(expected, abs=4 * np.sqrt(0.25 / len(bits)))


@pytest.mark.parametrize("polynomial", PRIMITIVE_POLYNOMIALS.values())
def test_polynomials_are_primitive(polynomial):
    assert galois.Poly.Int(polynomial).is_primitive()


def test_contract_counts_bits():
    assert (L_DEEPSC.k, L_DEEPSC.n, L_DEEPSC.t, L_DEEPSC.rate) == (15, 21, 1, 5 / 7)


def test_hard_bits_serve_as_llr():
    received = np.random.default_rng(5).integers(0, 2, (100, 21), dtype=np.uint8)
    np.testing.assert_array_equal(L_DEEPSC.decode(received), L_DEEPSC.decode(as_llr(received)))


def test_empty_batch_has_empty_results():
    assert L_DEEPSC.encode(np.zeros((0, 15), np.uint8)).shape == (0, 21)
    assert L_DEEPSC.decode(np.zeros((0, 21), np.float32)).shape == (0, 15)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((7, 5, 9), r"m = 9 must be an integer in 2\.\.8"),
        ((8, 5, 3), r"num_code_symbols = 8 must be an integer in 2\.\.7"),
        ((7, 5.0, 3), "num_info_symbols = 5.0"),
        ((7, 7, 3), r"num_info_symbols = 7 must be an integer in 1\.\.6"),
    ],
)
def test_impossible_codes_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        ReedSolomon(*arguments)


@pytest.mark.parametrize("code", [L_DEEPSC, ReedSolomon(7, 3, 3), ReedSolomon(15, 9, 4), ReedSolomon(6, 4, 3)], ids=str)
def test_random_words_go_unflagged_with_the_share_that_its_docstring_says(code):
    received = np.random.default_rng(6).integers(0, 2, (100_000, code.n), dtype=np.uint8)
    _, failed = code.decode_with_flag(received)
    q, n = 2**code.m, code.num_code_symbols
    expected = sum((q - 1) ** i * math.comb(n, i) for i in range(code.t + 1)) / q**code.num_parity_symbols
    assert 1 - failed.mean() == pytest.approx(expected, abs=4 * np.sqrt(0.25 / len(received)))
