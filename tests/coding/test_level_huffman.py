"""Huffman codes of feature maps: what comes back, how many bits it takes, and what errors and cuts do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semcom_lib import seeds
from semcom_lib.coding.level_huffman import LevelHuffman
from semcom_lib.coding.prefix_code import PrefixCode

RNG = seeds.numpy_generator(1, "maps")
SKEWED = np.stack(  # (50 maps, 3 channels, 8 places): constant, skewed, uniform
    [np.zeros((50, 8)), RNG.choice(4, (50, 8), p=[0.85, 0.05, 0.05, 0.05]), RNG.integers(4, size=(50, 8))], axis=1
).astype(np.uint8)


def code(run=2, max_bits=10_000):
    return LevelHuffman.from_maps(SKEWED, 4, run=run, max_bits=max_bits)


@pytest.mark.parametrize("run", [1, 2, 4])
def test_maps_come_back_with_what_is_behind_them_ignored(run):
    for levels in SKEWED[:10]:
        bits = code(run).encode(levels)
        assert bits.dtype == np.uint8
        assert len(bits) == code(run).num_bits(levels)
        for padding in ([], [0, 0, 0], [1, 0, 1, 1]):
            assert code(run).decode(np.concatenate([bits, np.array(padding, np.uint8)])).tolist() == levels.tolist()


def entropy(symbols):
    """Of the empirical distribution, bits a symbol."""
    p = np.unique(symbols, return_counts=True)[1] / symbols.size
    return float(-(p * np.log2(p)).sum())


def test_it_takes_within_a_bit_a_run_of_each_channels_own_entropy():
    """And less than one code for all channels could: that has the mixture's entropy to pay."""
    mean_bits = np.mean([code(1).num_bits(levels) for levels in SKEWED])
    own = sum(8 * entropy(SKEWED[:, channel]) for channel in range(3))
    assert own < mean_bits < own + 3 * 8
    assert mean_bits < 0.9 * 24 * 2
    in_runs = np.mean([code(2).num_bits(levels) for levels in SKEWED])
    assert in_runs < mean_bits - 3  # a constant channel costs a bit a symbol: half of it in runs of two


def test_words_are_those_of_the_channels_own_huffman_code():
    counts = [1 + np.bincount(SKEWED[:, channel].ravel(), minlength=4) for channel in range(3)]
    words = [PrefixCode(each.tolist()) for each in counts]
    levels = SKEWED[7]
    expected = "".join(words[c].codeword(int(level)) for c in range(3) for level in levels[c])
    assert "".join(map(str, code(1).encode(levels))) == expected


def test_a_cut_keeps_the_first_channels_and_the_rest_is_likeliest():
    """Channel 0 takes 4 runs of one bit; what is cut off is each channel's most frequent run, here zeros for the first two."""
    whole = code()
    levels = SKEWED[3]
    kept = whole.num_bits(levels) - 1
    cut = LevelHuffman(whole.codes, 4, 8, 2, kept)
    received = cut.decode(cut.encode(levels))
    assert len(cut.encode(levels)) == kept
    assert received[:2].tolist() == levels[:2].tolist()
    assert received[2, :-2].tolist() == levels[2, :-2].tolist()
    likeliest = int(np.argmax(whole.codes[2].weights))
    assert received[2, -2:].tolist() == list(divmod(likeliest, 4))
    assert whole.decode(np.empty(0, np.uint8))[:2].max() == 0


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 1), max_size=80))
def test_any_bits_are_some_map(bits):
    received = code().decode(np.array(bits, np.uint8))
    assert received.shape == (3, 8)
    assert received.max() <= 3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: code(run=3), r"run = 3 must divide the 8 places of a channel"),
        (lambda: code(run=8), r"run = 8 makes 65536 symbols: there must be at most 4096"),
        (lambda: code(run=0), r"run = 0 must be an integer in 1..13"),
        (lambda: code(max_bits=0), r"max_bits = 0 must be an integer of at least 1"),
        (lambda: LevelHuffman(code(1).codes, 4, 8, 2, 9), r"codes have 4 symbols: they must have 4\^2"),
        (lambda: LevelHuffman.from_maps(SKEWED[:0], 4, run=1, max_bits=9), r"n at least 1"),
        (lambda: LevelHuffman.from_maps(SKEWED, 3, run=1, max_bits=9), r"levels lie in 0..3: they must be in 0..2"),
        (lambda: code().encode(SKEWED[0, :2]), r"levels is a numpy uint8 array \(2, 8\): it must be integers \(3, 8\)"),
        (lambda: code().encode(SKEWED[0] + 1), r"they must be in 0..3"),
        (lambda: code().encode(SKEWED[0].astype(float)), r"it must be integers \(3, 8\)"),
    ],
)
def test_what_does_not_fit_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
