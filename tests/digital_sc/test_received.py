"""Choosing among what was received once is receiving over the chosen split alone."""

import numpy as np
import pytest
import torch

from semcom_lib import seeds
from semcom_lib.digital_sc.algorithm import equal_channels, splits_frame, with_block
from semcom_lib.digital_sc.analog import AnalogBlock
from semcom_lib.digital_sc.bottleneck import DigitalBlock
from semcom_lib.digital_sc.network import SplitResNet
from semcom_lib.digital_sc.policy import PolicyNetwork, SplitTable
from semcom_lib.digital_sc.received import Received, at_snr, chosen_by
from semcom_lib.digital_sc.recognition import count_right, recognised
from semcom_lib.digital_sc.split import SplitClassifier
from semcom_lib.digital_sc.systems import Learned, WithPolicy
from semcom_lib.physical_layer.theory import ber_awgn
from semcom_lib.sources.images import to_tensor


@pytest.fixture
def received(trained):
    images, labels = trained.test[0][:60], trained.test[1][:60]
    coarse = SplitClassifier(trained.ideal, 1, DigitalBlock(16, 1)).eval()
    coarse.start(to_tensor(images))
    return Received([coarse, trained.split], images, labels, 10)


@pytest.fixture
def policy():
    with seeds.initialising(3, "policy"):
        return PolicyNetwork(2, width=8).eval()


def generator():
    return seeds.torch_generator(1, "channel")


def equal(one, other):
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def test_a_fixed_choice_is_the_split_itself(received):
    for place, model in enumerate(received.models):
        guessed = recognised(Learned(model), received.images, 0.05, generator=generator())
        expected = count_right(guessed, received.labels, 10)
        for _ in range(2):  # computed, and remembered
            assert equal(received.fixed(place)(0.05, generator()), expected)


def test_the_policys_choice_is_the_policys_system(received, policy):
    system = WithPolicy(received.models, policy)
    guessed = recognised(system, received.images, 0.05, generator=generator())
    choose = lambda ber: chosen_by(policy, received.images, ber)  # noqa: E731
    assert equal(received.chosen(choose)(0.05, generator()), count_right(guessed, received.labels, 10))


def test_the_ensemble_takes_the_best_split_of_each_label(received):
    accuracy = np.zeros((1, 2, 10))
    accuracy[0, 1, ::2] = 1.0  # even labels go over the second split, of the others the first is as good
    table = SplitTable([0.05], [1, 2], accuracy)
    np.testing.assert_array_equal(received.by_label(table)(0.05), (received.labels % 2 == 0).astype(int))


def test_by_the_ber_alone_all_images_take_the_split_that_is_best_in_the_mean_over_labels(received):
    accuracy = np.zeros((2, 2, 10))
    accuracy[0, 0, :4], accuracy[0, 1, 4:] = 1.0, 1.0  # at the first BER the second split has more labels
    accuracy[1, 0, 0] = 0.1
    choose = received.by_ber(SplitTable([0.001, 0.1], [1, 2], accuracy))
    assert [set(choose(ber).tolist()) for ber in (0.001, 0.1)] == [{1}, {0}]
    assert len(choose(0.1)) == len(received.images)


def test_images_without_labels_are_refused(received):
    with pytest.raises(ValueError, match=r"labels are 3: there must be one for each of"):
        Received(received.models, received.images, received.labels[:3], 10)


def test_the_table_counts_what_is_right(received):
    table = received.table([0.01, 0.1], seed=1)
    assert table.splits == [1, 2]
    guessed = received.guessed(1, 0.1, seeds.torch_generator(1, "table", 0.1))
    for label in range(10):
        of_label = received.labels == label
        assert table.accuracy[1, 1, label] == pytest.approx((guessed[of_label] == label).mean())


def test_an_snr_is_the_ber_of_uncoded_qpsk():
    seen = []
    at_snr(lambda ber, generator: seen.append(ber))(6.0, generator())
    assert seen == [float(ber_awgn("qpsk", 6.0))]


def test_equal_channels_never_have_more_features_than_the_reference():
    network = SplitResNet(1, width=4)
    assert equal_channels(network, 2, 2, 13) == 13
    assert equal_channels(network, 1, 2, 13) == 3  # a quarter, in maps four times as large
    assert equal_channels(network, 3, 2, 13) == 52
    assert equal_channels(network, 1, 2, 1) == 1
    assert equal_channels(network, 3, 2, 32) == 64  # all there are


def test_another_block_sends_the_channels_of_largest_scaling(trained):
    model = trained.split
    other = with_block(model, AnalogBlock(32), 3)
    scaling = model.block.pruning.scaling.abs()
    assert other.block.pruning.num_kept == 3
    assert set(torch.topk(scaling, 3).indices.tolist()) == set(other.block.pruning.kept.nonzero().flatten().tolist())
    assert other.network is not model.network
    assert model.block.pruning.num_kept == 24


def test_the_splits_frame_counts_bits_and_channel_uses(trained):
    (row,) = splits_frame([trained.split]).to_dict("records")
    assert (row["split"], row["channels"], row["num_channels"]) == (2, 32, 24)
    assert row["bits"] == 2 * 24 * 16 * 16
    assert row["channel_uses"] == row["bits"] / 2
    assert 0 < row["device_share"] < 1
