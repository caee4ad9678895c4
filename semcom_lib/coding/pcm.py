"""Pulse code modulation, the speech baselines of deepsc_s [Sec. V-A, Table II]: A-law at 8 bits, uniform at 16 bits.

Samples are float32 in [-1, 1], full scale 1; a sample is sent most significant bit first.
"""

from dataclasses import dataclass

import numpy as np

from semcom_lib.arguments import check_integer, describe
from semcom_lib.coding.blocks import bit_row

ALAW_FULL_SCALE = 4096
# Segments of the positive half: (number of intervals, width of each), from zero up [ITU-T G.711 Table 1a].
ALAW_SEGMENTS = ((32, 2), (16, 4), (16, 8), (16, 16), (16, 32), (16, 64), (16, 128))
ALAW_EVEN_BITS = 0x55


def _alaw_tables() -> tuple[np.ndarray, np.ndarray]:
    """The character signal (8192,) of each 13-bit sample + 4096, and the sample value (256,) of each signal."""
    widths = np.repeat(*np.transpose(ALAW_SEGMENTS)[::-1])
    decision_values = np.append(0, np.cumsum(widths))
    output_values = (decision_values[:-1] + decision_values[1:]) / (2 * ALAW_FULL_SCALE)
    interval = np.repeat(np.arange(128), widths)
    signals = np.concatenate([interval[::-1], 128 + interval]) ^ ALAW_EVEN_BITS
    values = np.concatenate([-output_values, output_values])[np.arange(256) ^ ALAW_EVEN_BITS]
    return signals.astype(np.uint8), values.astype(np.float32)


ALAW_SIGNALS, ALAW_VALUES = _alaw_tables()


@dataclass(frozen=True)
class ALaw:
    """A-law companded PCM, 8 bits a sample: the 13-segment law, sign bit first (1 = positive), even bits inverted.

    A sample s stands for the 13-bit value floor(4096 s); decoding returns the middle of its interval, in units of full
    scale [ITU-T G.711 Sec. 3, Table 1].
    """

    def encode(self, samples: np.ndarray) -> np.ndarray:
        """samples float (num_samples,) in [-1, 1] -> bits uint8 (num_bits,); raises ValueError for any other."""
        quantized = np.floor(_checked_samples(samples) * ALAW_FULL_SCALE).astype(np.int32)
        quantized = np.minimum(quantized, ALAW_FULL_SCALE - 1)
        return np.unpackbits(ALAW_SIGNALS[quantized + ALAW_FULL_SCALE])

    def decode(self, bits: np.ndarray) -> np.ndarray:
        """bits (num_bits,) -> samples float32 (num_bits // 8,); a last part of a sample is dropped."""
        return ALAW_VALUES[np.packbits(_whole_samples(bits, 8))]


@dataclass(frozen=True)
class UniformPcm:
    """Uniform PCM in two's complement: 2^bits levels q / 2^(bits - 1), the nearest one taken.

    Zero is a level and the highest is one step below full scale, so bits = 16 returns a 16-bit recording exactly.
    Raises ValueError unless 2 <= bits <= 24.
    """

    bits: int

    def __post_init__(self) -> None:
        check_integer("bits", self.bits, 2, 24)

    def encode(self, samples: np.ndarray) -> np.ndarray:
        """samples float (num_samples,) in [-1, 1] -> bits uint8 (num_bits,); raises ValueError for any other."""
        num_positive = 2 ** (self.bits - 1)
        levels = np.minimum(np.rint(_checked_samples(samples) * num_positive), num_positive - 1).astype(np.int32)
        left_justified = (levels << (32 - self.bits)).astype(">i4").view(np.uint8).reshape(-1, 4)
        return np.unpackbits(left_justified, axis=1, count=self.bits).ravel()

    def decode(self, bits: np.ndarray) -> np.ndarray:
        """bits (num_bits,) -> samples float32 (num_bits // self.bits,); a last part of a sample is dropped."""
        packed = np.packbits(_whole_samples(bits, self.bits), axis=1)
        left_justified = np.zeros((len(packed), 4), np.uint8)
        left_justified[:, : packed.shape[1]] = packed
        return left_justified.view(">i4").ravel().astype(np.float32) / np.float32(2**31)


def _checked_samples(samples: np.ndarray) -> np.ndarray:
    """As float64: 16 bits do not hold 2^23 levels."""
    if not isinstance(samples, np.ndarray):
        raise ValueError(f"samples is {describe(samples)}: it must be a numpy array of floats (num_samples,)")
    if samples.ndim != 1 or samples.dtype.kind != "f":
        raise ValueError(f"samples must be floats of shape (num_samples,), got {samples.dtype} of {samples.shape}")
    peak = np.abs(samples).max(initial=0)
    if not peak <= 1:
        raise ValueError(f"samples must be in [-1, 1], got a peak of {peak}")
    return samples.astype(np.float64)


def _whole_samples(bits: np.ndarray, width: int) -> np.ndarray:
    row = bit_row("bits", bits)
    num_samples = len(row) // width
    return row[: num_samples * width].reshape(num_samples, width)
