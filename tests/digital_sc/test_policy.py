"""The policy: its network's shapes and cost, the table that teaches it, and that it learns the table from images."""

import math

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from semcom_lib import seeds
from semcom_lib.digital_sc.network import SplitResNet
from semcom_lib.digital_sc.policy import (
    PolicyNetwork,
    SplitTable,
    ber_feature,
    draw_ber,
    policy_loss,
)

BERS, SPLITS = (1e-4, 1e-2, 1e-1), (3, 6, 9)


def policy(num_splits=3, **more):
    with seeds.initialising(1, "policy"):
        return PolicyNetwork(num_splits, **{"width": 8} | more)


def images(n=4, side=32):
    return torch.rand(n, 3, side, side, generator=seeds.torch_generator(1, "images"))


def table(accuracy=None):
    """(3 BERs, 3 split points, 2 labels)."""
    rows = [
        [[0.9, 0.5], [0.9, 0.8], [0.7, 0.8]],
        [[0.2, 0.6], [0.3, 0.6], [0.4, 0.5]],
        [[0.1, 0.0], [0.0, 0.0], [0.0, 0.2]],
    ]
    return SplitTable(BERS, SPLITS, np.array(rows if accuracy is None else accuracy))


def test_it_gives_a_distribution_over_split_points():
    h_hat = policy()(images(), torch.tensor([1e-5, 1e-3, 1e-1, 0.0]))
    assert h_hat.shape == (4, 3)
    torch.testing.assert_close(h_hat.sum(dim=1), torch.ones(4))
    assert float(h_hat.detach().min()) > 0


def test_its_residual_blocks_halve_channels_and_sides():
    network, shapes = policy(width=16), []
    for layer in network.features[:5]:
        layer.register_forward_hook(lambda _layer, _x, y: shapes.append(tuple(y.shape[1:])))
    network(images(), torch.full((4,), 0.01))
    assert shapes == [(16, 32, 32), (8, 16, 16), (4, 8, 8), (2, 4, 4), (2, 4, 4)]
    assert network.linear.in_features == 2 * 16 + 1


def test_it_takes_larger_images_too():
    assert policy()(images(2, 64), torch.full((2,), 0.01)).shape == (2, 3)


def test_it_costs_about_what_a_block_of_the_classifier_does():
    """Sec. III-D: "close to the complexity of one layer in Fig. 2"."""
    network = SplitResNet()
    of_block = network.device_flops(3) - network.device_flops(2)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        policy(width=16).eval()(images(1), torch.tensor([0.01]))
    assert 0.5 < counter.get_total_flops() / of_block < 1.5


def test_the_ber_reaches_the_decision_as_its_logarithm():
    rates = torch.tensor([0.0, 1e-7, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1], dtype=torch.float64)
    torch.testing.assert_close(ber_feature(rates), torch.tensor([-1, -1, -1, -0.5, 0, 0.5, 1], dtype=torch.float64))
    network, x = policy().eval(), images(1).expand(3, -1, -1, -1)
    with torch.no_grad():
        logits = network(x, torch.tensor([1e-4, 1e-3, 1e-2])).log()
        slope = logits[:, 0] - logits[:, 1]
        weight = network.linear.weight[:, -1].detach()
    assert slope.diff().tolist() == pytest.approx([float(weight[0] - weight[1]) / 2] * 2, rel=1e-3)
    assert abs(float(slope.diff()[0])) > 1e-3


def test_the_decision_is_the_most_probable_split_point_that_can_be_afforded():
    network, x = policy().eval(), images(40)
    with torch.no_grad():
        network.linear.weight.mul_(20)
        network.linear.bias -= network(x, torch.full((40,), 0.01)).log().mean(dim=0)  # no split point is preferred
        h_hat = network(x, torch.full((40,), 0.01))
    for affordable in (1, 2, 3):
        expected = [int(np.argmax(row[:affordable])) for row in h_hat.tolist()]
        assert network.choose(x, 0.01, affordable=affordable).tolist() == expected
    assert network.choose(x, 0.01).tolist() == h_hat.argmax(dim=1).tolist()
    assert len(set(network.choose(x, 0.01).tolist())) > 1


def test_the_loss_is_the_squared_distance_to_the_one_hot_target():
    h_hat = torch.tensor([[0.2, 0.5, 0.3], [1.0, 0.0, 0.0]])
    expected = ((0.2**2 + 0.5**2 + 0.3**2) - 2 * 0.5 + 1 + (1 + 1)) / 2
    assert float(policy_loss(h_hat, torch.tensor([1, 2]))) == pytest.approx(expected)
    assert float(policy_loss(torch.eye(3), torch.arange(3))) == 0


def test_drawn_rates_are_uniform_in_their_logarithm():
    rates = draw_ber(4000, generator=seeds.torch_generator(1, "ber")).log10()
    assert float(rates.min()) == pytest.approx(-5, abs=0.01)
    assert float(rates.max()) == pytest.approx(-1, abs=0.01)
    assert np.histogram(rates.numpy(), bins=4, range=(-5, -1))[0] / 4000 == pytest.approx([0.25] * 4, abs=0.03)


def test_the_table_counts_each_label_by_itself():
    labels = np.array([0, 1, 1, 0, 1])
    right = np.zeros((1, 2, 5), bool)
    right[0, 0, [0, 3, 4]] = True
    right[0, 1, [1, 2]] = True
    counted = SplitTable.counted([0.01], [2, 4], right, labels)
    np.testing.assert_allclose(counted.accuracy, [[[1, 1 / 3], [0, 2 / 3]]])
    assert counted.best.tolist() == [[0, 1]]


def test_the_best_split_point_of_a_label_is_the_first_of_equally_good_ones():
    assert table().best.tolist() == [[0, 1], [2, 0], [0, 2]]


def test_the_bound_sends_each_label_over_its_best_split_point():
    assert table().bound.tolist() == pytest.approx([0.85, 0.5, 0.15])


def test_targets_are_those_of_the_nearest_rate_and_the_label():
    rates = torch.tensor([0.0, 9e-4, 1.1e-3, 2e-2, 0.1, 0.1])
    labels = torch.tensor([0, 1, 1, 0, 0, 1])
    assert table().targets(labels, rates).tolist() == [0, 1, 0, 2, 0, 2]


def test_it_learns_a_table_from_images():
    """Bright and dark images want other split points, and at a high rate the other way round for neither."""
    labels = torch.arange(200) % 2
    x = (0.2 + 0.6 * labels.view(-1, 1, 1, 1) + 0.1 * images(200, 8)).clamp(0, 1)
    rows = np.zeros((2, 3, 2))
    rows[:, 0, 0] = rows[:, 2, 1] = 0.9
    taught, network = SplitTable((1e-4, 1e-1), SPLITS, rows), policy()
    optimiser = torch.optim.Adam(network.parameters(), lr=0.02)
    for step in range(30):
        ber = draw_ber(200, generator=seeds.torch_generator(1, step))
        loss = policy_loss(network(x, ber), taught.targets(labels, ber))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert float((network.eval().choose(x, 0.01) == 2 * labels).float().mean()) > 0.95


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"num_splits": 1}, r"num_splits = 1 must be an integer of at least 2"),
        ({"num_splits": 3, "width": 12}, r"width = 12 must be a multiple of 8"),
        ({"num_splits": 3, "width": 0}, r"width = 0 must be an integer of at least 8"),
    ],
)
def test_other_sizes_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        PolicyNetwork(**wrong)


def test_other_rates_and_numbers_are_refused():
    network, x = policy(), images(2)
    for ber in (-0.1, 0.51, math.nan):
        with pytest.raises(ValueError, match=r"ber = .* must be a number in \[0, 0.5\]"):
            network.choose(x, ber)
        with pytest.raises(ValueError, match=r"ber = .* must be a number in \[0, 0.5\]"):
            network(x, torch.tensor([0.1, ber]))
        with pytest.raises(ValueError, match=r"ber = .* must be a number in \[0, 0.5\]"):
            SplitTable((0.01, ber), (1,), np.zeros((2, 1, 2)))
    with pytest.raises(ValueError, match=r"ber has 1 rates: there must be one for each of 2 images"):
        network(x, torch.tensor([0.1]))
    with pytest.raises(ValueError, match=r"affordable = 4 must be an integer in 1..3"):
        network.choose(x, 0.1, affordable=4)


@pytest.mark.parametrize(
    ("bers", "splits", "accuracy", "message"),
    [
        ((0.1, 0.01), (1,), np.zeros((2, 1, 2)), r"bers = \[0.1, 0.01\] must be increasing"),
        ((0.1,), (2, 2), np.zeros((1, 2, 2)), r"splits = \[2, 2\] must be increasing"),
        ((), (1,), np.zeros((0, 1, 2)), r"bers = \[\] must be increasing, at least one"),
        ((0.1,), (1, 2), np.zeros((1, 3, 2)), r"it must be \(1, 2, num_labels\)"),
        ((0.1,), (1, 2), np.full((1, 2, 2), 1.5), r"with entries outside 0..1"),
        ((0.1,), (1, 2), np.full((1, 2, 2), math.nan), r"with entries outside 0..1"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(bers, splits, accuracy, message):
    with pytest.raises(ValueError, match=message):
        SplitTable(bers, splits, accuracy)


def test_a_label_without_images_is_refused():
    with pytest.raises(ValueError, match=r"labels have no image of label 1: there must be one of each"):
        SplitTable.counted([0.1], [1], np.zeros((1, 1, 2), bool), np.array([0, 2]))
