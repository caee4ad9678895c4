"""What the speech systems learn, as ``training.train`` asks for it: clips over a channel, or the feature codec  [deepsc_s Alg. 1].

Clips are float32 (n, num_samples). Convolutions work on any number of frames: a step takes blocks of ``block_frames`` successive
frames, each of a clip drawn at random, validation whole clips. Everything random is derived from (``seed``, *``purpose``) and the
step alone.
"""

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass

import numpy as np
import torch
from torch import Tensor, nn

from semcom_lib import seeds
from semcom_lib.arguments import check_integer, describe
from semcom_lib.deepsc_s.features import FeatureCodec
from semcom_lib.deepsc_s.link import SpeechLink
from semcom_lib.deepsc_s.model import DeepScS
from semcom_lib.physical_layer.channels import snr_to_n0

VALIDATED_AT_ONCE = 16  # clips


@dataclass(frozen=True)
class Blocks:
    """Blocks of ``block_frames`` frames of ``clips``, ``blocks_per_batch`` a step.

    Raises ValueError for what is no clips, and for numbers that do not fit them.
    """

    clips: np.ndarray
    frame_length: int
    block_frames: int
    blocks_per_batch: int

    def __post_init__(self) -> None:
        if (
            not isinstance(self.clips, np.ndarray)
            or self.clips.ndim != 2
            or self.clips.dtype != np.float32
            or not len(self.clips)
        ):
            raise ValueError(
                f"clips is {describe(self.clips)}: it must be a numpy float32 array (n, num_samples), n at least 1"
            )
        check_integer("frame_length", self.frame_length, 1, self.clips.shape[1])
        check_integer("block_frames", self.block_frames, 1, self.clips.shape[1] // self.frame_length)
        check_integer("blocks_per_batch", self.blocks_per_batch, 1)

    def draw(self, rng: np.random.Generator) -> Tensor:
        """Blocks of clips drawn at random, each from a frame drawn at random: (blocks_per_batch, samples of a block)."""
        rows = rng.integers(len(self.clips), size=(self.blocks_per_batch, 1))
        last = self.clips.shape[1] // self.frame_length - self.block_frames
        first = self.frame_length * rng.integers(last + 1, size=(self.blocks_per_batch, 1))
        return torch.from_numpy(self.clips[rows, first + np.arange(self.block_frames * self.frame_length)])


@dataclass(frozen=True)
class SpeechTask:
    """Blocks to train on and clips to validate on, over a link. Each has a gain and an SNR of its own.

    SNRs are uniform in ``snr_low_db`` .. ``snr_high_db``; the paper's are both 8 dB [deepsc_s Sec. V-C].
    """

    train: Blocks
    validation: np.ndarray
    link: SpeechLink
    _: KW_ONLY
    seed: int
    purpose: tuple[object, ...]
    snr_low_db: float
    snr_high_db: float

    def loss(self, model: DeepScS, step: int) -> Tensor:
        """The mean squared error of one step's blocks, in units of the model's level squared."""
        s = self.train.draw(seeds.numpy_generator(self.seed, *self.purpose, "batch", step))
        return self._loss(model, s, seeds.torch_generator(self.seed, *self.purpose, "train", step))

    def validate(self, model: DeepScS) -> dict[str, float]:
        """validation_loss over all held-out clips, always over the same gains and noise; and ``mse``, in full scale squared."""

        def loss_of(s: Tensor, number: int) -> Tensor:
            return self._loss(model, s, seeds.torch_generator(self.seed, *self.purpose, "validate", number))

        return _validated(loss_of, self.validation, float(model.level))

    def _loss(self, model: DeepScS, s: Tensor, generator: torch.Generator) -> Tensor:
        snr_db = self.snr_low_db + (self.snr_high_db - self.snr_low_db) * torch.rand(len(s), generator=generator)
        return model.loss(s.to(_device_of(model)), self.link, snr_to_n0(snr_db), generator=generator)


@dataclass(frozen=True)
class FeatureTask:
    """The feature codec's: no channel is in training  [deepsc_s Sec. V-A2]."""

    train: Blocks
    validation: np.ndarray
    _: KW_ONLY
    seed: int
    purpose: tuple[object, ...]

    def loss(self, model: FeatureCodec, step: int) -> Tensor:
        """The mean squared error of one step's blocks, in units of the codec's level squared."""
        s = self.train.draw(seeds.numpy_generator(self.seed, *self.purpose, "batch", step))
        return model.loss(s.to(_device_of(model)))

    def validate(self, model: FeatureCodec) -> dict[str, float]:
        """As :meth:`SpeechTask.validate`."""
        return _validated(lambda s, _: model.loss(s.to(_device_of(model))), self.validation, float(model.level))


def _validated(loss_of: Callable[[Tensor, int], Tensor], clips: np.ndarray, level: float) -> dict[str, float]:
    total = 0.0
    for number, start in enumerate(range(0, len(clips), VALIDATED_AT_ONCE)):
        s = torch.from_numpy(clips[start : start + VALIDATED_AT_ONCE])
        total += float(loss_of(s, number).detach()) * len(s)
    return {"validation_loss": total / len(clips), "mse": total / len(clips) * level**2}


def _device_of(model: nn.Module) -> torch.device:
    return next(model.parameters()).device
