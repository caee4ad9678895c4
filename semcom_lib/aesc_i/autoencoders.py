"""AESC-I: an autoencoder whose decoder travels to the receiver with the latents  [aesc_i Sec. III, Tables I and II].

    x -- encoder -- latents --.                           .-- latents_hat --.
                              |-- splicing rule, channel -|                 |-- x_hat
              decoder's weights                           '-- decoder_hat --'

    digits    1 x 28 x 28 -> 16 x 13 x 13 -> 16 x 6 x 6 -> 16 x 2 x 2 = 64 features -> Z latents, and back
    pictures  3 x 32 x 32 -> 256 x 15 x 15 -> Z x 6 x 6 latents, and back

Every layer has a ReLU, the last one of the decoder a sigmoid. Z is the paper's Z_dims, ``z_dims`` here.

Differs from the paper:
* Table I puts the layer Z -> 64 into the encoder and gives the decoder 64 input channels. Sec. IV-A1 has the receiver
  decompress "through a full connection layer" into a map of 16 x 2 x 2, and only then Z numbers are what is sent: the layer is
  the decoder's, whose first transposed convolution has 16 input channels.
* The tables leave paddings open. The sizes above, which Sec. IV names in part, need: none at strides of 2, one pixel at the
  pictures' strides of 1, and output paddings of 1, 0, 1 (digits) and 1, 0 (pictures).
* Weights start with He's variance for the inputs that a pixel really has. Pictures, whose signal fades or blurs on its way
  through fifteen layers, are trained from :func:`semcom_lib.aesc_i.linear_start.linear_start`.

K. He et al., "Delving deep into rectifiers", ICCV 2015.
"""

import copy
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semcom_lib.learning.checkpoints import load_checkpoint, load_state

DIGIT_CHANNELS, DIGIT_SIDE = 16, 2  # of the map between the convolutions and the linear layer
PICTURE_SIDE = 6  # of the latent map


class Classifier(Protocol):
    """The recognition model M."""

    def features(self, x: Tensor) -> Tensor:
        """Images (n, C, H, W) in 0..1 -> the penultimate layer's output (n, d)."""
        ...


class Losses(NamedTuple):
    """The loss that is trained on and its two parts, scalars."""

    total: Tensor
    pixel: Tensor
    semantic: Tensor


class Autoencoder(nn.Module):
    """What both autoencoders share; ``encoder`` stays at the sender, ``decoder``'s state dict is sent."""

    kind: str
    image_shape: tuple[int, int, int]

    def __init__(self, encoder: nn.Module, decoder: nn.Module, z_dims: int, latent_shape: tuple[int, ...]):
        super().__init__()
        self.encoder, self.decoder = encoder, decoder
        self.z_dims, self.latent_shape = z_dims, latent_shape
        for layer in self.modules():
            _initialise(layer)

    @property
    def num_latents(self) -> int:
        """Numbers that stand for an image."""
        return math.prod(self.latent_shape)

    def encode(self, x: Tensor) -> Tensor:
        """l = E(S) [aesc_i eq. 3]: images (n, C, H, W) in 0..1 -> latents (n, *latent_shape), not negative.

        Raises ValueError for images of another shape or range.
        """
        if x.dim() != 4 or tuple(x.shape[1:]) != self.image_shape:
            raise ValueError(f"x has shape {tuple(x.shape)}; {self.kind} must be (n, {str(self.image_shape)[1:]}")
        if x.numel() and not bool((x.min() >= 0) & (x.max() <= 1)):  # NaN fails as well
            raise ValueError(f"x is in {float(x.min()):g}..{float(x.max()):g}; pixels must be in 0..1")
        return self.encoder(x)

    def decode(self, latents: Tensor) -> Tensor:
        """S = D(l) [aesc_i eq. 7]: latents (n, *latent_shape) -> images (n, C, H, W) in 0..1.

        Raises ValueError for latents of another shape.
        """
        if tuple(latents.shape[1:]) != self.latent_shape:
            raise ValueError(f"latents have shape {tuple(latents.shape)}; must be (n, {str(self.latent_shape)[1:]}")
        return self.decoder(latents)

    def forward(self, x: Tensor) -> Tensor:
        """Images -> the images that an error-free channel would give."""
        return self.decode(self.encode(x))

    def pixel_loss(self, x: Tensor, x_hat: Tensor) -> Tensor:
        """The loss between pixels, a mean over all of them."""
        raise NotImplementedError

    def loss(self, x: Tensor, classifier: Classifier, gamma: float, feature_variance: float) -> Losses:
        """gamma L_SE + (1 - gamma) L_pixel of images x (n, C, H, W), and both parts  [aesc_i eqs. 9, 10, 14].

        L_SE is the mean squared difference of ``classifier.features`` in units of ``feature_variance``, their variance over
        images (:func:`semcom_lib.aesc_i.classifiers.feature_variance`), so that M's scale does not matter. M's weights should be
        frozen, and it should be in evaluation mode. Raises ValueError for gamma outside 0..1, a variance that is not positive, and
        as ``encode``.
        """
        if not 0 <= gamma <= 1:
            raise ValueError(f"gamma = {gamma} must be in 0..1")
        if not feature_variance > 0:
            raise ValueError(f"feature_variance = {feature_variance} must be above 0")
        x_hat = self(x)
        with torch.no_grad():
            meant = classifier.features(x)
        pixel = self.pixel_loss(x, x_hat)
        semantic = F.mse_loss(classifier.features(x_hat), meant) / feature_variance
        return Losses(gamma * semantic + (1 - gamma) * pixel, pixel, semantic)

    def received_decoder(self, state: Mapping[str, Tensor]) -> nn.Module:
        """The receiver's decoder: this one's layers with the weights that arrived, in evaluation mode.

        Raises ValueError for a state dict of another architecture.
        """
        check_state(state, self.decoder.state_dict())
        decoder = copy.deepcopy(self.decoder)
        decoder.load_state_dict(state)
        return decoder.eval()


class DigitAutoencoder(Autoencoder):
    """For grey digits (n, 1, 28, 28), Table I; pixels are compared by binary cross-entropy in nats  [aesc_i eq. 15].

    Raises ValueError for ``z_dims`` below 1.
    """

    kind, image_shape = "digits", (1, 28, 28)

    def __init__(self, z_dims: int):
        c, features = DIGIT_CHANNELS, DIGIT_CHANNELS * DIGIT_SIDE**2
        encoder = nn.Sequential(
            *(nn.Conv2d(1, c, 3, stride=2), nn.ReLU()),  # 28 -> 13
            *(nn.Conv2d(c, c, 3, stride=2), nn.ReLU()),  # 13 -> 6
            *(nn.Conv2d(c, c, 3, stride=2), nn.ReLU()),  # 6 -> 2
            *(nn.Flatten(), nn.Linear(features, _checked(z_dims)), nn.ReLU()),
        )
        decoder = nn.Sequential(
            *(nn.Linear(z_dims, features), nn.ReLU(), nn.Unflatten(1, (c, DIGIT_SIDE, DIGIT_SIDE))),
            *(nn.ConvTranspose2d(c, c, 3, stride=2, output_padding=1), nn.ReLU()),  # 2 -> 6
            *(nn.ConvTranspose2d(c, c, 3, stride=2), nn.ReLU()),  # 6 -> 13
            *(nn.ConvTranspose2d(c, 1, 3, stride=2, output_padding=1), nn.Sigmoid()),  # 13 -> 28
        )
        super().__init__(encoder, decoder, z_dims, (z_dims,))

    def pixel_loss(self, x: Tensor, x_hat: Tensor) -> Tensor:
        """Binary cross-entropy in nats  [aesc_i eq. 15]."""
        return F.binary_cross_entropy(x_hat, x)


class PictureAutoencoder(Autoencoder):
    """For colour pictures (n, 3, 32, 32), Table II; pixels are compared by their squared error  [aesc_i eq. 8].

    Raises ValueError for ``z_dims`` below 1.
    """

    kind, image_shape = "pictures", (3, 32, 32)

    def __init__(self, z_dims: int):
        encoder = nn.Sequential(
            *(nn.Conv2d(3, 32, 4, stride=2), nn.ReLU()),  # 32 -> 15
            *(nn.Conv2d(32, 64, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(64, 128, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(128, 256, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(256, 128, 4, stride=2), nn.ReLU()),  # 15 -> 6
            *(nn.Conv2d(128, 64, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(64, 32, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(32, _checked(z_dims), 3, padding=1), nn.ReLU()),
        )
        decoder = nn.Sequential(
            *(nn.ConvTranspose2d(z_dims, 64, 4, stride=2, output_padding=1), nn.ReLU()),  # 6 -> 15
            *(nn.Conv2d(64, 128, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(128, 128, 3, padding=1), nn.ReLU()),
            *(nn.ConvTranspose2d(128, 128, 4, stride=2), nn.ReLU()),  # 15 -> 32
            *(nn.Conv2d(128, 64, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(64, 32, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(32, 3, 3, padding=1), nn.Sigmoid()),
        )
        super().__init__(encoder, decoder, z_dims, (z_dims, PICTURE_SIDE, PICTURE_SIDE))
        self.to(memory_format=torch.channels_last)

    def pixel_loss(self, x: Tensor, x_hat: Tensor) -> Tensor:
        """Mean squared error  [aesc_i eq. 8]."""
        return F.mse_loss(x_hat, x)


AUTOENCODERS: dict[str, type[Autoencoder]] = {"digits": DigitAutoencoder, "pictures": PictureAutoencoder}


def compression_ratio(image_shape: tuple[int, ...], latent_shape: tuple[int, ...]) -> float:
    """C W H over the number of latents, Z or 6 x 6 Z  [aesc_i eqs. 13, 16]: numbers are counted, not their bits."""
    return math.prod(image_shape) / math.prod(latent_shape)


def check_state(state: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    """Raise ValueError, one line, unless ``state`` has the names, order and shapes of ``expected``."""
    shapes, wanted = ({name: tuple(value.shape) for name, value in each.items()} for each in (state, expected))
    if list(shapes.items()) != list(wanted.items()):
        differing = [f"{name} {shapes.get(name, 'missing')}" for name in wanted if shapes.get(name) != wanted[name]]
        differing += [f"{name} is not in it" for name in shapes if name not in wanted]
        raise ValueError(
            f"state must be that of {len(wanted)} tensors {wanted}: {', '.join(differing) or 'other order'}"
        )


def to_checkpoint(model: Autoencoder) -> dict[str, Any]:
    """What a checkpoint file holds of the model: its kind ("digits" or "pictures"), z_dims and weights."""
    return {"images": model.kind, "z_dims": model.z_dims, "state": model.state_dict()}


def from_checkpoint(checkpoint: Mapping[str, Any], name: str = "the checkpoint") -> Autoencoder:
    """The model of a checkpoint, in evaluation mode. Raises ValueError, one line with its ``name``, for another model's."""
    if checkpoint["images"] not in AUTOENCODERS:
        raise ValueError(f"{name}: images = {checkpoint['images']!r} must be one of {', '.join(AUTOENCODERS)}")
    model = AUTOENCODERS[checkpoint["images"]](checkpoint["z_dims"])
    load_state(model, checkpoint["state"], name)
    return model.eval()


def load_autoencoder(path: Path) -> Autoencoder:
    """The model of a checkpoint file. Raises FileNotFoundError or ValueError naming it."""
    return from_checkpoint(load_checkpoint(path, "images", "z_dims", "state"), str(path))


def _checked(z_dims: int) -> int:
    if z_dims < 1:
        raise ValueError(f"z_dims = {z_dims} must be at least 1")
    return z_dims


def _initialise(layer: nn.Module) -> None:
    """He's variance, 2 over the inputs of an output; a transposed convolution's kernel meets 1 / stride^2 of them."""
    if isinstance(layer, nn.ConvTranspose2d):
        inputs = layer.in_channels * math.prod(layer.kernel_size) / math.prod(layer.stride)
        nn.init.normal_(layer.weight, std=math.sqrt(2 / inputs))
        nn.init.zeros_(layer.bias)
    elif isinstance(layer, nn.Conv2d | nn.Linear):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.zeros_(layer.bias)
