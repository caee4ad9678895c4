"""Transformer blocks that more than one paper's model uses, on fused attention."""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semcom_lib.arguments import check_integer, check_tensor


class KeyValue(NamedTuple):
    """Keys and values of the positions seen so far, each (batch, heads, positions, width / heads)."""

    keys: Tensor
    values: Tensor


def sinusoidal_positions(num_positions: int, width: int) -> Tensor:
    """The fixed sine and cosine encoding of positions 0..num_positions-1 -> (num_positions, width).

    Raises ValueError for a negative number of positions, or a width that is not even.
    """
    check_integer("num_positions", num_positions, 0)
    check_integer("width", width, 2)
    if width % 2:
        raise ValueError(f"width = {width} must be even: a sine and a cosine of each rate")
    position = torch.arange(num_positions, dtype=torch.float32)[:, None]
    rate = torch.exp(torch.arange(0, width, 2, dtype=torch.float32) * (-math.log(10_000.0) / width))
    return torch.stack([torch.sin(position * rate), torch.cos(position * rate)], dim=2).reshape(num_positions, width)


def distance_bias(queries: Tensor, num_keys: int, heads: int) -> Tensor:
    """Attention biases -slope |i - j| for query positions i and key positions j -> (heads, num_queries, num_keys).

    The slopes 8, 4, 2, ... differ between the heads, so that some look at their own position from the start and others
    stay free [Press et al., "Train short, test long", 2022, for causal attention]. Raises ValueError for other queries
    than a row of positions, a negative number of keys, or no heads.
    """
    check_tensor("queries", queries, "integer", "(num_queries,)")
    check_integer("num_keys", num_keys, 0)
    check_integer("heads", heads, 1)
    slopes = 2.0 ** (3 - torch.arange(heads, device=queries.device))
    distance = (queries[:, None] - torch.arange(num_keys, device=queries.device)).abs()
    return -slopes[:, None, None] * distance


class Embedding(nn.Embedding):
    """Words -> N(0, 1) vectors at first [l_deepsc Sec. IV]; the weights are in units of 1/sqrt(width).

    So they are of the size of a dense layer's, and serve as prediction layer as they are.
    """

    def reset_parameters(self) -> None:
        nn.init.normal_(self.weight, std=self.embedding_dim**-0.5)

    def forward(self, ids: Tensor) -> Tensor:
        """ids (...) -> (..., width)."""
        return super().forward(ids) * self.embedding_dim**0.5


class Attention(nn.Module):
    """Multi-head attention: queries from ``x``, keys and values from a memory (or from ``x`` itself).

    Raises ValueError for widths or heads below 1, and heads that do not divide the width.
    """

    def __init__(self, width: int, heads: int):
        super().__init__()
        check_integer("width", width, 1)
        check_integer("heads", heads, 1)
        if width % heads:
            raise ValueError(f"heads = {heads} must divide the width {width}")
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.output = nn.Linear(width, width)

    def project(self, memory: Tensor) -> KeyValue:
        """Keys and values of memory (batch, positions, width). Raises ValueError for another shape."""
        self._check("memory", memory)
        keys, values = self.key_value(memory).chunk(2, dim=2)
        return KeyValue(self._split(keys), self._split(values))

    def forward(self, x: Tensor, memory: KeyValue, *, causal: bool = False, bias: Tensor | None = None) -> Tensor:
        """x (batch, positions, width) attends to memory -> (batch, positions, width).

        ``bias`` (heads, positions, memory positions) is added to the scores before the softmax. Raises ValueError for an
        x of another shape.
        """
        self._check("x", x)
        z = F.scaled_dot_product_attention(self._split(self.query(x)), *memory, attn_mask=bias, is_causal=causal)
        return self.output(z.transpose(1, 2).flatten(2))  # (batch, positions, heads * width / heads)

    def _check(self, name: str, x: Tensor) -> None:
        check_tensor(name, x, "floating-point", "(batch, positions, width)")
        if x.shape[2] != self.query.in_features:
            raise ValueError(f"{name} has shape {tuple(x.shape)}: its width must be {self.query.in_features}")

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)  # (batch, heads, positions, width / heads)


class FeedForward(nn.Sequential):
    """Position-wise dense layers width -> hidden -> width with ReLU."""

    def __init__(self, width: int, hidden: int):
        super().__init__(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, width))


class EncoderLayer(nn.Module):
    """Self-attention and feed-forward, each normalised before and added to its input."""

    def __init__(self, width: int, heads: int, hidden: int):
        super().__init__()
        self.attention = Attention(width, heads)
        self.feed_forward = FeedForward(width, hidden)
        self.norm_attention = nn.LayerNorm(width)
        self.norm_feed_forward = nn.LayerNorm(width)

    def forward(self, x: Tensor, *, bias: Tensor | None = None) -> Tensor:
        """x (batch, positions, width) -> the same shape; ``bias`` is that of the attention, which sees all positions."""
        z = self.norm_attention(x)
        x = x + self.attention(z, self.attention.project(z), bias=bias)
        return x + self.feed_forward(self.norm_feed_forward(x))


class DecoderLayer(nn.Module):
    """Causal self-attention, attention to the received memory and feed-forward, each normalised before."""

    def __init__(self, width: int, heads: int, hidden: int):
        super().__init__()
        self.self_attention = Attention(width, heads)
        self.cross_attention = Attention(width, heads)
        self.feed_forward = FeedForward(width, hidden)
        self.norm_self = nn.LayerNorm(width)
        self.norm_cross = nn.LayerNorm(width)
        self.norm_feed_forward = nn.LayerNorm(width)

    def forward(
        self, x: Tensor, memory: KeyValue, past: KeyValue | None = None, *, bias: Tensor | None = None
    ) -> tuple[Tensor, KeyValue]:
        """x (batch, positions, width) and this layer's projected memory -> (output, keys and values so far).

        Without ``past`` the whole target is given at once and the attention is causal; with it, x is the one next
        position, which attends to everything before. ``bias`` is that of the attention to the memory.
        """
        z = self.norm_self(x)
        here = self.self_attention.project(z)
        if past is not None:
            here = KeyValue(torch.cat([past.keys, here.keys], dim=2), torch.cat([past.values, here.values], dim=2))
        x = x + self.self_attention(z, here, causal=past is None)
        x = x + self.cross_attention(self.norm_cross(x), memory, bias=bias)
        return x + self.feed_forward(self.norm_feed_forward(x)), here
