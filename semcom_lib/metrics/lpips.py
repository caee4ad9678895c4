"""Perceptual distances of images x, x_hat (n, C, H, W) in 0..1, grey or RGB: features of a network instead of pixels.

    lpips_squeeze()               LPIPS 0.1 [Zhang et al. 2018] with SqueezeNet 1.1, from fetched weights
    feature_distance(classifier)  for the demo, which downloads nothing: the recognition model's own features

Both give one float32 distance an image, (n,): 0 for equal images, larger for less alike ones. Their scales differ, so the
second is never called LPIPS: PERCEPTUAL_NAMES is what figures write on their axes.

LPIPS: seven feature maps of each image, unit-normalised over channels, squared differences weighted by learned heads, the mean
over places, the sum over maps. Images below MIN_SIDE pixels are first enlarged to it, bilinearly (our choice: the paper does
not say how it feeds 28 x 28 pixels to a network that halves them three times; LPIPS was calibrated on 64 x 64 patches).

R. Zhang, P. Isola, A. Efros, E. Shechtman, O. Wang, "The unreasonable effectiveness of deep features as a perceptual metric", 2018.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semcom_lib.arguments import check_tensor
from semcom_lib.sources.fetch import DataUnavailable, fetch, neither

PERCEPTUAL_NAMES = {"lpips_squeeze": "LPIPS (SqueezeNet)", "feature_distance": "feature distance of M"}
MIN_SIDE = 64

Distance = Callable[[Tensor, Tensor], Tensor]

_HEADS = "lpips_squeeze_heads_v0.1.pth"
_HEADS_SHA256 = "4a5350f23600cb79923ce65bb07cbf57dca461329894153e05a1346bd531cf76"
_HEADS_URL = "https://raw.githubusercontent.com/richzhang/PerceptualSimilarity/master/lpips/weights/v0.1/squeeze.pth"
_CAFFE = "squeezenet1_1_caffe_features.npz"
_CAFFE_SHA256 = "f32472f9f212b5d449f8b07631ffe06fe630de5917e1edc511ae7638ad1fa4a5"
_TORCHVISION = "squeezenet1_1-b8a52dc0.pth"
_TORCHVISION_SHA256 = "b8a52dc049b60e4b6ab68ad0df457362afab8b6304b2febdc1650a5dab4d7e7b"
_TORCHVISION_URL = "https://download.pytorch.org/models/squeezenet1_1-b8a52dc0.pth"

_FIRE = {3: (64, 16, 64), 4: (128, 16, 64), 6: (128, 32, 128), 7: (256, 32, 128), 9: (256, 48, 192)}
_FIRE |= {10: (384, 48, 192), 11: (384, 64, 256), 12: (512, 64, 256)}  # layer: inputs, squeezed, each expansion
_POOLS = (2, 5, 8)
_TAPS = (1, 4, 7, 9, 10, 11, 12)  # layers behind which LPIPS looks
_EPSILON = 1e-10


@dataclass(frozen=True)
class Preprocessing:
    """What a backbone's weights were trained on: (levels - mean) / std of 0..1 images, channels RGB or BGR."""

    name: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    bgr: bool


CAFFE = Preprocessing(
    "Caffe's weights", (104 / 255, 117 / 255, 123 / 255), (1 / 255, 1 / 255, 1 / 255), bgr=True
)  # 0..255 minus the mean
TORCHVISION = Preprocessing("torchvision's weights", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), bgr=False)


class LpipsSqueeze(nn.Module):
    """LPIPS over a SqueezeNet 1.1 with weights ``features.<layer>...`` and heads ``lin<k>.model.1.weight``."""

    def __init__(self, backbone: Mapping[str, Tensor], heads: Mapping[str, Tensor], preprocessing: Preprocessing):
        super().__init__()
        self.preprocessing = preprocessing
        self.features = _SqueezeNet()
        weights = {name.removeprefix("features."): value for name, value in backbone.items()}
        self.features.load_state_dict({name: weights[name] for name in self.features.state_dict()})
        for k in range(len(_TAPS)):
            self.register_buffer(f"head{k}", heads[f"lin{k}.model.1.weight"].flatten())
        self.register_buffer("mean", torch.tensor(preprocessing.mean).view(3, 1, 1))
        self.register_buffer("std", torch.tensor(preprocessing.std).view(3, 1, 1))
        self.requires_grad_(False)
        self.eval()

    def forward(self, x: Tensor, x_hat: Tensor) -> Tensor:
        """Distance of x and x_hat (n, 1 or 3, H, W) in 0..1 -> (n,). Raises ValueError when the shapes differ."""
        _check(x, x_hat)
        distance = torch.zeros(len(x), device=x.device)
        for k, (f, f_hat) in enumerate(zip(self._maps(x), self._maps(x_hat), strict=True)):
            difference = (_unit(f) - _unit(f_hat)).square()  # (n, channels, height, width)
            head = getattr(self, f"head{k}").view(-1, 1, 1)
            distance = distance + (difference * head).sum(dim=1).mean(dim=(1, 2))
        return distance

    def _maps(self, x: Tensor) -> list[Tensor]:
        x = x.expand(-1, 3, -1, -1)
        if min(x.shape[2:]) < MIN_SIDE:
            size = [max(side, MIN_SIDE) for side in x.shape[2:]]
            x = F.interpolate(x, size=size, mode="bilinear", align_corners=False)
        if self.preprocessing.bgr:
            x = x.flip(1)
        return self.features((x - self.mean) / self.std)


class _Fire(nn.Module):
    def __init__(self, inputs: int, squeezed: int, expanded: int):
        super().__init__()
        self.squeeze = nn.Conv2d(inputs, squeezed, 1)
        self.expand1x1 = nn.Conv2d(squeezed, expanded, 1)
        self.expand3x3 = nn.Conv2d(squeezed, expanded, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.squeeze(x))
        return torch.cat([F.relu(self.expand1x1(x)), F.relu(self.expand3x3(x))], dim=1)


class _SqueezeNet(nn.Module):
    """The convolutional part of SqueezeNet 1.1, layers named by their public numbers; gives the maps behind _TAPS."""

    def __init__(self) -> None:
        super().__init__()
        self.add_module("0", nn.Conv2d(3, 64, 3, stride=2))
        for layer, sizes in _FIRE.items():
            self.add_module(str(layer), _Fire(*sizes))

    def forward(self, x: Tensor) -> list[Tensor]:
        x = F.relu(self.get_submodule("0")(x.contiguous(memory_format=torch.channels_last)))
        maps = [x]
        for layer in range(2, 13):
            pools = layer in _POOLS
            x = F.max_pool2d(x, 3, stride=2, ceil_mode=True) if pools else self.get_submodule(str(layer))(x)
            if layer in _TAPS:
                maps.append(x)
        return maps


def lpips_squeeze() -> LpipsSqueeze:
    """LPIPS 0.1, SqueezeNet variant, called as ``distance(x, x_hat)``. Raises DataUnavailable.

    The backbone: the local mirror's conversion of Caffe's weights, else torchvision's public file. The two share layers and
    names but not the preprocessing, and are not proved equal; ``preprocessing.name`` says which one is in use.
    """
    heads = torch.load(fetch(_HEADS, sha256=_HEADS_SHA256, url=_HEADS_URL), map_location="cpu", weights_only=True)
    try:
        with np.load(fetch(_CAFFE, sha256=_CAFFE_SHA256), allow_pickle=False) as arrays:
            backbone = {name: torch.from_numpy(arrays[name]) for name in arrays.files}
        return LpipsSqueeze(backbone, heads, CAFFE)
    except DataUnavailable as not_in_mirror:
        try:
            public = fetch(_TORCHVISION, sha256=_TORCHVISION_SHA256, url=_TORCHVISION_URL)
        except DataUnavailable as nor_there:
            raise neither(not_in_mirror, nor_there) from nor_there
        backbone = torch.load(public, map_location="cpu", weights_only=True)
        return LpipsSqueeze(backbone, heads, TORCHVISION)


def feature_distance(classifier: nn.Module) -> Distance:
    """The mean squared difference of the classifier's unit-normalised features, ``classifier.features(x)`` (n, d).

    0 for equal images, at most 4 / d (opposite features).
    """

    def distance(x: Tensor, x_hat: Tensor) -> Tensor:
        _check(x, x_hat)
        return (_unit(classifier.features(x)) - _unit(classifier.features(x_hat))).square().mean(dim=1)

    return distance


def _unit(features: Tensor) -> Tensor:
    """Divided by the norm over dimension 1."""
    return features / (features.square().sum(dim=1, keepdim=True).sqrt() + _EPSILON)


def _check(x: Tensor, x_hat: Tensor) -> None:
    for name, images in (("x", x), ("x_hat", x_hat)):
        check_tensor(name, images, "floating-point")
    if x.dim() != 4 or x.shape != x_hat.shape or x.shape[1] not in (1, 3) or 0 in x.shape[2:]:
        raise ValueError(f"x is {tuple(x.shape)}, x_hat {tuple(x_hat.shape)}; both must be (n, 1 or 3, H, W) and alike")
