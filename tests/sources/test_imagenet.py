"""The sets of ImageNet's images by name: sizes, numbers, classes, and what a pretrained network has seen of them."""

import numpy as np
import pytest

from semcom_lib.sources import imagenet


def test_generated_images_are_enlarged_without_a_change():
    splits = imagenet.load("embedded_textures", 96, 20, 10, seed=1)
    for split, number in (("train", 20), ("test", 10)):
        images, labels = splits[split]
        assert images.shape == (number, 96, 96, 3)
        assert len(labels) == number
        small = images[:, ::3, ::3]
        np.testing.assert_array_equal(small.repeat(3, axis=1).repeat(3, axis=2), images)
        assert small.std() > 0


def test_what_a_set_has_not_is_refused(monkeypatch):
    monkeypatch.setattr(
        imagenet, "imagenette", lambda: {s: (np.zeros((n, 1)), None) for s, n in (("train", 9), ("test", 5))}
    )
    assert set(imagenet.load("imagenette", 224, 9, 5, seed=1)) == {"train", "test"}
    with pytest.raises(ValueError, match=r"9 train images of 96: imagenette has 9 of 224, which must all be taken"):
        imagenet.load("imagenette", 96, 9, 5, seed=1)
    with pytest.raises(ValueError, match=r"4 test images of 224: imagenette has 5 of 224"):
        imagenet.load("imagenette", 224, 9, 4, seed=1)
    with pytest.raises(ValueError, match=r"size = 100 must be a multiple of the generated images' 32"):
        imagenet.load("embedded_textures", 100, 9, 4, seed=1)
    with pytest.raises(ValueError, match="images = 'cifar10' is unknown"):
        imagenet.load("cifar10", 224, 9, 4, seed=1)


def test_imagenet_itself_comes_by_the_class(monkeypatch):
    monkeypatch.setattr(imagenet, "image_folder", lambda *asked: asked)
    assert imagenet.load("imagenet", 256, 50_000, 10_000, seed=1) == (50, 10, 1000, 256)


def test_labels_are_rows_of_imagenets_classifier():
    assert list(imagenet.rows_of_imagenet(10)) == [0, 217, 482, 491, 497, 566, 569, 571, 574, 701]
    assert list(imagenet.rows_of_imagenet(1000)) == list(range(1000))


def test_most_test_images_of_the_subset_are_from_imagenets_training_part():
    assert imagenet.seen_in_pretraining("imagenette") == 482 / 500
    assert imagenet.seen_in_pretraining("embedded_textures") == 0
