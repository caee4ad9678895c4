"""First weights for autoencoders of pictures: a network that starts as a linear one  [aesc_i Table II].

    model = linear_start(8, seed=2026)

Fifteen layers without a shortcut learn slowly, for a ReLU loses half of its input. Here channels start in pairs, a signal and its
negative, of which one always passes ("looks linear" [Balduzzi et al. 2017]), and their maps are orthogonal. Latents are too few
for pairs: each carries a signal of its own, lifted so far that its ReLU lets nearly all of it pass.

D. Balduzzi et al., "The shattered gradients problem", ICML 2017.
L. Xiao et al., "Dynamical isometry and a mean field theory of CNNs", ICML 2018.
"""

import math

import torch
from torch import Tensor, nn

from semcom_lib import seeds
from semcom_lib.aesc_i.autoencoders import PictureAutoencoder

MIDDLE = 0.5  # of a pixel's range, which becomes the signals' zero
LIFT = 0.5  # of the latents: two standard deviations of pixels, or nearly so


def linear_start(z_dims: int, *, seed: int) -> PictureAutoencoder:
    """An autoencoder of pictures that is linear between its first layer and its sigmoid, drawn from (``seed``, ``z_dims``).

    A kernel between signals is orthogonal and keeps their variance; that of a layer which keeps the size sees a pixel's own
    channels alone [Xiao et al. 2018]. What keeps it from being linear for all images are latents below zero, which are cut off: few
    of an image's, though most images have some. Raises ValueError for ``z_dims`` below 1.
    """
    with seeds.initialising(seed, "aesc_i", "pictures", "linear start", z_dims), torch.no_grad():
        model = PictureAutoencoder(z_dims)
        encoder, decoder = (
            [layer for layer in half if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)]
            for half in (model.encoder, model.decoder)
        )
        for layer in encoder + decoder:
            inputs = _channels_of_signals(layer.in_channels, in_pairs=layer not in (encoder[0], decoder[0]))
            outputs = _channels_of_signals(layer.out_channels, in_pairs=layer not in (encoder[-1], decoder[-1]))
            kernel = _orthogonal_kernel(layer, len(inputs), len(outputs))
            weight = torch.einsum("so,srhw,ri->oihw", outputs, kernel, inputs)
            layer.weight.copy_(weight.transpose(0, 1) if isinstance(layer, nn.ConvTranspose2d) else weight)
        encoder[0].bias.copy_(-MIDDLE * encoder[0].weight.sum((1, 2, 3)))
        encoder[-1].bias.fill_(LIFT)
        decoder[0].bias.copy_(-LIFT * decoder[0].weight.sum((0, 2, 3)) / math.prod(decoder[0].stride))
    return model


def _channels_of_signals(channels: int, *, in_pairs: bool) -> Tensor:
    """(signals, channels): channel 2k is signal k and channel 2k + 1 its negative, or each is its own."""
    if not in_pairs:
        return torch.eye(channels)
    signals = torch.zeros(math.ceil(channels / 2), channels)
    index = torch.arange(channels)
    signals[index // 2, index] = 1.0 - 2.0 * (index % 2)
    return signals


def _orthogonal_kernel(layer: nn.Conv2d | nn.ConvTranspose2d, inputs: int, outputs: int) -> Tensor:
    """(outputs, inputs, height, width), scaled so that outputs vary as the inputs do where those are uncorrelated."""
    height, width = layer.kernel_size
    if layer.stride == (1, 1):
        kernel = torch.zeros(outputs, inputs, height, width)
        nn.init.orthogonal_(centre := torch.empty(outputs, inputs), gain=math.sqrt(max(1, outputs / inputs)))
        kernel[:, :, height // 2, width // 2] = centre
        return kernel
    meets = inputs * height * width  # inputs of an output; of a transposed convolution 1 / stride^2 of them
    if isinstance(layer, nn.ConvTranspose2d):
        meets /= math.prod(layer.stride)
        kernel = nn.init.orthogonal_(torch.empty(inputs, outputs * height * width))
        kernel = kernel.view(inputs, outputs, height, width).transpose(0, 1)
    else:
        kernel = nn.init.orthogonal_(torch.empty(outputs, inputs * height * width))
        kernel = kernel.view(outputs, inputs, height, width)
    return kernel * (1 / math.sqrt(meets) / kernel.square().mean().sqrt())
