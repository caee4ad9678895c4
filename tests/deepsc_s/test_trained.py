"""Trained systems come back from their files as they were, and from no file of another setting or kind."""

import numpy as np
import pytest
import torch

from semcom_lib.deepsc_s import trained
from semcom_lib.deepsc_s.features import FeatureCode
from semcom_lib.deepsc_s.trained import (
    CHANNELS,
    ROBUST,
    link_of,
    load_codec_of,
    load_model,
    save_codec,
    save_model,
    sizes_of,
)
from semcom_lib.physical_layer.csi import PERFECT
from semcom_lib.physical_layer.fading import Awgn, Rayleigh, Rician


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(trained, "FOLDER", tmp_path)
    return tmp_path


def test_a_system_comes_back_in_evaluation_mode_with_its_sizes_and_level(make_model, folder):
    model = make_model(num_modules=1)
    save_model(model.train(), "telephone", "deepsc_s", "rician")
    assert (folder / "telephone_deepsc_s_rician.pt").is_file()
    for again in (
        load_model("telephone", "deepsc_s", "rician"),
        load_model("telephone", "deepsc_s", "rician", folder),
    ):
        assert not again.training
        assert again.sizes == model.sizes
        a, b = again.state_dict(), model.state_dict()
        assert a.keys() == b.keys()
        assert all(torch.equal(a[name], b[name]) for name in a)


def test_a_codec_comes_back_as_it_was(make_codec, clips):
    codec = make_codec()
    save_codec(codec, "telephone")
    again = load_codec_of("telephone")
    np.testing.assert_array_equal(FeatureCode(again).encode(clips[0]), FeatureCode(codec).encode(clips[0]))


def test_a_file_of_another_setting_or_kind_is_refused_in_one_line(make_model, make_codec, folder):
    save_model(make_model(kind="cnn"), "telephone", "cnn", ROBUST)
    save_codec(make_codec(), "telephone")
    (folder / "telephone_cnn_robust.pt").rename(folder / "multimedia_cnn_robust.pt")
    (folder / "telephone_features.pt").rename(folder / "multimedia_features.pt")
    for load in (lambda: load_model("multimedia", "cnn", ROBUST), lambda: load_codec_of("multimedia")):
        with pytest.raises(ValueError, match=r"\.pt is of the setting telephone, not multimedia; .*$") as error:
            load()
        assert "\n" not in str(error.value)
    save_model(make_model(kind="cnn"), "telephone", "deepsc_s", "awgn")
    with pytest.raises(ValueError, match=r"telephone_deepsc_s_awgn\.pt holds modules of kind cnn, deepsc_s has others"):
        load_model("telephone", "deepsc_s", "awgn")
    with pytest.raises(FileNotFoundError, match=r"telephone_deepsc_s_rayleigh\.pt is missing"):
        load_model("telephone", "deepsc_s", "rayleigh")


def test_links_have_the_laws_that_they_are_called_by_and_perfect_csi():
    laws = [link_of(channel, 3.0).law for channel in CHANNELS]
    assert laws == [Awgn(), Rayleigh(), Rician(3.0)]
    assert link_of("awgn", 2.0).csi == PERFECT
    with pytest.raises(ValueError, match="channel = 'nakagami' is unknown; one of: awgn, rayleigh, rician"):
        link_of("nakagami", 2.0)


def test_sizes_have_the_kind_of_the_system_and_the_channel_filters_of_the_setting():
    sizes = sizes_of("multimedia", "cnn", 2, 16)
    assert (sizes.kind, sizes.channel_filters, sizes.num_modules, sizes.filters) == ("cnn", 16, 2, 16)
    assert sizes_of("telephone", "deepsc_s", 6, 32).channel_filters == 8
    with pytest.raises(ValueError, match="setting = 'radio' must be one of telephone, multimedia"):
        sizes_of("radio", "cnn", 2, 16)
    with pytest.raises(ValueError, match="system = 'rnn' is unknown; one of: deepsc_s, cnn"):
        sizes_of("telephone", "rnn", 2, 16)
