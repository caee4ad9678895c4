"""The first weights of pictures' autoencoders make a linear network."""

import pytest
import torch

from semcom_lib import seeds
from semcom_lib.aesc_i.linear_start import linear_start
from semcom_lib.sources.embedded_images import textures
from semcom_lib.sources.images import to_tensor


@pytest.mark.parametrize("z_dims", [8, 5])
def test_the_start_is_linear_up_to_the_sigmoid(z_dims):
    """For images whose contrast is low enough for all latents to be above zero."""
    model = linear_start(z_dims, seed=1)
    x = 0.2 * (torch.rand(6, 3, 32, 32, generator=seeds.torch_generator(2, "pictures")) - 0.5)
    grey = torch.full_like(x, 0.5)

    def logits(x):
        return model.decoder[:-1](model.encoder(grey + x)) - model.decoder[:-1](model.encoder(grey))

    y = x.flip(0)
    with torch.inference_mode():
        assert float(model.encode(grey + x).min()) > 0
        assert float(logits(x).std()) > 0.01
        torch.testing.assert_close(logits(x - y), logits(x) - logits(y), rtol=0, atol=1e-5)
        torch.testing.assert_close(model.encode(grey), torch.full((6, z_dims, 6, 6), 0.5))
        lifted = model.decoder[0](model.encode(grey))[:, :, 2:12, 2:12].mean((2, 3))  # inside, all four phases
        torch.testing.assert_close(lifted, torch.zeros(6, 64), rtol=0, atol=1e-5)


@pytest.mark.parametrize("z_dims", [32, 8])
def test_few_latents_of_an_image_are_cut_off(z_dims):
    images, _ = textures(100, 1, "test")
    with torch.inference_mode():
        passes = linear_start(z_dims, seed=1).encode(to_tensor(images)).flatten(1) > 0
    assert float(passes.float().mean()) > 0.92
    assert float(passes.all(dim=1).float().mean()) < 0.5


@pytest.mark.parametrize("z_dims", [8, 5])
@pytest.mark.parametrize("half", ["encoder", "decoder"])
def test_each_layer_keeps_the_variance_of_uncorrelated_signals(z_dims, half):
    """At the borders of a transposed convolution fewer inputs meet in an output: in / out x stride of those inside, a side."""
    layers = [layer for layer in getattr(linear_start(z_dims, seed=1), half) if hasattr(layer, "stride")]
    generator = seeds.torch_generator(2, "signals")
    for layer in layers:
        signals = torch.randn(400, layer.in_channels // (1 if layer is layers[0] else 2), 15, 15, generator=generator)
        paired = torch.stack([signals.relu(), (-signals).relu()], dim=2).flatten(1, 2)
        with torch.inference_mode():
            out = layer(signals if layer is layers[0] else paired) - layer.bias[:, None, None]
        transposed = isinstance(layer, torch.nn.ConvTranspose2d)
        kept = (layer.stride[0] * 15 / out.shape[-1]) ** 2 if transposed else 1
        assert float(out.square().mean()) == pytest.approx(kept, rel=0.02), layer
        if layer is not layers[-1]:
            assert torch.equal(out[:, 0::2], -out[:, 1::2])


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
