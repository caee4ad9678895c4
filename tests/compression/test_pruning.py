"""The laws of magnitude pruning: the exact count, the threshold, zeros that stay zero."""

import copy

import pytest
import torch
from torch import nn

from semcom_lib import seeds
from semcom_lib.compression.pruning import apply_masks, gradient_rms, kept_at_zero, magnitude_masks
from semcom_lib.l_deepsc.transceiver import DeepSC, DeepSCSizes
from semcom_lib.learning.training import Plan, train
from semcom_lib.physical_layer import channels

SMALL = DeepSCSizes(width=16, heads=2, layers=1, feed_forward=32, channel_encoder=16, channel_decoder=32)


def deepsc(sizes=SMALL, vocabulary_size=30):
    with seeds.initialising(1, "test"):
        return DeepSC(vocabulary_size, sizes)


def loss(model, step):
    generator = seeds.torch_generator(1, step)
    ids = torch.randint(4, 30, (8, 5), generator=generator)
    return model.loss(ids, channels.awgn, torch.full((8, 1), 0.1), num_negatives=None, generator=generator)


def fine_tune(model, tmp_path, **plan):
    plan = Plan(steps=12, learning_rate=0.01, validate_every=4, checkpoint_every=4, **plan)
    train(
        model,
        loss,
        plan,
        validate=lambda model: {"validation_loss": float(loss(model, 0))},
        resume=tmp_path / "r.pt",
        stage="test",
    )


def magnitudes(model, masks):
    parameters = dict(model.named_parameters())
    weights = torch.cat([parameters[name].detach().abs().flatten() for name in masks])
    return weights, torch.cat([mask.flatten() for mask in masks.values()])


@pytest.mark.parametrize("sparsity", [0.0, 0.3, 0.6, 0.9, 0.99])
def test_sparsity_is_exact(sparsity):
    _, kept = magnitudes(deepsc(), magnitude_masks(deepsc(), sparsity))
    assert int((~kept).sum()) == round(sparsity * len(kept))


@pytest.mark.parametrize("sparsity", [0.1, 0.5, 0.95])
def test_what_is_kept_exceeds_the_common_threshold_and_what_is_pruned_does_not(sparsity):
    """w_thre = s[M gamma]; kept if |W| > w_thre  [l_deepsc eqs. 16, 17]."""
    weights, kept = magnitudes(deepsc(), magnitude_masks(deepsc(), sparsity))
    threshold = weights.sort().values[round(sparsity * len(weights)) - 1]
    assert torch.equal(kept, weights > threshold)


def test_table_iii_keeps_one_fewer_than_its_own_equations():
    masks = magnitude_masks(deepsc(DeepSCSizes(), 10_376), 0.6)
    assert sum(mask.numel() for mask in masks.values()) == 3_333_120
    assert sum(int(mask.sum()) for mask in masks.values()) == 1_333_247 + 1


def test_only_matrices_are_weights():
    model = deepsc()
    matrices = {name for name, parameter in model.named_parameters() if parameter.dim() > 1}
    assert set(magnitude_masks(model, 0.5)) == matrices
    assert not any(name.endswith("bias") or "norm" in name for name in matrices)


def test_a_tied_weight_counts_once():
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    model[1].weight = model[0].weight
    masks = magnitude_masks(model, 0.5)
    assert list(masks) == ["0.weight"]
    assert int(masks["0.weight"].sum()) == 8


def test_ties_are_broken_by_name_and_position():
    model = nn.ParameterDict({"b": torch.ones(2, 2), "a": -torch.ones(2, 2)})
    masks = magnitude_masks(model, 0.75)
    assert masks["a"].tolist() == [[False, False], [False, False]]
    assert masks["b"].tolist() == [[False, False], [True, True]]


def test_a_sparser_mask_keeps_nothing_that_was_pruned():
    model = deepsc()
    first = magnitude_masks(model, 0.5)
    apply_masks(model, first)
    for name, mask in magnitude_masks(model, 0.8).items():
        assert not (mask & ~first[name]).any()


def test_magnitude_times_sensitivity_does_not_depend_on_a_matrixs_scale():
    """w -> a w with x -> x / a is the same network: its gradients scale by 1 / a."""
    model = deepsc()
    scaled = copy.deepcopy(model)
    with torch.no_grad():
        scaled.transmitter.embedding.weight *= 1024
    sensitivity = {name: torch.ones_like(p) for name, p in model.named_parameters() if p.dim() > 1}
    sensitivity_scaled = sensitivity | {
        "transmitter.embedding.weight": sensitivity["transmitter.embedding.weight"] / 1024
    }
    masks = magnitude_masks(model, 0.5, sensitivity=sensitivity)
    masks_scaled = magnitude_masks(scaled, 0.5, sensitivity=sensitivity_scaled)
    assert all(torch.equal(masks[name], masks_scaled[name]) for name in masks)
    assert magnitude_masks(scaled, 0.5)["transmitter.embedding.weight"].all()


def test_gradient_rms_is_that_of_a_linear_model_in_closed_form():
    """For the loss x . w the gradient is x itself."""
    model = torch.nn.Linear(3, 1, bias=False)
    inputs = torch.tensor([[1.0, 2.0, 0.0], [3.0, -2.0, 0.0]])
    rms = gradient_rms(model, lambda batch: model(inputs[batch]).sum(), 2)
    torch.testing.assert_close(rms["weight"], torch.tensor([[5.0**0.5, 2.0, 0.0]]))
    assert model.weight.grad is None
    kept = magnitude_masks(model, 1 / 3, sensitivity=rms)["weight"]
    assert kept.tolist() == [[True, True, False]]  # what the loss does not feel goes first
    shrunk = gradient_rms(model, lambda batch: model(inputs[batch]).sum(), 2, shrinkage=0.5)
    torch.testing.assert_close(shrunk["weight"], torch.tensor([[4.0**0.5, 3.5**0.5, 1.5**0.5]]))  # their mean is 3


def test_sensitivities_that_do_not_fit_are_refused():
    model = torch.nn.Linear(3, 1)
    for sensitivity in ({}, {"weight": torch.ones(3)}):
        with pytest.raises(ValueError, match="sensitivity of weight is missing or not of the weight's shape"):
            magnitude_masks(model, 0.5, sensitivity=sensitivity)
    with pytest.raises(ValueError, match="batches = 0 must be an integer of at least 1"):
        gradient_rms(model, lambda batch: model(torch.ones(3)).sum(), 0)
    with pytest.raises(ValueError, match=r"shrinkage = 1.5 must be a number in \[0, 1\]"):
        gradient_rms(model, lambda batch: model(torch.ones(3)).sum(), 1, shrinkage=1.5)


def test_masks_change_pruned_weights_to_plain_zero_and_nothing_else():
    model, pruned = deepsc(), deepsc()
    masks = magnitude_masks(model, 0.5)
    apply_masks(pruned, masks)
    for (name, before), after in zip(model.named_parameters(), pruned.parameters(), strict=True):
        mask = masks.get(name, torch.ones_like(before, dtype=torch.bool))
        assert torch.equal(after[mask], before[mask])
        assert not after[~mask].view(torch.int32).any()  # +0, never -0


def test_pruned_weights_stay_zero_through_training_and_the_others_learn(tmp_path):
    model = deepsc()
    keys = list(model.state_dict())
    masks = magnitude_masks(model, 0.6)
    apply_masks(model, masks)
    before = copy.deepcopy(model.state_dict())
    seen = []
    with kept_at_zero(model, masks):
        model.transmitter.embedding.register_forward_pre_hook(
            lambda module, _: seen.append(module.weight.detach().clone())
        )
        fine_tune(model, tmp_path, weight_decay=0.01)
    assert list(model.state_dict()) == keys
    assert loss(model, 0) < loss(restored(before), 0)
    for name, mask in masks.items():
        after = model.state_dict()[name]
        assert not after[~mask].any()
        assert (after != before[name])[mask].float().mean() > 0.5
    assert len(seen) > 12
    assert not any(weight[~masks["transmitter.embedding.weight"]].any() for weight in seen)


def restored(state):
    model = deepsc()
    model.load_state_dict(state)
    return model


def test_after_the_block_gradients_are_whole_again(tmp_path):
    model = deepsc()
    masks = magnitude_masks(model, 0.9)
    with kept_at_zero(model, masks):
        loss(model, 1).backward()
    pruned = ~masks["transmitter.channel_encoder.0.weight"]
    weight = model.transmitter.channel_encoder[0].weight
    assert not weight.grad[pruned].any()
    model.zero_grad()
    loss(model, 1).backward()
    assert weight.grad[pruned].any()


@pytest.mark.parametrize("sparsity", [-0.1, 1.0, float("nan")])
def test_a_sparsity_outside_0_to_1_is_refused(sparsity):
    with pytest.raises(ValueError, match=rf"sparsity = {sparsity} must be a number in \[0, 1\)"):
        magnitude_masks(deepsc(), sparsity)


def test_weights_that_are_not_finite_are_refused():
    model = nn.Linear(2, 2)
    nn.init.constant_(model.weight, float("nan"))
    with pytest.raises(ValueError, match="weight weight is not finite"):
        magnitude_masks(model, 0.5)


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        ({"other": torch.ones(2, 2, dtype=torch.bool)}, "masks has other, which is not a parameter"),
        ({"weight": torch.ones(2, dtype=torch.bool)}, r"mask weight must be bool of shape \(2, 2\), got .* of \(2,\)"),
        ({"weight": torch.ones(2, 2)}, r"mask weight must be bool .* got torch.float32"),
    ],
)
def test_masks_of_another_model_are_refused(masks, message):
    with pytest.raises(ValueError, match=message):
        apply_masks(nn.Linear(2, 2), masks)
