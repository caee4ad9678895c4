"""The splicing rule SR: decoder weights and latents become one bit stream, and come back  [aesc_i eqs. 2, 6].

    ranges | weights, tensor by tensor in state-dict order | ranges | latents, image by image | ranges

Every number is one of 2^m levels between the lowest and the highest value of its tensor, m bits with the first the most
significant; weights and latents have an m each: "the decoder parameters are quantized by 16bit" for pictures [aesc_i Sec. IV-B2],
latents by 8. All images' latents share one range. A range is two float32 of 32 bits; all of them form a table, which is in the
stream three times, far apart, so that no single lost code block hits two copies: bits are taken by majority. Table and copies are
sent and counted.

Errors are tolerated, never refused: any bits of the right number give finite weights and latents, hence an image. What arrives as
a range is put in order, NaN becomes 0, and weights are clipped to +-WEIGHT_BOUND, latents to +-LATENT_BOUND; with weights at
these bounds the activations of both decoders of Tables I and II still fit float32. The sender refuses to send what lies beyond.

:mod:`semcom_lib.compression.packing` is the opposite and exists beside it: a file format with names, version and checksum that
refuses every damage, for a receiver that can ask again. AESC-I's cannot: a stream with errors is shown as it is.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semcom_lib.coding.bit_stream import Bits
from semcom_lib.compression.uniform_quantiser import check_bits, from_levels, to_levels

WEIGHT_BOUND, LATENT_BOUND = 64.0, 1024.0
COPIES = 3
RANGE_BITS = 2 * 32
MAX_BITS = 16


@dataclass(frozen=True)
class SplicingRule:
    """The rule for a decoder with tensors of these ``shapes`` (in state-dict order) and latents of ``latent_shape``.

    m is ``weight_bits`` and ``latent_bits``. Raises ValueError for bits outside 1..16.
    """

    shapes: Mapping[str, tuple[int, ...]]
    latent_shape: tuple[int, ...]
    weight_bits: int
    latent_bits: int

    def __post_init__(self) -> None:
        check_bits(self.weight_bits, MAX_BITS)
        check_bits(self.latent_bits, MAX_BITS)

    @classmethod
    def of(
        cls, decoder: torch.nn.Module, latent_shape: tuple[int, ...], weight_bits: int, latent_bits: int
    ) -> "SplicingRule":
        """The rule for this decoder."""
        shapes = {name: tuple(value.shape) for name, value in decoder.state_dict().items()}
        return cls(shapes, latent_shape, weight_bits, latent_bits)

    @cached_property
    def num_weights(self) -> int:
        """Weights and biases of the decoder."""
        return sum(math.prod(shape) for shape in self.shapes.values())

    @property
    def table_bits(self) -> int:
        """Bits of all ranges, once."""
        return RANGE_BITS * (len(self.shapes) + 1)

    @property
    def decoder_bits(self) -> int:
        """Bits that are sent once a session: weights, biases and all copies of the ranges."""
        return self.weight_bits * self.num_weights + COPIES * self.table_bits

    @property
    def image_bits(self) -> int:
        """Bits that are sent for every image."""
        return self.latent_bits * math.prod(self.latent_shape)

    def num_bits(self, num_images: int) -> int:
        """Bits of a session's stream."""
        return self.decoder_bits + num_images * self.image_bits

    def join(self, state: Mapping[str, Tensor], latents: Tensor) -> Bits:
        """X = SR(l, beta) [eq. 2]: decoder weights and latents (n, *latent_shape) -> the stream (num_bits(n),).

        Raises ValueError for another architecture or latent shape, for no image, and for values that are not finite or
        beyond WEIGHT_BOUND, LATENT_BOUND.
        """
        shapes = {name: tuple(value.shape) for name, value in state.items()}
        if list(shapes.items()) != list(self.shapes.items()):
            raise ValueError(f"state is of another architecture: {shapes}, this rule is for {dict(self.shapes)}")
        if tuple(latents.shape[1:]) != self.latent_shape or not len(latents):
            raise ValueError(
                f"latents have shape {tuple(latents.shape)}; must be (n, {str(self.latent_shape)[1:]}, n > 0"
            )
        weights, table = [], []
        for name, tensor in state.items():
            levels, ends = _quantise(tensor, self.weight_bits, WEIGHT_BOUND, name)
            weights.append(_bits_of_levels(levels, self.weight_bits))
            table.append(ends)
        levels, ends = _quantise(latents, self.latent_bits, LATENT_BOUND, "latents")
        ranges = np.unpackbits(np.array([*table, ends], ">f4").view(np.uint8))
        return np.concatenate([ranges, *weights, ranges, _bits_of_levels(levels, self.latent_bits), ranges])

    def split(self, stream: Bits) -> tuple[dict[str, Tensor], Tensor]:
        """[beta, l] = SR^-1(y) [eq. 6]: the stream, with any errors -> state dict float32, latents (n, *latent_shape).

        Raises ValueError for a stream whose length is that of no number of images.
        """
        num_images, rest = divmod(len(stream) - self.decoder_bits, self.image_bits)
        if num_images < 1 or rest:
            raise ValueError(
                f"the stream has {len(stream)} bits; must be {self.decoder_bits} + n {self.image_bits} for n images, n > 0"
            )
        sizes = [self.table_bits, self.weight_bits * self.num_weights, self.table_bits, num_images * self.image_bits]
        first, weights, second, latents, third = np.split(stream, np.cumsum(sizes))
        ranges = np.packbits(first + second + third > COPIES // 2).view(">f4").reshape(-1, 2)
        state, start = {}, 0
        for (name, shape), ends in zip(self.shapes.items(), ranges[:-1], strict=True):
            end = start + self.weight_bits * math.prod(shape)
            state[name] = _dequantise(weights[start:end], ends, self.weight_bits, WEIGHT_BOUND).reshape(shape)
            start = end
        received = _dequantise(latents, ranges[-1], self.latent_bits, LATENT_BOUND)
        return state, received.reshape(num_images, *self.latent_shape)

    def spans(self, num_images: int) -> dict[str, list[slice]]:
        """Where in the stream "decoder" (weights and ranges) and "latents" lie."""
        latents = self.decoder_bits - self.table_bits
        end = latents + num_images * self.image_bits
        return {
            "decoder": [slice(0, latents), slice(end, end + self.table_bits)],
            "latents": [slice(latents, end)],
        }


def _quantise(values: Tensor, bits: int, bound: float, name: str) -> tuple[Tensor, tuple[float, float]]:
    """Levels float64 (num_values,) and their range, whose ends are exact in float32."""
    low, high = (float(end) for end in values.detach().float().aminmax())
    if not (-bound <= low and high <= bound):  # NaN fails as well
        raise ValueError(f"{name} is in {low:g}..{high:g}; must be in {-bound:g}..{bound:g}")
    ends = torch.tensor([low, high], dtype=torch.float64)
    return to_levels(values.detach().flatten().double(), *ends, bits), (low, high)


def _dequantise(stream: Bits, ends: NDArray[np.floating], bits: int, bound: float) -> Tensor:
    """Bits of levels and a received range -> finite values float32 (num_values,)."""
    with np.errstate(invalid="ignore"):  # a signalling NaN says so when it is cast
        finite = np.nan_to_num(ends.astype(np.float64), nan=0.0)
    low, high = np.sort(np.clip(finite, -bound, bound))
    levels = torch.from_numpy(_levels_of_bits(stream, bits))
    return from_levels(levels, torch.tensor(low), torch.tensor(high), bits).float()


def _bits_of_levels(levels: Tensor, bits: int) -> Bits:
    words = levels.numpy().astype(">u2").view(np.uint8).reshape(-1, 2)
    return np.unpackbits(words, axis=1)[:, MAX_BITS - bits :].ravel()


def _levels_of_bits(stream: Bits, bits: int) -> NDArray[np.float64]:
    words = np.zeros((len(stream) // bits, MAX_BITS), np.uint8)
    words[:, MAX_BITS - bits :] = stream.reshape(-1, bits)
    return np.packbits(words, axis=1).view(">u2")[:, 0].astype(np.float64)
