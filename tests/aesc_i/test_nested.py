"""The start of pictures: a linear network, one autoencoder that serves several Z, and the task that trains it."""

import pytest
import torch

from semcom_lib import seeds
from semcom_lib.aesc_i.autoencoders import AUTOENCODERS, PictureAutoencoder
from semcom_lib.aesc_i.nested import NestedAutoencoder, NestedTask, linear_start
from semcom_lib.aesc_i.task import AutoencoderTask
from semcom_lib.learning import training
from semcom_lib.sources.images import ShuffledBatches, to_tensor


class Features(torch.nn.Module):
    """A recognition model whose features are the means over rows."""

    def features(self, x):
        return x.mean(dim=3).flatten(1)


def batch(num_images=6, kind="pictures"):
    return torch.rand(num_images, *AUTOENCODERS[kind].image_shape, generator=seeds.torch_generator(2, kind))


def pictures(num_images):
    return (batch(num_images) * 255).round().byte().permute(0, 2, 3, 1).contiguous().numpy()


def nested(kind="pictures", sizes=(6, 4, 3)):
    with seeds.initialising(1, "aesc_i"):
        return NestedAutoencoder(AUTOENCODERS[kind](max(sizes)), sizes)


def task(images, gamma=0.0):
    held_out = {"train": images[:4], "validation": images[2:]}
    batches = ShuffledBatches(len(images), 4, 3)
    return NestedTask(images, held_out, batches, Features().eval(), 0.5, gamma)


@pytest.mark.parametrize("z_dims", [8, 6])
def test_the_start_is_linear_up_to_the_sigmoid_and_keeps_the_variance(z_dims):
    model = linear_start(z_dims, seed=1)

    def logits(x):
        return model.decoder[:-1](model.encoder(x))

    x, y = batch() - 0.5, batch().flip(0) - 0.5
    with torch.inference_mode():
        torch.testing.assert_close(logits(2 * x - 3 * y), 2 * logits(x) - 3 * logits(y), rtol=0, atol=1e-5)
        spread = x
        for layer in [*model.encoder, *model.decoder][:-1]:
            spread = layer(spread)
            if not isinstance(layer, torch.nn.ReLU):
                assert 0.5 < float(spread.square().mean() / x.square().mean()) < 1.2


def test_a_layer_that_keeps_the_size_starts_with_a_pixel_s_own_channels():
    """In pairs of a signal and its negative, and orthogonal between signals."""
    weight = linear_start(8, seed=1).encoder[4].weight  # 64 -> 128
    beside = torch.ones(3, 3, dtype=torch.bool)
    beside[1, 1] = False
    assert not weight[:, :, beside].any()
    centre = weight[:, :, 1, 1]
    assert torch.equal(centre[0::2], -centre[1::2])
    assert torch.equal(centre[:, 0::2], -centre[:, 1::2])
    between = centre[0::2, 0::2]
    torch.testing.assert_close(between.T @ between, 2 * torch.eye(32), rtol=0, atol=1e-5)


def test_first_weights_depend_on_seed_and_z_alone():
    first, again, other = (linear_start(8, seed=seed).state_dict() for seed in (1, 1, 2))
    weights = [name for name in first if name.endswith("weight")]
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not any(torch.equal(first[name], other[name]) for name in weights)


@pytest.mark.parametrize("kind", AUTOENCODERS)
def test_a_part_is_the_whole_without_the_further_latents(kind):
    model, x = nested(kind).eval(), batch(kind=kind)
    before = torch.get_rng_state()
    parts = {size: model.part(size) for size in (6, 4, 3)}
    assert torch.equal(torch.get_rng_state(), before)
    with torch.inference_mode():
        latents = model.whole.encode(x)
        for size, part in parts.items():
            assert part.z_dims == size
            kept = latents.clone()
            kept[:, size:] = 0
            torch.testing.assert_close(part(x), model.whole.decode(kept))
            torch.testing.assert_close(part.encode(x), latents[:, :size])
    next(parts[6].parameters()).data.zero_()  # a copy
    assert next(model.parameters()).any()


def test_half_of_a_batch_keeps_all_latents_and_the_others_each_smaller_number_in_turn():
    model, x = nested(), batch(6)
    assert model.latents_kept(6) == [6, 4, 6, 3, 6, 4]
    with torch.inference_mode():
        arrived = model(x)
        for image, kept in enumerate(model.latents_kept(6)):
            torch.testing.assert_close(arrived[image], model.part(kept)(x)[image])
        torch.testing.assert_close(model.loss(x), ((arrived - x) ** 2).mean())
    assert nested(sizes=(6,)).latents_kept(3) == [6, 6, 6]


def test_what_is_no_part_is_refused():
    with pytest.raises(ValueError, match=r"sizes = \[4, 3\] must be .*, the largest one Z = 6"):
        NestedAutoencoder(PictureAutoencoder(6), [4, 3])
    with pytest.raises(ValueError, match=r"sizes = \[6, 0\] must be numbers of latents"):
        NestedAutoencoder(PictureAutoencoder(6), [6, 0])
    with pytest.raises(ValueError, match="z_dims = 5 must be one of 6, 4, 3"):
        nested().part(5)
    with pytest.raises(ValueError, match=r"gamma = 0\.1 must be 0"):
        task(pictures(8), gamma=0.1)


def test_the_task_s_loss_is_that_of_the_step_s_own_images():
    images, model = pictures(8), nested()
    x = to_tensor(images[ShuffledBatches(8, 4, 3).at(3)])
    with torch.inference_mode():
        assert float(task(images).loss(model, 3)) == pytest.approx(float(model.loss(x)))


def test_validation_is_the_mean_over_the_parts():
    images, model = pictures(8), nested().eval()
    made = task(images)
    alone = AutoencoderTask(images, made.held_out, made.batches, made.classifier, 0.5, 0.0)
    with torch.inference_mode():
        measured = made.validate(model)
        parts = [alone.validate(model.part(size)) for size in model.sizes]
    assert list(measured) == list(parts[0])
    for name, value in measured.items():
        assert value == pytest.approx(sum(part[name] for part in parts) / 3)


def test_every_part_learns(tmp_path):
    """Through the training loop, on eight pictures."""
    images = pictures(8)
    model = NestedAutoencoder(linear_start(6, seed=1), [6, 4, 3])
    x = to_tensor(images)
    with torch.inference_mode():
        first = [float(((model.part(size)(x) - x) ** 2).mean()) for size in model.sizes]
    made = task(images)
    plan = training.Plan(steps=20, learning_rate=0.002, validate_every=10)
    training.train(model, made.loss, plan, validate=made.validate, resume=tmp_path / "resume.pt", stage="test")
    with torch.inference_mode():
        for size, before in zip(model.sizes, first, strict=True):
            assert float(((model.part(size)(x) - x) ** 2).mean()) < 0.95 * before
