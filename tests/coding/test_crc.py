import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sionna.phy.fec.crc import CRCEncoder

from semcom_lib.coding.crc import POLYNOMIALS, Crc

NAMES = list(POLYNOMIALS)


def random_bits(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 2, shape, dtype=np.uint8)


@pytest.mark.parametrize(("name", "check"), [("crc8", 0xEA), ("crc16", 0x31C3), ("crc24a", 0xCDE703)])
def test_parity_of_the_digits_is_the_catalogued_check_value(name, check):
    """CRC-8/LTE, CRC-16/XMODEM and CRC-24/LTE-A of the ASCII string 123456789."""
    bits = np.unpackbits(np.frombuffer(b"123456789", np.uint8))
    parity = Crc(name).append(bits[None])[0, len(bits) :]
    assert int("".join(map(str, parity)), 2) == check


@pytest.mark.parametrize(("name", "sionna_name"), [("crc16", "CRC16"), ("crc24a", "CRC24A")])
@pytest.mark.parametrize("k", [1, 7, 40, 1001])
def test_append_equals_sionna(name, sionna_name, k):
    encoder = CRCEncoder(sionna_name, device="cpu")
    bits = random_bits(20, k)
    expected = encoder(torch.from_numpy(bits).float()).numpy()
    np.testing.assert_array_equal(Crc(name).append(bits), expected)


@settings(deadline=None, max_examples=50, derandomize=True)
@given(name=st.sampled_from(NAMES), batch=st.integers(0, 4), k=st.integers(0, 200), seed=st.integers(0, 2**32))
def test_parity_is_the_remainder_of_long_division(name, batch, k, seed):
    num_parity_bits, taps = POLYNOMIALS[name]
    bits = random_bits(batch, k, seed=seed)
    blocks = Crc(name).append(bits)
    assert blocks.dtype == np.uint8
    assert Crc(name).check(blocks).all()
    for row, block in zip(bits, blocks, strict=True):
        remainder = int("0" + "".join(map(str, row)), 2) << num_parity_bits
        for shift in range(k - 1, -1, -1):
            if remainder >> (shift + num_parity_bits) & 1:
                remainder ^= (1 << num_parity_bits | taps) << shift
        assert block[:k].tolist() == row.tolist()
        assert block[k:].tolist() == [remainder >> i & 1 for i in range(num_parity_bits - 1, -1, -1)]


@pytest.mark.parametrize("name", NAMES)
def test_every_single_and_double_error_is_detected(name):
    """Double errors go unseen only at distances that are a multiple of the polynomial's order, 127 for crc8."""
    block = Crc(name).append(random_bits(1, 100))
    assert Crc(name).check(block).all()
    n = block.shape[1]
    assert not Crc(name).check(block ^ np.eye(n, dtype=np.uint8)).any()
    pairs = np.array(list(itertools.combinations(range(n), 2)))
    errors = np.zeros((len(pairs), n), np.uint8)
    np.put_along_axis(errors, pairs, 1, axis=1)
    assert not Crc(name).check(block ^ errors).any()


def test_crc8_misses_a_double_error_at_its_order():
    blocks = Crc("crc8").append(random_bits(1, 200))
    blocks[0, [3, 3 + 127]] ^= 1
    assert Crc("crc8").check(blocks).all()


@pytest.mark.parametrize("name", NAMES)
def test_every_burst_up_to_the_parity_length_is_detected(name):
    num_parity_bits, _ = POLYNOMIALS[name]
    block = Crc(name).append(random_bits(1, 60))
    bursts = random_bits(256, num_parity_bits, seed=1)
    bursts[:, 0] = 1
    if num_parity_bits == 8:
        bursts = np.unpackbits(np.arange(128, 256, dtype=np.uint8)[:, None], axis=1)
    for start in range(block.shape[1] - num_parity_bits + 1):
        errors = np.zeros((len(bursts), block.shape[1]), np.uint8)
        errors[:, start : start + num_parity_bits] = bursts
        assert not Crc(name).check(block ^ errors).any()


def test_random_blocks_pass_crc8_once_in_256():
    num_blocks = 200_000
    passed = Crc("crc8").check(random_bits(num_blocks, 40)).sum()
    assert passed == pytest.approx(num_blocks / 256, abs=4 * np.sqrt(num_blocks / 256))


def test_unknown_polynomial_is_refused():
    with pytest.raises(ValueError, match="polynomial must be one of crc8, crc16, crc24a, got 'crc32'"):
        Crc("crc32")
