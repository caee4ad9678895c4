"""The universal Transformer is one layer again and again, and looks at nothing that is not there."""

import pytest
import torch
from torch import nn

from semcom_lib import seeds
from semcom_lib.learning.blocks import sinusoidal_positions
from semcom_lib.learning.universal import STEP_SIZE, UniversalTransformer

WIDTH, STEPS = 16, 3
IS_THERE = torch.tensor([[True, False, True, True, False], [False, True, False, False, False], [True] * 5])


def transformer(steps=STEPS):
    """Every weight is random, also of the normalisations, which else begin as 1 and 0."""
    with seeds.initialising(1, "universal"):
        model = UniversalTransformer(WIDTH, 2, 24, steps)
        for weight in model.parameters():
            nn.init.normal_(weight, std=0.4)
    return model


def inputs(*purpose):
    return torch.randn(3, 5, WIDTH, generator=seeds.torch_generator(1, "x", *purpose))


def step_by_step(model, x):
    """What it does where all positions are there: the encoding of the step, then the layer; at last a normalisation."""
    for of_step in STEP_SIZE * sinusoidal_positions(STEPS, WIDTH):
        x = model.layer(x + of_step)
    return model.norm(x)


def test_it_is_the_same_layer_step_by_step_each_with_its_encoding():
    model, x = transformer(), inputs()
    torch.testing.assert_close(model(x, torch.ones(3, 5, dtype=torch.bool)), step_by_step(model, x))


def test_positions_that_are_there_are_as_though_they_were_alone():
    model, x = transformer(), inputs()
    y = model(x, IS_THERE)
    for row, of_row, is_there in zip(x, y, IS_THERE, strict=True):
        torch.testing.assert_close(of_row[is_there], step_by_step(model, row[None, is_there])[0])


def test_what_stands_where_nothing_is_has_no_influence():
    model, x = transformer(), inputs()
    other = torch.where(IS_THERE[:, :, None], x, 100 * inputs("other"))
    torch.testing.assert_close(model(other, IS_THERE)[IS_THERE], model(x, IS_THERE)[IS_THERE], atol=0, rtol=0)


def test_all_steps_share_their_weights():
    one, many = (transformer(steps).state_dict() for steps in (1, 7))
    assert {name: weight.shape for name, weight in one.items()} == {name: weight.shape for name, weight in many.items()}


def test_the_weights_of_attention_are_those_that_the_output_is_made_with():
    """Values weighed by them are what fused attention gives, in each step."""
    model, x = transformer(), inputs()
    weights, attention = model.attention_weights(x, IS_THERE), model.layer.attention
    outputs = []
    hook = attention.register_forward_hook(lambda _, inputs, output: outputs.append((inputs[1].values, output)))
    model(x, IS_THERE)
    hook.remove()
    assert weights.shape == (STEPS, 3, 2, 5, 5)
    for of_step, (values, output) in zip(weights, outputs, strict=True):
        torch.testing.assert_close(attention.output((of_step @ values).transpose(1, 2).flatten(2)), output)
    torch.testing.assert_close(weights.sum(dim=4), torch.ones(STEPS, 3, 2, 5))
    assert not weights.movedim(1, 0)[1][..., [0, 2, 3, 4]].any()  # the second row has one position


def test_gradients_reach_every_weight_and_nothing_that_is_not_there():
    model, x = transformer(), inputs().requires_grad_()
    model(x, IS_THERE)[IS_THERE].square().sum().backward()
    assert all(weight.grad.abs().sum() > 0 for name, weight in model.named_parameters() if "key_value.bias" not in name)
    assert x.grad.isfinite().all()
    assert torch.equal(x.grad.abs().sum(dim=2) > 0, IS_THERE)


X, ALL = torch.zeros(2, 3, WIDTH), torch.ones(2, 3, dtype=torch.bool)
REFUSED = [
    (lambda: transformer()(X, ALL.float()), r"is_there is a torch\.float32 tensor \(2, 3\): it must be a bool torch"),
    (lambda: transformer()(X, ALL[0]), r"is_there is a torch\.bool tensor \(3,\)"),
    (lambda: transformer()(X, None), "is_there is of type NoneType"),
    (lambda: transformer()(X, ALL[:, :2]), r"is_there has shape \(2, 2\): it must be that of x, \(2, 3\)"),
    (lambda: transformer()(X, ALL[:1]), r"is_there has shape \(1, 3\)"),
    (lambda: transformer()(X, torch.tensor([[True] * 3, [False] * 3])), "is_there has a row without any position"),
    (lambda: transformer().attention_weights(X, ~ALL), "is_there has a row without any position"),
    (lambda: transformer()(X[..., :8], ALL), r"x has shape \(2, 3, 8\): its width must be 16"),
    (lambda: transformer()(X[0], ALL), r"x is a torch\.float32 tensor \(3, 16\)"),
    (lambda: transformer()(X[..., :1], ALL), "its width must be 16"),
    (lambda: transformer()(X.numpy(), ALL), r"x is a numpy float32 array \(2, 3, 16\)"),
    (lambda: transformer(0), "steps = 0 must be an integer of at least 1"),
    (lambda: transformer(2.0), r"steps = 2\.0 must be an integer"),
    (lambda: UniversalTransformer(16, 3, 8, 2), "heads = 3 must divide the width 16"),
    (lambda: UniversalTransformer(15, 3, 8, 2), "width = 15 must be even"),
    (lambda: UniversalTransformer(16, 0, 8, 2), "heads = 0"),
    (lambda: UniversalTransformer(0, 2, 8, 2), "width = 0"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_bad_input_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)
