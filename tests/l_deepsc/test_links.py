"""Rates follow from the SNR, text is repeated until right, and what is counted is what would be sent."""

import math

import numpy as np
import pytest
import torch

from semcom_lib import seeds
from semcom_lib.coding.huffman import Huffman
from semcom_lib.l_deepsc.distributed.links import Downlink, FeatureUplink, TextUplink, best_with_repeats
from semcom_lib.l_deepsc.distributed.upload import Header, Upload
from semcom_lib.physical_layer.amc import AMC_TABLE
from semcom_lib.physical_layer.fading import Rician

SENTENCES = ["we must act now", "or later", "in this house of ours"]


@pytest.mark.parametrize(("snr_db", "efficiency"), [(0.0, 2 / 3), (3.0, 1.0), (10.0, 2.0), (20.0, 4.0)])
def test_the_downlinks_rate_follows_from_its_snr(snr_db, efficiency):
    downlink = Downlink(180e3, snr_db)
    assert downlink.latency_s(360_000) == pytest.approx(2 / efficiency)


def test_a_downlink_sends_to_so_many_or_to_listeners_of_their_own_error_rates():
    downlink = Downlink(180e3, 10.0, 1e-3, 500)
    data = bytes(range(256)) * 40
    alike = downlink.send(data, 3, generator=seeds.torch_generator(1))
    assert alike == downlink.send(data, [1e-3] * 3, generator=seeds.torch_generator(1))
    assert alike.copies == (data,) * 3
    assert alike.bits == 524 * alike.blocks_sent
    assert downlink.send(data, [0.0], generator=seeds.torch_generator(1)).damaged == (0,)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 10.0), r"bandwidth_hz = 0 must be a number in \(0, inf\)"),
        ((1.0, math.nan), "snr_db = nan"),
        ((1.0, 10.0, 0.6), r"bit_error_rate = 0\.6 must be a number in \[0, 0\.5\]"),
        ((1.0, 10.0, 0.0, 0), "payload_bits = 0 must be an integer of at least 1"),
    ],
)
def test_a_downlink_that_cannot_be_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Downlink(*arguments)


@pytest.mark.parametrize("snr_db", [0.0, 12.0])
def test_the_outage_is_the_share_of_gains_below_the_threshold(snr_db):
    scheme = best_with_repeats(snr_db, 2.0)
    gain = Rician(2.0).gain(200_000, generator=seeds.torch_generator(1)).abs().square()
    below = (snr_db + 10 * torch.log10(gain) < scheme.mcs.min_snr_db).float().mean()
    assert float(below) == pytest.approx(scheme.outage, abs=0.004)


def test_no_scheme_carries_more_than_the_chosen_one():
    """The goodput of each by a count over drawn gains."""
    gains = Rician(2.0).gain(100_000, generator=seeds.torch_generator(2)).abs().square().numpy()
    for snr_db in (3.0, 8.0, 12.0, 16.0):
        carried = {
            mcs: mcs.spectral_efficiency * np.mean(snr_db + 10 * np.log10(gains) >= mcs.min_snr_db) for mcs in AMC_TABLE
        }
        scheme = best_with_repeats(snr_db, 2.0)
        assert scheme.goodput == pytest.approx(max(carried.values()), rel=0.02)
        assert carried[scheme.mcs] == pytest.approx(scheme.goodput, rel=0.02)


def test_text_costs_its_blocks_with_checksums_pilots_and_repeats():
    huffman, scheme = Huffman.from_text(SENTENCES), best_with_repeats(12.0, 2.0)
    bits = sum(len(huffman.encode(sentence)) for sentence in SENTENCES)
    blocks = math.ceil(bits / 40)
    symbols = math.ceil(64 / scheme.mcs.spectral_efficiency) + 3
    expected = math.ceil(blocks * symbols / (1 - scheme.outage))
    assert TextUplink(huffman, scheme, 3, 40).count_channel_uses(SENTENCES) == expected
    assert TextUplink(huffman, scheme, 3, 40).count_channel_uses([]) == 0
    assert blocks > 1


def test_features_are_counted_before_as_after_they_are_made():
    scheme = best_with_repeats(12.0, 2.0)
    symbols = tuple(torch.zeros(8 * len(sentence.split()), dtype=torch.complex64) for sentence in SENTENCES)
    upload = Upload(Header(0, len(SENTENCES), 1, 2).to_bytes(), symbols)
    counted = FeatureUplink(8, scheme, 2).count_channel_uses(SENTENCES)
    assert counted == upload.count_channel_uses(2, scheme.goodput)
    assert counted == 8 * 11 + 2 * 3 + math.ceil(128 / scheme.goodput)
