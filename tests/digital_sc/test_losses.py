"""The semantic learning loss against its formula, its limits, and Table I, whose rows are swapped."""

import math

import pytest
import torch
from torch.nn import functional as F

from semcom_lib.digital_sc.losses import semantic_gap, semantic_learning_loss, soft_targets

TABLE_I_LOGITS = torch.tensor([3.39, 18.26, 13.59, -7.35, -5.12], dtype=torch.float64)
ROW_OF_1, ROW_OF_10 = [0.11, 0.49, 0.31, 0.05, 0.04], [3.4e-7, 0.99, 9.2e-3, 7.6e-12, 6.9e-11]  # as labelled


def by_equation_20(ideal, logits, temperature):
    """A number at a time, without the paper's minus sign."""
    total = 0.0
    for row_ideal, row in zip(ideal.tolist(), logits.tolist(), strict=True):
        p, q = ([math.exp(z / temperature) for z in zs] for zs in (row_ideal, row))
        p, q = [a / sum(p) for a in p], [b / sum(q) for b in q]
        total += temperature**2 * sum(a * math.log(a / b) for a, b in zip(p, q, strict=True))
    return total / len(ideal)


@pytest.fixture
def logits(features):
    """Two sets of logits (6, 4)."""
    return features(6, 4).double(), 2 * features(6, 4, purpose="others").double()


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_the_semantic_gap_is_equation_20(logits, temperature):
    assert semantic_gap(*logits, temperature).item() == pytest.approx(by_equation_20(*logits, temperature))


def test_the_gap_is_zero_where_both_mean_the_same_and_positive_elsewhere(logits):
    ideal, other = logits
    assert semantic_gap(ideal, ideal + 3, 2.0).item() == pytest.approx(0, abs=1e-12)
    assert semantic_gap(ideal, other, 2.0).item() > 0.01


def test_minimising_it_brings_the_distributions_together(logits):
    """What the sign is for; the ideal network's logits get no gradient."""
    ideal, other = logits[0].requires_grad_(), logits[1].clone().requires_grad_()
    before = semantic_gap(ideal, other, 2.0)
    before.backward()
    assert ideal.grad is None
    with torch.no_grad():
        assert semantic_gap(ideal, other - 0.5 * other.grad, 2.0) < before


def test_at_high_temperature_the_gap_is_the_squared_distance_of_centred_logits(logits):
    """Hinton et al. 2015: T^2 F -> |z_ideal - z|^2 / (2 classes)."""
    ideal, other = (each - each.mean(dim=1, keepdim=True) for each in logits)
    limit = (ideal - other).square().sum(dim=1).mean() / (2 * 4)
    torch.testing.assert_close(semantic_gap(*logits, 1e4), limit, rtol=1e-3, atol=0)


@pytest.mark.parametrize("ce_weight", [0.0, 0.3, 1.0])
def test_the_loss_weighs_cross_entropy_and_gap(logits, ce_weight):
    ideal, other = logits
    labels = torch.tensor([0, 1, 2, 3, 0, 1])
    expected = ce_weight * F.cross_entropy(other, labels) + (1 - ce_weight) * semantic_gap(ideal, other, 3.0)
    loss = semantic_learning_loss(other, labels, ideal, ce_weight=ce_weight, temperature=3.0)
    assert loss.item() == pytest.approx(expected.item())


def test_the_rows_of_table_i_for_temperatures_1_and_10_are_swapped():
    """The printed digits of the row of 10 are the softmax of the logits themselves; 3.39's and 18.26's places as printed."""
    of_1, of_10 = (soft_targets(TABLE_I_LOGITS, t).tolist() for t in (1.0, 10.0))
    assert of_1 == pytest.approx(ROW_OF_10, rel=0.02)
    assert of_10 == pytest.approx([0.11, 0.49, 0.31, 0.04, 0.05], abs=0.005)
    assert sorted(of_10) == pytest.approx(sorted(ROW_OF_1), abs=0.005)
    assert of_1 != pytest.approx(ROW_OF_1, abs=0.1)


def test_the_rows_of_table_i_for_temperatures_0_and_infinity_are_swapped():
    assert soft_targets(TABLE_I_LOGITS, math.inf).tolist() == pytest.approx([0.2] * 5)
    assert soft_targets(TABLE_I_LOGITS, 1e-3).tolist() == [0, 1, 0, 0, 0]


def test_other_weights_temperatures_and_shapes_are_refused(logits):
    ideal, other = logits
    labels = torch.zeros(6, dtype=torch.int64)
    for weight in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match=r"ce_weight = .* must be a number in \[0, 1\]"):
            semantic_learning_loss(other, labels, ideal, ce_weight=weight, temperature=1.0)
    for temperature in (0, -1, math.inf):
        with pytest.raises(ValueError, match=r"temperature = .* must be a number in \(0, inf\)"):
            semantic_gap(ideal, other, temperature)
    with pytest.raises(ValueError, match=r"ideal has shape \(6, 3\): it must be that of logits, \(6, 4\)"):
        semantic_gap(ideal[:, :3], other, 1.0)
