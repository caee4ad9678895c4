"""The classifier Psi that is cut in two: the first s blocks on the device, the rest on the server  [digital_sc Sec. II].

    x -- stem -- block 1 -- ... -- block s -- | -- block s + 1 -- ... -- block n -- head -- logits
         device alpha_s                           server beta_s

    SplitResNet   32 x 32: conv 16 | n blocks, 64 wide, 32 x 32 | n of 128, 16 x 16 | n of 256, 8 x 8 | mean, linear

A ResNet of n blocks a stage has 9 n + 2 layers, 56 with n = 6: three convolutions a block, one before and one layer behind.

Differs from the paper: its text lists a unit as "convolutional filter followed by ReLU and BN", but the network that it cites
[He et al. 2016] normalises first: BN, ReLU, convolution, which we take. What a block hands on is then a signed sum.

K. He et al., "Identity mappings in deep residual networks", ECCV 2016.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from semcom_lib.arguments import check_integer, check_number, check_tensor

NUM_CLASSES = 10
CIFAR10_MEAN, CIFAR10_STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)


class SplitNetwork(nn.Module):
    """Stem, blocks and head that are called one after the other, on images (n, C, H, W) of one shape with pixels in 0..1.

    Images are normalised by ``mean`` and ``std`` first. ``forward`` is the ideal network: device and server without a channel.
    """

    def __init__(
        self,
        stem: nn.Module,
        blocks: Sequence[nn.Module],
        head: nn.Module,
        image_shape: tuple[int, int, int],
        mean: Sequence[float],
        std: Sequence[float],
    ):
        super().__init__()
        self.stem, self.blocks, self.head = stem, nn.ModuleList(blocks), head
        self.image_shape = image_shape
        self.register_buffer("mean", torch.tensor(mean).view(-1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(-1, 1, 1), persistent=False)
        self.to(memory_format=torch.channels_last)

    @property
    def num_blocks(self) -> int:
        """Blocks, behind each of which the network can be cut."""
        return len(self.blocks)

    def device(self, x: Tensor, split: int) -> Tensor:
        """E(X; alpha_s)  [digital_sc eq. 1]: images (n, C, H, W) -> what block ``split`` = 1..num_blocks gives, (n, z, h, w).

        Raises ValueError for another split point, or images of another shape.
        """
        self._check_split(split)
        check_tensor("x", x, "floating-point", "(n, C, H, W)")
        if tuple(x.shape[1:]) != self.image_shape:
            raise ValueError(f"x has shape {tuple(x.shape)}: it must be (n, {str(self.image_shape)[1:]}")
        z = self.stem(((x - self.mean) / self.std).contiguous(memory_format=torch.channels_last))
        for block in self.blocks[:split]:
            z = block(z)
        return z

    def server(self, features: Tensor, split: int) -> Tensor:
        """S^(d)(S_e; beta_s)  [digital_sc eq. 2]: features (n, z, h, w) of block ``split`` -> logits (n, num_classes).

        Raises ValueError for another split point.
        """
        self._check_split(split)
        for block in self.blocks[split:]:
            features = block(features)
        return self.head(features)

    def forward(self, x: Tensor) -> Tensor:
        """Images (n, C, H, W) -> logits (n, num_classes) over the ideal channel, z_ideal  [digital_sc Sec. III-C]."""
        return self.server(self.device(x, self.num_blocks), self.num_blocks)

    def feature_shape(self, split: int) -> tuple[int, int, int]:
        """What block ``split`` gives for one image: channels, height and width (z, h, w)."""
        return tuple(self._evaluated(split).shape[1:])

    def device_flops(self, split: int) -> int:
        """Floating-point operations of the device for one image, 2 a multiply-accumulate  [digital_sc eq. 4, f].

        Convolutions and linear layers count; normalisations, activations and the quantiser, a per cent or two, do not.
        """
        with FlopCounterMode(display=False) as counter:
            self._evaluated(split)
        return counter.get_total_flops()

    def device_parameters(self, split: int) -> int:
        """Weights and biases that the device must store."""
        self._check_split(split)
        return sum(p.numel() for part in (self.stem, *self.blocks[:split]) for p in part.parameters())

    def deepest_split(self, max_flops: float) -> int:
        """s_max, the last split point of which the device needs at most ``max_flops`` an image  [digital_sc eq. 4].

        Raises ValueError where not even the first block can be afforded.
        """
        check_number("max_flops", max_flops, "[0, inf]")
        affordable = [s for s in range(1, self.num_blocks + 1) if self.device_flops(s) <= max_flops]
        if not affordable:
            raise ValueError(
                f"max_flops = {max_flops:g} must be at least {self.device_flops(1)}, what stem and first block take"
            )
        return affordable[-1]

    @torch.no_grad()
    def _evaluated(self, split: int) -> Tensor:
        """The features of one black image, with the network as if in evaluation mode."""
        modes = {module: module.training for module in self.modules()}
        try:
            return self.eval().device(torch.zeros(1, *self.image_shape, device=self.mean.device), split)
        finally:
            for module, mode in modes.items():
                module.training = mode

    def _check_split(self, split: int) -> None:
        check_integer("split", split, 1, self.num_blocks)


class SplitResNet(SplitNetwork):
    """Bottleneck ResNet of depth 9 ``blocks_per_stage`` + 2 for colour images (n, 3, 32, 32), 3 ``blocks_per_stage`` blocks.

    ``width`` is the first stage's inner width, a quarter of its outer one: 16 in the paper. Raises ValueError for either below 1.
    """

    def __init__(self, blocks_per_stage: int = 6, width: int = 16, num_classes: int = NUM_CLASSES):
        check_integer("blocks_per_stage", blocks_per_stage, 1)
        check_integer("width", width, 1)
        check_integer("num_classes", num_classes, 2)
        blocks, channels = [], width
        for stage in range(3):
            inner = width * 2**stage
            for place in range(blocks_per_stage):
                blocks.append(Bottleneck(channels, inner, stride=2 if stage and not place else 1))
                channels = 4 * inner
        head = nn.Sequential(
            *(nn.BatchNorm2d(channels), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()),
            nn.Linear(channels, num_classes),
        )
        stem = nn.Conv2d(3, width, 3, padding=1, bias=False)
        super().__init__(stem, blocks, head, (3, 32, 32), CIFAR10_MEAN, CIFAR10_STD)
        self.blocks_per_stage, self.width, self.num_classes = blocks_per_stage, width, num_classes
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")

    @property
    def depth(self) -> int:
        """Layers with weights on the longest path, 9 n + 2."""
        return 9 * self.blocks_per_stage + 2


class Bottleneck(nn.Module):
    """x + three convolutions, each behind BN and ReLU: 1 x 1 to ``inner`` channels, 3 x 3, 1 x 1 to 4 ``inner``.

    Where the shape changes, x comes through a 1 x 1 convolution of the first BN and ReLU's output.
    """

    def __init__(self, channels: int, inner: int, stride: int = 1):
        super().__init__()
        self.activation = nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU())
        self.branch = nn.Sequential(
            nn.Conv2d(channels, inner, 1, bias=False),
            *(nn.BatchNorm2d(inner), nn.ReLU(), nn.Conv2d(inner, inner, 3, stride=stride, padding=1, bias=False)),
            *(nn.BatchNorm2d(inner), nn.ReLU(), nn.Conv2d(inner, 4 * inner, 1, bias=False)),
        )
        keeps_shape = channels == 4 * inner and stride == 1
        self.projection = None if keeps_shape else nn.Conv2d(channels, 4 * inner, 1, stride=stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels, H, W) -> (n, 4 inner, H / stride, W / stride)."""
        z = self.activation(x)
        return (x if self.projection is None else self.projection(z)) + self.branch(z)
