"""DeepSC-S and the CNN system, end to end on raw samples; and the parts that the feature codec is made of  [deepsc_s Sec. IV].

    s -- frames -- semantic encoder -- channel encoder -- x ~~~ channel ~~~ x_hat -- channel decoder -- semantic decoder -- s_hat

Frames are a picture (num_frames, frame_length) of successive samples that do not overlap. All layers are convolutions that keep its
size, so that a model trained on some frames works on any number of them. The channel encoder gives each sample ``channel_filters``
real numbers, two of which are a complex symbol.

The paper is silent, or contradicts itself, on these, and we chose: the residual of a module whose input has not 32 channels passes
a convolution of 1 x 1, with which Eq. (10) gives the paper's 4.65e9 and 4.71e9 operations; the excitation's bottleneck is a
quarter, without biases, as in the authors' published code; samples are divided by one ``level`` for all clips (that code divides
each clip by its own, which its receiver is given free of errors); no batch normalisation, which the paper does not mention and that
code has.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semcom_lib import seeds
from semcom_lib.arguments import check_integer, check_number, check_tensor, shown
from semcom_lib.learning.checkpoints import load_checkpoint, load_state
from semcom_lib.physical_layer.fading import Received

Channel = Callable[..., Received]  # (x, n0, *, generator) -> x_hat and n0_hat of x's shape, as a SpeechLink
KINDS = ("se_resnet", "resnet", "cnn")


@dataclass(frozen=True)
class SpeechSizes:
    """What sets one system apart from another; the defaults are DeepSC-S's for telephone speech  [deepsc_s Table I, Sec. V-A].

    ``kind`` of module: "se_resnet", "cnn" for the CNN system and the feature codec, and "resnet", which the paper lacks: SE-ResNet
    without its attention, to tell the gain of the one from that of the other. Table I says 64 filters, text and Eq. (10) 32.

    Raises ValueError for another kind, numbers below 1, an even ``kernel``, or an odd number of ``channel_filters``.
    """

    kind: str = "se_resnet"
    num_modules: int = 6
    filters: int = 32
    kernel: int = 5
    reduction: int = 4
    channel_filters: int = 8
    frame_length: int = 128

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind = {shown(self.kind)} must be one of {', '.join(KINDS)}")
        for name in ("num_modules", "filters", "kernel", "reduction", "channel_filters", "frame_length"):
            check_integer(name, getattr(self, name), 1)
        if not self.kernel % 2:
            raise ValueError(f"kernel = {self.kernel} must be odd: a convolution keeps the picture's size")
        if self.channel_filters % 2:
            raise ValueError(f"channel_filters = {self.channel_filters} must be even: two numbers are a symbol")
        check_integer("reduction", self.reduction, 1, self.filters)

    def num_symbols(self, num_samples: int) -> int:
        """Complex symbols of so many samples: 65,536 a clip of 16,384 with 8 channel filters, 131,072 with 16."""
        return num_samples * self.channel_filters // 2


TELEPHONE = SpeechSizes()
MULTIMEDIA = SpeechSizes(channel_filters=16)
FEATURES = SpeechSizes("cnn", num_modules=4)
"""Of the semi-traditional system's feature codec  [deepsc_s Table III]."""


class SqueezeExcitation(nn.Module):
    """Each channel's weight from the means of all channels  [deepsc_s Sec. IV-B; Hu et al. 2020]."""

    def __init__(self, channels: int, reduction: int):
        super().__init__()
        self.excitation = nn.Sequential(
            nn.Linear(channels, channels // reduction, bias=False),
            nn.ReLU(),
            nn.Linear(channels // reduction, channels, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, p: Tensor) -> Tensor:
        """p (batch, channels, num_frames, frame_length) -> p weighted, the same shape."""
        z = self.excitation(p.mean(dim=(2, 3)))
        return p * z[:, :, None, None]


class SeResNet(nn.Module):
    """Split, transition, squeeze-and-excitation (unless ``attention`` is off) and the residual  [deepsc_s Fig. 4].

    The split's two blocks of 16 filters, concatenated, are one convolution of 32: the same function, in one pass.
    """

    def __init__(self, channels: int, sizes: SpeechSizes, *, attention: bool):
        super().__init__()
        self.split = _convolution(channels, sizes.filters, sizes.kernel)
        self.transition = _convolution(sizes.filters, sizes.filters, 1)
        self.attention = SqueezeExcitation(sizes.filters, sizes.reduction) if attention else nn.Identity()
        self.residual = nn.Identity() if channels == sizes.filters else _convolution(channels, sizes.filters, 1)

    def forward(self, m: Tensor) -> Tensor:
        """m (batch, channels, num_frames, frame_length) -> (batch, filters, num_frames, frame_length)."""
        p = self.transition(F.relu(self.split(m)))
        return F.relu(self.attention(p) + self.residual(m))


def encoder_of(sizes: SpeechSizes) -> nn.Sequential:
    """Semantic and channel encoder: (batch, 1, num_frames, frame_length) -> (batch, channel_filters, the same)."""
    return nn.Sequential(_modules(1, sizes), _convolution(sizes.filters, sizes.channel_filters, sizes.kernel))


def decoder_of(sizes: SpeechSizes, *, activation: nn.Module) -> nn.Sequential:
    """Channel decoder with its ``activation``, semantic decoder and last layer: the encoder's shapes, back again."""
    received = _convolution(sizes.channel_filters, sizes.channel_filters, sizes.kernel)
    last = _convolution(sizes.filters, 1, sizes.kernel)
    return nn.Sequential(received, activation, _modules(sizes.channel_filters, sizes), last)


class DeepScS(nn.Module):
    """A transmitter and a receiver of speech, s (batch, num_samples), num_samples a multiple of ``sizes.frame_length``.

    ``level`` is the root mean square of training speech, full scale 1: what samples are divided by, one number for all clips.
    """

    def __init__(self, sizes: SpeechSizes, level: float = 1.0):
        super().__init__()
        check_number("level", level, "(0, 1]")
        self.sizes = sizes
        self.encoder = encoder_of(sizes)
        self.decoder = decoder_of(sizes, activation=nn.ReLU())
        self.register_buffer("level", torch.tensor(float(level)))
        self.to(memory_format=torch.channels_last)

    def transmit(self, s: Tensor) -> Tensor:
        """s -> x complex64 (batch, num_symbols), each row of mean power 1, frame by frame  [deepsc_s eq. 1].

        Raises ValueError for samples that are no whole number of frames.
        """
        u = self.encoder(to_frames(s / self.level, self.sizes.frame_length))
        pairs = u.permute(0, 2, 3, 1).reshape(len(s), -1, 2)  # (batch, num_symbols, 2)
        x = torch.view_as_complex(pairs.contiguous())
        power = x.abs().square().mean(dim=1, keepdim=True)
        return x * power.clamp_min(torch.finfo(torch.float32).tiny).rsqrt()

    def receive(self, received: Received) -> Tensor:
        """Equalised symbols (batch, num_symbols) and their noise variances of the same shape -> s_hat  [deepsc_s eq. 3].

        The symbols are weighted by 1 / (1 + n0_hat), which makes the zero-forcing equaliser the MMSE one, conj(h) y / (|h|^2 + n0):
        with it a symbol in a deep fade becomes nothing, without it noise of 1 / |h|^2, whose mean over Rayleigh fades is infinite,
        and so would the MSE be. The paper does not name its equaliser.
        """
        y = torch.view_as_real(received.x_hat / (1 + received.n0_hat))
        sizes = self.sizes
        v = y.reshape(len(y), -1, sizes.frame_length, sizes.channel_filters).permute(0, 3, 1, 2)
        return from_frames(self.decoder(v.contiguous(memory_format=torch.channels_last))) * self.level

    def forward(self, s: Tensor, channel: Channel, n0: float | Tensor, *, generator: torch.Generator) -> Tensor:
        """s -> s_hat, once through the channel; ``n0`` is a number or, one SNR a row, (batch,)."""
        return self.receive(channel(self.transmit(s), n0, generator=generator))

    def loss(self, s: Tensor, channel: Channel, n0: float | Tensor, *, generator: torch.Generator) -> Tensor:
        """The mean squared error in units of ``level`` squared, a scalar  [deepsc_s eq. 4]."""
        return F.mse_loss(self(s, channel, n0, generator=generator), s) / self.level.square()


def to_frames(s: Tensor, frame_length: int) -> Tensor:
    """s (batch, num_samples) -> m (batch, 1, num_frames, frame_length). Raises ValueError for a part of a frame."""
    check_tensor("s", s, "floating-point", "(batch, num_samples)")
    if s.shape[1] % frame_length or not s.shape[1]:
        raise ValueError(f"s has {s.shape[1]} samples: it must be a multiple of frame_length = {frame_length}")
    return s.reshape(len(s), 1, -1, frame_length)


def from_frames(m: Tensor) -> Tensor:
    """m (batch, 1, num_frames, frame_length) -> s (batch, num_samples), deframing."""
    return m.reshape(len(m), -1)


def level_of(clips: np.ndarray) -> float:
    """The root mean square of clips (n, num_samples)."""
    return math.sqrt(float(np.square(clips, dtype=np.float64).mean()))


def new_model(sizes: SpeechSizes, level: float, *, seed: int) -> DeepScS:
    """A system to train: first weights from (``seed``, the kind), He's variance [deepsc_s Sec. IV-C], biases zero."""
    with seeds.initialising(seed, "deepsc_s", "init", sizes.kind):
        return DeepScS(sizes, level)


def to_checkpoint(model: DeepScS) -> dict[str, Any]:
    """What a checkpoint file holds of the model: its sizes, and its weights with its level."""
    return {"sizes": asdict(model.sizes), "state": model.state_dict()}


def from_checkpoint(checkpoint: Mapping[str, Any], name: str = "the checkpoint") -> DeepScS:
    """The model of a checkpoint, in evaluation mode. Raises ValueError, one line with its ``name``, for another model's."""
    try:
        model = DeepScS(SpeechSizes(**checkpoint["sizes"]))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} has sizes of another model ({error}); remove it and retrain") from error
    load_state(model, checkpoint["state"], name)
    return model.eval()


def load_model(path: Path) -> DeepScS:
    """The model of a checkpoint file. Raises FileNotFoundError or ValueError naming it."""
    return from_checkpoint(load_checkpoint(path, "sizes", "state"), str(path))


def _modules(channels: int, sizes: SpeechSizes) -> nn.Sequential:
    widths = [channels] + [sizes.filters] * (sizes.num_modules - 1)
    if sizes.kind == "cnn":
        return nn.Sequential(
            *(nn.Sequential(_convolution(width, sizes.filters, sizes.kernel), nn.ReLU()) for width in widths)
        )
    return nn.Sequential(*(SeResNet(width, sizes, attention=sizes.kind == "se_resnet") for width in widths))


def _convolution(inputs: int, outputs: int, kernel: int) -> nn.Conv2d:
    layer = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    nn.init.zeros_(layer.bias)
    return layer
