"""Compressed transceivers come back as they were kept."""

import pytest
import torch

from semcom_lib import seeds
from semcom_lib.compression.pruning import apply_masks, magnitude_masks
from semcom_lib.l_deepsc.compressed import Compressed, CompressedFolder, name_of
from semcom_lib.l_deepsc.transceiver import DeepSC, DeepSCSizes
from semcom_lib.sources.text import Vocabulary

VOCABULARY = Vocabulary(["we", "must", "act", "now"])


def compressed(**more):
    with seeds.initialising(1, "compressed"):
        model = DeepSC(len(VOCABULARY), DeepSCSizes(width=16, heads=2, layers=1, feed_forward=16)).eval()
    masks = magnitude_masks(model, 0.25)
    apply_masks(model, masks)
    return Compressed(model, masks, 0.25, **more)


@pytest.mark.parametrize(
    ("sparsity", "bits", "name"),
    [(0, 32, "pruned_0"), (0.6, 32, "pruned_0.6"), (0.6, 4, "pruned_0.6_bits_4"), (0.0, 2, "pruned_0_bits_2")],
)
def test_names_say_sparsity_and_bits(sparsity, bits, name):
    assert name_of(sparsity, bits) == name


def test_what_was_kept_comes_back(tmp_path):
    folder = CompressedFolder(tmp_path, VOCABULARY)
    sensitivity = {"transmitter.embedding.weight": torch.rand(3, 2, generator=seeds.torch_generator(1))}
    there = compressed(bits=4, sensitivity=sensitivity)
    assert "pruned_0.25_bits_4" not in folder
    folder.save(there)
    assert "pruned_0.25_bits_4" in folder
    again = folder.load("pruned_0.25_bits_4")
    assert (again.sparsity, again.bits, again.model.training) == (0.25, 4, False)
    for kept, came in (
        (there.model.state_dict(), again.model.state_dict()),
        (there.masks, again.masks),
        (there.sensitivity, again.sensitivity),
    ):
        assert kept.keys() == came.keys()
        assert all(torch.equal(tensor, came[name]) for name, tensor in kept.items())


def test_another_name_can_be_given_and_sensitivity_can_be_absent(tmp_path):
    folder = CompressedFolder(tmp_path, VOCABULARY)
    folder.save(compressed(), "compressed")
    assert folder.load("compressed").sensitivity is None
    assert "pruned_0.25" not in folder


def test_errors_name_the_file(tmp_path):
    CompressedFolder(tmp_path, VOCABULARY).save(compressed(), "compressed")
    with pytest.raises(FileNotFoundError, match=r"pruned_0\.6\.pt is missing"):
        CompressedFolder(tmp_path, VOCABULARY).load("pruned_0.6")
    with pytest.raises(ValueError, match=r"compressed\.pt was trained with another vocabulary"):
        CompressedFolder(tmp_path, Vocabulary(["other", "words", "than", "these"])).load("compressed")
