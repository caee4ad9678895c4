"""The policy network: which split point for this image over this channel  [digital_sc Sec. III-D, Fig. 6].

    x -- CU -- block -- block -- block --.
         w     w / 2    w / 4    w / 8   |-- linear -- softmax -- h_hat
    BER ---------------------------------'

    CU: convolution 3 x 3, ReLU, BN        block: CU -- DCU -- CU --.
    DCU: the same with stride 2 and               '----- DCU -------+--
         half the channels

It is taught by a table: the accuracy of each label at each BER and split point, measured on images that no system was trained
on (of its weights they chose the best). The best split point of its label is an image's target.

Differs from the paper:
* BER comes as its logarithm, from -1 at 1e-5 to 1 at 1e-1: as a number, 1e-5 and 1e-3 would be one to the linear layer.
* Eq. 23 has a minus sign before the squared error: minimised as printed it would drive h_hat away from h.
* The paper leaves ties open: the split point with the least computation on the device.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semcom_lib.arguments import check_integer, check_tensor, describe
from semcom_lib.digital_sc.bottleneck import check_ber

LOWEST_BER, HIGHEST_BER = 1e-5, 1e-1  # of training and test [digital_sc Sec. III-E]
_MAP_SIDE = 4  # of the last block's output for an image of 32 x 32


class PolicyNetwork(nn.Module):
    """Images (n, 3, H, W) in 0..1 and their BER -> a distribution over ``num_splits`` split points  [digital_sc eq. 3].

    ``width`` is w, a multiple of 8; 16 costs about what one block of the classifier does. Images larger than 32 x 32 are averaged
    to the same 4 x 4 places. Raises ValueError for fewer than 2 split points, or another width.
    """

    def __init__(self, num_splits: int, width: int = 16):
        super().__init__()
        check_integer("num_splits", num_splits, 2)
        check_integer("width", width, 8)
        if width % 8:
            raise ValueError(f"width = {width} must be a multiple of 8")
        self.num_splits, self.width = num_splits, width
        self.features = nn.Sequential(
            *(_unit(3, width), _PolicyBlock(width), _PolicyBlock(width // 2), _PolicyBlock(width // 4)),
            *(nn.AdaptiveAvgPool2d(_MAP_SIDE), nn.Flatten()),
        )
        self.linear = nn.Linear(width // 8 * _MAP_SIDE**2 + 1, num_splits)
        self.to(memory_format=torch.channels_last)

    def forward(self, x: Tensor, ber: Tensor) -> Tensor:
        """h_hat (n, num_splits), rows that sum to 1, for images x (n, 3, H, W) and BERs (n,) in [0, 0.5].

        Raises ValueError for other shapes or rates.
        """
        check_tensor("x", x, "floating-point", "(n, 3, H, W)")
        check_tensor("ber", ber, "floating-point", "(n,)")
        if len(ber) != len(x):
            raise ValueError(f"ber has {len(ber)} rates: there must be one for each of {len(x)} images")
        for rate in ber.aminmax() if len(ber) else ():
            check_ber(float(rate))
        z = self.features((x - 0.5).contiguous(memory_format=torch.channels_last))
        return torch.softmax(self.linear(torch.cat([z, ber_feature(ber)[:, None].to(z)], dim=1)), dim=1)

    @torch.no_grad()
    def choose(self, x: Tensor, ber: float, *, affordable: int | None = None) -> Tensor:
        """h: the place, from 0, of each image's most probable split point, int64 (n,)  [digital_sc Sec. II].

        ``affordable`` is how many of the split points, from the first, the device can compute (None: all). Raises ValueError for
        another number, or a ``ber`` outside [0, 0.5].
        """
        check_integer("affordable", self.num_splits if affordable is None else affordable, 1, self.num_splits)
        check_ber(ber)
        return self(x, torch.full((len(x),), float(ber)))[:, :affordable].argmax(dim=1)


def ber_feature(ber: Tensor) -> Tensor:
    """The logarithm of rates (n,), -1 at LOWEST_BER, which stands for all lower ones, and 1 at HIGHEST_BER."""
    low, high = np.log10([LOWEST_BER, HIGHEST_BER]).tolist()
    return 2 * (ber.clamp_min(LOWEST_BER).log10() - low) / (high - low) - 1


def policy_loss(h_hat: Tensor, targets: Tensor) -> Tensor:
    """F_MSE  [digital_sc eq. 23]: |h - h_hat|^2 of h_hat (n, num_splits) and targets (n,), places from 0; the mean over n."""
    h = F.one_hot(targets, h_hat.shape[1]).to(h_hat)
    return (h - h_hat).square().sum(dim=1).mean()


def draw_ber(num_images: int, *, generator: torch.Generator) -> Tensor:
    """BERs (num_images,) between LOWEST_BER and HIGHEST_BER, their logarithms uniform  [digital_sc Algorithm 1, step 3]."""
    low, high = np.log10([LOWEST_BER, HIGHEST_BER]).tolist()
    return 10 ** (low + (high - low) * torch.rand(num_images, generator=generator))


@dataclass(frozen=True, eq=False)
class SplitTable:
    """What teaches the policy: ``accuracy`` (num_bers, num_splits, num_labels) at increasing ``bers`` and ``splits``.

    Raises ValueError for an accuracy of another shape or outside 0..1, BERs outside [0, 0.5], or an order that is not increasing.
    """

    bers: Sequence[float]
    splits: Sequence[int]
    accuracy: np.ndarray

    def __post_init__(self) -> None:
        for ber in self.bers:
            check_ber(ber)
        for name, values in (("bers", self.bers), ("splits", self.splits)):
            if not len(values) or not all(low < high for low, high in pairwise(values)):
                raise ValueError(f"{name} = {list(values)} must be increasing, at least one")
        if self.accuracy.ndim != 3 or self.accuracy.shape[:2] != (len(self.bers), len(self.splits)):
            raise ValueError(
                f"accuracy is {describe(self.accuracy)}: it must be ({len(self.bers)}, {len(self.splits)}, num_labels)"
            )
        if not bool(((self.accuracy >= 0) & (self.accuracy <= 1)).all()):  # NaN, a label without images, fails as well
            raise ValueError(f"accuracy is {describe(self.accuracy)} with entries outside 0..1")

    @classmethod
    def counted(
        cls, bers: Sequence[float], splits: Sequence[int], right: np.ndarray, labels: np.ndarray
    ) -> "SplitTable":
        """The table of images that were recognised or not: right bool (num_bers, num_splits, n), labels (n,) from 0.

        Raises ValueError where a label up to the largest has no image, or shapes do not fit.
        """
        if right.ndim != 3 or right.shape[2] != len(labels):
            raise ValueError(f"right is {describe(right)}: it must be (num_bers, num_splits, {len(labels)})")
        images = np.bincount(labels)
        if not images.all():
            raise ValueError(f"labels have no image of label {int(np.argmin(images))}: there must be one of each")
        of_label = np.eye(len(images))[labels]  # (n, num_labels)
        return cls(bers, splits, right.astype(np.float64) @ of_label / images)

    @property
    def best(self) -> np.ndarray:
        """The place, from 0, of the split point that recognises each label best at each BER: int64 (num_bers, num_labels)."""
        return self.accuracy.argmax(axis=1)

    @property
    def bound(self) -> np.ndarray:
        """The accuracy at each BER if every image of a label went over that label's best split point, labels alike: (num_bers,).

        The paper's "ensemble of the networks with fixed split points", Fig. 9; it knows the label, which a policy must guess.
        """
        return self.accuracy.max(axis=1).mean(axis=1)

    def targets(self, labels: Tensor, ber: Tensor) -> Tensor:
        """Where images with labels (n,) should be split over channels of BER (n,), places from 0: int64 (n,).

        A BER between two of the table's is taken for the nearer one, by their logarithms.
        """
        grid = ber_feature(torch.tensor(self.bers, dtype=torch.float64))
        row = (ber_feature(ber.double())[:, None] - grid).abs().argmin(dim=1)
        return torch.from_numpy(self.best)[row, labels]


class _PolicyBlock(nn.Module):
    """Half the channels and half the sides, with a residual connection of the same kind."""

    def __init__(self, channels: int):
        super().__init__()
        half = channels // 2
        self.branch = nn.Sequential(_unit(channels, channels), _unit(channels, half, stride=2), _unit(half, half))
        self.residual = _unit(channels, half, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return self.residual(x) + self.branch(x)


def _unit(num_inputs: int, num_outputs: int, stride: int = 1) -> nn.Sequential:
    """A convolution unit, or with a stride a down-sampling one."""
    convolution = nn.Conv2d(num_inputs, num_outputs, 3, stride=stride, padding=1)
    return nn.Sequential(convolution, nn.ReLU(), nn.BatchNorm2d(num_outputs))
