"""ADNet: the published structure and size, a residual denoiser that learns, determinism."""

import pytest
import torch
from torch import nn

from semcom_lib import seeds
from semcom_lib.physical_layer import channels, correlation, csi
from semcom_lib.physical_layer.adnet import (
    ERROR_LEVELS,
    ADNet,
    from_checkpoint,
    from_image,
    to_checkpoint,
    to_image,
)

ERROR = 0.25  # variance of the LS error


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
    """0.52 million; two more image channels add a few thousand."""
    count = sum(p.numel() for p in model(64).parameters())
    assert count == 9 * (3 * 64 + 14 * 64 * 64 + 64 * 2) + 15 * 2 * 64 + (5 * 2 + 2)
    assert round(count / 1e6, 2) == 0.52


def test_a_matrix_becomes_an_image_and_back():
    h = matrices(3, 4, 5)
    image = to_image(h, torch.tensor([0.0, 4.0, 9.0])[:, None, None])
    assert image.shape == (3, 3, 4, 5)
    assert torch.equal(image[:, 0], h.real)
    assert torch.equal(image[:, 1], h.imag)
    assert torch.equal(image[:, 2], torch.tensor([0.0, 2.0, 3.0])[:, None, None].expand(3, 4, 5))
    assert torch.equal(from_image(image[:, :2]), h)


@pytest.mark.parametrize("shape", [(3, 8, 8), (1, 16, 4), (5, 1, 1)])
def test_the_estimate_keeps_the_shape(shape):
    with torch.inference_mode():
        refined = model().eval().refine(matrices(*shape), ERROR)
    assert refined.shape == shape
    assert refined.dtype == torch.complex64


def test_it_subtracts_the_noise_that_it_finds():
    """Reconstruction block: with attention 1, where it starts, sigma times the features; without features nothing."""
    adnet = model()
    rough = matrices(4, 6, 6)
    with torch.inference_mode():
        noise = adnet.feature_enhancement_block(adnet.sparse_block(to_image(rough, ERROR)))
        torch.testing.assert_close(adnet.refine(rough, ERROR), rough - ERROR**0.5 * from_image(noise))
        assert noise.abs().mean() > 0.1
        nn.init.zeros_(adnet.feature_enhancement_block[-1].weight)
        assert torch.equal(adnet.refine(rough, ERROR), rough)


def test_without_noise_it_takes_nothing_off_and_with_little_it_takes_little():
    """The error that it can do is bounded in units of sigma, whatever it was trained on."""
    adnet, rough = model().eval(), matrices(4, 6, 6)
    with torch.inference_mode():
        assert torch.equal(adnet.refine(rough, 0.0), rough)
        taken = [(adnet.refine(rough, error) - rough).abs().square().mean() / error for error in (1e-8, 1e-4)]
    torch.testing.assert_close(taken[0], taken[1], rtol=0.1, atol=0)


def test_each_matrix_has_an_error_variance_of_its_own():
    adnet, rough = model().eval(), matrices(2, 6, 6)
    with torch.inference_mode():
        together = adnet.refine(rough, torch.tensor([0.1, 0.9])[:, None, None])
        alone = torch.cat([adnet.refine(rough[:1], 0.1), adnet.refine(rough[1:], 0.9)])
    torch.testing.assert_close(together, alone)


def test_it_states_the_errors_that_were_measured():
    """Between them on the line of the ratio to the LS error, both in dB; beyond them with the last ratio."""
    adnet = model()
    errors = torch.tensor([[0.0], [1e-5], [0.5], [3.0]])
    assert torch.equal(adnet.error_variance(errors), errors)
    levels = [10.0 ** (db / 10) for db in range(-16, 2, 2)]
    assert len(levels) == ERROR_LEVELS
    adnet.keep_errors(levels, [level**1.5 for level in levels])
    stated = adnet.error_variance(torch.tensor([[0.0], [1e-5], [0.05], [0.5], [1.0], [3.0]]))
    expected = [0.0, 1e-5 * levels[0] ** 0.5, 0.05**1.5, 0.5**1.5, 1.0, 3.0]
    torch.testing.assert_close(stated, torch.tensor(expected)[:, None])


def test_the_loss_is_half_the_squared_frobenius_norm_over_the_error_variance():
    adnet = model().eval()
    nn.init.zeros_(adnet.feature_enhancement_block[-1].weight)
    rough, h = matrices(7, 3, 4), matrices(7, 3, 4) / 2
    error = torch.linspace(0.1, 0.7, 7)
    expected = 0.5 * (torch.linalg.matrix_norm(rough - h, ord="fro").square() / error).mean()
    torch.testing.assert_close(adnet.loss(rough, error[:, None, None], h), expected)


def test_gradients_reach_every_parameter():
    adnet = model()
    adnet.loss(matrices(4, 6, 6), ERROR, matrices(4, 6, 6) / 2).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in adnet.parameters())


def test_it_learns_to_denoise_a_batch_far_below_ls_and_element_wise_mmse():
    ends = {"correlation_receive": 0.9, "correlation_transmit": 0.9}
    h = correlation.correlated_gain(16, 8, 8, **ends, generator=seeds.torch_generator(3, "h"))
    rough = csi.ls_estimate(h, 1.0, 1, generator=seeds.torch_generator(3, "ls"))
    adnet = model()
    optimizer = torch.optim.Adam(adnet.parameters(), lr=5e-3)
    for _ in range(80):
        loss = adnet.loss(rough, 1.0, h)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    mse = 2 * float(loss.detach()) / 64
    assert mse < 0.5 * csi.mmse_mse(1.0, 1) < 0.5 * csi.ls_mse(1.0, 1)


def test_equal_seeds_give_equal_networks_and_equal_bytes():
    rough = matrices(4, 6, 6)
    with torch.inference_mode():
        first, second = (model().eval().refine(rough, ERROR) for _ in range(2))
    assert torch.equal(first, second)


def test_a_matrix_is_refined_alike_alone_and_in_a_batch():
    adnet = model().eval()
    rough = matrices(6, 8, 8)
    with torch.inference_mode():
        together = adnet.refine(rough, ERROR)
        alone = torch.cat([adnet.refine(matrix[None], ERROR) for matrix in rough])
    torch.testing.assert_close(together, alone)


def test_a_checkpoint_brings_back_the_same_network_and_its_errors():
    adnet = model(12)
    adnet.loss(matrices(4, 6, 6), ERROR, matrices(4, 6, 6))  # moves the batch statistics
    adnet.keep_errors(torch.linspace(0.1, 0.9, ERROR_LEVELS).tolist(), [0.05] * ERROR_LEVELS)
    again = from_checkpoint(to_checkpoint(adnet))
    assert not again.training
    with torch.inference_mode():
        assert torch.equal(again.refine(matrices(3, 6, 6), ERROR), adnet.eval().refine(matrices(3, 6, 6), ERROR))
    assert float(again.error_variance(0.5)) == float(adnet.error_variance(0.5)) == pytest.approx(0.05)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"width = 0 must be an integer of at least 1"):
        ADNet(0)
    with pytest.raises(
        ValueError,
        match=r"h is a torch.complex64 tensor \(4, 6\): it must be a complex torch tensor \(batch, rows, cols\)",
    ):
        model().refine(matrices(4, 6), ERROR)
    with pytest.raises(ValueError, match=r"h is a torch.float32 tensor \(4, 6, 6\)"):
        model().refine(matrices(4, 6, 6).abs(), ERROR)
    with pytest.raises(ValueError, match=r"h is a numpy complex64 array"):
        model().refine(matrices(4, 6, 6).numpy(), ERROR)
    with pytest.raises(ValueError, match=r"image has shape \(4, 2, 6, 6\): it must be \(batch, 3, rows, cols\)"):
        model()(torch.zeros(4, 2, 6, 6))
    with pytest.raises(ValueError, match=r"image has shape \(4, 3, 6, 6\): it must be \(batch, 2, rows, cols\)"):
        from_image(torch.zeros(4, 3, 6, 6))
    with pytest.raises(ValueError, match=r"error_variance has shape \(4,\); for h \(4, 6, 6\)"):
        model().refine(matrices(4, 6, 6), torch.ones(4))
    with pytest.raises(ValueError, match=r"error_variance = -1 is not a variance"):
        model().refine(matrices(4, 6, 6), -1.0)
    with pytest.raises(ValueError, match=r"ls_error = nan is not a variance"):
        model().error_variance(float("nan"))
    with pytest.raises(ValueError, match=r"h_rough has shape \(1, 6, 6\): it must be that of h, \(4, 6, 6\)"):
        model().loss(matrices(1, 6, 6), ERROR, matrices(4, 6, 6))
