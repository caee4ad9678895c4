"""The recognition models: shapes, features, checkpoints, and that they learn the demo's images in seconds."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from semcom_lib import seeds
from semcom_lib.aesc_i.classifiers import (
    CLASSIFIERS,
    DigitClassifier,
    PictureClassifier,
    feature_variance,
    from_checkpoint,
    to_checkpoint,
)
from semcom_lib.sources.embedded_images import digits, textures
from semcom_lib.sources.images import ShuffledBatches, to_tensor

KINDS = ["digits", "pictures"]
SHAPES = {"digits": (1, 28, 28), "pictures": (3, 32, 32)}


def model(kind, width=8):
    with seeds.initialising(1, kind):
        return CLASSIFIERS[kind](width)


def inputs(kind, n=5):
    return torch.rand(n, *SHAPES[kind], generator=seeds.torch_generator(2, kind))


@pytest.mark.parametrize("kind", KINDS)
def test_logits_are_a_linear_map_of_the_penultimate_features(kind):
    classifier, x = model(kind).eval(), inputs(kind)
    with torch.inference_mode():
        features = classifier.features(x)
        assert features.shape == (5, 64)
        assert float(features.min()) >= 0
        torch.testing.assert_close(classifier(x), F.linear(features, classifier.head.weight, classifier.head.bias))


def test_the_unit_of_the_semantic_loss_is_the_variance_of_the_features(monkeypatch):
    """So that an image that says nothing, whose best features are their mean, has a loss of 1; M's scale cancels out."""
    images, _ = digits(30, 1, "train")
    classifier = model("digits").eval()
    with torch.inference_mode():
        features = classifier.features(to_tensor(images))
        expected = float((features - features.mean(dim=0)).square().mean())
    monkeypatch.setattr("semcom_lib.aesc_i.classifiers.AT_ONCE", 7)
    assert feature_variance(classifier, images) == pytest.approx(expected, rel=1e-4)
    with pytest.raises(ValueError, match="images are 1: a variance needs at least 2"):
        feature_variance(classifier, images[:1])


STATISTICS = {  # of the training sets of MNIST and CIFAR-10
    "digits": ([0.1307], [0.3081]),
    "pictures": ([0.4914, 0.4822, 0.4465], [0.2470, 0.2435, 0.2616]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_features_are_those_of_normalised_images(kind):
    """(x - mean) / std, channel by channel, and then the body."""
    classifier, x = model(kind).eval(), inputs(kind)
    mean, std = (torch.tensor(values).view(-1, 1, 1) for values in STATISTICS[kind])
    with torch.inference_mode():
        torch.testing.assert_close(classifier.features(x), classifier.body((x - mean) / std).flatten(1))
        classifier.body = nn.Identity()
        torch.testing.assert_close(classifier.features(x), ((x - mean) / std).flatten(1))


@pytest.mark.parametrize("kind", KINDS)
def test_an_image_is_recognised_alike_alone_and_among_others(kind):
    """In evaluation mode, in which checkpoints are loaded; in training mode batch normalisation would mix images."""
    classifier, x = model(kind), inputs(kind)
    together = from_checkpoint(to_checkpoint(classifier))(x)
    alone = torch.cat([from_checkpoint(to_checkpoint(classifier))(image[None]) for image in x])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_the_loss_is_the_cross_entropy_and_reaches_every_weight_and_the_input(kind):
    classifier, x = model(kind), inputs(kind).requires_grad_()
    labels = torch.arange(5)
    loss = classifier.loss(x, labels)
    loss.backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in classifier.parameters())
    assert x.grad.abs().sum() > 0
    classifier.eval()
    expected = -classifier(x).log_softmax(dim=1)[torch.arange(5), labels].mean()
    torch.testing.assert_close(classifier.loss(x, labels), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_a_checkpoint_brings_back_the_same_network(kind):
    classifier, x = model(kind), inputs(kind)
    classifier(x)  # moves the batch statistics
    again = from_checkpoint(to_checkpoint(classifier))
    assert type(again) is CLASSIFIERS[kind]
    assert not again.training
    with torch.inference_mode():
        assert torch.equal(again(x), classifier.eval()(x))


def multiplications(classifier, x):
    """Of one image, counted where they are done."""
    counted = []
    for layer in classifier.modules():
        if isinstance(layer, nn.Conv2d):
            each = layer.weight[0].numel()
            layer.register_forward_hook(lambda _layer, _x, y, each=each: counted.append(each * y[0].numel()))
        elif isinstance(layer, nn.Linear):
            layer.register_forward_hook(lambda layer, _x, _y: counted.append(layer.weight.numel()))
    classifier.eval()(x[:1])
    return sum(counted)


def test_both_are_small_enough_for_a_cpu():
    """What the docstring says: 19 million multiplications a picture."""
    assert round(multiplications(PictureClassifier(), inputs("pictures")) / 1e6) == 19
    assert multiplications(DigitClassifier(), inputs("digits")) < 3e6


@pytest.mark.parametrize("kind", KINDS)
def test_it_learns_the_demos_images_in_a_few_steps(kind):
    draw = {"digits": digits, "pictures": textures}[kind]
    train_images, train_labels = draw(1_500, 1, "train")
    test_images, test_labels = draw(300, 1, "test")
    classifier = model(kind)
    optimizer = torch.optim.Adam(classifier.parameters(), lr=5e-3)
    batches = ShuffledBatches(len(train_images), 50, 1)
    for step in range(1, 91):
        chosen = batches.at(step)
        loss = classifier.loss(to_tensor(train_images[chosen]), torch.from_numpy(train_labels[chosen]).long())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.inference_mode():
        guessed = classifier.eval()(to_tensor(test_images)).argmax(dim=1).numpy()
    assert np.mean(guessed == test_labels) > 0.95


@pytest.mark.parametrize("classifier", [DigitClassifier, PictureClassifier])
def test_a_width_below_one_is_refused(classifier):
    with pytest.raises(ValueError, match=r"width = 0 must be at least 1"):
        classifier(0)
