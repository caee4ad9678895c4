"""The counted downlink that broadcasts go over."""

import math
from dataclasses import dataclass

import numpy as np
import torch

from semcom_lib.physical_layer import channels


@dataclass(frozen=True)
class Downlink:
    """A link of ``bandwidth_hz`` that carries ``spectral_efficiency`` bit/s/Hz.

    Raises ValueError unless both are finite and positive.
    """

    bandwidth_hz: float
    spectral_efficiency: float = 1.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not (0 < value < math.inf):
                raise ValueError(f"{name} = {value} must be finite and > 0")

    def latency_s(self, num_bytes: int) -> float:
        """Seconds that so many bytes take."""
        return 8 * num_bytes / (self.bandwidth_hz * self.spectral_efficiency)


def flip_bits(data: bytes, bit_error_rate: float, *, generator: torch.Generator) -> bytes:
    """A packet after a binary symmetric channel: each bit flipped with probability ``bit_error_rate``.

    Raises ValueError when it is outside 0..1.
    """
    bits = torch.from_numpy(np.unpackbits(np.frombuffer(data, np.uint8)))
    return np.packbits(channels.bsc(bits, bit_error_rate, generator=generator).numpy()).tobytes()
