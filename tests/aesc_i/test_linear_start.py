"""The first weights of pictures' autoencoders make a linear network."""

import pytest
import torch

from semcom_lib import seeds
from semcom_lib.aesc_i.linear_start import linear_start


@pytest.mark.parametrize("z_dims", [8, 5])
def test_the_start_is_linear_up_to_the_sigmoid_and_keeps_the_variance(z_dims):
    """Of images whose contrast is low enough for all latents to be above zero."""
    model = linear_start(z_dims, seed=1)
    x = 0.2 * (torch.rand(6, 3, 32, 32, generator=seeds.torch_generator(2, "pictures")) - 0.5)
    grey = torch.full_like(x, 0.5)

    def logits(x):
        return model.decoder[:-1](model.encoder(grey + x)) - model.decoder[:-1](model.encoder(grey))

    y = x.flip(0)
    with torch.inference_mode():
        assert float(model.encode(grey + x).min()) > 0
        torch.testing.assert_close(logits(x - y), logits(x) - logits(y), rtol=0, atol=1e-5)
        assert 0.4 < float(logits(x).square().mean() / x.square().mean()) < 1.2  # the borders meet less
        torch.testing.assert_close(model.encode(grey), torch.full((6, z_dims, 6, 6), 0.5))


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
