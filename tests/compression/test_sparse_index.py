"""The laws of the integer codes and of the sparse index: round trips, known code words, a cost near the entropy."""

import math

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


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x01\x00", "data has 2 bytes, an index needs at least 6"),
        (b"\x01\x21\x01\x00\x00\x00", "k = 33"),
        (b"\x01\x00\x09\x00\x00\x00\xff", "9 of 16 entries"),
        (b"\x01\x00\x02\x00\x00\x00\x80", "data holds 1 quotients, expected 2"),
        (b"\x01\x08\x02\x00\x00\x00\x00", "2 integers of 8 bits need more"),
        (b"\x01\x05\x01\x00\x00\x00\x80\x80", "points at entry 16 of 16"),
    ],
)
def test_other_data_are_refused(data, message):
    with pytest.raises(ValueError, match=message):
        sparse_index.decode(data, 16)
