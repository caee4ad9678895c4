"""A network cut at one split point, with what carries its features across: device, channel, server  [digital_sc Fig. 1]."""

import math
from typing import Protocol

import torch
from torch import Tensor, nn

from semcom_lib.digital_sc.bottleneck import Pruning
from semcom_lib.digital_sc.network import SplitNetwork


class Block(Protocol):
    """What stands between device and server: a ``DigitalBlock`` or an ``AnalogBlock``."""

    pruning: Pruning

    def start(self, features: Tensor) -> None:
        """Fit levels or amplitude to the features of a network that is trained already."""
        ...

    def transfer(
        self, features: Tensor, quality: float, *, generator: torch.Generator, temperature: float = math.inf
    ) -> Tensor:
        """Features (n, z, h, w) over a channel of this ``quality``, BER or SNR in dB -> the same shape."""
        ...

    def count_channel_uses(self, height: int, width: int) -> int:
        """Complex symbols of an image whose features are (z, height, width)."""
        ...


class SplitClassifier(nn.Module):
    """``network`` cut behind block ``split``, its features sent by ``block``.

    Raises ValueError for a split point past the network, or a block for another number of channels.
    """

    def __init__(self, network: SplitNetwork, split: int, block: Block):
        super().__init__()
        num_channels, *self.map_shape = network.feature_shape(split)
        if len(block.pruning.scaling) != num_channels:
            raise ValueError(
                f"block is for {len(block.pruning.scaling)} channels: behind block {split} there are {num_channels}"
            )
        self.network, self.split, self.block = network, split, block

    @property
    def channel_uses(self) -> int:
        """Complex symbols of an image."""
        return self.block.count_channel_uses(*self.map_shape)

    @torch.no_grad()
    def start(self, x: Tensor) -> None:
        """Fit the block to the features of images x (n, C, H, W), before the first training step."""
        self.block.start(self.network.device(x, self.split))

    def forward(
        self, x: Tensor, quality: float, *, generator: torch.Generator, temperature: float = math.inf
    ) -> Tensor:
        """Images (n, C, H, W) -> logits z_hat (n, num_classes) over a channel of this ``quality``  [digital_sc eqs. 1, 2].

        ``quality`` is the BER of a ``DigitalBlock``, the SNR in dB of an ``AnalogBlock``; ``temperature`` is as in ``transfer``.
        """
        features = self.network.device(x, self.split)
        received = self.block.transfer(features, quality, generator=generator, temperature=temperature)
        return self.network.server(received, self.split)
