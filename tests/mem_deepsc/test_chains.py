"""The chains: the paper's codes and modulations, schemes by the SNR, blocks that fit, text out of anything."""

from functools import cache, partial

import numpy as np
import pytest

from semcom_lib import seeds
from semcom_lib.coding.turbo import INTERLEAVER_LENGTHS
from semcom_lib.mem_deepsc import chains as module
from semcom_lib.mem_deepsc.chains import Adaptive, word_code
from semcom_lib.physical_layer.amc import AMC_TABLE
from semcom_lib.physical_layer.csi import PERFECT, Csi
from semcom_lib.physical_layer.fading import Awgn, Rayleigh, Rician, child_generators
from semcom_lib.sources import embedded_stories
from semcom_lib.sources.stories import Question, Story, words

RICIAN = Rician(2.0)
NAMES = ["utf8_turbo", "utf8_turbo_amc", "utf8_turbo_fitted", "word_code"]
SAID = ["alma went to the attic.", "where is alma?", "boris picked up the kettle.", "alma handed the violin to boris."]


@cache
def stories():
    return embedded_stories.tell(1, 4, 1, "train") + embedded_stories.tell(7, 8, 1, "train")


@cache
def code():
    return word_code(stories())


@cache
def chains(law=RICIAN, csi=PERFECT, word_rate=0.5):
    return module.chains(code(), law, csi, iterations=3, word_rate=word_rate)


def generator():
    return seeds.torch_generator(1, "channel", 6.0)


def test_without_noise_the_words_of_every_sentence_arrive_in_their_order():
    assert list(chains()) == NAMES
    for name, system in chains().items():
        received = system.receive(SAID, 90.0, generator=generator())
        assert [words(text) for text in received] == [words(text) for text in SAID], name
        assert (received == SAID) == (name != "word_code"), "marks are not sent by words"


def test_a_sentence_is_one_transmission_with_a_fade_of_its_own_whatever_it_takes(make_recorded_law):
    for name in NAMES:
        law = make_recorded_law()
        module.chains(code(), law, PERFECT, iterations=1, word_rate=0.5)[name].receive(SAID, 6.0, generator=generator())
        fades, *_ = child_generators(generator(), 3)
        assert law.drawn[0].shape == (4, 1)
        assert law.drawn[0].equal(Rayleigh().gain(4, generator=fades)), name


def test_channel_uses_are_those_counted_by_hand():
    """23, 14, 27, 32 letters: one block of 256 each; bits = letters 8, coded bits 3 k + 12, 16-QAM."""
    assert chains()["utf8_turbo"].count_channel_uses(SAID).tolist() == [(3 * 256 + 12) // 4] * 4 == [195] * 4
    assert chains()["utf8_turbo"].count_channel_uses(["a" * 33]).tolist() == [2 * 195]
    fitted = [(3 * 8 * letters + 12) // 4 for letters in (23, 14, 27, 32)]
    assert chains()["utf8_turbo_fitted"].count_channel_uses(SAID).tolist() == fitted == [141, 87, 165, 195]
    at = {0.0: 780 / 2, 3.0: 524 / 2, 6.0: 195, 8.0: 524 / 4, 12.0: 88, 18.0: 66}  # 524 / 6, 524 / 8, rounded up
    counted = {snr_db: chains()["utf8_turbo_amc"].count_channel_uses(["act"], snr_db).tolist() for snr_db in at}
    assert counted == {snr_db: [uses] for snr_db, uses in at.items()}
    bits = [len(code().encode(text)) for text in SAID]
    by_name = {name: len(word) for name, word in code().code.codewords.items()}
    assert bits[1] == sum(by_name[name] for name in ("where", "is", "alma", "end of text"))
    assert chains()["word_code"].count_channel_uses(SAID).tolist() == [max(12, k) for k in bits]  # 2 k bits in QPSK


def test_the_paper_has_this_code_and_modulation():
    link = chains()["utf8_turbo"].chain
    assert (link.code.k, link.code.n, link.code.algorithm, link.code.iterations) == (256, 780, "log-map", 3)
    assert (link.modulation.name, link.interleaver) == ("16qam", None)


def test_a_fitted_block_has_the_next_of_the_standards_lengths():
    chain = chains()["utf8_turbo_fitted"].chain
    for letters in range(1, 100):
        link = chain.link_of(8 * letters)
        assert link.code.k == min(length for length in INTERLEAVER_LENGTHS if length >= 8 * letters)
        assert (link.code.n, link.modulation.name) == (3 * link.code.k + 12, "16qam")
        assert link is chain.link_of(8 * letters)  # remembered


def test_amc_takes_the_fastest_scheme_that_the_snr_carries():
    amc = chains()["utf8_turbo_amc"]
    assert tuple(amc.schemes) == AMC_TABLE
    for snr_db, modulation, rate in (
        (-10.0, "bpsk", "1/3"), (-3.0, "bpsk", "1/3"), (0.0, "qpsk", "1/3"), (3.0, "qpsk", "1/2"), (6.0, "16qam", "1/3"),
        (9.0, "16qam", "1/2"), (12.0, "64qam", "1/2"), (18.0, "256qam", "1/2"),
    ):  # fmt: skip
        link = amc.at(snr_db).chain
        assert (link.modulation.name, link.code.n) == (modulation, {"1/3": 780, "1/2": 524}[rate])


def test_what_adapts_keeps_most_sentences_at_every_snr_and_what_does_not_loses_them_at_low_ones():
    said = SAID * 25
    lost = {
        name: [
            np.mean([a != b for a, b in zip(system.receive(said, snr_db, generator=generator()), said, strict=True)])
            for snr_db in (0.0, 5.0, 12.0)
        ]
        for name, system in chains(Awgn()).items()
        if name in ("utf8_turbo", "utf8_turbo_amc")
    }
    assert max(lost["utf8_turbo_amc"]) < 0.15
    assert lost["utf8_turbo"][0] > 0.9
    assert lost["utf8_turbo"][2] == 0


def test_noise_makes_text_of_the_codes_letters_and_words_and_never_raises():
    known = set(code().code.counts)
    for name, system in chains().items():
        received = system.receive(SAID * 25, -15.0, generator=generator())
        assert all(isinstance(text, str) for text in received)
        assert len(set(received)) > 10, name  # garbage, and not one text for all
        if name == "word_code":
            spoken = [word for text in received for word in text.split()]
            assert np.mean([word in known for word in spoken]) > 0.9  # the others are spelled


def test_the_words_of_questions_and_sentences_are_counted_as_often_as_they_are_sent():
    asked = (Question("is alma there?", "no", 1, (0,)), Question("is alma here?", "yes", 2, (1,)))
    coded = word_code([Story(6, ("alma went there.", "alma went there."), asked)]).code
    assert coded.counts == {"alma": 4, "here": 1, "is": 2, "there": 3, "went": 2}
    assert (coded.num_texts, coded.num_unknown) == (4, 1)


def test_a_word_that_training_lacks_is_spelled():
    text = "alma went to the zoo."
    received = chains()["word_code"].receive([text], 90.0, generator=generator())
    assert received == ["alma went to the zoo"]


@pytest.mark.parametrize("csi", [PERFECT, Csi("rough", 2), Csi("none")], ids=lambda csi: csi.kind)
def test_csi_reaches_every_chain_and_its_pilots_are_counted(csi):
    made = chains(Rayleigh(), csi)
    assert {system.pilots for system in made.values()} == {2 if csi.kind == "rough" else 0}
    single = [coded for s in made.values() for coded in (s.schemes.values() if isinstance(s, Adaptive) else [s])]
    assert len(single) == 3 + len(AMC_TABLE)
    assert {(coded.law, coded.csi) for coded in single} == {(Rayleigh(), csi)}


def test_codes_refuse_what_they_have_not():
    make = partial(module.chains, code(), Awgn(), PERFECT)
    with pytest.raises(ValueError, match="iterations"):
        make(iterations=0, word_rate=0.5)
    with pytest.raises(ValueError, match="rate"):
        make(iterations=1, word_rate=0.1)
    with pytest.raises(ValueError, match="number of sentences"):
        word_code([])
