"""Drawn features and noise, and a small network that has learnt the demo's images: untrained ones cannot tell good from bad."""

from typing import NamedTuple

import numpy as np
import pytest
import torch

from semcom_lib import seeds
from semcom_lib.digital_sc.bottleneck import DigitalBlock
from semcom_lib.digital_sc.ideal import IdealTask, TrainingImages
from semcom_lib.digital_sc.network import SplitResNet
from semcom_lib.digital_sc.split import SplitClassifier
from semcom_lib.digital_sc.task import SplitTask
from semcom_lib.learning import training
from semcom_lib.sources.embedded_images import textures
from semcom_lib.sources.images import ShuffledBatches, to_tensor


@pytest.fixture
def features():
    """features(*shape, purpose=...): normal numbers, the same at each call."""

    def drawn(*shape, purpose="features"):
        return torch.randn(*shape, generator=seeds.torch_generator(1, purpose))

    return drawn


@pytest.fixture
def noise():
    """noise(): a new generator with the same draws."""
    return lambda seed=1: seeds.torch_generator(seed, "noise")


class Trained(NamedTuple):
    """In evaluation mode: the ideal network, and a split of its own weights behind block 2, tuned over a BSC; and images."""

    ideal: SplitResNet
    split: SplitClassifier
    train: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]
    histories: dict[str, list[dict[str, float]]]


def training_images(images, labels, *purpose, size=50, **changed):
    settings = {"crop_margin": 0, "flip": False, "seed": 1, "purpose": ("tests", *purpose)} | changed
    return TrainingImages(images, labels, ShuffledBatches(len(images), size, 1, *purpose), **settings)


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> Trained:
    """Trained for a few seconds, by the tasks and the loop that the notebooks use."""
    train, test = textures(1_000, 1, "train"), textures(200, 1, "test")
    folder = tmp_path_factory.mktemp("digital_sc")
    with seeds.initialising(1, "tests"):
        ideal = SplitResNet(1, width=4)
    task = IdealTask(training_images(*train, "ideal", size=32), test, label_smoothing=0.0)
    plan = training.Plan(steps=80, learning_rate=0.02, warmup_steps=5, validate_every=80)
    histories = {
        "ideal": training.train(ideal, task.loss, plan, validate=task.validate, resume=folder / "ideal", stage="tests")
    }

    with seeds.initialising(1, "tests"):
        network = SplitResNet(1, width=4)
    network.load_state_dict(ideal.state_dict())
    split = SplitClassifier(network, 2, DigitalBlock(32, 2))
    split.start(to_tensor(train[0][:100]))
    split.block.pruning.prune(24)
    task = SplitTask(
        training_images(*train, "split", size=32),
        test,
        ideal,
        quality=0.01,
        ce_weight=0.5,
        soft_temperature=2.0,
        sparsity_weight=0.0,
        steps=20,
    )
    plan = training.Plan(steps=20, learning_rate=0.005, warmup_steps=5, validate_every=10)
    histories["split"] = training.train(
        split, task.loss, plan, validate=task.validate, resume=folder / "split", stage="tests"
    )
    return Trained(ideal, split, train, test, histories)
