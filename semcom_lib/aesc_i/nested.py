"""What the autoencoders of pictures start from: a linear network, then one network whose first latents are codes of their own.

    whole = NestedAutoencoder(linear_start(32, seed=2026), [32, 12, 8])
    ... train it on whole.loss ...
    whole.part(8)  # the autoencoder with Z = 8

Fifteen layers without a shortcut learn slowly, for a ReLU loses half of its input. Here channels start in pairs, a signal and its
negative, of which one always passes: the network starts as a linear one ("looks linear" [Balduzzi et al. 2017]) of orthogonal
maps. And the first latents of a network learn to do without the others, for every Z of the paper at once [Rippel et al. 2014]: no
ratio's training has to begin at another ratio's bottleneck.

D. Balduzzi et al., "The shattered gradients problem", ICML 2017.
O. Rippel et al., "Learning ordered representations with nested dropout", ICML 2014.
L. Xiao et al., "Dynamical isometry and a mean field theory of CNNs", ICML 2018.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from semcom_lib import seeds
from semcom_lib.aesc_i.autoencoders import AUTOENCODERS, Autoencoder, PictureAutoencoder
from semcom_lib.aesc_i.task import AutoencoderTask
from semcom_lib.sources.images import to_tensor


def linear_start(z_dims: int, *, seed: int) -> PictureAutoencoder:
    """An autoencoder of pictures that is linear up to its sigmoid, drawn from (``seed``, ``z_dims``).

    A kernel between signals is orthogonal and keeps their variance; that of a layer which keeps the size sees a pixel's own
    channels alone [Xiao et al. 2018]. Z latents carry Z / 2 signals at first; of an odd Z the last one's negative is cut off.
    Raises ValueError for ``z_dims`` below 1.
    """
    with seeds.initialising(seed, "aesc_i", "pictures", "linear start", z_dims), torch.no_grad():
        model = PictureAutoencoder(z_dims)
        layers = [layer for layer in model.modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)]
        for layer in layers:
            inputs = _channels_of_signals(layer.in_channels, in_pairs=layer is not layers[0])
            outputs = _channels_of_signals(layer.out_channels, in_pairs=layer is not layers[-1])
            kernel = _orthogonal_kernel(layer, len(inputs), len(outputs))
            weight = torch.einsum("so,srhw,ri->oihw", outputs, kernel, inputs)
            layer.weight.copy_(weight.transpose(0, 1) if isinstance(layer, nn.ConvTranspose2d) else weight)
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


class NestedAutoencoder(nn.Module):
    """One autoencoder whose first latents are codes of their own, for every Z of ``sizes``.

    ``sizes`` must have the autoencoder's own Z, and no larger one; otherwise ValueError.
    """

    def __init__(self, whole: Autoencoder, sizes: Sequence[int]):
        super().__init__()
        self.sizes = sorted(set(sizes), reverse=True)
        if not self.sizes or self.sizes[0] != whole.z_dims or self.sizes[-1] < 1:
            raise ValueError(f"sizes = {list(sizes)} must be numbers of latents, the largest one Z = {whole.z_dims}")
        self.whole = whole

    def latents_kept(self, images: int) -> list[int]:
        """How many latents each image of a batch keeps: every other one all, those between the smaller sizes in turn."""
        largest, *smaller = self.sizes
        turns = [size for small in smaller for size in (largest, small)] or [largest]
        return [turns[number % len(turns)] for number in range(images)]

    def forward(self, x: Tensor) -> Tensor:
        """Images (n, C, H, W) in 0..1 -> the images that the decoder makes of the latents they keep."""
        latents = self.whole.encode(x)
        kept = torch.tensor(self.latents_kept(len(x)), device=x.device)
        mask = torch.arange(self.whole.z_dims, device=x.device) < kept[:, None]
        return self.whole.decode(latents * mask.view(*mask.shape, *(1,) * (latents.dim() - 2)))

    def loss(self, x: Tensor) -> Tensor:
        """The pixels' loss, a mean over the batch, each image with the latents that it keeps."""
        return self.whole.pixel_loss(x, self(x))

    @torch.no_grad()
    def part(self, z_dims: int) -> Autoencoder:
        """The autoencoder of the first ``z_dims`` latents, a copy in evaluation mode. Raises ValueError for another size."""
        if z_dims not in self.sizes:
            raise ValueError(f"z_dims = {z_dims} must be one of {', '.join(map(str, self.sizes))}")
        with torch.random.fork_rng(devices=[]):  # of first weights that are overwritten
            part = AUTOENCODERS[self.whole.kind](z_dims)
        weights = self.whole.state_dict()
        for name, value in part.state_dict().items():
            value.copy_(weights[name][tuple(map(slice, value.shape))])
        return part.to(next(self.parameters()).device).eval()


@dataclass(frozen=True)
class NestedTask(AutoencoderTask):
    """Images for a :class:`NestedAutoencoder`, which learns their pixels; gamma is 0."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.gamma != 0:
            raise ValueError(f"gamma = {self.gamma} must be 0: the start learns pixels alone")

    def loss(self, model: NestedAutoencoder, step: int) -> Tensor:
        """The loss of one step's images."""
        images = self.train[self.batches.at(step)]
        return model.loss(to_tensor(images).to(next(model.parameters()).device))

    def validate(self, model: NestedAutoencoder) -> dict[str, float]:
        """As that of AutoencoderTask, means over the parts of all sizes."""
        parts = [super(NestedTask, self).validate(model.part(size)) for size in model.sizes]
        return {name: sum(part[name] for part in parts) / len(parts) for name in parts[0]}
