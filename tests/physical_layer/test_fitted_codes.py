"""Blocks that fit: the standard's turbo lengths, LDPC blocks of any length at about one rate."""

import numpy as np
import pytest

from semcom_lib import seeds
from semcom_lib.coding.ldpc import MIN_K
from semcom_lib.coding.turbo import INTERLEAVER_LENGTHS
from semcom_lib.coding.utf8 import Utf8
from semcom_lib.physical_layer.fading import Awgn
from semcom_lib.physical_layer.fitted_codes import fitted_ldpc, turbo_length


def test_turbo_blocks_have_the_standards_lengths():
    for bits in range(0, 600):
        assert turbo_length(bits) == min(length for length in INTERLEAVER_LENGTHS if length >= bits)
    assert turbo_length(6144) == 6144
    with pytest.raises(ValueError, match=r"num_bits = 6145 must be a number in \[0, 6144\]"):
        turbo_length(6145)


@pytest.mark.parametrize("step", [1, 8])
def test_a_block_is_the_next_multiple_of_the_step_and_long_enough_for_the_code(step):
    chain = fitted_ldpc(Utf8(), 0.5, step=step)
    for bits in range(0, 100):
        link = chain.link_of(bits)
        assert link.code.k == min(k for k in range(MIN_K, 200) if k >= bits and k % step == 0)
        assert link is chain.link_of(link.code.k)  # remembered
        assert (link.code.n, link.modulation.name) == (2 * link.code.k, "qpsk")


@pytest.mark.parametrize("rate", [0.2, 0.35, 0.579, 0.9])
def test_every_rate_is_met_within_a_symbol_at_every_length(rate):
    chain = fitted_ldpc(Utf8(), rate, step=1)
    for bits in range(MIN_K, 300):
        code = chain.link_of(bits).code  # which refuses an n out of its range
        assert abs(code.n - code.k / rate) <= 2
        assert code.n % 2 == 0
        if bits % 8 == 0:
            assert code.n == 2 * round(code.k / rate / 2)


def test_without_noise_every_item_comes_back_for_what_it_says():
    items = ["we must act now", "a", "act", "later"]
    chain = fitted_ldpc(Utf8(), 0.6, step=1)
    result = chain.send(items, Awgn(), 1e-9, generator=seeds.torch_generator(1, "channel"))
    assert result.items_hat == items
    np.testing.assert_array_equal(result.channel_uses, [100, 10, 20, 33])  # 120, 12, 24, 40 bits / 0.6 / 2


@pytest.mark.parametrize("rate", [0.1, 0.95, float("nan")])
def test_a_rate_that_the_code_has_not_is_refused(rate):
    with pytest.raises(ValueError, match=r"rate = .* must be a number in \[0.2, 0.9\]"):
        fitted_ldpc(Utf8(), rate, step=8)


def test_a_step_below_one_is_refused():
    with pytest.raises(ValueError, match="step"):
        fitted_ldpc(Utf8(), 0.5, step=0)
