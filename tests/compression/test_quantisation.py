"""The laws of weight quantisation: its levels, its error, exact zeros, the straight-through gradient."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from semcom_lib import seeds
from semcom_lib.compression.pruning import magnitude_masks
from semcom_lib.compression.quantisation import quantisation_aware, quantise_weights, quantised
from semcom_lib.learning.training import Plan, train


def weight(*shape, purpose="weight"):
    return torch.randn(*shape, generator=seeds.torch_generator(1, purpose))


def everything(tensor):
    return torch.ones_like(tensor, dtype=torch.bool)


def step_of(kept, bits):
    return float(kept.double().max() - kept.double().min()) / (2**bits - 1)


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 12, 16, 20, 31])
def test_error_is_at_most_half_a_step(bits):
    w = weight(200, 30)
    error = (quantised(w, everything(w), bits).double() - w.double()).abs().max()
    spacing_of_float32 = float(w.abs().max()) * 2**-24
    assert float(error) <= step_of(w, bits) / 2 + spacing_of_float32


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_m_bits_give_at_most_2_to_the_m_values_and_the_range_is_kept(bits):
    w = weight(100, 100)
    values = quantised(w, everything(w), bits).unique()
    assert len(values) <= 2**bits
    assert values[0] == w.min()
    assert values[-1] == w.max()


def test_levels_are_the_papers():
    """round((2^m - 1) (W - min) / (max - min))  [l_deepsc eqs. 18, 19]: here 3 (W + 1) / 2 = 0, 0.6, 1.4, 1.8, 3."""
    w = torch.tensor([[-1.0, -0.6, -1 / 15, 0.2, 1.0]])
    expected = -1 + torch.tensor([[0.0, 1.0, 1.0, 2.0, 3.0]]) * 2 / 3
    torch.testing.assert_close(quantised(w, everything(w), 2), expected)


def test_32_bits_are_the_identity():
    w = weight(10, 10)
    assert torch.equal(quantised(w, everything(w), 32), w)


@pytest.mark.parametrize("bits", [1, 3, 8, 32])
def test_pruned_weights_are_exact_zeros_and_do_not_widen_the_range(bits):
    w = 5 + weight(50, 50).abs()
    mask = weight(50, 50, purpose="mask") > 0
    q = quantised(w, mask, bits)
    assert not q[~mask].any()
    assert float((q - w)[mask].abs().max()) <= step_of(w[mask], bits) / 2 + 1e-6


@pytest.mark.parametrize("kept", [0, 1])
def test_a_matrix_of_one_kept_weight_or_none_is_exact(kept):
    w = weight(3, 3)
    mask = torch.arange(9).view(3, 3) < kept
    assert torch.equal(quantised(w, mask, 4), torch.where(mask, w, 0))


@settings(deadline=None, max_examples=50, derandomize=True)
@given(st.integers(1, 16), st.integers(0, 10**6), st.floats(-3, 3))
def test_quantising_again_changes_nothing(bits, seed, offset):
    w = weight(40, 5, purpose=seed) + offset
    once = quantised(w, everything(w), bits)
    assert torch.equal(quantised(once, everything(w), bits), once)


def test_only_masked_tensors_are_quantised():
    model = nn.Linear(8, 8)
    bias = model.bias.detach().clone()
    quantise_weights(model, magnitude_masks(model, 0.5), 2)
    assert torch.equal(model.bias, bias)
    assert len(model.weight.unique()) <= 5


def test_the_gradient_passes_straight_through_to_what_is_kept():
    model = nn.Linear(6, 4)
    masks = magnitude_masks(model, 0.5)
    x = weight(3, 6, purpose="x")
    expected_output = x @ quantised(model.weight, masks["weight"], 2).T + model.bias
    with quantisation_aware(model, masks, 2):
        output = model(x)
        output.sum().backward()
        gradient = model.parametrizations.weight.original.grad
    torch.testing.assert_close(output, expected_output)
    torch.testing.assert_close(gradient, torch.where(masks["weight"], x.sum(0).expand(4, 6), 0.0))


def network():
    with seeds.initialising(1, "network"):
        return nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1))


def regression(model, step):
    x = torch.randn(64, 4, generator=seeds.torch_generator(1, step))
    return (model(x) - (x[:, :1] * x[:, 1:2]).tanh()).square().mean()


def fit(model, tmp_path, steps):
    plan = Plan(steps=steps, learning_rate=0.02, validate_every=20)

    def validate(model):
        return {"validation_loss": float(regression(model, "validation"))}

    train(model, regression, plan, validate=validate, resume=tmp_path / "r.pt", stage="test")


def test_training_through_the_quantiser_beats_quantising_afterwards(tmp_path):
    model = network()
    fit(model, tmp_path, 150)
    masks = magnitude_masks(model, 0.2)
    afterwards, aware = copy.deepcopy(model), copy.deepcopy(model)
    quantise_weights(afterwards, masks, 2)
    with quantisation_aware(aware, masks, 2):
        fit(aware, tmp_path, 150)
    assert regression(aware, "test") < 0.7 * regression(afterwards, "test")
    for name, mask in masks.items():
        trained = aware.get_parameter(name)
        assert len(trained[mask].unique()) <= 4
        assert not trained[~mask].any()


def test_after_the_block_the_model_is_plain_and_holds_the_quantised_weights():
    model, expected = network(), network()
    masks = magnitude_masks(model, 0.3)
    parameters = [id(parameter) for parameter in model.parameters()]
    quantise_weights(expected, masks, 3)
    with quantisation_aware(model, masks, 3):
        assert any("parametrizations" in name for name in model.state_dict())
    assert sorted(map(id, model.parameters())) == sorted(parameters)
    assert model.state_dict().keys() == expected.state_dict().keys()
    assert all(torch.equal(model.get_parameter(name), value) for name, value in expected.named_parameters())


def test_a_tied_weight_is_quantised_at_every_use_and_stays_tied():
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    model[1].weight = model[0].weight
    with quantisation_aware(model, magnitude_masks(model, 0.0), 2):
        assert torch.equal(model[0].weight, model[1].weight)
        assert len(model[1].weight.unique()) <= 4
    assert model[1].weight is model[0].weight
    assert len(model[0].weight.unique()) <= 4


@pytest.mark.parametrize("bits", [0, 33, -1])
def test_bits_outside_1_to_32_are_refused(bits):
    model = network()
    masks = magnitude_masks(model, 0.0)
    with pytest.raises(ValueError, match=rf"bits = {bits} is outside 1\.\.32"):
        quantise_weights(model, masks, bits)
    with pytest.raises(ValueError, match=rf"bits = {bits} is outside 1\.\.32"), quantisation_aware(model, masks, bits):
        pass


def test_weights_that_are_not_finite_are_refused():
    model = nn.Linear(2, 2)
    masks = magnitude_masks(model, 0.0)
    nn.init.constant_(model.weight, float("inf"))
    with pytest.raises(ValueError, match="weight weight is not finite"):
        quantise_weights(model, masks, 8)
