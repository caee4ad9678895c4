"""Trained networks, splits and policies come back from their files as they were, and from no file of another kind."""

import pytest
import torch

from semcom_lib import seeds
from semcom_lib.digital_sc import ideal
from semcom_lib.digital_sc import trained as files
from semcom_lib.digital_sc.analog import AnalogBlock
from semcom_lib.digital_sc.bottleneck import DigitalBlock
from semcom_lib.digital_sc.network import SplitResNet
from semcom_lib.digital_sc.policy import PolicyNetwork
from semcom_lib.digital_sc.split import SplitClassifier
from semcom_lib.learning.checkpoints import save_checkpoint


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    for module in (files, ideal):
        monkeypatch.setattr(module, "FOLDER", tmp_path)
    return tmp_path


@pytest.fixture
def network():
    with seeds.initialising(1, "network"):
        return SplitResNet(1, width=4, num_classes=3)


def same(one, other):
    a, b = one.state_dict(), other.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_a_network_comes_back_in_evaluation_mode_with_its_sizes(network, folder):
    ideal.save_network(network.train(), "one")
    for again in (ideal.load_network("one"), ideal.load_network("one", folder)):
        assert same(again, network)
        assert not again.training
        assert (again.blocks_per_stage, again.width, again.num_classes) == (1, 4, 3)


@pytest.mark.parametrize(
    "block",
    [
        lambda: DigitalBlock(32, 3),
        lambda: DigitalBlock(32, 2, quantiser="even", labels="gray"),
        lambda: DigitalBlock(32, 2, quantiser="range"),
        lambda: AnalogBlock(32),
    ],
    ids=["learned", "even_gray", "range", "analog"],
)
def test_a_split_comes_back_and_sends_the_same(network, block):
    model = SplitClassifier(network, 2, block())
    x = torch.rand(4, 3, 32, 32, generator=seeds.torch_generator(1, "images"))
    model.start(x)
    model.block.pruning.prune(5)
    files.save_split(model, "splits/two")
    again = files.load_split("splits/two")
    assert same(again, model)
    assert again.split == 2
    assert again.channel_uses == model.channel_uses
    model.eval()
    sent, received = (one(x, 0.05, generator=seeds.torch_generator(1, "noise")) for one in (model, again))
    assert torch.equal(sent, received)


def test_a_policy_comes_back_with_the_split_points_of_its_outputs():
    with seeds.initialising(1, "policy"):
        policy = PolicyNetwork(3, width=8)
    files.save_policy(policy, [1, 2, 5], "policy")
    again, splits = files.load_policy("policy")
    assert same(again, policy)
    assert splits == [1, 2, 5]
    with pytest.raises(ValueError, match="splits are 2: the policy has 3 outputs"):
        files.save_policy(policy, [1, 2], "policy")


def test_missing_files_and_files_of_another_kind_are_named(network, folder):
    with pytest.raises(FileNotFoundError, match=r"one\.pt is missing; dvc repro trains it"):
        files.load_split("one")
    ideal.save_network(network, "one")
    with pytest.raises(ValueError, match=r"one\.pt is another kind of checkpoint: it has no 'split'"):
        files.load_split("one")
    with pytest.raises(ValueError, match=r"one\.pt is another kind of checkpoint: it has no 'policy'"):
        files.load_policy("one")
    model = SplitClassifier(network, 2, DigitalBlock(32, 2))
    save_checkpoint(folder / "two.pt", files.to_checkpoint(model) | {"block": {}})
    with pytest.raises(ValueError, match=r"two\.pt holds another model: "):
        files.load_split("two")


def test_only_the_networks_that_are_made_from_their_sizes_can_be_kept():
    with pytest.raises(ValueError, match="it must be a SplitResNet"):
        ideal.save_network(torch.nn.Linear(1, 1), "one")
