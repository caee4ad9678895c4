"""Trained systems come back from their files as they were, and from no file of other words, answers or parts."""

from dataclasses import replace

import pytest
import torch

from semcom_lib import seeds
from semcom_lib.learning.checkpoints import load_checkpoint, save_checkpoint
from semcom_lib.mem_deepsc import trained
from semcom_lib.mem_deepsc.corpus import SPLITS, Corpus, save_corpus
from semcom_lib.mem_deepsc.masked import Lengths, Masked
from semcom_lib.mem_deepsc.trained import CHANNELS, link_of, load_model, save_model, to_checkpoint
from semcom_lib.mem_deepsc.trained_masks import load_masked, save_masked
from semcom_lib.physical_layer.csi import PERFECT, Csi
from semcom_lib.physical_layer.fading import Awgn, Rician

from .conftest import SIZES

LENGTHS = Lengths(1.0, 1.44, 4.0, 4, 8)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(trained, "FOLDER", tmp_path)
    return tmp_path


def same(one, other):
    a, b = one.state_dict(), other.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize("has_memory", [True, False])
def test_a_system_comes_back_in_evaluation_mode_with_its_sizes_and_its_memory(corpus, make_model, folder, has_memory):
    model = make_model(has_memory=has_memory)
    model.renew_channel_codec(5)
    save_model(model.train(), corpus, "one")
    for again in (load_model(corpus, "one"), load_model(corpus, "one", folder)):
        assert same(again, model)
        assert not again.training
        assert again.has_memory is has_memory
        assert again.sizes == replace(SIZES, num_symbols=5)


@pytest.mark.parametrize("what", ["words", "answers"])
def test_a_system_of_other_words_or_answers_is_refused(corpus, make_model, what, tmp_path):
    save_model(make_model(), corpus, "one")
    save_corpus(tmp_path, {split: corpus.stories(split) for split in SPLITS})
    lines = (tmp_path / f"{what}.txt").read_text().splitlines()
    (tmp_path / f"{what}.txt").write_text("\n".join([*lines[:-1], "zebra"]))  # as many
    number = len(lines)
    message = (
        rf"one\.pt was trained on other {what} \({number}, here {number}\); .* dvc repro mem_deepsc_semantic_memory$"
    )
    with pytest.raises(ValueError, match=message) as error:
        load_model(Corpus(tmp_path), "one")
    assert "\n" not in str(error.value)


def test_a_missing_file_and_one_of_another_kind_are_named(corpus, make_model, folder):
    with pytest.raises(FileNotFoundError, match=r"one\.pt is missing; dvc repro trains it"):
        load_model(corpus, "one")
    save_checkpoint(folder / "one.pt", {"state": {}})
    with pytest.raises(ValueError, match=r"one\.pt is another kind of checkpoint: it has no 'sizes'"):
        load_model(corpus, "one")
    save_checkpoint(folder / "one.pt", to_checkpoint(make_model(), corpus) | {"state": {}})
    with pytest.raises(ValueError, match=r"one\.pt holds another model: "):
        load_model(corpus, "one")


def masked_of(system, kind):
    with seeds.initialising(3, kind):
        return Masked(system, kind, LENGTHS)


def test_masked_systems_come_back_over_the_unmasked_system_or_as_they_were_trained(corpus, make_model, folder):
    with seeds.initialising(9):
        retrained = masked_of(trained.new_model(corpus, SIZES, has_memory=True), "consecutive")
    save_model(make_model(), corpus, "unmasked_rician")
    importance = masked_of(make_model(), "importance")
    for masked in (importance, retrained):
        save_masked(masked, corpus, f"{masked.kind}_rician")
    assert same(load_masked(corpus, "rician", "importance", LENGTHS), importance)
    assert same(load_masked(corpus, "rician", "random", LENGTHS), masked_of(make_model(), "random"))
    assert same(load_masked(corpus, "rician", "consecutive", LENGTHS), retrained)
    assert not same(retrained.system, make_model())
    state = load_checkpoint(folder / "importance_rician.pt", "state")["state"]
    assert state.keys() == importance.importance.state_dict().keys()  # and none of the system, which lies beside it
    for kind in ("importance", "random", "consecutive"):
        masked = load_masked(corpus, "rician", kind, LENGTHS)
        assert (masked.kind, masked.lengths) == (kind, LENGTHS)
        assert not any(module.training for module in masked.modules())


def test_a_mask_of_another_number_of_symbols_is_named(corpus, make_model):
    save_model(make_model(sizes=replace(SIZES, num_symbols=5)), corpus, "unmasked_awgn")
    save_masked(masked_of(make_model(), "importance"), corpus, "importance_awgn")
    with pytest.raises(ValueError, match=r"importance_awgn\.pt holds another model: place\.weight is \(8, 64\)"):
        load_masked(corpus, "awgn", "importance", LENGTHS)


def test_each_channel_has_its_fading_law_and_its_csi():
    links = {channel: link_of(channel, 2.0, 0.05) for channel in CHANNELS}
    assert {channel: (link.law, link.csi) for channel, link in links.items()} == {
        "awgn": (Awgn(), PERFECT),
        "rician": (Rician(2.0), PERFECT),
        "rician_imperfect": (Rician(2.0), Csi("imperfect", error_variance=0.05)),
    }


def test_an_unknown_channel_is_refused():
    with pytest.raises(ValueError, match=r"^channel = 'rayleigh' is unknown; one of: awgn, rician, rician_imperfect$"):
        link_of("rayleigh", 2.0, 0.05)
