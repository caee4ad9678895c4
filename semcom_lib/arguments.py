"""What public functions ask of their arguments: each check returns, or raises one ValueError of one line with the name.

They are written for what is called often: a few Python comparisons, no look at a tensor's values.
"""

import math
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

_IS_OF_KIND = {
    "complex": Tensor.is_complex,
    "floating-point": Tensor.is_floating_point,
    "integer": lambda x: not (x.is_complex() or x.is_floating_point() or x.dtype == torch.bool),
    "bool": lambda x: x.dtype == torch.bool,
}


def describe(value: object) -> str:
    """What a message says was given: "a torch.float64 tensor (3, 4)", "a numpy int64 array (3,)", "of type list"."""
    if isinstance(value, Tensor):
        return f"a {value.dtype} tensor {tuple(value.shape)}"
    if isinstance(value, np.ndarray):
        return f"a numpy {value.dtype} array {value.shape}"
    return f"of type {type(value).__name__}"


def shown(value: object) -> str:
    """A number or a short text as it is, everything else (arrays of many lines) described."""
    if isinstance(value, np.generic):
        value = value.item()
    return f"{value!r:.60}" if isinstance(value, int | float | complex | str | None) else f"({describe(value)})"


def check_tensor(name: str, value: Any, kind: str, shape: str = "(...)") -> None:
    """Raise ValueError unless ``value`` is a torch tensor of a ``kind`` and with the dimensions that ``shape`` names.

    Kinds: "complex", "floating-point", "integer", "bool". In a shape such as "(..., num_symbols)" the dots stand for any
    dimensions, none included.
    """
    named, any_number = _dimensions(shape)
    if (
        not isinstance(value, Tensor)
        or not _IS_OF_KIND[kind](value)
        or value.dim() < named
        or (value.dim() > named and not any_number)
    ):
        article = "an" if kind == "integer" else "a"
        raise ValueError(f"{name} is {describe(value)}: it must be {article} {kind} torch tensor {shape}")


@cache
def _dimensions(shape: str) -> tuple[int, bool]:
    names = [name.strip() for name in shape.strip("()").split(",") if name.strip()]
    return len(names) - ("..." in names), "..." in names


def check_fits(name: str, value: Tensor, of: str, x: Tensor) -> None:
    """Raise ValueError unless ``value`` is one number, or has as many dimensions as ``x`` and broadcasts to its shape.

    A tensor of fewer dimensions would be taken for the last ones of ``x``: what is meant for its rows spreads over its columns.
    """
    if value.dim() and (
        value.dim() != x.dim() or any(own not in (1, size) for own, size in zip(value.shape, x.shape, strict=True))
    ):
        raise ValueError(
            f"{name} has shape {tuple(value.shape)}; for {of} {tuple(x.shape)} it must have {x.dim()} dimensions, of the "
            f"same sizes or 1"
        )


def check_integer(name: str, value: Any, low: int, high: int | None = None) -> None:
    """Raise ValueError unless ``value`` is an integer (no bool) in ``low``..``high``; None: no upper limit."""
    if (
        not isinstance(value, int | np.integer)
        or isinstance(value, bool)
        or value < low
        or (high is not None and value > high)
    ):
        limits = f"of at least {low}" if high is None else f"in {low}..{high}"
        raise ValueError(f"{name} = {shown(value)} must be an integer {limits}")


def check_number(name: str, value: Any, interval: str) -> None:
    """Raise ValueError unless ``value`` is a real number in an ``interval`` such as "[0, 1)" or "(0, inf)"."""
    low, high, takes_low, takes_high = _ends(interval)
    try:
        number = math.nan if isinstance(value, str | bytes) else float(value)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        number = math.nan
    above = low <= number if takes_low else low < number
    if not (above and (number <= high if takes_high else number < high)):
        raise ValueError(f"{name} = {shown(value)} must be a number in {interval}")


@cache
def _ends(interval: str) -> tuple[float, float, bool, bool]:
    low, high = interval[1:-1].split(",")
    return float(low), float(high), interval[0] == "[", interval[-1] == "]"
