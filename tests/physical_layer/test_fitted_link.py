"""Links that fit the item: grouping changes nothing but the blocks, and what is counted is of the item's own link."""

from dataclasses import fields
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semcom_lib import seeds
from semcom_lib.coding.bit_stream import BitStream
from semcom_lib.coding.crc import Crc
from semcom_lib.coding.turbo import TurboCode
from semcom_lib.physical_layer.csi import Csi
from semcom_lib.physical_layer.fading import Awgn, Rayleigh
from semcom_lib.physical_layer.fitted_link import FittedLink
from semcom_lib.physical_layer.link import Link, LinkResult
from semcom_lib.physical_layer.modulation import Modulation

CODE, SOURCE, QAM = TurboCode(24, "1/2"), BitStream(), Modulation("64qam")


def generator():
    return seeds.torch_generator(3, "fitted link")


def random_items(lengths):
    rng = np.random.default_rng(1)
    return [rng.integers(0, 2, length, dtype=np.uint8) for length in lengths]


def assert_equal(result, expected):
    for field in fields(LinkResult):
        one, other = getattr(result, field.name), getattr(expected, field.name)
        if field.name == "items_hat":
            assert [item.tolist() for item in one] == [item.tolist() for item in other]
        elif field.name == "detected_errors" and not len(result.source_bits):
            assert one is None  # without an item no link was asked whether it has a CRC
        else:
            np.testing.assert_array_equal(one, other)


@settings(deadline=None, max_examples=30, derandomize=True)
@given(lengths=st.lists(st.integers(0, 90), max_size=12), has_crc=st.booleans(), block_length=st.none() | st.just(3))
def test_with_equal_links_items_fare_as_over_that_link(lengths, has_crc, block_length):
    """Every length has a link of its own here, so that items are sorted by length, coded, and put back in their order."""
    crc = Crc("crc8") if has_crc else None
    fitted = FittedLink(SOURCE, cache(lambda bits: Link(SOURCE, CODE, QAM, crc=crc)))
    law, csi, items = Rayleigh(block_length), Csi("rough", 2), random_items(lengths)
    expected = Link(SOURCE, CODE, QAM, crc=crc).send(items, law, 0.1, csi=csi, generator=generator())
    result = fitted.send(items, law, 0.1, csi=csi, generator=generator())
    assert_equal(result, expected)


def test_each_item_has_a_block_of_its_own_length():
    codes = cache(lambda k: Link(SOURCE, TurboCode(k, "1/3"), QAM))
    fitted = FittedLink(SOURCE, lambda bits: codes(-(-bits // 10) * 10))
    items = random_items([37, 5, 40, 31, 60, 8])
    result = fitted.send(items, Awgn(), 0.0, generator=generator())
    for item, item_hat, k in zip(items, result.items_hat, [40, 10, 40, 40, 60, 10], strict=True):
        np.testing.assert_array_equal(item_hat, np.pad(item, (0, k - len(item))))
    assert result.num_blocks.tolist() == [1] * 6
    assert result.channel_uses.tolist() == [22, 7, 22, 22, 32, 7]  # (3 k + 12) / 6, rounded up
    np.testing.assert_array_equal(fitted.count_channel_uses(result.source_bits), result.channel_uses)
    assert result.detected_errors is None


def test_one_text_is_no_sequence_of_items():
    with pytest.raises(ValueError, match="items must be a sequence of items, got one text"):
        FittedLink(SOURCE, lambda bits: Link(SOURCE, CODE, QAM)).send("text", Awgn(), 0.1, generator=generator())
