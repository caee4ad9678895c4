"""The laws of the integer codes and of the sparse index: round trips, known code words, a cost near the entropy."""

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semcom_lib import seeds
from semcom_lib.compression import sparse_index
from semcom_lib.compression.integer_codes import (
    fixed_width_decode,
    fixed_width_encode,
    rice_decode,
    rice_encode,
    rice_parameter,
)

FEW = settings(deadline=None, max_examples=50, derandomize=True)


def mask_of(n, sparsity):
    """A mask with exactly round(sparsity n) pruned entries in random places."""
    mask = np.arange(n) >= round(sparsity * n)
    return seeds.numpy_generator(1, "mask", n, sparsity).permutation(mask)


def entropy(p):
    """H(p) in bits."""
    return -p * math.log2(p) - (1 - p) * math.log2(1 - p)


def test_fixed_width_is_most_significant_bit_first():
    assert fixed_width_encode(np.array([5, 1, 7]), 3) == bytes([0b10100111, 0b10000000])


def test_rice_code_words_are_the_textbooks():
    """9 = 2 * 4 + 1 and 3 = 0 * 4 + 3 with k = 2: remainders 01 11, quotients 001 1."""
    assert rice_encode(np.array([9, 3]), 2) == bytes([0b01110000, 0b00110000])


@FEW
@given(st.data(), st.integers(1, 32))
def test_fixed_width_round_trip(data, width):
    values = np.array(data.draw(st.lists(st.integers(0, 2**width - 1), max_size=40)), dtype=np.uint32)
    encoded = fixed_width_encode(values, width)
    assert len(encoded) == math.ceil(len(values) * width / 8)
    assert np.array_equal(fixed_width_decode(encoded, width, len(values)), values)


@FEW
@given(st.lists(st.integers(0, 5000), max_size=60), st.integers(0, 14))
def test_rice_round_trip_and_the_best_parameter(values, k):
    values = np.array(values, dtype=np.int64)
    best = rice_parameter(values)
    assert np.array_equal(rice_decode(rice_encode(values, k), k, len(values)), values)
    assert len(rice_encode(values, best)) <= len(rice_encode(values, k)) + 1  # two parts, each filled to a byte


@FEW
@given(st.lists(st.booleans(), max_size=300))
def test_masks_round_trip(mask):
    mask = np.array(mask, dtype=bool)
    assert np.array_equal(sparse_index.decode(sparse_index.encode(mask), len(mask)), mask)


@pytest.mark.parametrize("sparsity", [0.001, 0.3, 0.5, 0.6, 0.9, 0.99, 0.9999])
def test_index_costs_at_most_three_percent_above_the_entropy(sparsity):
    n = 200_000
    encoded = sparse_index.encode(mask_of(n, sparsity))
    assert n * entropy(sparsity) / 8 * 0.99 < len(encoded) <= 1.03 * n * entropy(sparsity) / 8 + 16
    assert np.array_equal(sparse_index.decode(encoded, n), mask_of(n, sparsity))


def test_the_worst_case_is_the_golden_ratio_where_it_costs_as_much_as_the_bitmap():
    n = 200_000
    sparsity = (5**0.5 - 1) / 2
    encoded = sparse_index.encode(mask_of(n, sparsity))
    assert len(encoded) == pytest.approx(n / 8, rel=1e-3)
    assert len(encoded) == pytest.approx(1.0423 * n * entropy(sparsity) / 8, rel=1e-3)


@pytest.mark.parametrize("value", [True, False])
def test_a_dense_or_an_empty_mask_takes_six_bytes(value):
    assert len(sparse_index.encode(np.full(10_000, value))) == 6


@FEW
@given(st.binary(max_size=40), st.integers(0, 2**32 - 1))
def test_bytes_of_others_are_a_mask_or_one_line_and_take_no_memory(data, n):
    """Whatever the header claims; a mask of n entries itself is the caller's to bound."""
    lines = [""]
    tracemalloc.start()
    try:
        mask = sparse_index.decode(data, n % 10_000)
        assert len(mask) == n % 10_000
        assert np.array_equal(sparse_index.decode(sparse_index.encode(mask), len(mask)), mask)
    except ValueError as error:
        lines = str(error).splitlines()
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 2**20
    assert len(lines) == 1


def test_decoding_takes_little_more_memory_than_its_result():
    data = fixed_width_encode(np.arange(400_000) % 13, 4)
    tracemalloc.start()
    fixed_width_decode(data, 4, 400_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * 400_000 + 2**23


INTS = np.array([1, 2])
REFUSED = [
    (lambda: sparse_index.decode(b"\x01\x00", 16), "data has 2 bytes, an index needs at least 6"),
    (lambda: sparse_index.decode(b"\x01\x21\x01\x00\x00\x00", 16), "k = 33"),
    (lambda: sparse_index.decode(b"\x01\x00\x09\x00\x00\x00\xff", 16), "9 of 16 entries"),
    (lambda: sparse_index.decode(b"\x01\x00\x02\x00\x00\x00\x80", 16), "data holds 1 quotients, expected 2"),
    (lambda: sparse_index.decode(b"\x01\x08\x02\x00\x00\x00\x00", 16), "2 integers of 8 bits and a quotient need more"),
    (lambda: sparse_index.decode(b"\x01\x05\x01\x00\x00\x00\x80\x80", 16), "points at entry 16 of 16"),
    (lambda: sparse_index.decode(b"\x01\x00\x01\x00\x00\x00\x80\x00", 16), "more than its 1 integers take"),
    (lambda: sparse_index.decode(b"\x01\x00\x00\x00\x00\x00\x00", 16), "more than its 0 integers take"),
    (lambda: sparse_index.decode(b"\x01\x00\xff\xff\xff\x7f\x80", 2**32 - 1), "2147483647 integers of 0 bits"),
    (lambda: sparse_index.decode(b"\x01\x20\x02\x00\x00\x00" + b"\xff" * 9, 16), "data holds 8 quotients"),
    (lambda: sparse_index.decode(b"\x01\x20\x02\x00\x00\x00" + b"\xff" * 8 + b"\xc0", 16), "points at entry 33 of 16"),
    (lambda: sparse_index.decode(b"", -1), "n = -1 must be an integer in"),
    (lambda: sparse_index.encode(np.array([0, 2, 1])), "mask is a numpy int64 array .* must be a numpy bool array"),
    (lambda: sparse_index.encode(np.zeros((2, 2), bool)), "mask is a numpy bool array"),
    (lambda: sparse_index.encode([True]), "mask is of type list"),
    (lambda: fixed_width_encode(np.array([4]), 2), r"values lie in 4\.\.4: they must be integers in 0\.\.3"),
    (lambda: fixed_width_encode(np.array([-1]), 32), r"values lie in -1\.\.-1"),
    (lambda: fixed_width_encode(np.array([1.5]), 8), r"values lie in 1\.5\.\.1\.5"),
    (lambda: fixed_width_encode(np.array([np.nan]), 8), r"values lie in nan\.\.nan"),
    (lambda: fixed_width_encode(INTS[None], 8), "values is a numpy int64 array"),
    (lambda: fixed_width_encode([1], 8), "values is of type list"),
    (lambda: fixed_width_encode(INTS, 33), r"width = 33 must be an integer in 0\.\.32"),
    (lambda: fixed_width_decode(b"", 33, 0), "width = 33"),
    (lambda: fixed_width_decode(b"", 8, -1), "n = -1"),
    (lambda: fixed_width_decode(b"\x00", 8, 2), "data has 1 bytes, 2 integers of 8 bits need more"),
    (lambda: rice_encode(np.array([-1]), 2), "values lie in -1"),
    (lambda: rice_encode(INTS, 33), "k = 33"),
    (lambda: rice_parameter(np.array([2**32])), "values lie in 4294967296"),
    (lambda: rice_decode(b"", -1, 2), "k = -1"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_bad_input_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)
