"""Every system of a setting is there, at equal channel uses, and DeepSC-S is the one of the channel that was chosen."""

import pytest
import torch

from semcom_lib.deepsc_s import trained
from semcom_lib.deepsc_s.compared import FLOOR, compared
from semcom_lib.deepsc_s.costs import channel_uses
from semcom_lib.deepsc_s.model import new_model
from semcom_lib.deepsc_s.trained import ROBUST, save_codec, save_model, sizes_of


@pytest.fixture(autouse=True)
def checkpoints(tmp_path, monkeypatch, make_codec):
    monkeypatch.setattr(trained, "FOLDER", tmp_path)
    for setting, bits in (("telephone", 1), ("multimedia", 2)):
        save_codec(make_codec(bits), setting)
        for system in ("deepsc_s", "cnn"):
            save_model(new_model(sizes_of(setting, system, 1, 8), 0.5, seed=1), setting, system, ROBUST)
    for seed, channel in enumerate(("rayleigh", "rician")):
        save_model(new_model(sizes_of("telephone", "deepsc_s", 1, 8), 0.5, seed=seed), "telephone", "deepsc_s", channel)


@pytest.mark.parametrize(
    ("setting", "codecs"), [("telephone", ["adpcm_ldpc", "gsm_ldpc"]), ("multimedia", ["adpcm_ldpc"])]
)
def test_all_systems_of_a_setting_take_equal_channel_uses_but_for_tails(setting, codecs):
    systems = compared(setting, "rician", robust="rician", k_factor=2.0, iterations=1)
    assert list(systems) == ["deepsc_s", "cnn", "traditional", "semi_traditional", *codecs, FLOOR]
    del systems[FLOOR]
    uses = channel_uses(systems, 16_384).set_index("system")
    assert ((uses.uses_per_clip - uses.tail_uses - uses.uses_per_clip["deepsc_s"]).abs() < 1).all()


def test_deepsc_s_over_the_telephone_is_that_of_the_chosen_channel():
    weights = [
        compared("telephone", "awgn", robust=channel, k_factor=2.0, iterations=1)["deepsc_s"].model.encoder[1].weight
        for channel in ("rayleigh", "rician", "rician")
    ]
    assert not torch.equal(weights[0], weights[1])
    assert torch.equal(weights[1], weights[2])
