"""Algorithm 1: the ideal network stays as it is, the scaling vector becomes sparse, channels are cut, the same noise for all."""

import copy
from dataclasses import replace

import pandas as pd
import pytest
import torch

from semcom_lib import paths
from semcom_lib.digital_sc.algorithm import Settings, Steps, Trainer
from semcom_lib.digital_sc.analog import AnalogBlock
from semcom_lib.digital_sc.bottleneck import DigitalBlock

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
