"""AESC-I's autoencoders: the paper's sizes, the loss of eqs. 9, 10, 14, what is refused, checkpoints."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from semcom_lib import seeds
from semcom_lib.aesc_i.autoencoders import (
    AUTOENCODERS,
    compression_ratio,
    from_checkpoint,
    to_checkpoint,
)
from semcom_lib.sources.images import to_tensor

SIZES = {"digits": (1, 28, 28), "pictures": (3, 32, 32)}


def model(kind, z_dims=8):
    with seeds.initialising(1, "aesc_i"):
        return AUTOENCODERS[kind](z_dims)


def batch(kind, num_images=4):
    return torch.rand(num_images, *SIZES[kind], generator=seeds.torch_generator(2, kind))


class Features(nn.Module):
    """A recognition model whose features are the means over rows."""

    def features(self, x):
        return x.mean(dim=3).flatten(1)


def shapes(layers, x):
    found = []
    for layer in layers:
        x = layer(x)
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            found.append(tuple(x.shape[1:]))
    return found


def test_digits_have_the_geometry_of_table_i():
    autoencoder = model("digits", 40)
    assert shapes(autoencoder.encoder, batch("digits")) == [(16, 13, 13), (16, 6, 6), (16, 2, 2), (40,)]
    latents = torch.zeros(1, 40)
    assert shapes(autoencoder.decoder, latents) == [(64,), (16, 6, 6), (16, 13, 13), (1, 28, 28)]


def test_pictures_have_the_geometry_of_table_ii():
    autoencoder = model("pictures", 12)
    sides = [(32, 15), (64, 15), (128, 15), (256, 15), (128, 6), (64, 6), (32, 6), (12, 6)]
    assert shapes(autoencoder.encoder, batch("pictures", 1)) == [(c, side, side) for c, side in sides]
    sides = [(64, 15), (128, 15), (128, 15), (128, 32), (64, 32), (32, 32), (3, 32)]
    assert shapes(autoencoder.decoder, torch.zeros(1, 12, 6, 6)) == [(c, side, side) for c, side in sides]


@pytest.mark.parametrize(
    ("kind", "z_dims", "ratio"),
    [
        *(("digits", 196, 4.0), ("digits", 98, 8.0), ("digits", 40, 19.6)),
        *(("pictures", 32, 2.667), ("pictures", 12, 7.111), ("pictures", 8, 10.667)),
    ],
)
def test_the_compression_ratio_is_that_of_eqs_13_and_16(kind, z_dims, ratio):
    autoencoder = model(kind, z_dims)
    assert compression_ratio(autoencoder.image_shape, autoencoder.latent_shape) == pytest.approx(ratio, abs=5e-4)
    assert autoencoder.encode(batch(kind, 2))[0].numel() == autoencoder.num_latents


@pytest.mark.parametrize("kind", AUTOENCODERS)
def test_the_loss_weighs_semantics_against_pixels(kind):
    """L = gamma L_SE + (1 - gamma) L_pixel, written out  [aesc_i eqs. 8, 9, 10, 14, 15]."""
    autoencoder, x, classifier = model(kind), batch(kind), Features()
    x_hat = autoencoder(x).detach()
    losses = [float(part.detach()) for part in autoencoder.loss(x, classifier, 0.3, 2.5)]
    entropy = -(x * x_hat.log() + (1 - x) * (1 - x_hat).log()).mean()
    pixel = float(entropy if kind == "digits" else (x - x_hat).square().mean())
    semantic = float((classifier.features(x) - classifier.features(x_hat)).square().mean()) / 2.5
    assert losses == pytest.approx([0.3 * semantic + 0.7 * pixel, pixel, semantic], rel=1e-5)


@pytest.mark.parametrize("kind", AUTOENCODERS)
def test_every_weight_learns_and_the_signal_neither_fades_nor_explodes(kind):
    autoencoder, x = model(kind, 8), batch(kind, 8)
    latents = autoencoder.encode(x)
    assert 0.1 < float(latents.detach().std()) < 10
    loss = F.mse_loss(autoencoder.decode(latents), x)
    loss.backward()
    assert all(float(p.grad.abs().max()) > 0 for name, p in autoencoder.named_parameters() if name.endswith("weight"))


@pytest.mark.parametrize("kind", AUTOENCODERS)
def test_a_batch_can_be_learned_by_heart(kind):
    autoencoder, x = model(kind, 16), (batch(kind, 2) > 0.8).float()
    optimiser = torch.optim.Adam(autoencoder.parameters(), lr=3e-3)
    losses = []
    for _ in range(12):
        optimiser.zero_grad()
        loss = autoencoder.loss(x, Features(), 0.1, 1.0).total
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.95 * losses[0]


@pytest.mark.parametrize("kind", AUTOENCODERS)
def test_every_latent_reaches_the_image(kind):
    """The image has a gradient by each of the latents, and zeroing any of them changes it."""
    autoencoder = model(kind, 6).eval()
    latents = autoencoder.encode(batch(kind, 2)).detach() + 0.5
    latents.requires_grad_()
    sent = autoencoder.decode(latents)
    weights = torch.rand(sent.shape, generator=seeds.torch_generator(3))
    (sent * weights).sum().backward()
    assert float(latents.grad.abs().min()) > 0
    with torch.inference_mode():
        for z in range(autoencoder.z_dims):
            changed = latents.detach().clone()
            changed[:, z] = 0
            assert bool((autoencoder.decode(changed) != sent).flatten(1).any(dim=1).all())


def nearest(received, images):
    """The index of the image that each received one is most like."""
    return torch.cdist(received.flatten(1), images.flatten(1)).argmin(dim=1).tolist()


def test_a_trained_decoder_shows_the_image_that_was_encoded(trained):
    """Learned by heart: each image comes back nearest to itself, and another one from another image's latents."""
    x = to_tensor(trained.images)
    with torch.inference_mode():
        latents = trained.autoencoder.encode(x)
        assert nearest(trained.autoencoder.decode(latents), x) == list(range(len(x)))
        assert nearest(trained.autoencoder.decode(latents.flip(0)), x) == list(range(len(x)))[::-1]
        half = latents.clone()
        half[:, latents.shape[1] // 2 :] = 0
        found = nearest(trained.autoencoder.decode(half), x)
    assert sum(i == j for i, j in enumerate(found)) < len(x)


@pytest.mark.parametrize("kind", AUTOENCODERS)
def test_the_receivers_decoder_has_the_weights_that_arrived_all_of_them(kind):
    """Not the sender's: weights of another model give the other model's images, and the sender's stay as they are."""
    autoencoder, other = model(kind), AUTOENCODERS[kind](8)
    before = {name: value.clone() for name, value in autoencoder.decoder.state_dict().items()}
    latents = autoencoder.encode(batch(kind)).detach()
    received = autoencoder.received_decoder(other.decoder.state_dict())
    with torch.inference_mode():
        assert torch.equal(received(latents), other.decode(latents))
        assert not torch.equal(received(latents), autoencoder.decode(latents))
    assert all(torch.equal(value, before[name]) for name, value in autoencoder.decoder.state_dict().items())
    assert not received.training
    assert autoencoder.decoder.training


@pytest.mark.parametrize("kind", AUTOENCODERS)
def test_images_of_another_size_or_range_are_refused(kind):
    autoencoder, x = model(kind), batch(kind)
    for bad in (x[..., :-1], x[0], x[:, :0], x.repeat(1, 2, 1, 1)):
        with pytest.raises(ValueError, match=rf"x has shape .*; {kind} must be \(n, "):
            autoencoder.encode(bad)
    for bad in (x * 255, x - 0.5, torch.full_like(x, torch.nan)):
        with pytest.raises(ValueError, match=r"pixels must be in 0\.\.1"):
            autoencoder.encode(bad)
    with pytest.raises(ValueError, match="latents have shape"):
        autoencoder.decode(torch.zeros(2, 3))
    with pytest.raises(ValueError, match=r"gamma = 1.5 must be in 0\.\.1"):
        autoencoder.loss(x, Features(), 1.5, 1.0)
    for variance in (0.0, float("nan")):
        with pytest.raises(ValueError, match=f"feature_variance = {variance} must be above 0"):
            autoencoder.loss(x, Features(), 0.5, variance)


@pytest.mark.parametrize("kind", AUTOENCODERS)
def test_no_latents_are_refused(kind):
    with pytest.raises(ValueError, match="z_dims = 0 must be at least 1"):
        AUTOENCODERS[kind](0)


@pytest.mark.parametrize("kind", AUTOENCODERS)
def test_a_state_of_another_architecture_is_refused(kind):
    autoencoder = model(kind, 8)
    other = next(name for name in AUTOENCODERS if name != kind)
    state = autoencoder.decoder.state_dict()
    missing = dict(list(state.items())[:-1])
    for bad in (model(kind, 9).decoder.state_dict(), model(other).decoder.state_dict(), missing):
        with pytest.raises(ValueError, match=r"state must be that of \d+ tensors"):
            autoencoder.received_decoder(bad)


@pytest.mark.parametrize("kind", AUTOENCODERS)
def test_a_checkpoint_brings_the_model_back(kind):
    autoencoder = model(kind, 3).eval()
    again = from_checkpoint(to_checkpoint(autoencoder))
    x = batch(kind, 2)
    assert torch.equal(again(x), autoencoder(x))
    assert again.z_dims == 3
    assert not again.training
    with pytest.raises(ValueError, match="the checkpoint holds another model"):
        from_checkpoint(to_checkpoint(autoencoder) | {"z_dims": 4})
    with pytest.raises(ValueError, match="images = 'sounds' must be one of digits, pictures"):
        from_checkpoint(to_checkpoint(autoencoder) | {"images": "sounds"})
