import itertools
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from semcom_lib.coding.huffman import Huffman
from semcom_lib.coding.word_huffman import END_NAME, ESCAPE_NAME, WordHuffman

SENTENCES = [
    "we resume the session of the house",
    "the house will vote on the report , then on the budget",
    "thank you , the debate is closed",
]
WORDS = ["the", ",", "on", "house", "vote", "report", "budget", "session", "of", "never"]
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=9).map(lambda text: "".join(text.split()) or "a")
any_codes = st.builds(
    WordHuffman,
    st.dictionaries(words, st.integers(1, 10**6), max_size=40),
    st.integers(1, 1000),
    st.integers(1, 1000),
    st.just(Huffman.from_text(SENTENCES)),
)


@cache
def code():
    return WordHuffman.from_sentences(SENTENCES, WORDS)


def word_bits(*words):
    return np.array([int(bit) for bit in "".join(words)], np.uint8)


def test_counts_are_those_of_the_training_text():
    counted = [word for sentence in SENTENCES for word in sentence.split()]
    assert code().counts == {word: counted.count(word) for word in WORDS if word != "never"}
    assert list(code().counts) == WORDS[:-1]
    assert code().num_texts == 3
    assert code().num_unknown == sum(word not in WORDS for word in counted)
    different = sorted(set(counted))
    assert code().letters.counts == {c: "".join(different).count(c) for c in sorted(set("".join(different)))}
    assert code().letters.num_texts == len(different)


@settings(deadline=None, max_examples=50, derandomize=True)
@given(code=any_codes)
def test_mean_length_is_within_one_bit_of_the_entropy(code):
    weights = np.array([*code.counts.values(), code.num_texts, code.num_unknown])
    probabilities = weights / weights.sum()
    entropy = -(probabilities * np.log2(probabilities)).sum()
    assert entropy - 1e-9 <= code.mean_length < entropy + 1


def test_mean_length_is_the_bit_rate_of_the_training_text():
    spelled = [w for sentence in SENTENCES for w in sentence.split() if w not in code().counts]
    num_bits = sum(len(code().encode(s)) for s in SENTENCES) - sum(len(code().letters.encode(w)) for w in spelled)
    num_symbols = sum(len(s.split()) + 1 for s in SENTENCES)
    assert num_bits == pytest.approx(code().mean_length * num_symbols, rel=1e-12)


def test_words_are_ordered_by_length_then_as_the_vocabulary_has_them():
    names, place = list(code().codewords), [*WORDS, END_NAME, ESCAPE_NAME].index
    lengths = [len(word) for word in code().codewords.values()]
    assert names == sorted(names, key=lambda name: (len(code().codewords[name]), place(name)))
    assert lengths == sorted(lengths)
    assert set(code().codewords[names[0]]) == {"0"}
    ordered = sorted(code().codewords.values())
    assert not any(second.startswith(first) for first, second in itertools.pairwise(ordered))


def test_a_text_is_its_words_then_the_end():
    table = code().codewords
    np.testing.assert_array_equal(code().encode("the house"), word_bits(table["the"], table["house"], table[END_NAME]))
    np.testing.assert_array_equal(code().encode(""), word_bits(table[END_NAME]))


def test_an_unknown_word_is_spelled_behind_an_escape():
    table = code().codewords
    bits = code().encode("the café")
    start = word_bits(table["the"], table[ESCAPE_NAME])
    np.testing.assert_array_equal(
        bits, np.concatenate([start, code().letters.encode("café"), word_bits(table[END_NAME])])
    )


@settings(deadline=None, max_examples=100, derandomize=True)
@given(code=any_codes, text=st.text(st.characters(exclude_categories=["Cs"])), padding=st.integers(0, 300))
def test_decode_inverts_encode_on_any_text_and_padding(code, text, padding):
    bits = np.append(code.encode(text), np.zeros(padding, np.uint8))
    assert code.decode(bits) == " ".join(text.split())


@settings(deadline=None, max_examples=50, derandomize=True)
@given(code=any_codes, data=st.data())
def test_known_words_survive_the_round_trip(code, data):
    text = " ".join(data.draw(st.lists(st.sampled_from([*code.counts, "café"]), max_size=20)))
    assert code.decode(code.encode(text)) == text


@settings(deadline=None, max_examples=200, derandomize=True)
@given(bits=st.lists(st.integers(0, 1), max_size=400))
def test_any_bits_decode_to_some_text(bits):
    text = code().decode(np.array(bits, np.uint8))
    assert len(text.split()) <= len(bits)
    assert text.encode().decode() == text


@settings(deadline=None, max_examples=50, derandomize=True)
@given(seed=st.integers(0, 2**32), flipped=st.integers(0, 60))
def test_words_before_an_error_are_untouched(seed, flipped):
    text = SENTENCES[1]
    bits = code().encode(text)
    sizes = np.cumsum([len(code().encode(word)) - len(code().codewords[END_NAME]) for word in text.split()])
    place = flipped % sizes[-1]
    whole = int(np.searchsorted(sizes, place, side="right"))
    bits[place:] ^= np.random.default_rng(seed).integers(0, 2, len(bits) - place, dtype=np.uint8)
    assert code().decode(bits).split()[:whole] == text.split()[:whole]


def test_without_an_end_the_last_whole_word_is_the_last():
    bits = code().encode("the house")[: -len(code().codewords[END_NAME])]
    assert code().decode(bits) == "the house"
    assert code().decode(bits[:-1]) == "the"
    assert code().decode(bits[:0]) == ""
    cut = code().encode("the swan")[: -len(code().codewords[END_NAME]) - len(code().letters.codewords["END"])]
    assert code().decode(cut) == "the swan"


def test_an_escape_that_spells_nothing_leaves_no_word():
    table = code().codewords
    bits = word_bits(table["the"], table[ESCAPE_NAME], code().letters.codewords["END"], table["house"], table[END_NAME])
    assert code().decode(bits) == "the house"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: WordHuffman({"a b": 1}, 1, 1, code().letters), "words without spaces as keys, got 'a b'"),
        (lambda: WordHuffman({5: 1}, 1, 1, code().letters), "words without spaces as keys, got 5"),
        (lambda: WordHuffman({"a": 0}, 1, 1, code().letters), "count of 'a' = 0 must be an integer of at least 1"),
        (lambda: WordHuffman({"a": 1}, 0, 1, code().letters), "num_texts = 0 must be an integer of at least 1"),
        (lambda: WordHuffman({"a": 1}, 1, 0, code().letters), "num_unknown = 0 must be an integer of at least 1"),
        (lambda: WordHuffman({f"w{i}": 2**i for i in range(64)}, 1, 1, code().letters), "at most 63 bits, got 64"),
        (lambda: WordHuffman.from_sentences([], WORDS), "the number of sentences = 0 must be an integer of at least 1"),
        (lambda: WordHuffman.from_sentences("one text", WORDS), "sentences is of type str"),
        (lambda: WordHuffman.from_sentences(SENTENCES, "the"), "words is of type str"),
        (lambda: code().encode(b"the"), "text is of type bytes: it must be a text"),
        (lambda: code().encode("a\ud800"), "text must be free of lone surrogates, got one at index 1"),
        (lambda: code().decode(np.full(9, 2)), "must hold only 0 and 1"),
        (lambda: code().decode(np.zeros((2, 8))), r"bits has shape \(2, 8\): it must be \(num_bits,\)"),
    ],
)
def test_bad_input_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("kind", [list, torch.tensor, lambda bits: bits.astype(bool), lambda bits: bits.astype(float)])
def test_bits_of_any_kind_are_decoded(kind):
    assert code().decode(kind(code().encode("the session"))) == "the session"


def test_texts_without_words_make_a_code_of_end_and_escape():
    empty = WordHuffman.from_sentences(["", " "], [])
    assert empty.decode(empty.encode("")) == ""
    assert empty.decode(empty.encode("a b")) == "a b"
