"""The TRB: what is pruned, what is sent, what a flipped bit does, and that gradients pass."""

import math

import pytest
import torch

from semcom_lib.digital_sc.bottleneck import DigitalBlock, Pruning
from semcom_lib.digital_sc.quantiser import FASTER

SCALING = [0.5, -2.0, 0.1, 1.0, -0.7, 1.0]


def pruning(num_kept=None):
    block = Pruning(len(SCALING))
    with torch.no_grad():
        block.raw_scaling.copy_(torch.tensor(SCALING) / FASTER)
    if num_kept is not None:
        block.prune(num_kept)
    return block


def digital(features, bits=2, channels=6, num_kept=None, **more):
    block = DigitalBlock(channels, bits, **more)
    if num_kept is not None:
        with torch.no_grad():
            block.pruning.raw_scaling[num_kept:] = 0.1 / FASTER
        block.pruning.prune(num_kept)
    block.start(features)
    return block.eval()


@pytest.mark.parametrize(
    ("num_kept", "kept", "eta"),
    [
        (1, [1], 2.0),
        (2, [1, 3], 1.0),  # of equal ones the first
        (3, [1, 3, 5], 1.0),
        (4, [1, 3, 4, 5], 0.7),
        (6, [0, 1, 2, 3, 4, 5], 0.1),
    ],
)
def test_the_threshold_keeps_as_many_channels_as_wanted(num_kept, kept, eta):
    block = pruning()
    assert block.prune(num_kept) == pytest.approx(eta) == pytest.approx(block.threshold(num_kept))
    assert block.kept.nonzero().squeeze(1).tolist() == kept
    assert block.num_kept == num_kept


def test_channels_may_come_back_when_pruned_anew():
    block = pruning(1)
    block.prune(4)
    assert block.num_kept == 4


def test_kept_channels_are_scaled_and_the_others_are_zeros(features):
    x, block = features(2, 6, 3, 5), pruning(3)
    with torch.no_grad():
        sent = block(x)
    torch.testing.assert_close(sent, torch.stack([-2 * x[:, 1], x[:, 3], x[:, 5]], dim=1))
    restored = block.restore(sent)
    assert restored.shape == x.shape
    torch.testing.assert_close(restored[:, [1, 3, 5]], sent)
    assert float(restored[:, [0, 2, 4]].abs().max()) == 0
    torch.testing.assert_close(pruning().restore(pruning()(x)), x * torch.tensor(SCALING).view(-1, 1, 1))


def test_the_sparsity_loss_is_the_l1_norm():
    block = pruning()
    loss = block.sparsity_loss()
    loss.backward()
    assert loss.item() == pytest.approx(5.3)
    assert (block.raw_scaling.grad / FASTER).tolist() == [1, -1, 1, 1, -1, 1]


@pytest.mark.parametrize("num_channels", [0, 7, 2.0])
def test_more_channels_than_there_are_or_none_are_refused(num_channels):
    with pytest.raises(ValueError, match=r"num_channels = .* must be an integer in 1..6"):
        pruning().prune(num_channels)


@pytest.mark.parametrize("labels", ["natural", "gray"])
@pytest.mark.parametrize("kind", ["learned", "even", "range"])
def test_without_errors_the_nearest_levels_arrive(features, noise, labels, kind):
    x = features(3, 6, 4, 4)
    block = digital(x, num_kept=4, quantiser=kind, labels=labels)
    received = block.transfer(x, 0.0, generator=noise())
    torch.testing.assert_close(received[:, :4], block.quantiser(x[:, :4]))
    assert float(received[:, 4:].detach().abs().max()) == 0
    bits = block.to_bits(x)
    assert bits.shape == (3, block.count_bits(4, 4)) == (3, 2 * 4 * 16)
    torch.testing.assert_close(block.of_bits(bits, 4, 4), received)
    assert block.count_channel_uses(4, 4) == 64


def test_flipped_bits_are_other_levels(features, noise):
    """One channel's received level is that of its label with the channel's flips, and as many bits as the BER says are wrong."""
    x = features(40, 6, 8, 8)
    block = digital(x)
    sent = block.to_bits(x)
    received = block.to_bits(block.transfer(x, 0.1, generator=noise()) / block.pruning.scaling.view(-1, 1, 1))
    share = float((sent != received).float().mean())
    assert share == pytest.approx(0.1, abs=5 * math.sqrt(0.09 / sent.numel()))
    per_place = (sent != received).float().reshape(-1, 2).mean(dim=0)
    assert per_place.tolist() == pytest.approx([0.1, 0.1], abs=0.01)


def test_gray_labels_cost_less_than_natural_ones_where_inner_levels_are_frequent(features, noise):
    """Levels at unit distance, a small BER. Natural: the first bit moves by 2, the second by 1, whatever the level, hence
    BER (4 + 1). Gray: the second by 1, the first by 3 from an outer level and by 1 from an inner one."""
    x = features(60, 6, 8, 8)
    squared = {}
    for labels in ("natural", "gray"):
        block = digital(x, quantiser="even", labels=labels)
        error = block.transfer(x, 0.02, generator=noise()) - block.transfer(x, 0.0, generator=noise())
        squared[labels] = float((error / block.quantiser.levels.diff()[0]).detach().square().mean())
    outer = float(torch.isin(block.quantiser.indices(x), torch.tensor([0, 3])).float().mean())
    assert squared["natural"] == pytest.approx(0.02 * 5, rel=0.05)
    assert squared["gray"] == pytest.approx(0.02 * (1 + 9 * outer + (1 - outer)), rel=0.1)
    assert squared["gray"] < squared["natural"]


def test_training_sends_the_soft_value_and_adds_the_errors_distance(features, noise):
    x = features(10, 6, 4, 4)
    block = digital(x)
    hard, hard_hat = (block.transfer(x, ber, generator=noise()) for ber in (0.0, 0.2))
    soft, soft_hat = (block.transfer(x, ber, generator=noise(), temperature=3.0) for ber in (0.0, 0.2))
    torch.testing.assert_close(soft, block.quantiser(x, 3.0))
    assert not torch.allclose(soft, hard)
    torch.testing.assert_close(soft_hat - soft, hard_hat - hard)
    assert float((hard_hat - hard).detach().abs().max()) > 0


def test_gradients_pass_the_channel_straight(features, noise):
    """A feature's is that of the soft quantiser, errors or none; a level's counts how often it is received (T = inf)."""
    x = features(10, 6, 4, 4).requires_grad_()
    block = digital(x.detach())
    weight = features(10, 6, 4, 4, purpose="weight")
    (weight * block.transfer(x, 0.2, generator=noise(), temperature=3.0)).sum().backward()
    over_channel, x.grad = x.grad, None
    (weight * block.quantiser(x, 3.0)).sum().backward()
    torch.testing.assert_close(over_channel, x.grad)
    assert float(over_channel.abs().min()) > 0

    block.zero_grad()
    received = block.transfer(x, 0.2, generator=noise())
    received.sum().backward()
    assert float(block.quantiser.raw_first.grad) / FASTER == pytest.approx(received.numel())
    counts = torch.bincount(block.quantiser.indices(received).flatten(), minlength=4)
    at_least = counts.flip(0).cumsum(0).flip(0)[1:].float()  # a distance moves all levels above it
    slope = FASTER * torch.sigmoid(FASTER * block.quantiser.raw_distances.detach())
    torch.testing.assert_close(block.quantiser.raw_distances.grad, at_least * slope)


def test_scaling_gets_a_gradient_where_it_is_kept(features, noise):
    x = features(4, 6, 4, 4)
    block = digital(x, num_kept=4)
    block.transfer(x, 0.01, generator=noise(), temperature=2.0).square().sum().backward()
    gradient = block.pruning.raw_scaling.grad
    assert float(gradient[:4].abs().min()) > 0
    assert gradient[4:].tolist() == [0, 0]


def test_equally_seeded_flips_are_common_to_systems_that_send_unequally_much(features, noise):
    """The first channels' bits meet the same flips whether other channels follow or not."""
    x = features(5, 6, 4, 4)
    few, many = digital(x, num_kept=3), digital(x)
    many.quantiser.load_state_dict(few.quantiser.state_dict())
    wrong = [
        block.transfer(x, 0.2, generator=noise())[:, :3] != block.transfer(x, 0.0, generator=noise())[:, :3]
        for block in (few, many)
    ]
    assert bool(wrong[0].any())
    assert torch.equal(*wrong)


@pytest.mark.parametrize("ber", [-0.01, 0.51, 1.0, math.nan, "0.1", None])
def test_a_ber_outside_0_to_a_half_is_refused(features, noise, ber):
    x = features(1, 6, 2, 2)
    with pytest.raises(ValueError, match=r"ber = .* must be a number in \[0, 0.5\]"):
        digital(features(9, 6, 2, 2)).transfer(x, ber, generator=noise())


def test_features_and_bits_of_another_shape_are_refused(features, noise):
    block = digital(features(9, 6, 2, 2))
    with pytest.raises(ValueError, match=r"features has 5 channels: it must have z = 6"):
        block.transfer(features(1, 5, 2, 2), 0.1, generator=noise())
    with pytest.raises(ValueError, match=r"bits has shape \(1, 47\): it must be \(n, 48\)"):
        block.of_bits(torch.zeros(1, 47, dtype=torch.uint8), 2, 2)
