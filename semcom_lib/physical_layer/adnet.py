"""ADNet, the attention-guided denoiser that refines the LS channel estimate  [l_deepsc eq. 15; Tian et al. 2020].

    h_rough, sigma -> sparse block -> feature enhancement -> attention -> noise;    h_refined = h_rough - sigma noise
                      12 layers       4 layers, then tanh    1x1 conv               (reconstruction block)
                                      beside h_rough, sigma

A channel matrix is an image of two channels, real and imaginary part; a third one holds sigma, the standard deviation of each
entry's LS error. Every layer keeps the image's size, so any size is accepted. The network knows nothing of the channel's
statistics but what it was trained on.

Differs from Tian et al.: their network, and the paper's, is blind; ours is told sigma and finds the noise in units of it. The
paper trains from 0 to 10 dB; where a blind network has to guess the SNR, beyond its range it erred more than LS. A receiver
knows its SNR and its pilots, one network serves any number of them, and without noise the LS estimate stays as it is. The
training weighs errors by 1 / sigma^2, so that every SNR counts alike; the plain squared error is decided at the lowest SNRs.
And the convolutions start delta-orthogonal [Xiao et al. 2018] instead of normal, the attention at 1: from normal weights,
sixteen plain layers need many times the steps to learn to hand a Gaussian image on.

C. Tian, Y. Xu, Z. Li, W. Zuo, L. Fei, H. Liu, "Attention-guided CNN for image denoising", Neural Networks 124, 2020.
L. Xiao, Y. Bahri, J. Sohl-Dickstein, S. Schoenholz, J. Pennington, "Dynamical isometry and a mean field theory of CNNs", ICML 2018.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from semcom_lib.arguments import check_fits, check_integer, check_tensor
from semcom_lib.learning.checkpoints import load_checkpoint, load_state
from semcom_lib.physical_layer.channels import check_variance

SPARSE_LAYERS = 12
DILATED_LAYERS = (2, 5, 9, 12)  # counted from 1; dilation 2
ENHANCEMENT_LAYERS = 4
PARTS = 2  # real and imaginary
PLANES = PARTS + 1  # and sigma
ERROR_LEVELS = 9  # SNRs at which a trained network's error is measured


def to_image(h: Tensor, error_variance: float | Tensor) -> Tensor:
    """Complex matrices (batch, rows, cols) -> float32 images (batch, 3, rows, cols): real part, imaginary part, sigma.

    sigma^2 = ``error_variance``, one number or a tensor (batch, rows, cols), sizes of 1 allowed. Raises ValueError when ``h`` is
    not a batch of complex matrices, or for a variance that is negative, not finite or of another shape.
    """
    check_tensor("h", h, "complex", "(batch, rows, cols)")
    sigma = _variance(error_variance, h).sqrt().expand(h.shape)
    planes = torch.cat([torch.view_as_real(h), sigma[..., None]], dim=-1)  # (batch, rows, cols, 3): channels last
    return planes.permute(0, 3, 1, 2)


def from_image(image: Tensor) -> Tensor:
    """Real and imaginary part (batch, 2, rows, cols) -> complex64 (batch, rows, cols). Raises ValueError for another shape."""
    _check_image(image, PARTS)
    return torch.view_as_complex(image.permute(0, 2, 3, 1).contiguous())


class ADNet(nn.Module):
    """The denoiser with ``width`` features a layer (64 in Tian et al.). Raises ValueError for a width below 1.

    A refiner as :class:`semcom_lib.physical_layer.csi.Csi` wants one: it also states the error variance of what it returns. That
    is measured after the training and kept with the weights; until then it states the LS estimate's.
    """

    error_levels_db: Tensor
    error_gains_db: Tensor

    def __init__(self, width: int = 64):
        super().__init__()
        check_integer("width", width, 1)
        self.width = width
        self.sparse_block = nn.Sequential(
            *(
                _convolution(PLANES if layer == 1 else width, width, dilation=2 if layer in DILATED_LAYERS else 1)
                for layer in range(1, SPARSE_LAYERS + 1)
            )
        )
        self.feature_enhancement_block = nn.Sequential(
            *(_convolution(width, width) for _ in range(ENHANCEMENT_LAYERS - 1)),
            _delta_orthogonal(nn.Conv2d(width, PARTS, kernel_size=3, padding=1, bias=False)),
        )
        self.attention_block = nn.Conv2d(PLANES + PARTS, PARTS, kernel_size=1)
        nn.init.zeros_(self.attention_block.weight)
        nn.init.ones_(self.attention_block.bias)
        self.register_buffer("error_levels_db", torch.linspace(-20, 0, ERROR_LEVELS))
        self.register_buffer("error_gains_db", torch.zeros(ERROR_LEVELS))

    def forward(self, image: Tensor) -> Tensor:
        """Noisy image and sigma (batch, 3, rows, cols) -> denoised image (batch, 2, rows, cols). Raises ValueError else."""
        _check_image(image, PLANES)
        features = self.feature_enhancement_block(self.sparse_block(image))  # (batch, 2, rows, cols)
        enhanced = torch.tanh(torch.cat([image, features], dim=1))  # (batch, 5, rows, cols)
        noise = self.attention_block(enhanced) * features
        return image[:, :PARTS] - image[:, PARTS:] * noise

    def refine(self, h_rough: Tensor, error_variance: float | Tensor) -> Tensor:
        """The refined estimate  [l_deepsc eq. 15] of complex matrices h_rough (batch, rows, cols), same shape.

        ``error_variance`` is that of the LS estimates, n0 / num_pilots: one number, or a tensor (batch, rows, cols) with sizes
        of 1 allowed. Raises ValueError as :func:`to_image`.
        """
        return from_image(self(to_image(h_rough, error_variance)))

    def error_variance(self, ls_error: float | Tensor) -> Tensor:
        """The error variance of :meth:`refine` for LS estimates of the error variance ``ls_error``, of any shape -> the same.

        Interpolated between the measured SNRs, as a ratio to the LS error in dB; beyond them the last ratio holds on. Raises
        ValueError for what is no variance.
        """
        check_variance("ls_error", ls_error)
        ls_error = torch.as_tensor(ls_error, dtype=torch.float32, device="cpu")
        levels, gains = self.error_levels_db.cpu().numpy(), self.error_gains_db.cpu().numpy()
        gain_db = np.interp(10 * torch.log10(ls_error), levels, gains)
        return ls_error * torch.as_tensor(10 ** (gain_db / 10), dtype=torch.float32)

    def keep_errors(self, ls_errors: Sequence[float], mse: Sequence[float]) -> None:
        """From now on state these: ``ERROR_LEVELS`` rising LS error variances, and the refined estimates' mean squared errors."""
        for buffer, values in ((self.error_levels_db, ls_errors), (self.error_gains_db, np.divide(mse, ls_errors))):
            buffer.copy_(torch.from_numpy(10 * np.log10(values)))

    def loss(self, h_rough: Tensor, error_variance: float | Tensor, h: Tensor) -> Tensor:
        """1/2 ||H_refined - H||_F^2 [l_deepsc Sec. III-A] over the LS error variance, the mean over the batch (batch, rows, cols).

        The LS estimates themselves cost rows * cols / 2. Raises ValueError for matrices of unequal shapes, and as
        :func:`to_image`; without noise there is nothing to learn, and the loss is NaN.
        """
        check_tensor("h", h, "complex", "(batch, rows, cols)")
        check_tensor("h_rough", h_rough, "complex", "(batch, rows, cols)")
        if h_rough.shape != h.shape:
            raise ValueError(f"h_rough has shape {tuple(h_rough.shape)}: it must be that of h, {tuple(h.shape)}")
        squared = (self.refine(h_rough, error_variance) - h).abs().square()
        return 0.5 * (squared / _variance(error_variance, h)).sum(dim=(1, 2)).mean()


def to_checkpoint(model: ADNet) -> dict[str, Any]:
    """What a checkpoint file holds of the model: its width, its weights and the errors that it states."""
    return {"width": model.width, "state": model.state_dict()}


def from_checkpoint(checkpoint: Mapping[str, Any], name: str = "the checkpoint") -> ADNet:
    """The model of a checkpoint, in evaluation mode. Raises ValueError, one line with its ``name``, for another model's."""
    model = ADNet(checkpoint["width"])
    load_state(model, checkpoint["state"], name)
    return model.eval()


def load_adnet(path: Path) -> ADNet:
    """The model of a checkpoint file. Raises FileNotFoundError or ValueError naming it."""
    return from_checkpoint(load_checkpoint(path, "width", "state"), str(path))


def _check_image(image: Tensor, planes: int) -> None:
    check_tensor("image", image, "floating-point", f"(batch, {planes}, rows, cols)")
    if image.shape[1] != planes:
        raise ValueError(f"image has shape {tuple(image.shape)}: it must be (batch, {planes}, rows, cols)")


def _variance(error_variance: float | Tensor, h: Tensor) -> Tensor:
    check_variance("error_variance", error_variance)
    variance = torch.as_tensor(error_variance, dtype=torch.float32, device=h.device)
    check_fits("error_variance", variance, "h", h)
    return variance


def _convolution(num_inputs: int, num_outputs: int, dilation: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(num_inputs, num_outputs, kernel_size=3, padding=dilation, dilation=dilation, bias=False)
    return nn.Sequential(_delta_orthogonal(convolution), nn.BatchNorm2d(num_outputs), nn.ReLU())


def _delta_orthogonal(convolution: nn.Conv2d) -> nn.Conv2d:
    """An orthogonal map in the 3 x 3 kernel's centre, zeros around it."""
    with torch.no_grad():
        nn.init.zeros_(convolution.weight)
        nn.init.orthogonal_(convolution.weight[:, :, 1, 1])
    return convolution
