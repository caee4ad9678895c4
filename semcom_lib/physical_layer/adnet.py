"""ADNet, the attention-guided denoiser that refines the LS channel estimate  [l_deepsc eq. 15; Tian et al. 2020].

    h_rough -> sparse block -> feature enhancement -> attention -> noise;    h_refined = h_rough - noise
               12 layers       4 layers, then tanh    1x1 conv               (reconstruction block)
                               beside h_rough

A channel matrix is an image of two channels, real and imaginary part; all that the network knows is that one noisy
image: neither the SNR nor the channel's statistics. Every layer keeps the image's size, so any size is accepted.

Differs from Tian et al.: the convolutions start delta-orthogonal [Xiao et al. 2018] instead of normal, the attention at 1.
From normal weights, sixteen plain layers need many times the steps to learn to hand a Gaussian image on.

C. Tian, Y. Xu, Z. Li, W. Zuo, L. Fei, H. Liu, "Attention-guided CNN for image denoising", Neural Networks 124, 2020.
L. Xiao, Y. Bahri, J. Sohl-Dickstein, S. Schoenholz, J. Pennington, "Dynamical isometry and a mean field theory of CNNs", ICML 2018.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from semcom_lib.arguments import check_integer, check_tensor
from semcom_lib.learning.checkpoints import load_checkpoint, load_state

SPARSE_LAYERS = 12
DILATED_LAYERS = (2, 5, 9, 12)  # counted from 1; dilation 2
ENHANCEMENT_LAYERS = 4
PARTS = 2  # real and imaginary


def to_image(h: Tensor) -> Tensor:
    """Complex matrices (batch, rows, cols) -> float32 images (batch, 2, rows, cols), real part first.

    Raises ValueError when ``h`` is not a batch of complex matrices.
    """
    check_tensor("h", h, "complex", "(batch, rows, cols)")
    return torch.view_as_real(h).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)


def from_image(image: Tensor) -> Tensor:
    """The inverse of :func:`to_image`: (batch, 2, rows, cols) -> complex64 (batch, rows, cols).

    Raises ValueError for another shape or type.
    """
    _check_image(image)
    return torch.view_as_complex(image.permute(0, 2, 3, 1).contiguous())


class ADNet(nn.Module):
    """The denoiser with ``width`` features a layer (64 in Tian et al.). Raises ValueError for a width below 1."""

    def __init__(self, width: int = 64):
        super().__init__()
        check_integer("width", width, 1)
        self.width = width
        self.sparse_block = nn.Sequential(
            *(
                _convolution(PARTS if layer == 1 else width, width, dilation=2 if layer in DILATED_LAYERS else 1)
                for layer in range(1, SPARSE_LAYERS + 1)
            )
        )
        self.feature_enhancement_block = nn.Sequential(
            *(_convolution(width, width) for _ in range(ENHANCEMENT_LAYERS - 1)),
            _delta_orthogonal(nn.Conv2d(width, PARTS, kernel_size=3, padding=1, bias=False)),
        )
        self.attention_block = nn.Conv2d(2 * PARTS, PARTS, kernel_size=1)
        nn.init.zeros_(self.attention_block.weight)
        nn.init.ones_(self.attention_block.bias)

    def forward(self, image: Tensor) -> Tensor:
        """Noisy image (batch, 2, rows, cols) -> denoised image of the same shape. Raises ValueError for another one."""
        _check_image(image)
        features = self.feature_enhancement_block(self.sparse_block(image))  # (batch, 2, rows, cols)
        enhanced = torch.tanh(torch.cat([image, features], dim=1))  # (batch, 4, rows, cols)
        noise = self.attention_block(enhanced) * features
        return image - noise

    def refine(self, h_rough: Tensor) -> Tensor:
        """The refined estimate  [l_deepsc eq. 15] of complex matrices h_rough (batch, rows, cols), same shape."""
        return from_image(self(to_image(h_rough)))

    def loss(self, h_rough: Tensor, h: Tensor) -> Tensor:
        """1/2 ||H_refined - H||_F^2 [l_deepsc Sec. III-A], the mean over the batch (batch, rows, cols).

        Raises ValueError for matrices of unequal shapes.
        """
        check_tensor("h", h, "complex", "(batch, rows, cols)")
        check_tensor("h_rough", h_rough, "complex", "(batch, rows, cols)")
        if h_rough.shape != h.shape:
            raise ValueError(f"h_rough has shape {tuple(h_rough.shape)}: it must be that of h, {tuple(h.shape)}")
        return 0.5 * (self.refine(h_rough) - h).abs().square().sum(dim=(1, 2)).mean()


def to_checkpoint(model: ADNet) -> dict[str, Any]:
    """What a checkpoint file holds of the model: its width and its weights."""
    return {"width": model.width, "state": model.state_dict()}


def from_checkpoint(checkpoint: Mapping[str, Any], name: str = "the checkpoint") -> ADNet:
    """The model of a checkpoint, in evaluation mode. Raises ValueError, one line with its ``name``, for another model's."""
    model = ADNet(checkpoint["width"])
    load_state(model, checkpoint["state"], name)
    return model.eval()


def load_adnet(path: Path) -> ADNet:
    """The model of a checkpoint file. Raises FileNotFoundError or ValueError naming it."""
    return from_checkpoint(load_checkpoint(path, "width", "state"), str(path))


def _check_image(image: Tensor) -> None:
    check_tensor("image", image, "floating-point", "(batch, 2, rows, cols)")
    if image.shape[1] != PARTS:
        raise ValueError(f"image has shape {tuple(image.shape)}: it must be (batch, {PARTS}, rows, cols)")


def _convolution(num_inputs: int, num_outputs: int, dilation: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(num_inputs, num_outputs, kernel_size=3, padding=dilation, dilation=dilation, bias=False)
    return nn.Sequential(_delta_orthogonal(convolution), nn.BatchNorm2d(num_outputs), nn.ReLU())


def _delta_orthogonal(convolution: nn.Conv2d) -> nn.Conv2d:
    """An orthogonal map in the 3 x 3 kernel's centre, zeros around it."""
    with torch.no_grad():
        nn.init.zeros_(convolution.weight)
        nn.init.orthogonal_(convolution.weight[:, :, 1, 1])
    return convolution
