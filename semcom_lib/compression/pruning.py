"""Network sparsification: unstructured pruning by magnitude  [l_deepsc Algorithm 1, eqs. 16, 17].

Masks map the names of a model's weights to bool tensors of their shapes, True where the weight is kept. Weights are
the parameters of at least two dimensions, tied ones once; biases and normalisations are never pruned. The masks of
sparsity 0 keep everything: they say which tensors are weights to the passes of this package that only quantise or pack.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from semcom_lib.arguments import check_integer, check_number

Masks = Mapping[str, Tensor]


@torch.no_grad()
def magnitude_masks(
    model: nn.Module, sparsity: float, *, sensitivity: Mapping[str, Tensor] | None = None
) -> dict[str, Tensor]:
    """Masks that prune exactly round(sparsity M) of the model's M weights, the smallest in magnitude of all matrices.

    Among equal magnitudes those that come first by name and position go first. With a ``sensitivity`` (of
    :func:`gradient_rms`), a magnitude counts times the loss's sensitivity to that weight: where one matrix is much larger
    than the others (an embedding drawn from N(0, 1)), the paper's common threshold prunes all of the others first.
    Raises ValueError for a sparsity outside [0, 1), weights or sensitivities that are not finite, or a sensitivity that
    lacks a weight or has another shape.

    Differs from the paper: ties and rounding cannot change the count. Its Table III keeps 1,333,247 of 3,333,120 at
    sparsity 0.6, one fewer than eqs. 16 and 17 say, as if s were indexed from 0.
    """
    check_number("sparsity", sparsity, "[0, 1)")
    weights = {name: weight for name, weight in sorted(model.named_parameters()) if weight.dim() > 1}
    if not weights:
        return {}
    magnitudes = torch.cat([_magnitudes(name, weight, sensitivity) for name, weight in weights.items()])
    kept = torch.ones_like(magnitudes, dtype=torch.bool)
    kept[magnitudes.sort(stable=True).indices[: round(sparsity * len(kept))]] = False
    parts = kept.split([weight.numel() for weight in weights.values()])
    return {name: part.view(weight.shape) for (name, weight), part in zip(weights.items(), parts, strict=True)}


def _magnitudes(name: str, weight: Tensor, sensitivity: Mapping[str, Tensor] | None) -> Tensor:
    magnitudes = weight.abs().float()
    if sensitivity is not None:
        if name not in sensitivity or sensitivity[name].shape != weight.shape:
            raise ValueError(f"sensitivity of {name} is missing or not of the weight's shape {tuple(weight.shape)}")
        magnitudes = magnitudes * sensitivity[name].to(weight.device)
    if not magnitudes.isfinite().all():
        raise ValueError(f"weight {name} is not finite, or its sensitivity is not")
    return magnitudes.flatten()


def gradient_rms(
    model: nn.Module, loss: Callable[[int], Tensor], batches: int, *, shrinkage: float = 0.0
) -> dict[str, Tensor]:
    """The root mean square of each weight's gradient over ``loss(0)``, ``loss(1)``, ..., for :func:`magnitude_masks`.

    |w| times it is the square root of the loss's expected rise when the weight goes, in the Fisher approximation of the
    curvature's diagonal [LeCun, Denker & Solla, "Optimal brain damage", 1989]. A word that no batch holds has no gradient,
    and its whole embedding would go first: ``shrinkage`` in [0, 1] moves every mean square so far towards its matrix's mean.
    The model's own gradients are left at None. Raises ValueError for fewer than one batch or a shrinkage outside [0, 1].
    """
    check_integer("batches", batches, 1)
    check_number("shrinkage", shrinkage, "[0, 1]")
    weights = {name: weight for name, weight in model.named_parameters() if weight.dim() > 1}
    squares = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    for batch in range(batches):
        gradients = torch.autograd.grad(loss(batch), list(weights.values()))
        for square, gradient in zip(squares.values(), gradients, strict=True):
            square.addcmul_(gradient, gradient)
    return {name: torch.lerp(s, s.mean(), shrinkage).div(batches).sqrt() for name, s in squares.items()}


def masked_weights(model: nn.Module, masks: Masks) -> dict[str, nn.Parameter]:
    """The model's parameters that have a mask; raises ValueError for a mask of no parameter or of another shape."""
    parameters = dict(model.named_parameters())
    for name, mask in masks.items():
        if name not in parameters:
            raise ValueError(f"masks has {name}, which is not a parameter of the model")
        if mask.dtype != torch.bool or mask.shape != parameters[name].shape:
            expected = tuple(parameters[name].shape)
            raise ValueError(f"mask {name} must be bool of shape {expected}, got {mask.dtype} of {tuple(mask.shape)}")
    return {name: parameters[name] for name in masks}


@torch.no_grad()
def apply_masks(model: nn.Module, masks: Masks) -> None:
    """Set every pruned weight of the model to zero, in place  [l_deepsc eq. 16]."""
    for name, weight in masked_weights(model, masks).items():
        weight.masked_fill_(~masks[name].to(weight.device), 0.0)


@contextmanager
def kept_at_zero(model: nn.Module, masks: Masks) -> Iterator[None]:
    """Prune the model and let it be fine-tuned within the block with its pruned weights at zero  [Algorithm 1, line 7].

    The gradients of pruned weights are set to zero as they arrive, before they are clipped, so that an optimiser
    created within the block (as ``training.train`` does) never moves them. Names and shapes of the state dict do not
    change. The masks are applied once more at the end, whatever the block did.
    """
    apply_masks(model, masks)
    handles = []
    for name, weight in masked_weights(model, masks).items():
        if weight.requires_grad:
            pruned = ~masks[name]
            handles.append(
                weight.register_hook(lambda grad, pruned=pruned: grad.masked_fill(pruned.to(grad.device), 0))
            )
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
        apply_masks(model, masks)
