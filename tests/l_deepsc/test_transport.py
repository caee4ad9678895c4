"""Transport blocks: every listener has the packet in the end, the cost is the closed form's, one checksum would not do."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semcom_lib import seeds
from semcom_lib.l_deepsc.distributed import transport

PAYLOAD = 200
BLOCK = PAYLOAD + 24


def packet(num_bytes, purpose="packet"):
    return seeds.numpy_generator(1, purpose).bytes(num_bytes)


def send(data, rates, payload_bits=PAYLOAD, purpose="air"):
    return transport.send(data, rates, payload_bits, generator=seeds.torch_generator(1, purpose))


@settings(deadline=None, max_examples=50, derandomize=True)
@given(st.binary(min_size=1, max_size=300), st.integers(1, 500))
def test_blocks_put_together_are_the_packet(data, payload_bits):
    blocks = transport.segment(data, payload_bits)
    assert blocks.shape == (math.ceil(8 * len(data) / payload_bits), payload_bits + 24)
    assert transport.CHECKSUM.check(blocks).all()
    assert transport.reassemble(blocks, len(data)) == data


@settings(deadline=None, max_examples=30, derandomize=True)
@given(st.binary(min_size=1, max_size=400), st.lists(st.floats(0, 0.02), min_size=1, max_size=5), st.integers(0, 99))
def test_whatever_the_errors_all_listeners_have_the_packet_in_the_end(data, rates, purpose):
    transfer = send(data, rates, purpose=purpose)
    assert transfer.copies == (data,) * len(rates)
    assert transfer.bits == transfer.blocks_sent * BLOCK


def test_without_errors_each_block_goes_once():
    transfer = send(packet(1_000), [0.0, 0.0, 0.0])
    blocks = math.ceil(8_000 / PAYLOAD)
    assert (transfer.blocks, transfer.blocks_sent, transfer.sendings, transfer.damaged) == (
        blocks,
        blocks,
        1,
        (0, 0, 0),
    )
    assert transfer.feedback_bits == 3 * blocks


def test_to_one_listener_a_block_goes_as_often_as_the_closed_form_says():
    """Sendings until the first right one are geometric: 1 / p in the mean, standard deviation sqrt(1 - p) / p."""
    rate, num_blocks = 3e-3, 4_000
    p = (1 - rate) ** BLOCK
    transfer = send(packet(num_blocks * PAYLOAD // 8), [rate])
    assert abs(transfer.blocks_sent / num_blocks - 1 / p) < 4 * math.sqrt((1 - p) / num_blocks) / p
    assert transfer.damaged == (transfer.blocks_sent - transfer.blocks,)
    assert transfer.feedback_bits == transfer.blocks_sent


def test_to_several_listeners_it_goes_until_the_last_has_it():
    """P(some of n listeners lacks it after k sendings) = 1 - (1 - (1 - p)^k)^n, summed over k."""
    rate, num_blocks, listeners = 3e-3, 2_000, 4
    p = (1 - rate) ** BLOCK
    mean = sum(1 - (1 - (1 - p) ** k) ** listeners for k in range(60))
    transfer = send(packet(num_blocks * PAYLOAD // 8), [rate] * listeners)
    assert transfer.blocks_sent / num_blocks == pytest.approx(mean, rel=0.05)
    lonely = send(packet(num_blocks * PAYLOAD // 8), [rate])
    assert transfer.blocks_sent < listeners * lonely.blocks_sent


def test_who_hears_badly_is_who_asks():
    transfer = send(packet(20_000), [0.0, 5e-3])
    assert transfer.damaged[0] == 0 < transfer.damaged[1]
    # the first answers once, to all blocks; the second to every sending
    assert transfer.feedback_bits == transfer.blocks + transfer.blocks_sent


def test_a_large_packet_under_one_checksum_never_survives():
    assert transport.share_intact(8 * 304_000, 1e-5) == pytest.approx((1 - 1e-5) ** 2_432_000)
    assert transport.share_intact(8 * 304_000, 1e-5) < 1e-10
    assert transport.share_intact(1_024, 1e-5) > 0.98
    assert transport.share_intact(0, 0.3) == transport.share_intact(10**9, 0.0) == 1


def test_what_never_arrives_is_refused_before_it_is_sent():
    with pytest.raises(ValueError, match=r"bit_error_rate = 0\.05: blocks of 224 bits need at most 0\.03"):
        send(packet(10), [0.0, 0.05])


@pytest.mark.parametrize(
    ("data", "rates", "payload_bits", "message"),
    [
        (b"", [0.0], 100, "number of bytes = 0 must be an integer of at least 1"),
        (b"x", [], 100, "number of listeners = 0 must be an integer of at least 1"),
        (b"x", [0.0], 0, "payload_bits = 0 must be an integer of at least 1"),
        (b"x", [-0.1], 100, r"bit_error_rate = -0\.1 must be a number in \[0, 1\)"),
    ],
)
def test_what_cannot_be_sent_is_named(data, rates, payload_bits, message):
    with pytest.raises(ValueError, match=message):
        send(data, rates, payload_bits)


def test_equal_seeds_give_equal_transfers():
    assert send(packet(5_000), [1e-3, 2e-3]) == send(packet(5_000), [1e-3, 2e-3])
    assert send(packet(5_000), [1e-3, 2e-3]) != send(packet(5_000), [1e-3, 2e-3], purpose="other")


def test_a_checksum_that_misses_an_error_lets_a_wrong_copy_through(monkeypatch):
    """What then is left to the packet's own checksum."""
    monkeypatch.setattr(transport.Crc, "check", lambda self, bits: np.ones(len(bits), bool))
    transfer = send(packet(5_000), [5e-3])
    assert transfer.sendings == 1
    assert transfer.copies[0] != packet(5_000)
    assert len(transfer.copies[0]) == 5_000
