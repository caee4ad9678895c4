"""The soft-to-hard quantiser against the paper's formulas and brute force, its schedules, and the labels of its levels."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from semcom_lib import seeds
from semcom_lib.digital_sc.quantiser import (
    FASTER,
    BitLabels,
    LearnedQuantiser,
    RangeQuantiser,
    annealed,
    imagenet_temperature,
    make_quantiser,
    nearest_level,
    soft_quantise,
)

LEVELS = torch.tensor([-1.0, -0.2, 0.3, 2.0], dtype=torch.float64)


def features(*shape, purpose="features"):
    return torch.randn(*shape, generator=seeds.torch_generator(1, purpose))


def by_equation_12(x, theta, temperature, steps):
    """As printed, a number at a time."""
    value = theta[0]
    for i in range(1, len(theta)):
        value += (theta[i] - theta[i - 1]) / (1 + math.exp(-temperature * (x - steps[i - 1])))
    return value


@pytest.mark.parametrize("temperature", [1.0, 7.0, 40.0])
@pytest.mark.parametrize("at", ["midpoints", "levels"])
def test_the_soft_quantiser_is_a_sum_of_sigmoids(temperature, at):
    theta = LEVELS.tolist()
    steps = theta[1:] if at == "levels" else [(low + high) / 2 for low, high in itertools.pairwise(theta)]
    x = torch.linspace(-2, 3, 41, dtype=torch.float64)
    expected = [by_equation_12(value, theta, temperature, steps) for value in x.tolist()]
    assert soft_quantise(x, LEVELS, temperature, at=at).tolist() == pytest.approx(expected, rel=1e-12)


def test_its_derivatives_are_those_of_equations_14_and_15():
    """With steps at the levels, as they are printed; the last case of eq. 15 with its indices one lower."""
    temperature, theta = 3.0, LEVELS.clone().requires_grad_()
    x = torch.linspace(-2, 3, 11, dtype=torch.float64).requires_grad_()
    value = soft_quantise(x, theta, temperature, at="levels")
    of_x = torch.autograd.grad(value.sum(), x, retain_graph=True)[0]
    of_theta = torch.stack([torch.autograd.grad(v, theta, retain_graph=True)[0] for v in value], dim=1)
    with torch.no_grad():
        sigma = [None] + [1 / (1 + torch.exp(-temperature * (x - theta[i]))) for i in (1, 2, 3)]
        slopes = [(theta[i] - theta[i - 1]) * sigma[i] * (1 - sigma[i]) for i in (1, 2, 3)]
        torch.testing.assert_close(of_x, temperature * sum(slopes))
        torch.testing.assert_close(of_theta[0], 1 - sigma[1])
        for i in (1, 2):
            torch.testing.assert_close(of_theta[i], -temperature * slopes[i - 1] + sigma[i] - sigma[i + 1])
        torch.testing.assert_close(of_theta[3], -temperature * slopes[2] + sigma[3])


def test_with_growing_temperature_it_becomes_the_hard_one():
    x = features(500).double()
    away = (x[:, None] - (LEVELS[1:] + LEVELS[:-1]) / 2).abs().min(dim=1).values > 0.05
    hard = soft_quantise(x, LEVELS, math.inf)
    gaps = [float((soft_quantise(x, LEVELS, t) - hard)[away].abs().max()) for t in (1.0, 10.0, 100.0, 300.0)]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[0] > 0.5
    assert gaps[-1] < 1e-5


def test_the_hard_one_takes_the_nearest_level():
    x = features(1000).double()
    distance = (x[:, None] - LEVELS).abs()
    assert torch.equal(nearest_level(x, LEVELS), distance.argmin(dim=1))
    assert torch.equal(soft_quantise(x, LEVELS, math.inf), LEVELS[distance.argmin(dim=1)])


def test_decisions_at_the_boundaries_are_those_of_equation_13():
    """x > midpoint is the upper level's, x = midpoint the lower one's."""
    theta = torch.tensor([0.0, 1.0, 3.0, 4.0])
    assert nearest_level(torch.tensor([0.5, 2.0, 3.5]), theta).tolist() == [0, 1, 2]
    assert nearest_level(torch.tensor([0.51, 2.01, 3.51, -9.0, 9.0]), theta).tolist() == [1, 2, 3, 0, 3]


def test_equation_9_and_equation_13_send_other_levels():
    """Stepping at theta[i] rounds down: up to a whole distance from the nearest level, as the module's docstring says."""
    x = torch.tensor([0.9], dtype=torch.float64)
    theta = torch.tensor([0.0, 1.0], dtype=torch.float64)
    assert soft_quantise(x, theta, math.inf, at="levels").tolist() == [0.0]
    assert theta[nearest_level(x, theta)].tolist() == [1.0]


@pytest.mark.parametrize("even", [False, True])
@given(st.integers(1, 4), st.lists(st.floats(-30, 30), min_size=15, max_size=15), st.floats(-10, 10))
def test_levels_are_in_order_whatever_is_learned(even, bits, raw, first):
    quantiser = LearnedQuantiser(bits, even=even)
    with torch.no_grad():
        quantiser.raw_first.fill_(first / FASTER)
        quantiser.raw_distances.copy_(torch.tensor(raw[: len(quantiser.raw_distances)]) / FASTER)
    distances = quantiser.levels.detach().diff()
    assert len(distances) == 2**bits - 1
    assert bool((distances >= 0).all())
    if even:
        assert float(distances.max() - distances.min()) < 1e-3


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_at_the_start_levels_are_spread_evenly_over_the_central_98_percent(bits):
    x = features(20_000)
    quantiser = LearnedQuantiser(bits)
    quantiser.start(3 + 2 * x)
    low, high = np.quantile(3 + 2 * x.numpy(), [0.01, 0.99])
    assert quantiser.levels.tolist() == pytest.approx(np.linspace(low, high, 2**bits).tolist(), abs=0.02)


def trained(quantiser, x, steps=400):
    """Fitted to x by the mean squared error, hotter and hotter and at the rate of a training; the hard error at the end."""
    quantiser.start(x)
    optimiser = torch.optim.Adam(quantiser.parameters(), lr=0.002)
    for step in range(1, steps + 1):
        optimiser.param_groups[0]["lr"] = 0.002 * (1 - (step - 1) / steps)
        loss = (quantiser(x, annealed(step / steps)) - x).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        return float((quantiser(x) - x).square().mean())


def test_it_learns_the_best_levels_of_gaussian_features():
    """Two bits: the Lloyd-Max quantiser, +-0.4528 and +-1.5104, of distortion 0.1175; the best uniform one has 0.1188.

    J. Max, "Quantizing for minimum distortion", 1960.
    """
    x = features(8_000)
    x = (x - x.mean()) / x.std()
    learned, even = LearnedQuantiser(2), LearnedQuantiser(2, even=True)
    distortion, evenly = trained(learned, x), trained(even, x)
    assert learned.levels.tolist() == pytest.approx([-1.5104, -0.4528, 0.4528, 1.5104], abs=0.08)
    assert distortion == pytest.approx(0.1175, abs=0.003)
    assert even.levels.diff().tolist() == pytest.approx([0.9957] * 3, abs=0.03)
    assert distortion < evenly == pytest.approx(0.1188, abs=0.003)


def test_on_long_tails_the_learned_levels_are_much_better_than_the_range():
    """Laplacian features: eq. 8 spends its levels on the tails."""
    uniform = torch.rand(8_000, generator=seeds.torch_generator(1, "laplace")) - 0.5
    x = -uniform.sign() * torch.log1p(-2 * uniform.abs())
    conventional = RangeQuantiser(2).eval()
    conventional.start(x)
    learned = trained(LearnedQuantiser(2), x)
    assert learned < 0.5 * float((conventional(x) - x).square().mean())


def test_the_range_quantiser_is_equation_8():
    x = features(4, 50)
    quantiser = RangeQuantiser(3).eval()
    quantiser.start(x)
    scale = (2**3 - 1) / (x.max() - x.min())
    torch.testing.assert_close(quantiser(x), torch.round(scale * (x - x.min())) / scale + x.min())
    torch.testing.assert_close(quantiser.levels[quantiser.indices(x)], quantiser(x))


def test_the_range_follows_the_batches_in_training_only():
    quantiser, x = RangeQuantiser(2), features(100)
    quantiser.start(x)
    first = quantiser.levels
    quantiser.eval()(5 * x)
    assert torch.equal(quantiser.levels, first)
    quantiser.train()(5 * x)
    torch.testing.assert_close(quantiser.levels[0], 0.9 * x.min() + 0.1 * 5 * x.min())


@pytest.mark.parametrize("kind", ["learned", "even", "range"])
def test_indices_name_the_levels_that_are_sent_and_gradients_reach_x(kind):
    quantiser, x = make_quantiser(kind, 2).eval(), features(200).requires_grad_()
    quantiser.start(x.detach())
    torch.testing.assert_close(quantiser.levels[quantiser.indices(x)], quantiser(x))
    assert set(quantiser.indices(x).tolist()) == {0, 1, 2, 3}
    quantiser(x, 4.0).sum().backward()
    assert float(x.grad.abs().sum()) > 0
    for parameter in quantiser.parameters():
        assert float(parameter.grad.abs().sum()) > 0


@pytest.mark.parametrize(
    ("epoch", "temperature"), [(1, 1), (10, 1), (11, 2), (91, 10), (100, 10), (101, 101), (300, 300)]
)
def test_the_temperature_is_equation_24(epoch, temperature):
    assert annealed(epoch / 300) == temperature
    assert annealed((epoch - 0.5) / 300) == temperature  # in the middle of the epoch


@pytest.mark.parametrize(("epoch", "temperature"), [(1, 1), (5, 1), (6, 2.8), (8, 6.4), (10, 10), (11, 100), (12, 100)])
def test_on_imagenet_it_is_1_then_up_to_10_then_100(epoch, temperature):
    assert imagenet_temperature(epoch / 12) == pytest.approx(temperature)


@pytest.mark.parametrize("schedule", [annealed, imagenet_temperature])
def test_a_schedule_ends_where_the_training_does(schedule):
    assert schedule(1e-9) == 1
    for progress in (0, 1.01, math.nan):
        with pytest.raises(ValueError, match=r"progress = .* must be a number in \(0, 1\]"):
            schedule(progress)


def test_natural_labels_are_those_of_equation_13_and_gray_ones_change_one_bit():
    natural, gray = BitLabels(2), BitLabels(2, "gray")
    index = torch.arange(4)
    assert natural.to_bits(index).tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert gray.to_bits(index).tolist() == [[0, 0], [0, 1], [1, 1], [1, 0]]
    for bits in (3, 4):
        changes = BitLabels(bits, "gray").to_bits(torch.arange(2**bits)).int().diff(dim=0).abs().sum(dim=1)
        assert changes.tolist() == [1] * (2**bits - 1)


@given(st.integers(1, 8), st.sampled_from(["natural", "gray"]), st.lists(st.integers(0, 255), max_size=20))
def test_bits_bring_the_indices_back(bits, labels, values):
    indices = torch.tensor(values, dtype=torch.int64).reshape(-1, 1) % 2**bits
    mapping = BitLabels(bits, labels)
    sent = mapping.to_bits(indices)
    assert sent.shape == (len(values), 1, bits)
    assert torch.equal(mapping.to_indices(sent), indices)


@pytest.mark.parametrize("bits", [0, 9, 2.0, True, None])
def test_other_numbers_of_bits_are_refused(bits):
    for make in (LearnedQuantiser, RangeQuantiser, BitLabels):
        with pytest.raises(ValueError, match=r"bits = .* is outside 1..8"):
            make(bits)


def test_other_names_steps_temperatures_and_shapes_are_refused():
    x = features(4)
    with pytest.raises(ValueError, match=r"labels = 'grey' must be one of \('natural', 'gray'\)"):
        BitLabels(2, "grey")
    with pytest.raises(ValueError, match=r"kind = 'linear' must be one of \('learned', 'even', 'range'\)"):
        make_quantiser("linear", 2)
    with pytest.raises(ValueError, match=r"at = 'thresholds' must be one of"):
        soft_quantise(x, LEVELS, 1.0, at="thresholds")
    for temperature in (0, -1, math.nan):
        with pytest.raises(ValueError, match=r"temperature = .* must be a number in \(0, inf\]"):
            soft_quantise(x, LEVELS, temperature)
    with pytest.raises(ValueError, match=r"indices lie in 0..4: they must be in 0..3"):
        BitLabels(2).to_bits(torch.tensor([0, 4]))
    with pytest.raises(ValueError, match=r"bits has shape \(3, 3\): it must be \(..., 2\)"):
        BitLabels(2).to_indices(torch.zeros(3, 3, dtype=torch.uint8))
    for wrong in (torch.ones(5), torch.tensor([0.0, math.nan]), torch.empty(0)):
        with pytest.raises(ValueError, match=r"must be finite and not all alike"):
            LearnedQuantiser(2).start(wrong)
