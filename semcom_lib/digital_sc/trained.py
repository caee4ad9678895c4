"""Trained splits and policies as files: checkpoints/digital_sc/<name>.pt; ``ideal`` has those of networks.

    save_split(model, "splits/split_3")       load_split("splits/split_3")
    save_policy(policy, [2, 3], "policy")     load_policy("policy") -> the policy and its split points

A file of another kind, or of another network, is refused in one line that names it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from semcom_lib import paths
from semcom_lib.digital_sc.analog import AnalogBlock
from semcom_lib.digital_sc.bottleneck import DigitalBlock
from semcom_lib.digital_sc.ideal import sizes_of
from semcom_lib.digital_sc.network import SplitResNet
from semcom_lib.digital_sc.policy import PolicyNetwork
from semcom_lib.digital_sc.quantiser import RangeQuantiser
from semcom_lib.digital_sc.split import Block, SplitClassifier
from semcom_lib.learning.checkpoints import load_checkpoint, load_state, save_checkpoint

FOLDER = paths.CHECKPOINTS / "digital_sc"

_SPLIT_KEYS = ("network", "split", "block", "state")
_POLICY_KEYS = ("policy", "splits", "state")


def save_split(model: SplitClassifier, name: str) -> None:
    """Write the checkpoint ``name``: network, split point and block. Raises ValueError unless the network is a ``SplitResNet``."""
    save_checkpoint(FOLDER / f"{name}.pt", to_checkpoint(model))


def to_checkpoint(model: SplitClassifier) -> dict[str, Any]:
    """What a split's checkpoint holds."""
    return {
        "network": sizes_of(model.network),
        "split": model.split,
        "block": kind_of(model.block),
        "state": model.state_dict(),
    }


def from_checkpoint(checkpoint: Mapping[str, Any], name: str = "the checkpoint") -> SplitClassifier:
    """The split of a checkpoint, in evaluation mode. Raises ValueError where its weights are of another network."""
    network = SplitResNet(**checkpoint["network"])
    num_channels = network.feature_shape(checkpoint["split"])[0]
    model = SplitClassifier(network, checkpoint["split"], block_of(num_channels, checkpoint["block"]))
    load_state(model, checkpoint["state"], name)
    return model.eval()


def load_split(name: str, folder: Path | None = None) -> SplitClassifier:
    """The split of the checkpoint ``name``, as :func:`from_checkpoint`."""
    path = (folder or FOLDER) / f"{name}.pt"
    return from_checkpoint(load_checkpoint(path, *_SPLIT_KEYS), str(path))


def save_policy(policy: PolicyNetwork, splits: Sequence[int], name: str) -> None:
    """Write the checkpoint ``name``: a policy and the split points, in order, that its outputs stand for.

    Raises ValueError for another number of split points than it has outputs.
    """
    if len(splits) != policy.num_splits:
        raise ValueError(f"splits are {len(splits)}: the policy has {policy.num_splits} outputs")
    sizes = {"num_splits": policy.num_splits, "width": policy.width}
    save_checkpoint(FOLDER / f"{name}.pt", {"policy": sizes, "splits": list(splits), "state": policy.state_dict()})


def load_policy(name: str, folder: Path | None = None) -> tuple[PolicyNetwork, list[int]]:
    """The policy of the checkpoint ``name``, in evaluation mode, and its split points.

    Raises FileNotFoundError or ValueError naming the file.
    """
    path = (folder or FOLDER) / f"{name}.pt"
    checkpoint = load_checkpoint(path, *_POLICY_KEYS)
    policy = PolicyNetwork(**checkpoint["policy"])
    load_state(policy, checkpoint["state"], str(path))
    return policy.eval(), checkpoint["splits"]


def kind_of(block: Block) -> dict[str, Any]:
    """By what words a block is made again; none for an analog one."""
    if isinstance(block, AnalogBlock):
        return {}
    quantiser = block.quantiser
    kind = "range" if isinstance(quantiser, RangeQuantiser) else "even" if quantiser.even else "learned"
    return {"bits": block.labels.bits, "quantiser": kind, "labels": block.labels.labels}


def block_of(num_channels: int, kind: Mapping[str, Any]) -> Block:
    """An untrained block of the kind that :func:`kind_of` has described, for features of ``num_channels`` channels."""
    return DigitalBlock(num_channels, **kind) if kind else AnalogBlock(num_channels)
