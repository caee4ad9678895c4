"""The chains: the paper's codes and modulations, the channel uses counted by hand, speech that arrives or fails as it should."""

from functools import cache

import numpy as np
import pytest

from semcom_lib import seeds
from semcom_lib.coding.pcm import ALaw, UniformPcm
from semcom_lib.deepsc_s import chains as module
from semcom_lib.deepsc_s.costs import channel_uses
from semcom_lib.deepsc_s.link import SpeechLink
from semcom_lib.deepsc_s.systems import Chained, Learned, Silence
from semcom_lib.metrics.speech import sdr
from semcom_lib.physical_layer.csi import PERFECT, Csi
from semcom_lib.physical_layer.fading import Awgn, Rayleigh


@cache
def chains(setting="telephone", law=Awgn(), csi=PERFECT):  # noqa: B008
    return {name: Chained(coded) for name, coded in module.chains(setting, law, csi).items()}


def received(name, clips, snr_db):
    return chains()[name].receive(clips, snr_db, generator=seeds.torch_generator(1, "channel", snr_db))


@pytest.mark.parametrize(("setting", "pcm"), [("telephone", ALaw()), ("multimedia", UniformPcm(16))])
def test_the_paper_has_this_pcm_code_and_modulation(setting, pcm):
    link = chains(setting)["traditional"].coded.chain
    assert link.source == pcm
    assert (link.code.k, link.code.n, link.code.algorithm, link.code.iterations) == (512, 3 * 512 + 12, "sova", 5)
    assert (link.modulation.name, link.interleaver, link.crc) == ("64qam", None, None)


def test_channel_uses_of_a_clip_are_those_counted_by_hand(make_model, make_codec):
    """PCM: 256 or 512 blocks of 1,548 coded bits in 64-QAM, 12 of each the tail; the codecs: the learned system's own."""
    clip = np.zeros((1, 16_384), np.float32)
    uses = {
        setting: {n: int(s.count_channel_uses(clip)[0]) for n, s in chains(setting).items()}
        for setting in module.SETTINGS
    }
    assert uses["telephone"] == {"traditional": 256 * 1_548 // 6, "adpcm_ldpc": 65_536, "gsm_ldpc": 65_536}
    assert uses["multimedia"] == {"traditional": 512 * 1_548 // 6, "adpcm_ldpc": 131_072}
    for setting, bits in (("telephone", 1), ("multimedia", 2)):
        of = module.SETTINGS[setting]
        learned = of.sizes.num_symbols(16_384)
        assert uses[setting]["traditional"] == learned + learned // 128  # 12 tail bits to 1,536
        semi = module.chains(setting, Awgn(), codec=make_codec(bits))["semi_traditional"]
        assert int(semi.count_channel_uses([clip[0]])[0]) == uses[setting]["traditional"]


def test_the_table_of_costs_names_tails_and_codes(make_model):
    learned = Learned(make_model(), SpeechLink(Rayleigh(), Csi("rough", 2)))
    table = channel_uses(chains() | {"deepsc_s": learned, "silence": Silence()}, 16_384).set_index("system")
    assert table.loc["traditional"].tolist() == [8.0, 66_048, 512.0, 0, "512 -> 1548", "64qam"]
    assert table.loc["adpcm_ldpc"].tolist() == [4.0, 65_536, 0.0, 0, "8192 -> 16384", "qpsk"]
    assert table.loc["gsm_ldpc"].tolist() == [1.66, 65_536, 0.0, 0, "3399 -> 16384", "qpsk"]
    assert table.loc["deepsc_s"].tolist() == [0.0, 65_536, 0.0, 2, "", "learned"]
    assert table.loc["silence"].tolist() == [0.0, 0, 0.0, 0, "", "none"]


def test_above_its_cliff_a_chain_delivers_what_its_source_code_keeps(voices):
    for name, chain in chains().items():
        source = chain.coded.chain.source
        expected = np.stack([source.decode(source.encode(clip))[:16_384] for clip in voices[:1]])
        np.testing.assert_array_equal(received(name, voices[:1], 20.0), expected, err_msg=name)


def test_the_cliffs_are_where_their_rates_put_them(voices):
    """2 information bits a symbol fail at 5 dB and not at 10; 1 bit arrives at 5 dB, 0.41 bits at 0 dB; at -8 dB nothing does."""
    points = [("traditional", 5.0), ("traditional", 10.0), ("adpcm_ldpc", 5.0), ("adpcm_ldpc", -8.0), ("gsm_ldpc", 0.0)]
    at = {(name, snr_db): float(sdr(voices[:1], received(name, voices[:1], snr_db))[0]) for name, snr_db in points}
    assert at["traditional", 5.0] < 5
    assert at["traditional", 10.0] > 30
    assert at["adpcm_ldpc", 5.0] > 15
    assert at["gsm_ldpc", 0.0] > 5
    assert at["adpcm_ldpc", -8.0] < 3


def test_the_feature_codec_goes_over_the_chain_as_pcm_does(make_codec, voices):
    codec = make_codec()
    semi = Chained(module.chains("telephone", Awgn(), codec=codec)["semi_traditional"])
    assert semi.coded.chain.code.k == 512
    s_hat = semi.receive(voices[:1, :2_048], 20.0, generator=seeds.torch_generator(1))
    source = semi.coded.chain.source
    np.testing.assert_array_equal(s_hat[0], source.decode(source.encode(voices[0, :2_048])))


def test_law_and_csi_reach_every_chain():
    law, csi = Rayleigh(), Csi("rough", 2)
    made = module.chains("telephone", law, csi)
    assert {(coded.law, coded.csi, coded.pilots) for coded in made.values()} == {(law, csi, 2)}


def test_other_settings_and_codecs_are_refused(make_codec):
    with pytest.raises(ValueError, match="setting = 'radio' must be one of telephone, multimedia"):
        module.chains("radio", Awgn())
    with pytest.raises(ValueError, match="codec has 16 bits a sample; telephone PCM's 8 are needed"):
        module.chains("telephone", Awgn(), codec=make_codec(2))
    with pytest.raises(ValueError, match="iterations = 0"):
        module.chains("telephone", Awgn(), iterations=0)
