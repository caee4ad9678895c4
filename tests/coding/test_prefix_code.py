"""Canonical Huffman codes of numbered symbols; optimality and prefixes are tested on the codes of letters and words."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semcom_lib.coding.prefix_code import PrefixCode, read_symbols

weights = st.lists(st.integers(1, 10**6), min_size=2, max_size=60)


@settings(deadline=None, max_examples=50, derandomize=True)
@given(weights=weights)
def test_words_increase_with_length_then_symbol(weights):
    code = PrefixCode(weights)
    assert code.order == sorted(range(len(weights)), key=lambda symbol: (code.lengths[symbol], symbol))
    assert code.words[code.order[0]] == 0
    for symbol, following in itertools.pairwise(code.order):
        step = int(code.lengths[following] - code.lengths[symbol])
        assert code.words[following] == (code.words[symbol] + 1) << step
    assert code.words[code.order[-1]] == 2 ** code.lengths[code.order[-1]] - 1  # so that Kraft's inequality is filled


@settings(deadline=None, max_examples=50, derandomize=True)
@given(weights=weights, data=st.data())
def test_symbols_are_read_up_to_the_first_last_one_or_to_the_last_whole_word(weights, data):
    code = PrefixCode(weights)
    sent = data.draw(st.lists(st.integers(0, len(weights) - 1), min_size=1, max_size=30))
    first_last = data.draw(st.integers(0, len(weights)))
    words = [code.codeword(symbol) for symbol in sent]
    bits = np.array([int(bit) for bit in "01" + "".join(words)], np.uint8)
    number = next((i + 1 for i, symbol in enumerate(sent) if symbol >= first_last), len(sent))
    symbols, position = read_symbols(bits, 2, code.children, first_last)
    assert symbols.tolist() == sent[:number]
    assert position == 2 + sum(map(len, words[:number]))
    cut, position = read_symbols(bits[:-1], 2, code.children, len(weights))
    assert cut.tolist() == sent[:-1]
    assert position == len(bits) - 1


def test_a_symbol_alone_has_no_code():
    with pytest.raises(ValueError, match="weights must be of at least 2 symbols, got 1"):
        PrefixCode([3])
