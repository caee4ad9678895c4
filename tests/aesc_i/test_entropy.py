import numpy as np
import pytest
import torch

from semcom_lib.aesc_i import entropy
from semcom_lib.aesc_i.autoencoders import PictureAutoencoder
from semcom_lib.aesc_i.systems import AescI
from semcom_lib.sources.images import to_tensor

BITS = 8


@pytest.fixture(scope="module")
def sessions(trained):
    return trained.images.reshape(2, 10, 28, 28)


def test_levels_are_those_that_the_splicing_rule_sends(trained, sessions):
    system = AescI(trained.autoencoder, BITS, BITS, sessions)
    sent = [system.stream(session)[system.spans(session)["latents"][0]] for session in range(2)]
    levels = entropy.levels_of(trained.autoencoder, sessions, BITS)
    assert levels.shape == (20, trained.autoencoder.z_dims, 1)
    np.testing.assert_array_equal(levels.ravel(), np.packbits(np.concatenate(sent)))


@pytest.mark.parametrize("shape", [(16,), (3, 6, 6)])
def test_what_is_encoded_comes_back_in_the_bits_that_are_counted(shape):
    latents = torch.rand(30, *shape, generator=torch.Generator().manual_seed(1)) ** 4
    levels = entropy.session_levels(latents, BITS)
    code = entropy.fitted(levels[:20], BITS)
    bits = entropy.image_bits(code, levels)
    assert levels.shape == (30, shape[0], 36 if len(shape) > 1 else 1)
    assert bits.shape == (30,)
    for image, count in zip(levels, bits, strict=True):
        stream = code.encode(image)
        assert len(stream) == count
        np.testing.assert_array_equal(code.decode(stream), image)


def test_each_channel_has_a_code_of_its_own_and_near_its_entropy():
    generator = np.random.default_rng(2)
    levels = np.stack([generator.binomial(n, 0.5, (400, 36)) for n in (4, 200)], axis=1).astype(np.uint16)
    code = entropy.fitted(levels, BITS)
    frequencies = [np.bincount(levels[:, channel].ravel(), minlength=256) / 14_400 for channel in (0, 1)]
    best = sum(-36 * (p[p > 0] * np.log2(p[p > 0])).sum() for p in frequencies)
    mean = entropy.image_bits(code, levels).mean()
    assert best < mean < 1.03 * best
    assert mean < 36 * 2 * BITS / 1.8
    swapped = entropy.image_bits(code, levels[:, ::-1]).mean()
    assert swapped > 1.5 * mean


def test_a_level_that_no_training_image_has_can_be_sent():
    levels = np.zeros((50, 4, 36), np.uint16)
    code = entropy.fitted(levels, BITS)
    unseen = np.full((1, 4, 36), 255, np.uint16)
    assert entropy.image_bits(code, levels[:1]) == [4 * 36]
    assert entropy.image_bits(code, unseen)[0] >= 4 * 36 * BITS
    np.testing.assert_array_equal(code.decode(code.encode(unseen[0])), unseen[0])


def test_levels_of_pictures_have_a_channel_for_each_map():
    model = PictureAutoencoder(3).eval()
    images = np.random.default_rng(3).integers(0, 256, (1, 2, 32, 32, 3), dtype=np.uint8)
    levels = entropy.levels_of(model, images, BITS)
    with torch.inference_mode():
        latents = model.encode(to_tensor(images[0])).double()
    step = (latents.max() - latents.min()) / 255
    expected = ((latents - latents.min()) / step).round().reshape(2, 3, 36)
    np.testing.assert_array_equal(levels, expected.numpy())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: entropy.session_levels(torch.zeros(2, 4), 17), "latent_bits = 17 must be in 1..16"),
        (lambda: entropy.session_levels(torch.zeros(0, 4), 8), "there must be an image, got 0"),
        (lambda: entropy.fitted(np.zeros((0, 4, 1), np.uint16), 8), "n at least 1"),
        (lambda: entropy.fitted(np.full((1, 4, 1), 256, np.uint16), 8), "must be in 0..255"),
    ],
)
def test_bad_input_is_named_in_one_line(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)
