"""The chains: the paper's codes and modulations, blocks that fit, what is known of the gains, what a sentence costs."""

from functools import cache

import numpy as np
import pytest
import torch

from semcom_lib import seeds
from semcom_lib.coding.huffman import Huffman
from semcom_lib.coding.word_huffman import WordHuffman
from semcom_lib.l_deepsc.chains import (
    WORD_BLOCK_STEP,
    equal_uses_rate,
    letter_chains,
    rs_chain,
    turbo_chain,
    word_chain,
    word_systems,
)
from semcom_lib.l_deepsc.systems import Learned, counted
from semcom_lib.metrics.text import ngram_counts
from semcom_lib.physical_layer.coded import Coded
from semcom_lib.physical_layer.csi import PERFECT, Csi
from semcom_lib.physical_layer.equalised_link import EqualisedLink
from semcom_lib.physical_layer.fading import Rayleigh, child_generators

from .conftest import VOCABULARY

SENTENCES = ["we must act now", "act", "we act now or later", "now or later we act", "must we act now , in europe"]
FIXED = ("huffman_rs", "huffman_rs_fair", "huffman_ldpc_fair")
WORDS = "we must act now or later ,".split()


def generator():
    return seeds.torch_generator(1, "channel", 6.0)


@cache
def words():
    return WordHuffman.from_sentences(SENTENCES, WORDS)


@cache
def chains():
    letters = Huffman.from_text(["abcdefghijklmnopqrstuvwxyz .", *SENTENCES])
    coded = letter_chains(letters, turbo_iterations=2, ldpc_block_bits=40, ldpc_coded_bits=60, seed=1)
    hard = turbo_chain(letters, iterations=2, seed=1, interleaved=False, hard_input=True)
    return coded | {"word_ldpc": word_chain(words(), 0.5), "rs_spread": rs_chain(letters, seed=1), "turbo_hard": hard}


def test_without_noise_a_chain_delivers_what_was_sent_for_what_it_says():
    for name, chain in chains().items():
        system = Coded(chain, Rayleigh())
        result = chain.send(SENTENCES, Rayleigh(), 1e-9, generator=generator())
        assert system.receive(SENTENCES, 90.0, generator=generator()) == result.items_hat == SENTENCES, name
        assert np.array_equal(system.count_channel_uses(SENTENCES), result.channel_uses), name


def test_all_systems_meet_equal_fades(trained, make_recorded_law):
    for chain in (*chains().values(), None):
        law = make_recorded_law()
        system = Learned(trained, VOCABULARY, EqualisedLink(law)) if chain is None else Coded(chain, law)
        assert len(system.receive(SENTENCES, 6.0, generator=generator())) == len(SENTENCES)
        assert torch.equal(law.drawn[0], Rayleigh().gain(len(SENTENCES), generator=child_generators(generator(), 3)[0]))


def test_the_paper_has_these_codes_and_modulations():
    fixed = {n: (c.code.k, c.code.n, c.modulation.name) for n, c in chains().items() if n in FIXED}
    assert fixed == {
        "huffman_rs": (15, 21, "64qam"),
        "huffman_rs_fair": (15, 21, "16qam"),
        "huffman_ldpc_fair": (40, 60, "16qam"),
    }
    turbo = chains()["huffman_turbo"].link_of(100)
    assert (turbo.code.k, turbo.code.n, turbo.code.iterations) == (104, 2 * 104 + 12, 2)
    assert (turbo.modulation.name, turbo.interleaver.n) == ("64qam", turbo.code.n)
    ldpc = chains()["word_ldpc"].link_of(52)
    assert (ldpc.code.k, ldpc.code.n, ldpc.modulation.name) == (56, 112, "qpsk")


def test_a_sentence_is_one_block_that_fits():
    for name in ("huffman_turbo", "word_ldpc"):
        result = chains()[name].send(SENTENCES, Rayleigh(), 0.1, generator=generator())
        assert result.num_blocks.tolist() == [1] * len(SENTENCES)
        for bits in result.source_bits.tolist():
            link = chains()[name].link_of(bits)
            assert link is chains()[name].link_of(bits)  # remembered
            longest_below = {"huffman_turbo": 40, "word_ldpc": 16}[name]
            assert link.code.k == longest_below or bits <= link.code.k < bits + WORD_BLOCK_STEP


def test_the_interleaver_of_rs_spreads_a_faded_symbol_over_the_blocks_of_a_sentence():
    link = chains()["rs_spread"].link_of(301)
    assert (link.code.k, link.code.n) == (21 * 15, 21 * 21)
    faded = np.zeros(link.code.n, np.uint8)
    faded[60:66] = 1
    met = link.interleaver.inverse(faded).reshape(21, 21).sum(axis=1)
    assert met.max() < 6
    assert (met > 0).sum() >= 4
    said = SENTENCES * 3
    uses = [chains()[name].count_channel_uses(np.array([10, 100])).tolist() for name in ("huffman_rs", "rs_spread")]
    assert uses[0] == uses[1]
    assert chains()["rs_spread"].send(said, Rayleigh(), 1e-9, generator=generator()).items_hat == said


def test_turbo_chains_decide_and_interleave_as_they_are_told():
    soft, hard = (chains()[name].link_of(100) for name in ("huffman_turbo", "turbo_hard"))
    assert (soft.interleaver is None, hard.interleaver is None) == (False, True)
    said = SENTENCES * 40
    rates = [
        chains()[name].send(said, Rayleigh(), 10**-1.5, generator=generator()).bit_error_rate
        for name in ("huffman_turbo", "turbo_hard")
    ]
    assert rates[0] < 0.9 * rates[1]


def test_the_equal_uses_rate_makes_the_word_chain_take_as_many_symbols():
    sentences = [" ".join(np.random.default_rng(i).choice(WORDS, 4 + i % 20)) for i in range(200)]
    rate = equal_uses_rate(words(), sentences, 3)
    assert 0.2 < rate < 0.9
    uses = Coded(word_chain(words(), rate), Rayleigh()).count_channel_uses(sentences).sum()
    assert uses == pytest.approx(3 * sum(len(s.split()) for s in sentences), rel=0.01)
    assert equal_uses_rate(words(), sentences, 100) == 0.2
    assert equal_uses_rate(words(), sentences, 1) == 0.9


def test_csi_reaches_the_word_chain_and_its_pilots_are_counted():
    csi = {"perfect": PERFECT, "rough": Csi("rough", 3), "none": Csi("none")}
    systems = word_systems(chains()["word_ldpc"], Rayleigh(), csi)
    assert list(systems) == ["word_ldpc", "word_ldpc_rough", "word_ldpc_none"]
    assert [system.pilots for system in systems.values()] == [0, 3, 0]
    said = SENTENCES * 40
    right = {
        name: sum(a == b for a, b in zip(s.receive(said, 6.0, generator=generator()), said, strict=True))
        for name, s in systems.items()
    }
    assert right["word_ldpc"] > right["word_ldpc_rough"] > right["word_ldpc_none"]


def test_what_is_counted_is_of_what_was_received_against_what_was_sent():
    system = Coded(chains()["huffman_rs"], Rayleigh())
    counts = counted(system, SENTENCES)(6.0, generator())
    expected = ngram_counts(system.receive(SENTENCES, 6.0, generator=generator()), SENTENCES)
    assert counts.keys() == expected.keys()
    assert all(np.array_equal(counts[name], expected[name]) for name in expected)
    assert counts["reference_words"].tolist() == [4, 1, 5, 5, 7]
