"""Prepared image sets, their tensors, shuffled batches and augmentation."""

from pathlib import Path

import numpy as np
import pytest
import torch

from semcom_lib import seeds
from semcom_lib.sources import images
from semcom_lib.sources.augmentation import random_crop, random_flip
from semcom_lib.sources.embedded_images import digits, textures


def splits(n=40, shape=(28, 28)):
    """Every image holds its own number, so that an image and its label can be told."""
    numbers = np.arange(n, dtype=np.uint8)
    pixels = np.broadcast_to(numbers.reshape(-1, *[1] * len(shape)), (n, *shape))
    return {"train": (pixels.copy(), numbers // 4), "test": (pixels[:10].copy(), numbers[:10] // 4)}


def numbers_of(pixels):
    return pixels.reshape(len(pixels), -1)[:, 0]


def test_validation_is_taken_from_train_and_every_image_keeps_its_label():
    made = images.with_validation(splits(), 15, 1)
    train, validation, test = (numbers_of(made[split][0]).tolist() for split in images.SPLITS)
    assert len(validation) == 15
    assert sorted(train + validation) == list(range(40))
    assert sorted(test) == list(range(10))
    for pixels, labels in made.values():
        np.testing.assert_array_equal(labels, numbers_of(pixels) // 4)


def test_the_first_images_of_a_class_sorted_split_are_a_fair_sample_and_always_the_same():
    made, again, other = (images.with_validation(splits(), 15, seed) for seed in (1, 1, 2))
    assert len(set(made["train"][1][:8].tolist())) > 3
    np.testing.assert_array_equal(made["test"][0], again["test"][0])
    assert not np.array_equal(made["train"][1], other["train"][1])


@pytest.mark.parametrize("wanted", [0, 40, -1])
def test_a_validation_part_that_leaves_nothing_is_refused(wanted):
    with pytest.raises(ValueError, match=rf"validation_images = {wanted} must be an integer in 1\.\.39"):
        images.with_validation(splits(), wanted, 1)


@pytest.mark.parametrize("shape", [(28, 28), (32, 32, 3)])
def test_a_saved_set_loads_as_it_was_and_its_bytes_are_stable(tmp_path, shape):
    made = images.with_validation(splits(shape=shape), 15, 1)
    for copy in ("first", "second"):
        images.save_images(tmp_path / copy, made)
    for split, (pixels, labels) in made.items():
        loaded = images.load_images(tmp_path / "first", split)
        np.testing.assert_array_equal(loaded[0], pixels)
        np.testing.assert_array_equal(loaded[1], labels)
        np.testing.assert_array_equal(images.load_images(tmp_path / "first", split, 3)[0], pixels[:3])
    for file in (tmp_path / "first").iterdir():
        assert file.read_bytes() == (tmp_path / "second" / file.name).read_bytes()


def test_a_set_that_is_not_there_or_too_small_is_named(tmp_path):
    folder = tmp_path / "aesc_i" / "digits"
    with pytest.raises(FileNotFoundError, match=r"train_images\.npy is missing; .*: dvc repro aesc_i_data"):
        images.load_images(folder, "train")
    images.save_images(folder, splits())
    with pytest.raises(ValueError, match=r"11 images asked for, .*test_images\.npy has 10"):
        images.load_images(folder, "test", 11)
    (folder / "test_images.npy").write_bytes(b"\x93NUMPY\x01\0v")
    with pytest.raises(ValueError, match=r"test_images\.npy is not a readable array"):
        images.load_images(folder, "test")


@pytest.mark.parametrize("shape", [(5, 4, 6), (5, 4, 6, 3)])
def test_images_become_tensors_and_back(shape):
    pixels = seeds.numpy_generator(1).integers(256, size=shape, dtype=np.uint8)
    x = images.to_tensor(pixels)
    assert x.shape == (5, 1 if len(shape) == 3 else 3, 4, 6)
    assert x.dtype == torch.float32
    assert x.is_contiguous(memory_format=torch.channels_last)
    assert float(x.min()) >= 0
    assert float(x.max()) <= 1
    assert float(x[2, -1, 1, 3]) == np.float32(pixels[2, 1, 3] if len(shape) == 3 else pixels[2, 1, 3, 2]) / 255
    np.testing.assert_array_equal(images.to_uint8(x), pixels)


def test_received_values_are_rounded_and_clamped():
    x = torch.tensor([-1.0, 0.4 / 255, 0.6 / 255, 1.7, float("nan"), float("inf")]).view(1, 1, 2, 3)
    assert images.to_uint8(x).tolist() == [[[0, 0, 1], [255, 0, 255]]]


def test_other_shapes_and_types_are_refused():
    with pytest.raises(ValueError, match=r"images is a numpy float64 array \(2, 4, 4\): it must be a numpy uint8"):
        images.to_tensor(np.zeros((2, 4, 4)))
    with pytest.raises(ValueError, match=r"\(2, 4, 4, 2\)"):
        images.to_tensor(np.zeros((2, 4, 4, 2), dtype=np.uint8))
    with pytest.raises(ValueError, match=r"x has shape \(2, 4, 4\); it must be \(n, C, H, W\)"):
        images.to_uint8(torch.zeros(2, 4, 4))


def test_an_epoch_shows_an_image_at_most_once_and_the_next_one_in_another_order():
    batches = images.ShuffledBatches(50, 8, 1, "test")
    assert batches.steps_per_epoch == 6
    first, second = (np.concatenate([batches.at(6 * epoch + k) for k in range(1, 7)]) for epoch in range(2))
    for epoch in (first, second):
        assert len(set(epoch.tolist())) == 48
    assert not np.array_equal(first, second)


def test_a_batch_depends_on_its_step_alone():
    """A resumed run, which asks for late steps only, sees what the first run saw."""
    whole = images.ShuffledBatches(50, 8, 1, "test")
    seen = {step: whole.at(step) for step in range(1, 20)}
    resumed = images.ShuffledBatches(50, 8, 1, "test")
    for step in (14, 3, 19):
        np.testing.assert_array_equal(resumed.at(step), seen[step])
    assert not np.array_equal(images.ShuffledBatches(50, 8, 1, "other").at(1), seen[1])
    with pytest.raises(ValueError, match=r"images_per_batch = 51 must be an integer in 1\.\.50"):
        images.ShuffledBatches(50, 51, 1)


def test_a_crop_is_a_window_of_the_reflected_image():
    x = torch.rand(64, 3, 6, 7, generator=seeds.torch_generator(1))
    cropped = random_crop(x, 2, generator=seeds.torch_generator(2))
    padded = torch.nn.functional.pad(x, (2, 2, 2, 2), mode="reflect")
    found = set()
    for image, window in zip(padded, cropped, strict=True):
        places = [(i, j) for i in range(5) for j in range(5) if torch.equal(image[:, i : i + 6, j : j + 7], window)]
        assert len(places) == 1
        found.update(places)
    assert len(found) > 15
    assert random_crop(x, 0, generator=seeds.torch_generator(2)) is x
    with pytest.raises(ValueError, match=r"margin = 6 must be an integer in 0\.\.5"):
        random_crop(x, 6, generator=seeds.torch_generator(2))


def test_half_the_images_are_mirrored():
    x = torch.rand(1_000, 1, 2, 3, generator=seeds.torch_generator(1))
    flipped = random_flip(x, generator=seeds.torch_generator(2))
    same = (flipped == x).flatten(1).all(dim=1)
    mirrored = (flipped == x.flip(3)).flatten(1).all(dim=1)
    assert bool((same ^ mirrored).all())
    assert 400 < int(same.sum()) < 600


def test_read_only_reversed_and_empty_images_are_what_they_look_like():
    pixels = np.arange(2 * 4 * 4, dtype=np.uint8).reshape(2, 4, 4)
    expected = images.to_tensor(pixels.copy())
    assert torch.equal(images.to_tensor(pixels[:, ::-1]), expected.flip(2))
    pixels.setflags(write=False)
    assert torch.equal(images.to_tensor(pixels), expected)
    assert torch.equal(images.to_tensor(pixels[:, ::-1]), expected.flip(2))
    assert torch.equal(images.to_tensor(pixels[:, :, ::2]), expected[..., ::2])
    assert images.to_tensor(pixels[:0]).shape == (0, 1, 4, 4)
    assert images.to_uint8(expected[:0]).shape == (0, 4, 4)
    assert images.to_uint8(torch.tensor([-1.0, 2.0, torch.inf, torch.nan]).view(1, 1, 2, 2)).ravel().tolist() == [
        0,
        255,
        255,
        0,
    ]


X = torch.rand(2, 1, 6, 7)
GENERATOR = torch.Generator()
REFUSED = [
    (lambda: images.to_tensor([[[1]]]), "images is of type list"),
    (lambda: images.to_tensor(torch.zeros(1, 2, 2, dtype=torch.uint8)), "images is a torch.uint8 tensor"),
    (lambda: images.to_uint8(np.zeros((1, 1, 2, 2))), "x is a numpy float64 array"),
    (lambda: images.to_uint8(torch.zeros(1, 1, 2, 2, dtype=torch.uint8)), "x is a torch.uint8 tensor"),
    (
        lambda: images.with_validation({s: (np.zeros(3), np.zeros(2)) for s in ("train", "test")}, 1, 1),
        "3 images and 2 labels",
    ),
    (
        lambda: images.with_validation({s: (np.zeros(3), np.zeros(3)) for s in ("train", "test")}, 1.5, 1),
        "validation_images = 1.5",
    ),
    (lambda: images.load_images(Path(), "all"), "split = 'all' is unknown"),
    (lambda: images.load_images(Path(), "test", -1), "limit = -1 must be an integer of at least 0"),
    (lambda: images.ShuffledBatches(0, 1, 1), "num_images = 0"),
    (lambda: images.ShuffledBatches(5, 2.5, 1), "images_per_batch = 2.5"),
    (lambda: images.ShuffledBatches(5, 2, 1).at(0), "step = 0 must be an integer of at least 1"),
    (lambda: random_crop(X, 1.5, generator=GENERATOR), "margin = 1.5"),
    (lambda: random_crop(X[0], 1, generator=GENERATOR), r"x is a torch.float32 tensor \(1, 6, 7\): it must be"),
    (lambda: random_flip(X[0], generator=GENERATOR), r"it must be a floating-point torch tensor \(n, C, H, W\)"),
    (lambda: random_flip(X.numpy(), generator=GENERATOR), "x is a numpy float32 array"),
    (lambda: digits(-1, 1, "train"), "num_images = -1"),
    (lambda: textures(2.5, 1, "train"), "num_images = 2.5"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_bad_input_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)
