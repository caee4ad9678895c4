"""Learned systems: what each knows of its gains, what it costs; the chains beside them are in test_chains.py."""

import pytest
import torch

from semcom_lib import seeds
from semcom_lib.l_deepsc.systems import Learned, load_learned
from semcom_lib.l_deepsc.trained import COMPARED, VARIANTS, refiner_file, system_file
from semcom_lib.l_deepsc.transceiver import DeepSC, DeepSCSizes, to_checkpoint
from semcom_lib.l_deepsc.variants import laws, load_link
from semcom_lib.learning.checkpoints import save_checkpoint
from semcom_lib.physical_layer import adnet
from semcom_lib.physical_layer.csi import KINDS, Csi
from semcom_lib.physical_layer.equalised_link import EqualisedLink
from semcom_lib.physical_layer.fading import Awgn, Rayleigh

from .conftest import VOCABULARY

SENTENCES = ["we must act now", "act", "we act now or later", "now or later we act", "must we act now"]
SIZES = DeepSCSizes(width=16, heads=2, layers=1, feed_forward=16, channel_encoder=16, channel_decoder=16)


def untrained():
    with seeds.initialising(1, "systems"):
        return DeepSC(len(VOCABULARY), SIZES).eval()


@pytest.fixture
def folder(tmp_path):
    """What the training stages leave."""
    for channel, names in COMPARED.items():
        for name in names:
            save_checkpoint(system_file(tmp_path, channel, name), to_checkpoint(untrained(), VOCABULARY))
            with seeds.initialising(1, "refiner"):
                refiner = adnet.to_checkpoint(adnet.ADNet(2))
            save_checkpoint(refiner_file(tmp_path, channel), refiner)
    return tmp_path


def generator():
    return seeds.torch_generator(1, "channel", 6.0)


def test_each_learned_system_knows_what_its_name_says(folder):
    systems = load_learned(VOCABULARY, folder, 2.0)
    assert list(systems) == [(name, channel) for channel, names in COMPARED.items() for name in names]
    for (name, channel), system in systems.items():
        known = (system.link.csi.kind, system.link.csi.num_pilots)
        assert known == (VARIANTS[name].csi_kind, VARIANTS[name].num_pilots)
        assert known[0] in KINDS
        assert system.link.law == laws(2.0)[channel]


def test_pilots_are_counted_where_they_are_spent(folder):
    systems = load_learned(VOCABULARY, folder, 2.0)
    spent = {name: system.pilots for (name, _), system in systems.items()}
    assert {spent[name] for name in ("deepsc_perfect", "perfect", "none")} == {0}
    assert {spent[name] for name in ("rough", "refined", "refined_seed_1")} == {1}
    assert {spent[name] for name in ("rough_4", "refined_4")} == {4}


def test_a_missing_checkpoint_is_named(folder):
    refiner = refiner_file(folder, "rician")
    system_file(folder, "rician", "rough").unlink()
    with pytest.raises(FileNotFoundError, match=r"rician_rough\.pt is missing"):
        load_learned(VOCABULARY, folder, 2.0)
    refiner.unlink()
    with pytest.raises(FileNotFoundError, match=r"rician_refiner\.pt is missing"):
        load_link(Rayleigh(), "refined", 1, refiner)
    assert load_link(Rayleigh(), "rough", 1, refiner).csi == Csi("rough", 1)


def test_the_link_of_refined_csi_asks_the_refiner_of_the_file(folder):
    zeros = adnet.ADNet(2)
    for parameter in zeros.parameters():
        torch.nn.init.zeros_(parameter)  # takes no noise off: the LS estimate
    save_checkpoint(folder / "refiner.pt", adnet.to_checkpoint(zeros))
    x = torch.ones(5, 8, dtype=torch.complex64)
    rough, refined = (
        load_link(Rayleigh(), kind, 2, folder / "refiner.pt")(x, 0.1, generator=generator())
        for kind in ("rough", "refined")
    )
    torch.testing.assert_close(refined, rough)


def test_the_fading_channels_have_unit_mean_power_and_the_stated_line_of_sight():
    for name, law in laws(2.0).items():
        h = law.gain(400_000, generator=seeds.torch_generator(1, name))
        assert abs(float(h.abs().square().mean()) - 1) < 0.03
        line_of_sight = abs(complex(h.mean())) ** 2 / float(h.var(correction=0))
        assert abs(line_of_sight - {"rician": 2.0, "rayleigh": 0.0, "rayleigh_correlated": 0.0}[name]) < 0.06


def test_a_learned_system_costs_eight_symbols_a_word():
    system = Learned(untrained(), VOCABULARY, EqualisedLink(Awgn()))
    assert system.count_channel_uses(SENTENCES).tolist() == [32, 8, 40, 40, 32]
    sent = [system.model.transmitter(torch.tensor([VOCABULARY.encode(s)])).shape[1] for s in SENTENCES]
    assert system.count_channel_uses(SENTENCES).tolist() == sent


def test_an_unknown_word_is_sent_as_unknown(trained):
    system = Learned(trained, VOCABULARY, EqualisedLink(Awgn()))
    swim, unknown, act = (
        system.receive([sentence], 20.0, generator=generator())
        for sentence in ("we must swim", "we must <unk>", "we must act")
    )
    assert swim == unknown != act == ["we must act"]


def test_sentences_come_back_in_their_order(trained):
    system = Learned(trained, VOCABULARY, EqualisedLink(Rayleigh()))
    received = system.receive(SENTENCES, 60.0, generator=generator())
    assert sum(s == s_hat for s, s_hat in zip(SENTENCES, received, strict=True)) >= len(SENTENCES) - 1
