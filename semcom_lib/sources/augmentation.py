"""Random changes of training images that keep their class; every draw is the caller's generator's."""

import torch
from torch import Tensor
from torch.nn import functional as F

from semcom_lib.arguments import check_integer, check_tensor


def random_crop(x: Tensor, margin: int, *, generator: torch.Generator) -> Tensor:
    """Each image shifted by -margin..margin pixels along both axes, its border reflected: (n, C, H, W) -> the same shape.

    Raises ValueError when the margin is negative or does not fit into the image, or when x is not (n, C, H, W).
    """
    check_tensor("x", x, "floating-point", "(n, C, H, W)")
    n, _, height, width = x.shape
    check_integer("margin", margin, 0, min(height, width) - 1)
    if margin == 0:
        return x
    padded = F.pad(x, (margin,) * 4, mode="reflect").permute(0, 2, 3, 1)  # (n, H + 2 margin, W + 2 margin, C)
    first = torch.randint(2 * margin + 1, (2, n, 1), generator=generator)
    rows = (first[0] + torch.arange(height))[:, :, None]
    columns = (first[1] + torch.arange(width))[:, None, :]
    return padded[torch.arange(n)[:, None, None], rows, columns].permute(0, 3, 1, 2)


def random_flip(x: Tensor, *, generator: torch.Generator) -> Tensor:
    """Each image mirrored left to right with probability 1/2: (n, C, H, W) -> the same shape.

    Raises ValueError for another shape.
    """
    check_tensor("x", x, "floating-point", "(n, C, H, W)")
    mirrored = torch.rand(len(x), 1, 1, 1, generator=generator) < 0.5
    return torch.where(mirrored, x.flip(3), x)
