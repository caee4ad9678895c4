"""A trained Digital-SC as released files, and back: every split and the policy  (:mod:`semcom_lib.pretrained`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from semcom_lib.compression.packing import pack, unpack
from semcom_lib.compression.uniform_quantiser import FULL_BITS
from semcom_lib.digital_sc.ideal import sizes_of
from semcom_lib.digital_sc.policy import PolicyNetwork
from semcom_lib.digital_sc.recognition import recognised
from semcom_lib.digital_sc.split import SplitClassifier
from semcom_lib.digital_sc.systems import WithPolicy
from semcom_lib.digital_sc.trained import from_checkpoint, kind_of
from semcom_lib.sources.images import to_tensor

POLICY = "policy.pack"
WEIGHT_BITS = 8


def packed(
    models: Sequence[SplitClassifier], policy: PolicyNetwork, classes: Sequence[str]
) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The files and settings of a release: the digital ``models``, in the order of the policy's outputs, and the policy.

    The models' convolutions and linear layers have ``WEIGHT_BITS``, all else is float32.
    """
    files = {_file(model.split): _packed(model.state_dict()) for model in models}
    files[POLICY] = pack(policy.state_dict(), FULL_BITS, {})
    settings = {
        "network": sizes_of(models[0].network),
        "splits": [model.split for model in models],
        "blocks": [kind_of(model.block) for model in models],
        "policy": {"num_splits": policy.num_splits, "width": policy.width},
        "classes": list(classes),
    }
    return files, settings


@dataclass(frozen=True, eq=False)
class Released:
    """A trained system and the names of its classes."""

    system: WithPolicy
    classes: tuple[str, ...]

    def recognise(self, images: np.ndarray, ber: float, *, generator: torch.Generator) -> list[str]:
        """What the server takes images uint8 (n, 32, 32, 3) for, each sent over the split point that the policy chooses.

        Raises ValueError for images of another shape or type, or a ``ber`` outside [0, 0.5].
        """
        return [self.classes[label] for label in recognised(self.system, images, ber, generator=generator)]

    def split_points(self, images: np.ndarray, ber: float) -> list[int]:
        """The block behind which each image uint8 (n, 32, 32, 3) is cut at this BER. Raises as :meth:`recognise`."""
        places = self.system.policy.choose(to_tensor(images), ber)
        return [self.system.models[place].split for place in places.tolist()]


def load(files: Mapping[str, bytes], settings: Mapping[str, Any]) -> Released:
    """The system of :func:`packed`, in evaluation mode."""
    with torch.random.fork_rng(devices=[]):  # what the layers draw at first is overwritten, and nobody's business
        models = [
            from_checkpoint(
                {
                    "network": settings["network"],
                    "split": split,
                    "block": block,
                    "state": unpack(files[_file(split)]).state,
                },
                _file(split),
            )
            for split, block in zip(settings["splits"], settings["blocks"], strict=True)
        ]
        policy = PolicyNetwork(**settings["policy"])
    policy.load_state_dict(unpack(files[POLICY]).state)
    return Released(WithPolicy(models, policy.eval()), tuple(settings["classes"]))


def _packed(state: Mapping[str, torch.Tensor]) -> bytes:
    weights = {name: torch.ones_like(tensor, dtype=torch.bool) for name, tensor in state.items() if tensor.dim() > 1}
    return pack(state, WEIGHT_BITS, weights)


def _file(split: int) -> str:
    return f"split_{split}.pack"
