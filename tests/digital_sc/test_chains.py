"""The classical chains: pictures within the capacity, and features over a real code in the learned system's channel uses."""

import math

import numpy as np
import pytest
import torch

from semcom_lib import seeds
from semcom_lib.coding.hevc import HevcIntra
from semcom_lib.coding.level_huffman import LevelHuffman
from semcom_lib.digital_sc.analog import AnalogBlock
from semcom_lib.digital_sc.bottleneck import DigitalBlock
from semcom_lib.digital_sc.chains import (
    Adaptive,
    FeatureChain,
    bpg_capacity,
    feature_maps,
    ldpc_within,
    pictures_within,
)
from semcom_lib.digital_sc.recognition import recognised
from semcom_lib.digital_sc.split import SplitClassifier
from semcom_lib.digital_sc.systems import Learned
from semcom_lib.physical_layer.channels import snr_to_n0
from semcom_lib.physical_layer.fading import Awgn
from semcom_lib.sources.images import to_tensor


@pytest.fixture(scope="module")
def uniform(trained):
    """The ideal network cut behind block 2, 4 of its channels on a uniform grid of 2 bits."""
    model = SplitClassifier(trained.ideal, 2, DigitalBlock(32, 2, quantiser="even")).eval()
    model.block.pruning.prune(4)
    model.start(to_tensor(trained.train[0][:100]))
    return model


@pytest.fixture(scope="module")
def chain(trained, uniform):
    """In the channel uses of twice as many channels at 2 bits, of which the code's redundancy takes half."""
    return FeatureChain.fitted(uniform, to_tensor(trained.train[0][:200]), channel_uses=2048, rate=0.5, run=2)


def test_pictures_are_the_best_that_each_budget_allows(trained):
    images = trained.test[0][:2]
    budgets = [0.0, 900.0, 6000.0]
    pictures = pictures_within(images, budgets)
    assert bool((pictures[0] == 128).all())
    for place in (1, 2):
        for image, kept in zip(images, pictures[place], strict=True):
            bits, expected = HevcIntra(0, (32, 32, 3)).fit(image, budgets[place])
            assert 0 < len(bits) <= budgets[place]
            np.testing.assert_array_equal(kept, expected)
    error = np.abs(pictures.astype(float) - images).mean(axis=(1, 2, 3, 4))
    assert error[0] > error[1] > error[2]


def test_bpg_has_the_channel_uses_times_the_capacity_in_bits(trained, monkeypatch):
    budgets, chromas = [], []

    def within(images, budgets_bits, *, chroma):
        budgets.extend(budgets_bits)
        chromas.append(chroma)
        return np.stack([np.full_like(images, 128), images])

    monkeypatch.setattr("semcom_lib.digital_sc.chains.pictures_within", within)
    images, labels = trained.test
    system = bpg_capacity(trained.ideal, images, labels, 10, [0.0, 6.0], 300, chroma="4:4:4")
    assert chromas == ["4:4:4"]
    assert budgets == pytest.approx([300 * math.log2(1 + 10 ** (snr_db / 10)) for snr_db in (0.0, 6.0)])
    right = {snr_db: sum(system(snr_db, None)[f"right_{label}"].sum() for label in range(10)) for snr_db in (0.0, 6.0)}
    assert right[0.0] == np.bincount(labels).max() == 20  # grey pictures are all one label's
    assert right[6.0] / 200 == pytest.approx(trained.histories["ideal"][-1]["accuracy"])


@pytest.mark.parametrize(
    ("channel_uses", "rate", "count"),
    [(3328, 0.5, 1), (3328, 0.2, 1), (3328, 0.9, 1), (10_000, 0.3, 2), (10_000, 0.5, 2), (100, 0.5, 1)],
)
def test_the_ldpc_code_fills_the_channel_uses_in_few_blocks(channel_uses, rate, count):
    code = ldpc_within(channel_uses, rate)
    assert code.count == count
    assert channel_uses - count < code.n / 2 <= channel_uses
    assert code.k / code.n == pytest.approx(rate, abs=0.005)


def test_without_noise_the_chain_is_the_uniform_system_without_errors(trained):
    """With all channels kept, so that the untuned network still tells images apart; of slightly different scaling."""
    model = SplitClassifier(trained.ideal, 2, DigitalBlock(32, 4, quantiser="even")).eval()
    with torch.no_grad():
        model.block.pruning.raw_scaling *= 1 + 0.05 * torch.rand(32, generator=seeds.torch_generator(1, "scaling"))
    model.start(to_tensor(trained.train[0][:100]))
    chain = FeatureChain.fitted(model, to_tensor(trained.train[0][:100]), channel_uses=40_000, rate=0.5, run=1)
    images = trained.test[0][:30]
    expected = recognised(Learned(model), images, 0.0, generator=seeds.torch_generator(1))
    received = recognised(chain, images, 100.0, generator=seeds.torch_generator(1))
    assert len(set(expected.tolist())) > 3
    assert max(chain.source.num_bits(levels) for levels in feature_maps(model, to_tensor(images))) <= chain.code.k
    assert received.tolist() == expected.tolist()


def test_it_takes_the_channel_uses_that_it_is_given_and_has_a_cliff(trained, uniform, chain):
    """Rate 1/2 on QPSK needs 0 dB at capacity: at -6 dB half of the levels are wrong, at 4 dB none."""
    assert chain.channel_uses == 2048 == 2 * uniform.channel_uses
    maps = feature_maps(uniform, to_tensor(trained.test[0][:30]))

    def share_right(snr_db):
        n0 = snr_to_n0(snr_db)
        received = chain.link.send(list(maps), Awgn(), n0, generator=seeds.torch_generator(1)).items_hat
        return float((np.stack(received) == maps).mean())

    assert share_right(4.0) == 1
    assert share_right(-6.0) < 0.6


def test_maps_are_the_kept_channels_levels(trained, uniform):
    x = to_tensor(trained.test[0][:3])
    maps = feature_maps(uniform, x)
    assert maps.shape == (3, 4, 256)
    with torch.no_grad():
        bits = uniform.block.to_bits(uniform.network.device(x, 2)).reshape(3, 4, 256, 2)
    assert maps.tolist() == (2 * bits[..., 0] + bits[..., 1]).tolist()


def test_a_code_without_the_room_cuts_the_channels_of_the_smallest_scaling(trained):
    model = SplitClassifier(trained.ideal, 2, DigitalBlock(32, 2, quantiser="even")).eval()
    model.block.pruning.prune(4)
    x = to_tensor(trained.train[0][:100])
    model.start(x)
    expected = feature_maps(model, x)
    with torch.no_grad():
        model.block.pruning.raw_scaling[:4] *= torch.tensor([1.0, 1.01, 0.99, 1.02])
    maps = feature_maps(model, x)
    assert (maps == expected[:, [3, 1, 0, 2]]).mean() > 0.97


@pytest.mark.parametrize(("modulation", "bits", "lowest"), [("qpsk", 2, 4.0), ("16qam", 4, 10.0)])
def test_a_modulation_of_more_bits_has_more_room_and_needs_a_higher_snr(trained, uniform, modulation, bits, lowest):
    x = to_tensor(trained.train[0][:50])
    chain = FeatureChain.fitted(uniform, x, channel_uses=2048, rate=0.5, run=2, modulation=modulation)
    assert chain.code.k == pytest.approx(2048 * bits / 2, abs=chain.code.count)
    assert chain.channel_uses == 2048

    def share_right(snr_db):
        n0, maps = snr_to_n0(snr_db), feature_maps(uniform, x[:10])
        received = chain.link.send(list(maps), Awgn(), n0, generator=seeds.torch_generator(1)).items_hat
        return float((np.stack(received) == maps).mean())

    assert share_right(lowest) == 1
    assert share_right(lowest - 6) < 0.95


def test_at_each_snr_the_chain_that_was_chosen_for_it_is_taken(trained, uniform, chain):
    other = FeatureChain.fitted(uniform, to_tensor(trained.train[0][:50]), channel_uses=1024, rate=0.5, run=2)
    adaptive = Adaptive({0.0: other, 4.0: chain})
    x = to_tensor(trained.test[0][:10])
    for snr_db, expected in ((0.0, other), (4.0, chain)):
        answers = [
            one.recognise(x, snr_db, generator=seeds.torch_generator(1)).tolist() for one in (adaptive, expected)
        ]
        assert answers[0] == answers[1]
    with pytest.raises(ValueError, match=r"snr_db = 2 must be one of 0, 4"):
        adaptive.recognise(x, 2.0, generator=seeds.torch_generator(1))


def test_what_does_not_fit_is_refused(trained, uniform, chain):
    source = chain.source
    longer = LevelHuffman(source.codes, 4, 256, 2, chain.code.k + 1)
    with pytest.raises(ValueError, match=r"source sends up to 2049 bits: the code must have room, k = 2048"):
        FeatureChain(uniform, longer, chain.code, chain.modulation)
    with pytest.raises(ValueError, match=r"rate = 0.95 must be a number in \[0.2, 0.9\]"):
        ldpc_within(2048, 0.95)
    with pytest.raises(ValueError, match=r"channel_uses = 31 must be an integer of at least 32"):
        ldpc_within(31, 0.5)
    with pytest.raises(ValueError, match=r"channel_uses = 0 must be an integer of at least 1"):
        bpg_capacity(trained.ideal, *trained.test, 10, [0.0], 0)
    with pytest.raises(ValueError, match=r"model has a block of type AnalogBlock: it must be a DigitalBlock"):
        feature_maps(SplitClassifier(trained.ideal, 2, AnalogBlock(32)), to_tensor(trained.test[0][:1]))
