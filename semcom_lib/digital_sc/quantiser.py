"""Quantisers of 2^q levels: soft while they learn, hard when they send; and the bits of a level  [digital_sc Sec. III-A2].

    Q(x; theta, T) = theta[0] + sum_i (theta[i] - theta[i-1]) sigmoid(T (x - step_i)),  i = 1..2^q - 1

With growing T the sigmoids become steps. A feature is one of 2^q levels, sent as a label of q bits, the first one the most
significant.

Differs from the paper:
* Eqs. 9 and 12 step at theta[i], eq. 13 decides at the midpoints (theta[i-1] + theta[i]) / 2: trained on the first and used with
  the second, a quantiser sends other levels than it learnt. Ours steps at the midpoints; ``at="levels"`` is eq. 12 as printed.
* Nothing in the paper keeps the levels in order. Ours are a first level and positive distances.
* Levels, and what else a block has trained, are kept in units of ``FASTER``.
* Eq. 15 names theta[2^q], which does not exist: its last case holds for i = 2^q - 1 with all indices one lower.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semcom_lib.arguments import check_number, check_tensor, shown
from semcom_lib.compression.activations import ActivationQuantiser
from semcom_lib.compression.uniform_quantiser import check_bits

MAX_BITS = 8
STEPS_AT = ("midpoints", "levels")
LABELS = ("natural", "gray")
QUANTISERS = ("learned", "even", "range")
EPOCHS, IMAGENET_EPOCHS = 300, 12  # of the paper's two schedules
FASTER = 16
"""In units of so much a block keeps its trained numbers. Adam moves each number by about the learning rate a step: what must cross
the features' range, or come from one to zero, does so in as many steps less, without a rate of its own. A power of two is exact."""
_CENTRAL = 0.98  # of the features lies between the first and the last level at the start


def soft_quantise(x: Tensor, levels: Tensor, temperature: float, *, at: str = "midpoints") -> Tensor:
    """Q(x; theta, T)  [digital_sc eqs. 9, 12]: x (...) and increasing levels (2^q,) -> (...), hard with T = inf.

    Raises ValueError for a temperature that is not above 0, or steps that are neither at "midpoints" nor at "levels".
    """
    check_tensor("x", x, "floating-point")
    check_tensor("levels", levels, "floating-point", "(num_levels,)")
    check_number("temperature", temperature, "(0, inf]")
    if at not in STEPS_AT:
        raise ValueError(f"at = {shown(at)} must be one of {STEPS_AT}")
    steps = _midpoints(levels) if at == "midpoints" else levels[1:]
    if math.isinf(temperature):
        return levels[_passed(x, steps)]
    result = levels[0].expand(x.shape)
    for step, distance in zip(steps, levels.diff(), strict=True):
        result = result + distance * torch.sigmoid(temperature * (x - step))
    return result


def nearest_level(x: Tensor, levels: Tensor) -> Tensor:
    """f_a->d before the labels  [digital_sc eq. 13]: x (...) -> indices int64 (...) of increasing levels (num_levels,).

    A value midway between two levels is the lower one's.
    """
    return _passed(x, _midpoints(levels))


def annealed(progress: float) -> float:
    """T at this part, in (0, 1], of a training  [digital_sc eq. 24]: 1, 2, ..., 10, then the epoch's number, 101..300.

    Trainings of other lengths than the paper's 300 epochs pass through the same temperatures. Raises ValueError for other parts.
    """
    epoch = _epoch(progress, EPOCHS)
    return float(-(-epoch // 10) if epoch <= 100 else epoch)


def imagenet_temperature(progress: float) -> float:
    """T at this part, in (0, 1], of a training on ImageNet: 1 for 5 of 12 epochs, to 10 in the next five, then 100  [Sec. IV-B].

    Raises ValueError for other parts.
    """
    epoch = _epoch(progress, IMAGENET_EPOCHS)
    if epoch > 10:
        return 100.0
    return 1 + 9 * max(0, epoch - 5) / 5


class LearnedQuantiser(nn.Module):
    """2^bits trained levels, theta: increasing by construction  [digital_sc eqs. 9-15].

    With ``even`` the levels are equally far from each other: a uniform quantiser whose ends are learned in the same way, which
    differs from the other in nothing else. Raises ValueError for bits outside 1..8.
    """

    def __init__(self, bits: int, *, even: bool = False):
        super().__init__()
        check_bits(bits, MAX_BITS)
        self.bits, self.even = bits, even
        self.raw_first = nn.Parameter(torch.tensor(-1.0 / FASTER))
        distance = 2 / (2**bits - 1)
        self.raw_distances = nn.Parameter(
            torch.full((1 if even else 2**bits - 1,), _inverse_softplus(distance) / FASTER)
        )

    @property
    def levels(self) -> Tensor:
        """theta, float32 (2^bits,), each larger than the one before."""
        distances = F.softplus(FASTER * self.raw_distances).expand(2**self.bits - 1)
        first = FASTER * self.raw_first
        return torch.cat([first.view(1), first + distances.cumsum(0)])

    @torch.no_grad()
    def start(self, x: Tensor) -> None:
        """Spread the levels evenly over the central 98 % of the features x (...), from where they learn on.

        Raises ValueError for features that are not finite or all alike.
        """
        check_tensor("x", x, "floating-point")
        ordered = x.flatten().sort().values
        outside = int((1 - _CENTRAL) / 2 * len(ordered))
        span = ordered[outside : len(ordered) - outside]
        if not len(span) or not bool(ordered.isfinite().all()) or not float(span[-1] - span[0]) > 0:
            raise ValueError(f"x of shape {tuple(x.shape)} must be finite and not all alike, to spread levels over it")
        self.raw_first.copy_(span[0] / FASTER)
        self.raw_distances.fill_(_inverse_softplus(float(span[-1] - span[0]) / (2**self.bits - 1)) / FASTER)

    def indices(self, x: Tensor) -> Tensor:
        """The nearest levels of x (...), int64 (...)  [digital_sc eq. 13]."""
        return nearest_level(x, self.levels)

    def forward(self, x: Tensor, temperature: float = math.inf) -> Tensor:
        """Q(x; theta, T)  [digital_sc eq. 12], the nearest levels themselves with T = inf."""
        return soft_quantise(x, self.levels, temperature)


class RangeQuantiser(nn.Module):
    """The conventional linear quantiser of 2^bits levels from the least to the largest feature  [digital_sc eq. 8].

    Least and largest are moving averages over the training's batches, so that the receiver knows them; gradients pass straight
    through the rounding, whatever the temperature. Raises ValueError for bits outside 1..8.
    """

    def __init__(self, bits: int):
        super().__init__()
        check_bits(bits, MAX_BITS)
        self.bits = bits
        self.grid = ActivationQuantiser(bits)

    @property
    def levels(self) -> Tensor:
        """float32 (2^bits,), increasing."""
        return self.grid.dequantise(torch.arange(2**self.bits, dtype=torch.float32, device=self.grid.x_min.device))

    def start(self, x: Tensor) -> None:
        """Take the range of the features x (...). Raises ValueError for features that are not finite."""
        self.grid.calibrate(x)

    def indices(self, x: Tensor) -> Tensor:
        """The nearest levels of x (...), int64 (...). Raises RuntimeError before ``start``."""
        return self.grid.quantise(x).long()

    def forward(self, x: Tensor, temperature: float = math.inf) -> Tensor:
        """The nearest levels; in training mode the range follows the batch first."""
        if self.training:
            self.grid.calibrate(x.detach())
        return self.grid(x)


def make_quantiser(kind: str, bits: int) -> LearnedQuantiser | RangeQuantiser:
    """A quantiser by name: "learned", "even" (uniform, its ends learned) or "range" (uniform, eq. 8).

    Raises ValueError for another name, or bits outside 1..8.
    """
    if kind not in QUANTISERS:
        raise ValueError(f"kind = {shown(kind)} must be one of {QUANTISERS}")
    return RangeQuantiser(bits) if kind == "range" else LearnedQuantiser(bits, even=kind == "even")


class BitLabels(nn.Module):
    """Labels of ``bits`` bits for 2^bits levels: "natural", the index in binary [digital_sc eq. 13], or "gray".

    Neighbouring levels' Gray labels differ in one bit. Raises ValueError for bits outside 1..8, or another name.
    """

    def __init__(self, bits: int, labels: str = "natural"):
        super().__init__()
        check_bits(bits, MAX_BITS)
        if labels not in LABELS:
            raise ValueError(f"labels = {shown(labels)} must be one of {LABELS}")
        self.bits, self.labels = bits, labels
        index = torch.arange(2**bits)
        label = index ^ index >> 1 if labels == "gray" else index
        places = torch.arange(bits).flip(0)
        self.register_buffer("table", (label[:, None] >> places & 1).to(torch.uint8), persistent=False)
        self.register_buffer("index_of_label", label.argsort(), persistent=False)

    def to_bits(self, indices: Tensor) -> Tensor:
        """Indices (...) of levels -> uint8 (..., bits). Raises ValueError for what is not integer or out of range."""
        check_tensor("indices", indices, "integer")
        if indices.numel() and not 0 <= int(indices.min()) <= int(indices.max()) < len(self.table):
            low, high = int(indices.min()), int(indices.max())
            raise ValueError(f"indices lie in {low}..{high}: they must be in 0..{len(self.table) - 1}")
        return self.table[indices]

    def to_indices(self, bits: Tensor) -> Tensor:
        """Bits (..., bits) of 0 and 1 -> indices int64 (...)  [digital_sc eq. 16]. Raises ValueError for another width."""
        check_tensor("bits", bits, "integer", "(..., bits)")
        if bits.shape[-1] != self.bits:
            raise ValueError(f"bits has shape {tuple(bits.shape)}: it must be (..., {self.bits})")
        label = torch.zeros(bits.shape[:-1], dtype=torch.int64, device=bits.device)
        for bit in bits.unbind(-1):
            label = 2 * label + bit
        return self.index_of_label[label]


def _midpoints(levels: Tensor) -> Tensor:
    return (levels[1:] + levels[:-1]) / 2


def _passed(x: Tensor, steps: Tensor) -> Tensor:
    """How many of the increasing steps lie below x (...), int64 (...)."""
    return torch.bucketize(x.detach().contiguous(), steps.detach())


def _inverse_softplus(y: float) -> float:
    return y + math.log(-math.expm1(-y))


def _epoch(progress: float, epochs: int) -> int:
    """The epoch, 1..epochs, that a part of the training in (0, 1] lies in."""
    check_number("progress", progress, "(0, 1]")
    return max(1, math.ceil(epochs * progress - 1e-6))
