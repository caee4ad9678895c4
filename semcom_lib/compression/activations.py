"""Activation quantisation over calibrated ranges  [l_deepsc Algorithm 2 phase 2, eqs. 20-24].

    quantisers = linear_quantisers(model, bits=8)
    with calibrating(model, quantisers):
        for batch in batches: model(batch)
    with quantised_activations(model, quantisers):
        ...  # evaluate, or train straight through

Products that are not an nn.Linear layer (attention, a tied prediction layer) stay at full resolution.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from semcom_lib.arguments import check_number, check_tensor
from semcom_lib.compression.uniform_quantiser import StraightThrough, check_bits, from_levels, to_levels

MAX_BITS = 16


class ActivationQuantiser(nn.Module):
    """Quantise real activations x (...) to 2^bits levels over [x_min, x_max], bits = 1..16.

    The range is an exponential moving average over the calibration batches [l_deepsc eqs. 20, 21] with correlation
    coefficient ``c`` in [0, 1); the first batch sets it. Gradients pass straight through the rounding, and not where x
    is clamped.

    Differs from the paper: eq. 22 clamps to [-T, T], T = 2^bits - 1, which does not fit its own unsigned grid; we
    clamp to [0, T].
    """

    def __init__(self, bits: int, c: float = 0.1):
        super().__init__()
        check_bits(bits, MAX_BITS)
        check_number("c", c, "[0, 1)")
        self.bits, self.c = bits, c
        self.register_buffer("x_min", torch.tensor(float("nan")))
        self.register_buffer("x_max", torch.tensor(float("nan")))

    @torch.no_grad()
    def calibrate(self, x: Tensor) -> None:
        """Take one batch into the range; raises ValueError for an empty one or values that are not finite."""
        check_tensor("x", x, "floating-point")
        if not x.numel() or not x.isfinite().all():
            raise ValueError("x must be finite, and not empty, to calibrate a range")
        self._update(self.x_min, x.min())
        self._update(self.x_max, x.max())

    def _update(self, average: Tensor, value: Tensor) -> None:
        average.copy_(torch.where(average.isnan(), value, (1 - self.c) * average + self.c * value))

    @torch.no_grad()
    def quantise(self, x: Tensor) -> Tensor:
        """x (...) -> level indices 0..2^bits - 1, as x's floating type  [l_deepsc eq. 22]; NaN stays NaN.

        Raises RuntimeError before the first calibration batch.
        """
        if self.x_min.isnan():
            raise RuntimeError("the activations have no range yet: run at least one batch under calibrating")
        return to_levels(x, self.x_min, self.x_max, self.bits)

    @torch.no_grad()
    def dequantise(self, levels: Tensor) -> Tensor:
        """Level indices (...) -> activations  [l_deepsc eq. 24]."""
        return from_levels(levels, self.x_min, self.x_max, self.bits)

    def forward(self, x: Tensor) -> Tensor:
        """Activations on the grid; raises RuntimeError before the first calibration batch."""
        x_q = self.dequantise(self.quantise(x))
        return StraightThrough.apply(x, x_q, (x >= self.x_min) & (x <= self.x_max))


Quantisers = Mapping[str, ActivationQuantiser]


def linear_quantisers(model: nn.Module, bits: int, c: float = 0.1) -> dict[str, ActivationQuantiser]:
    """One quantiser for the output of each of the model's nn.Linear layers, by the layer's name."""
    names = [name for name, module in model.named_modules() if isinstance(module, nn.Linear)]
    return {name: ActivationQuantiser(bits, c) for name in names}


@contextmanager
def calibrating(model: nn.Module, quantisers: Quantisers) -> Iterator[None]:
    """Within the block every batch through the model goes into the ranges; outputs do not change."""
    with _hooked(model, quantisers, ActivationQuantiser.calibrate):
        yield


@contextmanager
def quantised_activations(model: nn.Module, quantisers: Quantisers) -> Iterator[None]:
    """Within the block the outputs of the quantisers' layers are quantised over their fixed ranges."""
    with _hooked(model, quantisers, ActivationQuantiser.forward):
        yield


@contextmanager
def _hooked(
    model: nn.Module, quantisers: Quantisers, action: Callable[[ActivationQuantiser, Tensor], Tensor | None]
) -> Iterator[None]:
    modules = dict(model.named_modules())
    unknown = sorted(set(quantisers) - set(modules))
    if unknown:
        raise ValueError(f"quantisers has {unknown[0]}, which is not a layer of the model")
    handles = [
        modules[name].register_forward_hook(
            lambda _, inputs, output, quantiser=quantiser: action(quantiser.to(output.device), output)
        )
        for name, quantiser in quantisers.items()
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
