"""Weight quantisation to m bits, before or during training  [l_deepsc Algorithm 2 phase 1, eqs. 18, 19].

The grid is that of :mod:`semcom_lib.compression.uniform_quantiser`, over the range of a matrix's kept weights, in float64.

Differs from the paper: eq. 18's grid does not in general contain 0, so a pruned weight would come back as up to half
a step. Only the kept weights are quantised, over their own range; pruned ones are known from the mask and stay 0.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from semcom_lib.arguments import check_tensor, describe
from semcom_lib.compression.pruning import Masks, masked_weights
from semcom_lib.compression.uniform_quantiser import FULL_BITS, StraightThrough, check_bits, from_levels, to_levels


def weight_levels(kept: Tensor, bits: int) -> tuple[Tensor, Tensor, Tensor]:
    """Kept weights (n,), n >= 1 -> levels float64 (n,), and the range low, high as float64 scalars.

    Raises ValueError for no weights, or what is not floating-point.
    """
    check_tensor("kept", kept, "floating-point", "(n,)")
    if not len(kept):
        raise ValueError("kept is empty: there must be at least one weight")
    low, high = kept.double().aminmax()
    return to_levels(kept.double(), low, high, bits), low, high


@torch.no_grad()
def quantised(weight: Tensor, mask: Tensor, bits: int) -> Tensor:
    """The weight (any shape, float32) on the grid of its kept values, 0 where pruned; ``bits`` = 32 only prunes.

    Raises ValueError for bits outside 1..32 or a mask that is not bool or of another shape.
    """
    check_bits(bits)
    if not isinstance(mask, Tensor) or mask.dtype != torch.bool or mask.shape != weight.shape:
        raise ValueError(
            f"mask is {describe(mask)}: it must be a bool tensor of the weight's shape {tuple(weight.shape)}"
        )
    if bits == FULL_BITS:
        return weight.masked_fill(~mask, 0.0)
    result = torch.zeros_like(weight)
    kept = weight[mask]
    if kept.numel():
        result[mask] = from_levels(*weight_levels(kept, bits), bits).to(weight.dtype)
    return result


@torch.no_grad()
def quantise_weights(model: nn.Module, masks: Masks, bits: int) -> None:
    """Prune and quantise the model's weights in place to ``bits`` = 1..32 bits each  [l_deepsc eqs. 16, 18, 24].

    Raises ValueError for other bits, masks that do not fit the model, or weights that are not finite.
    """
    check_bits(bits)
    for name, weight in masked_weights(model, masks).items():
        if not weight.isfinite().all():
            raise ValueError(f"weight {name} is not finite")
        weight.copy_(quantised(weight, masks[name].to(weight.device), bits))


class _QuantisedWeight(nn.Module):
    """The parametrisation of one weight during quantisation-aware training."""

    def __init__(self, mask: Tensor, bits: int):
        super().__init__()
        self.bits = bits
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, weight: Tensor) -> Tensor:
        return StraightThrough.apply(weight, quantised(weight.detach(), self.mask, self.bits), self.mask)


@contextmanager
def quantisation_aware(model: nn.Module, masks: Masks, bits: int) -> Iterator[None]:
    """Let the model compute with pruned and quantised weights within the block, and train them straight through.

    The float32 weights are what the optimiser sees and what checkpoints hold (under ``parametrizations``' names); at
    the end of the block the model keeps the quantised ones, as plain parameters. A weight is quantised at every use:
    where a model uses one several times a step, call it under ``torch.nn.utils.parametrize.cached()``.
    Raises ValueError for bits outside 1..32.
    """
    check_bits(bits)
    names = {id(weight): name for name, weight in masked_weights(model, masks).items()}
    uses = [
        (module, attribute, masks[names[id(weight)]].to(weight.device))
        for module in model.modules()
        for attribute, weight in module.named_parameters(recurse=False)
        if id(weight) in names
    ]
    for module, attribute, mask in uses:
        parametrize.register_parametrization(module, attribute, _QuantisedWeight(mask, bits))
    try:
        yield
    finally:
        for module, attribute, _ in uses:
            parametrize.remove_parametrizations(module, attribute)
