"""A network with ImageNet weights is cut as ours are, and its server learns from kept features as from images."""

import hashlib
import math

import numpy as np
import pytest
import torch
from torch import nn

from semcom_lib import seeds
from semcom_lib.digital_sc import efficientnet as module
from semcom_lib.digital_sc.analog import AnalogBlock
from semcom_lib.digital_sc.bottleneck import DigitalBlock
from semcom_lib.digital_sc.efficientnet import (
    FeatureTask,
    HeadTask,
    TrainingFeatures,
    behind,
    features_of,
    inputs_of_last_layer,
    load_efficientnet,
    load_server,
    save_server,
    split_efficientnet,
)
from semcom_lib.digital_sc.losses import semantic_learning_loss
from semcom_lib.digital_sc.network import SplitNetwork
from semcom_lib.digital_sc.split import SplitClassifier
from semcom_lib.sources.images import ShuffledBatches, to_tensor

SPLIT = 2


class Trunk(nn.Module):
    """A small network with the parts, by their names, that EfficientNet-Lite has."""

    def __init__(self):
        super().__init__()
        self._conv_stem, self._bn0 = nn.Conv2d(3, 4, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(4)
        self._blocks = nn.ModuleList([nn.Conv2d(4, 6, 1, stride=8), nn.Conv2d(6, 8, 1, stride=4)])
        self._conv_head, self._bn1 = nn.Conv2d(8, 12, 1, bias=False), nn.BatchNorm2d(12)
        self._swish, self._fc = nn.ReLU6(), nn.Linear(12, 1000)

    def forward(self, x):
        z = self._swish(self._bn0(self._conv_stem(x)))
        for block in self._blocks:
            z = block(z)
        return self._swish(self._bn1(self._conv_head(z))).mean(dim=(2, 3))


@pytest.fixture(scope="module")
def network():
    """Of the real package, for images of 64 pixels and three classes of ImageNet."""
    return load_efficientnet([0, 217, 482], 64)


@pytest.fixture
def images():
    return np.random.default_rng(1).integers(0, 256, (12, 64, 64, 3), np.uint8)


def test_a_pretrained_trunk_is_cut_behind_its_blocks_and_keeps_the_rows_of_its_classes():
    with seeds.initialising(1, "trunk"):
        trunk = Trunk().eval()
    network = split_efficientnet(trunk, [7, 0, 3]).eval()
    x = torch.rand(2, 3, 224, 224, generator=seeds.torch_generator(2, "images"))
    assert isinstance(network, SplitNetwork)
    assert network.num_blocks == 2
    assert network.feature_shape(1) == (6, 14, 14)
    with torch.inference_mode():
        expected = trunk._fc(trunk((255 * x - 127) / 128))[:, [7, 0, 3]]
        torch.testing.assert_close(network(x), expected, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(network.server(network.device(x, 1), 1), network(x))


def test_the_package_s_network_is_the_one_that_facts_were_measured_on(network):
    assert network.num_blocks == 16
    shapes = {1: (16, 32, 32), 8: (80, 4, 4), 11: (112, 4, 4), 15: (192, 2, 2), 16: (320, 2, 2)}
    assert {split: network.feature_shape(split) for split in shapes} == shapes
    assert not network.training


def test_other_classes_weights_sizes_and_trunks_are_refused(monkeypatch):
    with pytest.raises(ValueError, match=r"trunk is of type Linear and has no _conv_stem: it must be an EfficientNet"):
        split_efficientnet(nn.Linear(2, 2), [0, 1])
    with pytest.raises(ValueError, match=r"each of classes = 1000 must be an integer in 0..999"):
        split_efficientnet(Trunk(), [0, 1000])
    with pytest.raises(ValueError, match=r"the number of classes = 1 must be an integer of at least 2"):
        split_efficientnet(Trunk(), [0])
    with pytest.raises(ValueError, match=r"size = 100 must be a multiple of 32"):
        load_efficientnet([0, 1], 100)
    monkeypatch.setattr(module, "WEIGHTS_SHA256", hashlib.sha256(b"other").hexdigest())
    with pytest.raises(ValueError, match=r"\.pth is not the released file \(other SHA-256\)"):
        load_efficientnet([0, 1])


def test_the_random_generator_is_left_as_it_was():
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    load_efficientnet([0, 1], 64)
    assert torch.equal(torch.rand(4), expected)


def test_what_is_behind_the_split_point_goes_on_with_its_features(network, images):
    features = features_of(network, SPLIT, images)
    with torch.inference_mode():
        x = to_tensor(images)
        torch.testing.assert_close(torch.from_numpy(features), network.device(x, SPLIT))
        server = behind(network, SPLIT)
        torch.testing.assert_close(server(torch.from_numpy(features)), network(x), rtol=1e-4, atol=1e-4)
        mirrored = torch.from_numpy(features_of(network, SPLIT, images, mirrored=True))
        torch.testing.assert_close(mirrored, network.device(x.flip(3), SPLIT))
        inputs = torch.from_numpy(inputs_of_last_layer(server, features))
        torch.testing.assert_close(network.head[-1](inputs), network(x), rtol=1e-4, atol=1e-4)
    assert not torch.equal(mirrored, torch.from_numpy(features))
    with pytest.raises(ValueError, match="split = 17"):
        behind(network, 17)


def training_features(features, labels, size=4):
    batches = ShuffledBatches(len(labels), size, 1, "tests")
    return TrainingFeatures(features, labels, batches, 1, ("tests",))


def test_both_sides_are_drawn_with_their_own_label():
    labels = np.arange(8)
    features = np.stack([labels, labels + 100]).astype(np.float32)[:, :, None, None, None]
    sides = set()
    for step in range(1, 9):
        x, drawn = training_features(features, labels).at(step, torch.device("cpu"))
        assert (x.flatten() % 100).tolist() == drawn.tolist()
        sides |= set((x.flatten() >= 100).tolist())
    assert sides == {False, True}


def test_a_task_on_features_is_the_task_on_their_images(network, images):
    labels = np.arange(12) % 3
    features = features_of(network, SPLIT, images)
    server = behind(network, SPLIT).eval()
    model = SplitClassifier(server, 1, DigitalBlock(features.shape[1], 2)).eval()
    model.start(torch.from_numpy(features))
    weights = {"quality": 0.0, "ce_weight": 0.5, "soft_temperature": 2.0, "sparsity_weight": 0.0, "steps": 1}
    task = FeatureTask(training_features(np.stack([features] * 2), labels), (features, labels), server, **weights)
    with torch.inference_mode():
        found = task.validate(model)
        x = torch.from_numpy(features)
        z_hat = model(x, 0.0, generator=seeds.torch_generator(1), temperature=math.inf)
        targets = torch.from_numpy(labels).long()
        expected = semantic_learning_loss(z_hat, targets, network(to_tensor(images)), ce_weight=0.5, temperature=2.0)
    assert found["validation_loss"] == pytest.approx(float(expected), rel=1e-3)


def test_the_last_layer_learns_from_what_enters_it():
    inputs = np.eye(3, dtype=np.float32)
    labels = np.array([2, 0, 1], np.uint8)
    layer = nn.Linear(3, 3)
    task = HeadTask((inputs, labels), (inputs, labels))
    optimiser = torch.optim.SGD(layer.parameters(), lr=5.0)
    before = task.validate(layer)["validation_loss"]
    for step in range(1, 50):
        optimiser.zero_grad()
        task.loss(layer, step).backward()
        optimiser.step()
    assert task.validate(layer)["validation_loss"] < 0.1 * before


@pytest.mark.parametrize("digital", [True, False])
def test_a_server_comes_back_and_answers_the_same(network, images, digital, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    server = behind(network, SPLIT)
    channels = server.image_shape[0]
    model = SplitClassifier(server, 1, DigitalBlock(channels, 2) if digital else AnalogBlock(channels)).eval()
    features = torch.from_numpy(features_of(network, SPLIT, images))
    model.start(features)
    model.block.pruning.prune(3)
    save_server(model, SPLIT, 64, "imagenet/one")
    again, split = load_server("imagenet/one")
    assert split == SPLIT
    quality = 0.1 if digital else 3.0
    with torch.inference_mode():
        answers = [one(features, quality, generator=seeds.torch_generator(1, "noise")) for one in (model, again)]
    assert torch.equal(*answers)
    assert again.channel_uses == model.channel_uses
    with pytest.raises(FileNotFoundError, match="two"):
        load_server("imagenet/two")
