"""Floating-point operations of a system, by the paper's Eq. (10), counted from the layers that are built  [deepsc_s Sec. V-B].

    2 G H (C_in K^2 + 1) C_out        for a convolution of kernel K x K on a map of G x H

The excitation's dense layers, means, sums and activations are not counted, as in the paper: less than a thousandth.
"""

import copy

import torch
from torch import Tensor, nn

from semcom_lib.arguments import check_integer


def convolution_flops(model: nn.Module, channels: int, num_frames: int = 128, frame_length: int = 128) -> int:
    """Operations of one pass of a map (channels, num_frames, frame_length) through ``model``  [deepsc_s eq. 10].

    Nothing is computed: the layers are walked through with shapes alone. Raises ValueError for sizes below 1.
    """
    for name, value in (("channels", channels), ("num_frames", num_frames), ("frame_length", frame_length)):
        check_integer(name, value, 1)
    total = 0

    def count(layer: nn.Conv2d, inputs: tuple[Tensor], output: Tensor) -> None:
        nonlocal total
        kernel = layer.kernel_size[0] * layer.kernel_size[1]
        total += 2 * output.shape[2] * output.shape[3] * (layer.in_channels * kernel + 1) * layer.out_channels

    shapes_only = copy.deepcopy(model).to("meta")
    for layer in shapes_only.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(count)
    shapes_only(torch.empty(1, channels, num_frames, frame_length, device="meta"))
    return total
