"""The universal Transformer's encoder: one layer, applied again and again [Dehghani et al., 2019]."""

import torch
from torch import Tensor, nn

from semcom_lib.arguments import check_integer, check_tensor
from semcom_lib.learning.blocks import EncoderLayer, sinusoidal_positions

STEP_SIZE = 0.1
"""The size of a step's encoding, of which 1 is a sinusoid's amplitude."""


class UniversalTransformer(nn.Module):
    """One Transformer layer, shared by all ``steps``; before each of them the step's own encoding is added.

    The layer normalises before each block, so that the last step is followed by a normalisation. Raises ValueError for widths,
    heads or steps below 1, an odd width, and heads that do not divide the width.

    Differs from the paper: Dehghani et al. add the encodings of the positions at every step, too; here the caller adds them
    once, since a sentence's words and a memory's sentences count theirs from different ends. And the encodings of the steps are
    ``STEP_SIZE`` of theirs: added again and again to what the layers build up, they would else outweigh it.
    """

    def __init__(self, width: int, heads: int, hidden: int, steps: int):
        super().__init__()
        check_integer("steps", steps, 1)
        self.steps = steps
        self.layer = EncoderLayer(width, heads, hidden)
        self.norm = nn.LayerNorm(width)
        self.register_buffer("of_step", STEP_SIZE * sinusoidal_positions(steps, width), persistent=False)

    def forward(self, x: Tensor, is_there: Tensor) -> Tensor:
        """x (batch, positions, width) -> the same shape; positions that are not there (batch, positions) are not looked at.

        What stands at a position that is not there is without meaning. Raises ValueError for an x or ``is_there`` of another shape
        or kind, or a row without any position.
        """
        bias = self._bias(x, is_there)
        for step in range(self.steps):
            x = self.layer(x + self.of_step[step], bias=bias)
        return self.norm(x)

    def attention_weights(self, x: Tensor, is_there: Tensor) -> Tensor:
        """What each position looks at in each step, (steps, batch, heads, positions, positions); the last dimension sums to 1.

        Raises ValueError as :meth:`forward`.
        """
        bias, weights = self._bias(x, is_there), []
        attention = self.layer.attention
        for step in range(self.steps):
            x = x + self.of_step[step]
            z = self.layer.norm_attention(x)
            keys = attention.project(z).keys  # (batch, heads, positions, width / heads)
            queries = attention.query(z).unflatten(2, (attention.heads, -1)).transpose(1, 2)
            weights.append(torch.softmax(queries @ keys.mT * keys.shape[3] ** -0.5 + bias, dim=3))
            x = self.layer(x, bias=bias)
        return torch.stack(weights)

    def _bias(self, x: Tensor, is_there: Tensor) -> Tensor:
        """0 where there is something to look at, -inf elsewhere: (batch, 1, 1, positions), for all heads and positions."""
        check_tensor("x", x, "floating-point", "(batch, positions, width)")
        check_tensor("is_there", is_there, "bool", "(batch, positions)")
        if x.shape[2] != self.of_step.shape[1]:
            raise ValueError(f"x has shape {tuple(x.shape)}: its width must be {self.of_step.shape[1]}")
        if is_there.shape != x.shape[:2]:
            raise ValueError(f"is_there has shape {tuple(is_there.shape)}: it must be that of x, {tuple(x.shape[:2])}")
        if not bool(is_there.any(dim=1).all()):
            raise ValueError("is_there has a row without any position: there is nothing to look at")
        bias = torch.zeros(is_there.shape, dtype=x.dtype, device=x.device).masked_fill(~is_there, -torch.inf)
        return bias[:, None, None, :]
