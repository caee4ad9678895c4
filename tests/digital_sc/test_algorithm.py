"""Algorithm 1: the ideal network stays as it is, the scaling vector becomes sparse, channels are cut, the same noise for all."""

import copy
from dataclasses import replace

import pandas as pd
import pytest
import torch

from semcom_lib import paths
from semcom_lib.digital_sc.algorithm import Settings, Steps, Trainer, estimate_statistics, with_block
from semcom_lib.digital_sc.analog import AnalogBlock
from semcom_lib.digital_sc.bottleneck import DigitalBlock
from semcom_lib.digital_sc.ideal import TrainingImages
from semcom_lib.digital_sc.task import SplitTask
from semcom_lib.sources.images import ShuffledBatches, to_tensor

SETTINGS = Settings(
    ce_weight=0.5,
    soft_temperature=2.0,
    sparsity_weight=0.5,
    learning_rate=0.005,
    warmup_steps=1,
    images_per_batch=16,
    crop_margin=0,
    flip=False,
    validate_every=2,
    seed=1,
)


@pytest.fixture
def trainer(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "CHECKPOINTS", tmp_path)
    images, labels = trained.train
    held_out = tuple(part[:50] for part in trained.test)
    return Trainer(trained.ideal, (images[:200], labels[:200]), held_out, SETTINGS)


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


def test_the_three_trainings_leave_the_ideal_network_as_it_is(trainer):
    before = copy.deepcopy(trainer.ideal.state_dict())
    model = trainer.cut(2, DigitalBlock(32, 2))
    assert same(model.network.state_dict(), before)
    returned = trainer.algorithm_1(model, "one", Steps(4, 4, 2), 5, quality=0.01)
    assert returned is model
    assert not model.training
    assert model.block.pruning.num_kept == 5
    assert same(trainer.ideal.state_dict(), before)
    assert not same(model.network.state_dict(), before)
    history = pd.concat(trainer.histories)
    assert history[["training", "step"]].to_records(index=False).tolist() == [
        *(("joint", 2), ("joint", 4)),
        *(("sparse", 2), ("sparse", 4)),
        ("tuned", 2),
    ]
    assert set(history.system) == {"one"}


def test_only_the_l1_norm_makes_the_scaling_vector_small(trainer):
    whole = trainer.run(trainer.cut(2, AnalogBlock(32)), "whole", "sparse", 4, quality=10.0)
    sparse = trainer.run(trainer.cut(2, AnalogBlock(32)), "sparse", "sparse", 4, quality=10.0, sparse=True)
    assert sparse.block.pruning.sparsity_loss().item() < whole.block.pruning.sparsity_loss().item()


def test_without_soft_targets_the_loss_is_cross_entropy(trainer):
    """As that of weight 1 has no other part."""
    alone = Trainer(trainer.ideal, trainer.train, trainer.validation, replace(SETTINGS, ce_weight=1.0))

    def first_loss(of, soft):
        of.run(of.cut(2, DigitalBlock(32, 2)), f"soft_{soft}", "joint", 1, quality=0.0, with_soft_targets=soft)
        return of.histories[-1].train_loss.iloc[0]

    assert first_loss(trainer, False) == first_loss(alone, True)
    assert first_loss(trainer, False) != first_loss(trainer, True)


@pytest.fixture
def task(trained):
    images, labels = trained.train
    shuffled = ShuffledBatches(len(images), 40, 1)
    images = TrainingImages(images, labels, shuffled, crop_margin=0, flip=False, seed=1, purpose=("tests",))
    settings = {"quality": 0.01, "ce_weight": 1.0, "soft_temperature": 1.0, "sparsity_weight": 0.0, "steps": 10}
    return SplitTask(images, trained.test, None, **settings)


def norms(model):
    return [layer for layer in model.modules() if isinstance(layer, torch.nn.BatchNorm2d)]


def test_statistics_are_those_of_the_training_images_whatever_they_were(trained, task):
    model = copy.deepcopy(trained.split)
    before = task.validate(model)["accuracy"]
    for layer in norms(model):
        layer.running_mean.fill_(5.0)
    assert task.validate(model)["accuracy"] < before / 2
    estimate_statistics(model, task, 3)
    assert task.validate(model)["accuracy"] > before - 0.05
    network = model.network
    with torch.no_grad():
        stem = [
            network.stem((task.train.at(step, network.mean.device)[0] - network.mean) / network.std)
            for step in (1, 2, 3)
        ]
    assert norms(model)[0].running_mean.tolist() == pytest.approx(torch.cat(stem).mean((0, 2, 3)).tolist(), abs=1e-5)
    variance = torch.stack([features.transpose(0, 1).flatten(1).var(1) for features in stem]).mean(0)
    assert norms(model)[0].running_var.tolist() == pytest.approx(variance.tolist(), rel=1e-4)


def test_statistics_change_nothing_else(trained, task):
    model = with_block(trained.split, DigitalBlock(32, 2, quantiser="range"), 5)
    model.eval().start(to_tensor(trained.train[0][:50]))
    before = copy.deepcopy(model.state_dict())
    estimate_statistics(model, task, 2)
    assert not any(part.training for part in model.modules())
    after = model.state_dict()
    changed = {name.rpartition(".")[2] for name in after if not torch.equal(after[name], before[name])}
    assert changed == {"running_mean", "running_var", "num_batches_tracked"}
    assert {layer.momentum for layer in norms(model)} == {0.1}
    with pytest.raises(ValueError, match="model is in training mode"):
        estimate_statistics(model.train(), task)


def test_statistics_are_taken_before_each_validation(trainer):
    """A rate of nearly zero leaves the weights as they are, so that the validations at all steps see the same network."""
    still = replace(trainer, settings=replace(SETTINGS, learning_rate=1e-9, validate_every=1))
    still.run(still.cut(2, DigitalBlock(32, 2)), "still", "joint", 3, quality=0.0)
    losses = still.histories[-1].validation_loss
    assert losses.max() - losses.min() < 1e-4
