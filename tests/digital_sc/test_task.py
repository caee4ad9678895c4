"""The tasks of Algorithm 1: the losses of the paper on a step's own images and channel, and networks that learn from them."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from semcom_lib import seeds
from semcom_lib.digital_sc.analog import AnalogBlock
from semcom_lib.digital_sc.bottleneck import DigitalBlock
from semcom_lib.digital_sc.ideal import IdealTask, TrainingImages
from semcom_lib.digital_sc.losses import semantic_gap, semantic_learning_loss
from semcom_lib.digital_sc.network import SplitResNet
from semcom_lib.digital_sc.policy import PolicyNetwork, SplitTable, policy_loss
from semcom_lib.digital_sc.quantiser import FASTER
from semcom_lib.digital_sc.split import SplitClassifier
from semcom_lib.digital_sc.task import PolicyTask, SplitTask
from semcom_lib.sources.images import ShuffledBatches, to_tensor

SETTINGS = {"quality": 0.05, "ce_weight": 0.3, "soft_temperature": 2.0, "sparsity_weight": 0.0, "steps": 300}


def images_of(trained, **changed):
    settings = {"crop_margin": 0, "flip": False, "seed": 3, "purpose": ("tests", "task")} | changed
    images, labels = trained.test
    return TrainingImages(images[:40], labels[:40], ShuffledBatches(40, 16, 3), **settings)


def split_task(trained, **changed):
    return SplitTask(images_of(trained), trained.test, trained.ideal, **SETTINGS | changed)


def test_all_have_learned(trained):
    """The fixture's networks recognise what they have not seen, and the split does so over its channel."""
    assert trained.histories["ideal"][-1]["accuracy"] > 0.8
    assert trained.histories["split"][-1]["accuracy"] > 0.6


def test_a_step_has_its_own_images_changed_anew(trained):
    plain, moved, mirrored = (images_of(trained, **c) for c in ({}, {"crop_margin": 2}, {"flip": True}))
    chosen = ShuffledBatches(40, 16, 3).at(2)
    x, labels = plain.at(2, torch.device("cpu"))
    assert torch.equal(x, to_tensor(trained.test[0][chosen]))
    assert labels.tolist() == trained.test[1][chosen].tolist()
    for changed in (moved, mirrored):
        again, _ = changed.at(2, torch.device("cpu"))
        assert torch.equal(again, changed.at(2, torch.device("cpu"))[0])
        assert not torch.equal(again, x)
        other = replace(changed, seed=4).at(2, torch.device("cpu"))[0]
        assert not torch.equal(again, other)
    again, _ = mirrored.at(2, x.device)
    assert all(torch.equal(a, b) or torch.equal(a, b.flip(2)) for a, b in zip(again, x, strict=True))


def test_the_ideal_networks_loss_is_the_smoothed_cross_entropy(trained):
    x, labels = images_of(trained).at(2, torch.device("cpu"))
    with torch.inference_mode():
        log_p = trained.ideal(x).log_softmax(dim=1)
        of_labels = -log_p[torch.arange(16), labels].mean()
        task = IdealTask(images_of(trained), trained.test, label_smoothing=0.2)
        assert float(task.loss(trained.ideal, 2)) == pytest.approx(
            float(0.8 * of_labels - 0.2 * log_p.mean()), rel=1e-4
        )
        expected = F.cross_entropy(trained.ideal(to_tensor(trained.test[0])), torch.from_numpy(trained.test[1]).long())
        measured = task.validate(trained.ideal)
    assert measured["validation_loss"] == pytest.approx(float(expected), rel=1e-4)


def test_the_splits_loss_is_that_of_its_step(trained):
    """Eq. 26 over the step's own images and flips, the quantiser at the temperature of eq. 24: epoch 150 of 300."""
    task, model = split_task(trained, sparsity_weight=0.01), trained.split
    x, labels = task.train.at(150, torch.device("cpu"))
    with torch.inference_mode():
        noise = seeds.torch_generator(3, "tests", "task", "channel", 150)
        z_hat = model(x, 0.05, generator=noise, temperature=150.0)
        expected = 0.3 * F.cross_entropy(z_hat, labels) + 0.7 * semantic_gap(trained.ideal(x), z_hat, 2.0)
        expected += 0.01 * model.block.pruning.scaling.abs().sum()
        assert float(task.loss(model, 150)) == pytest.approx(float(expected), rel=1e-5)
        assert float(task.loss(model, 150)) == float(task.loss(model, 150))
        x, labels = task.train.at(1, torch.device("cpu"))
        noise = seeds.torch_generator(3, "tests", "task", "channel", 1)
        first = F.cross_entropy(model(x, 0.05, generator=noise, temperature=1.0), labels)
        assert float(split_task(trained, ce_weight=1.0).loss(model, 1)) == pytest.approx(float(first), rel=1e-5)


def test_without_an_ideal_network_it_is_the_cross_entropy(trained):
    with torch.inference_mode():
        alone = split_task(trained, ce_weight=1.0)
        assert float(replace(alone, ideal=None).loss(trained.split, 4)) == pytest.approx(
            float(alone.loss(trained.split, 4)), rel=1e-6
        )


def test_validation_is_with_hard_levels_over_all_images(trained, monkeypatch):
    images, labels = to_tensor(trained.test[0]), torch.from_numpy(trained.test[1]).long()
    task = split_task(trained, quality=0.0)
    with torch.inference_mode():
        z_hat = trained.split(images, 0.0, generator=seeds.torch_generator(1), temperature=math.inf)
        weights = {"ce_weight": 0.3, "temperature": 2.0}
        expected = semantic_learning_loss(z_hat, labels, trained.ideal(images), **weights)
        together = task.validate(trained.split)
        monkeypatch.setattr("semcom_lib.digital_sc.ideal.VALIDATED_AT_ONCE", 70)
        assert task.validate(trained.split) == pytest.approx(together, rel=1e-4)
        assert split_task(trained).validate(trained.split) == split_task(trained).validate(trained.split)
    assert together["validation_loss"] == pytest.approx(float(expected), rel=1e-4)
    assert together["accuracy"] == pytest.approx(float((z_hat.argmax(dim=1) == labels).float().mean()), rel=1e-6)


@pytest.mark.parametrize("analog", [False, True])
def test_every_part_of_a_split_learns_and_the_ideal_network_does_not(trained, analog):
    with seeds.initialising(1, "part"):
        network = SplitResNet(1, width=4)
        model = SplitClassifier(network, 2, AnalogBlock(32) if analog else DigitalBlock(32, 2))
    model.start(to_tensor(trained.test[0][:20]))
    trained.ideal.zero_grad()
    split_task(trained, quality=7.0 if analog else 0.05).loss(model, 10).backward()
    assert all(p.grad is not None and float(p.grad.abs().sum()) > 0 for p in model.parameters())
    assert all(p.grad is None for p in trained.ideal.parameters())


def test_the_l1_loss_shrinks_the_scaling_vector(trained):
    """Step 2's gradient is step 1's plus gamma sign(delta)."""
    gradients = []
    for weight in (0.0, 0.5):
        trained.split.zero_grad()
        split_task(trained, sparsity_weight=weight).loss(trained.split, 3).backward()
        gradients.append(trained.split.block.pruning.raw_scaling.grad.clone() / FASTER)
    trained.split.zero_grad()
    sign = trained.split.block.pruning.scaling.detach().sign()
    torch.testing.assert_close(gradients[1] - gradients[0], 0.5 * sign, rtol=1e-3, atol=1e-4)


def policy_task(trained):
    accuracy = np.zeros((3, 2, 10))
    accuracy[:, 0, :5] = accuracy[:, 1, 5:] = 1.0
    accuracy[2, :, :] = accuracy[2, ::-1, :]
    return PolicyTask(images_of(trained), trained.test, SplitTable((1e-4, 1e-2, 0.1), (1, 2), accuracy))


def test_the_policys_loss_is_that_of_targets_by_label_and_drawn_rate(trained):
    task = policy_task(trained)
    with seeds.initialising(1, "policy"):
        model = PolicyNetwork(2, 8).eval()
    x, labels = task.train.at(5, torch.device("cpu"))
    uniform = torch.rand(16, generator=seeds.torch_generator(3, "tests", "task", "ber", 5))
    ber = 10 ** (4 * uniform - 5)
    targets = (labels >= 5) ^ (ber > 10**-1.5)  # the third rate of the table is the nearest, and swaps
    with torch.inference_mode():
        expected = policy_loss(model(x, ber), targets.long())
        assert float(task.loss(model, 5)) == pytest.approx(float(expected), rel=1e-5)
        measured = task.validate(model)
    assert 0 <= measured["agreement"] <= 1
    assert measured == task.validate(model)


def test_an_ideal_network_that_is_missing_or_learns_is_refused(trained):
    with pytest.raises(ValueError, match=r"ideal is None: with ce_weight = 0.3 it must be a trained network"):
        replace(split_task(trained), ideal=None)
    with pytest.raises(ValueError, match=r"ideal is in training mode; it must be in evaluation mode"):
        replace(split_task(trained), ideal=SplitResNet(1, 4))
    with pytest.raises(ValueError, match=r"ce_weight = 1.5 must be a number in \[0, 1\]"):
        split_task(trained, ce_weight=1.5)
    with pytest.raises(ValueError, match=r"sparsity_weight = -1 must be a number in \[0, inf\)"):
        split_task(trained, sparsity_weight=-1)
