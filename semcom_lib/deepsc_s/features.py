"""The semi-traditional system's feature codec: learned without a channel, sent over a classical chain  [deepsc_s Sec. V-A2].

    s -- frames -- feature encoder -- b -- bits ~~~ turbo code, 64-QAM ~~~ bits -- b_hat -- feature decoder -- s_hat

The paper does not say how eight features a sample become as many bits as PCM's. We chose: each feature is one of 2^bits levels
between -1 and 1, 8 features of one bit at 8 kHz, of two bits at 44.1 kHz, and is so in training too, where the gradient passes
straight through. (Features of eight bits would take eight times the channel uses.)
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semcom_lib import seeds
from semcom_lib.arguments import check_integer, check_number, describe
from semcom_lib.coding.blocks import bit_row
from semcom_lib.compression.uniform_quantiser import StraightThrough, from_levels, to_levels
from semcom_lib.deepsc_s.model import FEATURES, SpeechSizes, decoder_of, encoder_of, from_frames, to_frames
from semcom_lib.learning.checkpoints import load_checkpoint, load_state


class FeatureCodec(nn.Module):
    """Speech s (batch, num_samples) to levels and back; ``level`` as :class:`semcom_lib.deepsc_s.model.DeepScS` has it.

    Raises ValueError for ``bits`` outside 1..8.
    """

    def __init__(self, bits: int, level: float = 1.0, sizes: SpeechSizes = FEATURES):
        super().__init__()
        check_integer("bits", bits, 1, 8)
        check_number("level", level, "(0, 1]")
        self.bits, self.sizes = bits, sizes
        self.encoder = encoder_of(sizes)
        self.decoder = decoder_of(sizes, activation=nn.Identity())
        self.register_buffer("level", torch.tensor(float(level)))
        self.register_buffer("ends", torch.tensor([-1.0, 1.0]), persistent=False)
        self.to(memory_format=torch.channels_last)

    @property
    def bits_per_sample(self) -> int:
        """Features a sample times bits a feature."""
        return self.sizes.channel_filters * self.bits

    def encode(self, s: Tensor) -> Tensor:
        """s -> levels 0..2^bits - 1, float32 (batch, features, num_frames, frame_length). Raises ValueError as ``to_frames``."""
        return to_levels(self.encoder(to_frames(s / self.level, self.sizes.frame_length)), *self.ends, self.bits)

    def decode(self, levels: Tensor) -> Tensor:
        """Levels as ``encode`` makes them -> s_hat (batch, num_samples)."""
        return from_frames(self.decoder(from_levels(levels, *self.ends, self.bits))) * self.level

    def loss(self, s: Tensor) -> Tensor:
        """The mean squared error in units of ``level`` squared, a scalar  [deepsc_s eq. 4]; levels are passed straight through."""
        b = self.encoder(to_frames(s / self.level, self.sizes.frame_length))
        levels = to_levels(b.detach(), *self.ends, self.bits)
        b_hat = StraightThrough.apply(b, from_levels(levels, *self.ends, self.bits), b.abs() <= 1)
        return F.mse_loss(from_frames(self.decoder(b_hat)) * self.level, s) / self.level.square()


class FeatureCode:
    """A trained codec as a link's source code: a clip float32 (num_samples,) to bits, frame by frame, and back."""

    def __init__(self, codec: FeatureCodec):
        self._codec = codec.eval()

    @torch.inference_mode()
    def encode(self, clip: np.ndarray) -> np.ndarray:
        """clip -> bits uint8 (num_samples bits_per_sample,), most significant first. Raises ValueError for another clip."""
        if not isinstance(clip, np.ndarray) or clip.ndim != 1 or clip.dtype != np.float32:
            raise ValueError(f"clip is {describe(clip)}: it must be a numpy float32 array (num_samples,)")
        levels = self._codec.encode(torch.from_numpy(np.ascontiguousarray(clip))[None])[0]
        ordered = levels.permute(1, 2, 0).reshape(-1, 1).to(torch.uint8).numpy()  # (num_samples features, 1)
        return np.unpackbits(ordered, axis=1, bitorder="little", count=self._codec.bits)[:, ::-1].ravel()

    @torch.inference_mode()
    def decode(self, bits: np.ndarray) -> np.ndarray:
        """bits -> clip float32 (num_samples,) of as many whole frames as there are; never raises on corrupted bits."""
        codec, sizes = self._codec, self._codec.sizes
        row = bit_row("bits", bits)
        num_frames = len(row) // (codec.bits_per_sample * sizes.frame_length)
        if not num_frames:
            return np.zeros(0, np.float32)
        kept = row[: num_frames * sizes.frame_length * codec.bits_per_sample].reshape(-1, codec.bits)
        ordered = kept @ (1 << np.arange(codec.bits)[::-1])
        levels = torch.from_numpy(ordered.astype(np.float32)).view(num_frames, sizes.frame_length, -1).permute(2, 0, 1)
        return codec.decode(levels[None])[0].numpy()


def new_codec(bits: int, level: float, sizes: SpeechSizes = FEATURES, *, seed: int) -> FeatureCodec:
    """A codec to train: first weights from (``seed``, ``bits``)."""
    with seeds.initialising(seed, "deepsc_s", "init", "features", bits):
        return FeatureCodec(bits, level, sizes)


def codec_to_checkpoint(codec: FeatureCodec) -> dict[str, Any]:
    """What a checkpoint file holds of the codec."""
    return {"feature_bits": codec.bits, "sizes": asdict(codec.sizes), "state": codec.state_dict()}


def load_codec(path: Path) -> FeatureCodec:
    """The codec of a checkpoint file, in evaluation mode. Raises FileNotFoundError or ValueError naming it."""
    checkpoint = load_checkpoint(path, "feature_bits", "sizes", "state")
    codec = FeatureCodec(checkpoint["feature_bits"], sizes=SpeechSizes(**checkpoint["sizes"]))
    load_state(codec, checkpoint["state"], str(path))
    return codec.eval()
