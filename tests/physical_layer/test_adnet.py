"""ADNet: the published structure and size, a residual denoiser that learns, determinism."""

import pytest
import torch
from torch import nn

from semcom_lib import seeds
from semcom_lib.physical_layer import channels, correlation, csi
from semcom_lib.physical_layer.adnet import ADNet, from_checkpoint, from_image, to_checkpoint, to_image


def model(width=8):
    with seeds.initialising(1, "adnet"):
        return ADNet(width)


def matrices(*shape):
    return channels.complex_normal(*shape, generator=seeds.torch_generator(2, "adnet", *shape))


def convolutions(adnet):
    return [layer for layer in adnet.modules() if isinstance(layer, nn.Conv2d)]


def test_it_has_the_published_layers():
    """17 convolutions: 12 in the sparse block, dilated at 2, 5, 9 and 12, then 4, then a 1 x 1 [Tian et al. Sec. 3]."""
    adnet = model(64)
    assert len(convolutions(adnet.sparse_block)) == 12
    assert len(convolutions(adnet.feature_enhancement_block)) == 4
    dilated = [i for i, layer in enumerate(convolutions(adnet), start=1) if layer.dilation == (2, 2)]
    assert dilated == [2, 5, 9, 12]
    assert [layer.kernel_size for layer in convolutions(adnet)] == [(3, 3)] * 16 + [(1, 1)]
    assert sum(isinstance(layer, nn.BatchNorm2d) for layer in adnet.modules()) == 15


def test_it_has_the_published_number_of_weights():
    """0.52 million; a second image channel adds a thousand."""
    count = sum(p.numel() for p in model(64).parameters())
    assert count == 9 * (2 * 64 + 14 * 64 * 64 + 64 * 2) + 15 * 2 * 64 + (4 * 2 + 2)
    assert round(count / 1e6, 2) == 0.52


def test_a_matrix_becomes_an_image_and_back():
    h = matrices(3, 4, 5)
    image = to_image(h)
    assert image.shape == (3, 2, 4, 5)
    assert torch.equal(image[:, 0], h.real)
    assert torch.equal(image[:, 1], h.imag)
    assert torch.equal(from_image(image), h)


@pytest.mark.parametrize("shape", [(3, 8, 8), (1, 16, 4), (5, 1, 1)])
def test_the_estimate_keeps_the_shape(shape):
    with torch.inference_mode():
        refined = model().eval().refine(matrices(*shape))
    assert refined.shape == shape
    assert refined.dtype == torch.complex64


def test_it_subtracts_the_noise_that_it_finds():
    """Reconstruction block: with attention 1, where it starts, the features are subtracted; without features nothing is."""
    adnet = model()
    rough = matrices(4, 6, 6)
    with torch.inference_mode():
        noise = adnet.feature_enhancement_block(adnet.sparse_block(to_image(rough)))
        torch.testing.assert_close(adnet.refine(rough), rough - from_image(noise))
        assert noise.abs().mean() > 0.1
        nn.init.zeros_(adnet.feature_enhancement_block[-1].weight)
        assert torch.equal(adnet.refine(rough), rough)


def test_the_loss_is_half_the_squared_frobenius_norm():
    adnet = model().eval()
    nn.init.zeros_(adnet.feature_enhancement_block[-1].weight)
    rough, h = matrices(7, 3, 4), matrices(7, 3, 4) / 2
    expected = 0.5 * torch.linalg.matrix_norm(rough - h, ord="fro").square().mean()
    torch.testing.assert_close(adnet.loss(rough, h), expected)


def test_gradients_reach_every_parameter():
    adnet = model()
    adnet.loss(matrices(4, 6, 6), matrices(4, 6, 6) / 2).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in adnet.parameters())


def test_it_learns_to_denoise_a_batch_far_below_ls_and_element_wise_mmse():
    ends = {"correlation_receive": 0.9, "correlation_transmit": 0.9}
    h = correlation.correlated_gain(16, 8, 8, **ends, generator=seeds.torch_generator(3, "h"))
    rough = csi.ls_estimate(h, 1.0, 1, generator=seeds.torch_generator(3, "ls"))
    adnet = model()
    optimizer = torch.optim.Adam(adnet.parameters(), lr=5e-3)
    for _ in range(80):
        loss = adnet.loss(rough, h)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    mse = 2 * float(loss.detach()) / 64
    assert mse < 0.5 * csi.mmse_mse(1.0, 1) < 0.5 * csi.ls_mse(1.0, 1)


def test_equal_seeds_give_equal_networks_and_equal_bytes():
    rough = matrices(4, 6, 6)
    with torch.inference_mode():
        first, second = (model().eval().refine(rough) for _ in range(2))
    assert torch.equal(first, second)


def test_a_matrix_is_refined_alike_alone_and_in_a_batch():
    adnet = model().eval()
    rough = matrices(6, 8, 8)
    with torch.inference_mode():
        together = adnet.refine(rough)
        alone = torch.cat([adnet.refine(matrix[None]) for matrix in rough])
    torch.testing.assert_close(together, alone)


def test_a_checkpoint_brings_back_the_same_network():
    adnet = model(12)
    adnet.loss(matrices(4, 6, 6), matrices(4, 6, 6))  # moves the batch statistics
    again = from_checkpoint(to_checkpoint(adnet))
    assert not again.training
    with torch.inference_mode():
        assert torch.equal(again.refine(matrices(3, 6, 6)), adnet.eval().refine(matrices(3, 6, 6)))


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"width = 0 must be an integer of at least 1"):
        ADNet(0)
    with pytest.raises(
        ValueError,
        match=r"h is a torch.complex64 tensor \(4, 6\): it must be a complex torch tensor \(batch, rows, cols\)",
    ):
        model().refine(matrices(4, 6))
    with pytest.raises(ValueError, match=r"h is a torch.float32 tensor \(4, 6, 6\)"):
        model().refine(matrices(4, 6, 6).abs())
    with pytest.raises(ValueError, match=r"h is a numpy complex64 array"):
        model().refine(matrices(4, 6, 6).numpy())
    with pytest.raises(ValueError, match=r"image has shape \(4, 3, 6, 6\): it must be \(batch, 2, rows, cols\)"):
        model()(torch.zeros(4, 3, 6, 6))
    with pytest.raises(ValueError, match=r"h_rough has shape \(1, 6, 6\): it must be that of h, \(4, 6, 6\)"):
        model().loss(matrices(1, 6, 6), matrices(4, 6, 6))
