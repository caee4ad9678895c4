"""The recognition model M: two small convolutional classifiers, made for training on a CPU  [aesc_i eqs. 1, 9].

    DigitClassifier    28 x 28 x 1: conv w, pool | conv 2w, pool | conv 4w | linear 8w = features | linear 10
    PictureClassifier  32 x 32 x 3: conv w, stride 2 | conv 2w, pool | conv 4w, pool | residual 4w | conv 8w
                                    mean over places = features | linear 10

Convolutions are 3 x 3 (the pictures' first 4 x 4), each with batch normalisation and ReLU. Pictures are made small early and layers
wide late, where a weight costs least: with w = 32, 19 million multiplications a picture. The paper calls M "the perfect model"
and does not say which; both layouts are ours. The pictures' one is a ResNet-9 [Page 2018] of a quarter of its width.

D. Page, "How to train your ResNet", 2018.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semcom_lib.learning.checkpoints import load_checkpoint, load_state
from semcom_lib.sources.images import to_tensor

NUM_CLASSES = 10
AT_ONCE = 500  # images


class _Classifier(nn.Module):
    """Normalisation, ``body`` (features) and a linear layer; what both classifiers share."""

    def __init__(self, body: nn.Module, width: int, mean: tuple[float, ...], std: tuple[float, ...]):
        super().__init__()
        self.width = width
        self.body = body
        self.head = nn.Linear(8 * width, NUM_CLASSES)
        self.register_buffer("mean", torch.tensor(mean).view(-1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(-1, 1, 1), persistent=False)
        self.to(memory_format=torch.channels_last)

    def features(self, x: Tensor) -> Tensor:
        """M of [aesc_i eq. 9], the penultimate layer's output: x (n, C, H, W) in 0..1 -> (n, 8 width), not negative."""
        x = ((x - self.mean) / self.std).contiguous(memory_format=torch.channels_last)
        return self.body(x).flatten(1)

    def forward(self, x: Tensor) -> Tensor:
        """x (n, C, H, W) in 0..1 -> logits (n, 10)."""
        return self.head(self.features(x))

    def loss(self, x: Tensor, labels: Tensor, *, label_smoothing: float = 0.0) -> Tensor:
        """Cross-entropy in nats, the mean over images x (n, C, H, W) with labels (n,)."""
        return F.cross_entropy(self(x), labels, label_smoothing=label_smoothing)


class DigitClassifier(_Classifier):
    """For grey digits (n, 1, 28, 28). Raises ValueError for a width below 1."""

    def __init__(self, width: int = 16):
        w = _checked(width)
        body = nn.Sequential(
            *(_convolution(1, w, pool=True), _convolution(w, 2 * w, pool=True), _convolution(2 * w, 4 * w)),
            *(nn.Flatten(), nn.Linear(4 * w * 7 * 7, 8 * w, bias=False), nn.BatchNorm1d(8 * w), nn.ReLU()),
        )
        super().__init__(body, w, mean=(0.1307,), std=(0.3081,))  # MNIST's own


class PictureClassifier(_Classifier):
    """For colour pictures (n, 3, 32, 32). Raises ValueError for a width below 1."""

    def __init__(self, width: int = 32):
        w = _checked(width)
        body = nn.Sequential(
            nn.Sequential(nn.Conv2d(3, w, 4, stride=2, padding=1, bias=False), nn.BatchNorm2d(w), nn.ReLU()),
            _convolution(w, 2 * w, pool=True),
            _convolution(2 * w, 4 * w, pool=True),
            _Residual(4 * w),
            _convolution(4 * w, 8 * w),
            nn.AdaptiveAvgPool2d(1),
        )
        super().__init__(body, w, mean=(0.4914, 0.4822, 0.4465), std=(0.2470, 0.2435, 0.2616))  # CIFAR-10's own


CLASSIFIERS: dict[str, type[_Classifier]] = {"digits": DigitClassifier, "pictures": PictureClassifier}


def to_checkpoint(model: _Classifier) -> dict[str, Any]:
    """What a checkpoint file holds of the model: its kind ("digits" or "pictures"), width and weights."""
    kind = next(name for name, classifier in CLASSIFIERS.items() if type(model) is classifier)
    return {"images": kind, "width": model.width, "state": model.state_dict()}


def from_checkpoint(checkpoint: Mapping[str, Any], name: str = "the checkpoint") -> _Classifier:
    """The model of a checkpoint, in evaluation mode. Raises ValueError, one line with its ``name``, for another model's."""
    if checkpoint["images"] not in CLASSIFIERS:
        raise ValueError(f"{name}: images = {checkpoint['images']!r} must be one of {', '.join(CLASSIFIERS)}")
    model = CLASSIFIERS[checkpoint["images"]](checkpoint["width"])
    load_state(model, checkpoint["state"], name)
    return model.eval()


def load_classifier(path: Path) -> _Classifier:
    """The model of a checkpoint file. Raises FileNotFoundError or ValueError naming it."""
    return from_checkpoint(load_checkpoint(path, "images", "width", "state"), str(path))


@torch.no_grad()
def feature_variance(classifier: _Classifier, images: np.ndarray) -> float:
    """The variance of M's features over images uint8 (n, H, W[, 3]), a mean over the features: the unit of L_SE  [aesc_i eq. 9].

    Raises ValueError for fewer than two images.
    """
    if len(images) < 2:
        raise ValueError(f"images are {len(images)}: a variance needs at least 2")
    starts = range(0, len(images), AT_ONCE)
    features = torch.cat([classifier.features(to_tensor(images[start : start + AT_ONCE])) for start in starts])
    return float(features.double().var(dim=0, correction=0).mean())


class _Residual(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.branch = nn.Sequential(_convolution(channels, channels), _convolution(channels, channels))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.branch(x)


def _convolution(num_inputs: int, num_outputs: int, *, pool: bool = False) -> nn.Sequential:
    """Pooling comes first: the rest then has a quarter of the pixels, and the maximum is the same behind ReLU."""
    convolution = nn.Conv2d(num_inputs, num_outputs, kernel_size=3, padding=1, bias=False)
    halving = [nn.MaxPool2d(2)] if pool else []
    return nn.Sequential(convolution, *halving, nn.BatchNorm2d(num_outputs), nn.ReLU())


def _checked(width: int) -> int:
    if width < 1:
        raise ValueError(f"width = {width} must be at least 1")
    return width
