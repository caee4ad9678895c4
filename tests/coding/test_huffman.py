import itertools
import json
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from semcom_lib.coding.huffman import CODE_POINT_BITS, Huffman

TEXTS = [
    "resumption of the session",
    "i declare resumed the session of the european parliament, adjourned on friday",
    "please rise, then, for this minute's silence.",
]
CODE = Huffman.from_text(TEXTS)

counts_dicts = st.dictionaries(st.characters(exclude_categories=["Cs"]), st.integers(1, 10**6), max_size=40)
any_codes = st.builds(Huffman, counts_dicts, st.integers(1, 1000))


def word_bits(word):
    return np.array([int(bit) for bit in word], np.uint8)


def weights_of(code):
    return np.array([*code.counts.values(), code.num_texts, 1])


@cache
def complete_length_profiles(num_leaves, num_slots=1):
    """Sorted leaf depths of every binary tree with num_leaves leaves, grown level by level from num_slots nodes."""
    if num_slots > num_leaves:
        return ()
    profiles = [(0,) * num_leaves] if num_slots == num_leaves else []
    for num_here in range(num_slots):
        for deeper in complete_length_profiles(num_leaves - num_here, 2 * (num_slots - num_here)):
            profiles.append((0,) * num_here + tuple(depth + 1 for depth in deeper))
    return tuple(profiles)


@settings(deadline=None, max_examples=50, derandomize=True)
@given(code=any_codes)
def test_codewords_fill_kraft_inequality(code):
    longest = max(map(len, code.codewords.values()))
    assert sum(2 ** (longest - len(word)) for word in code.codewords.values()) == 2**longest


@settings(deadline=None, max_examples=50, derandomize=True)
@given(code=any_codes)
def test_no_codeword_is_a_prefix_of_another(code):
    words = sorted(code.codewords.values())
    assert not any(second.startswith(first) for first, second in itertools.pairwise(words))


@settings(deadline=None, max_examples=50, derandomize=True)
@given(code=any_codes)
def test_mean_length_is_within_one_bit_of_the_entropy(code):
    probabilities = weights_of(code) / weights_of(code).sum()
    entropy = -(probabilities * np.log2(probabilities)).sum()
    assert entropy - 1e-9 <= code.mean_length < entropy + 1


@settings(deadline=None, max_examples=50, derandomize=True)
@given(counts=st.lists(st.integers(1, 100), max_size=7), num_texts=st.integers(1, 100))
def test_mean_length_is_the_least_of_all_code_trees(counts, num_texts):
    code = Huffman(dict(zip("abcdefg", counts, strict=False)), num_texts)
    weights = np.sort(weights_of(code))[::-1]
    least = min(weights @ np.array(profile) for profile in complete_length_profiles(len(weights)))
    assert code.mean_length * weights.sum() == pytest.approx(least, rel=1e-12)


def test_dyadic_weights_meet_the_entropy():
    code = Huffman({"a": 8, "b": 4, "c": 2}, num_texts=1)
    assert code.codewords == {"a": "0", "b": "10", "c": "110", "END": "1110", "ESCAPE": "1111"}
    assert code.mean_length == 8 / 16 * 1 + 4 / 16 * 2 + 2 / 16 * 3 + 1 / 16 * 4 + 1 / 16 * 4


def test_canonical_words_increase_with_length_then_code_point():
    items = list(CODE.codewords.items())
    assert items[0][1] == "0" * len(items[0][1])
    for (name, word), (next_name, next_word) in itertools.pairwise(items):
        step = len(next_word) - len(word)
        assert step >= 0
        assert int(next_word, 2) == (int(word, 2) + 1) << step
        assert step > 0 or len(next_name) > 1 or name < next_name


def test_encoding_is_the_words_then_end():
    expected = "".join(CODE.codewords[character] for character in "session") + CODE.codewords["END"]
    np.testing.assert_array_equal(CODE.encode("session"), word_bits(expected))


def test_unseen_character_costs_escape_and_a_code_point():
    expected = CODE.codewords["ESCAPE"] + f"{ord('€'):021b}" + CODE.codewords["END"]
    np.testing.assert_array_equal(CODE.encode("€"), word_bits(expected))


def test_mean_length_is_the_bit_rate_of_the_training_text():
    num_bits = sum(len(CODE.encode(text)) for text in TEXTS)
    weights = weights_of(CODE)
    assert num_bits + len(CODE.codewords["ESCAPE"]) == pytest.approx(CODE.mean_length * weights.sum(), rel=1e-12)


@settings(deadline=None, max_examples=50, derandomize=True)
@given(code=any_codes, text=st.text(), padding=st.integers(0, 300))
def test_decode_inverts_encode_on_any_text_and_padding(code, text, padding):
    bits = np.append(code.encode(text), np.zeros(padding, np.uint8))
    assert code.decode(bits) == text


@settings(deadline=None, max_examples=50, derandomize=True)
@given(text=st.text(), seed=st.integers(0, 2**32), error_rate=st.floats(0, 0.5), lost=st.integers(0, 50))
def test_corrupted_bits_decode_to_some_text(text, seed, error_rate, lost):
    bits = CODE.encode(text)
    bits ^= np.random.default_rng(seed).random(len(bits)) < error_rate
    decoded = CODE.decode(bits[: max(len(bits) - lost, 0)])
    assert len(decoded) <= len(bits)
    assert decoded.encode().decode() == decoded


@pytest.mark.parametrize("code_point", [0xD800, 0xDFFF, 0x110000, 0x110001, 2**CODE_POINT_BITS - 1])
def test_escaped_non_character_becomes_the_replacement_character(code_point):
    word = CODE.codewords["ESCAPE"] + f"{code_point:021b}" + CODE.codewords["s"]
    assert CODE.decode(word_bits(word)) == "\ufffds"


def test_text_without_end_stops_at_the_last_whole_word():
    bits = CODE.encode("session")[: -len(CODE.codewords["END"])]
    assert CODE.decode(bits) == "session"
    assert CODE.decode(bits[:-1]) == "sessio"
    assert CODE.decode(bits[:0]) == ""
    assert CODE.decode(CODE.encode("a€")[: -len(CODE.codewords["END"]) - 1]) == "a"


def test_errors_spread_no_further_than_resynchronisation():
    """A bit error within one word leaves the text before it untouched."""
    text = TEXTS[1]
    bits = CODE.encode(text)
    start = len(CODE.encode(text[:40])) - len(CODE.codewords["END"])
    bits[start] ^= 1
    assert CODE.decode(bits)[:40] == text[:40]
    assert CODE.decode(bits) != text


def test_code_does_not_depend_on_the_order_of_counts():
    reversed_counts = dict(reversed(CODE.counts.items()))
    assert Huffman(reversed_counts, CODE.num_texts).codewords == CODE.codewords


def test_json_round_trip_keeps_the_code():
    restored = Huffman.from_dict(json.loads(json.dumps(CODE.to_dict())))
    assert restored == CODE
    assert restored.codewords == CODE.codewords


@pytest.mark.parametrize(
    ("counts", "num_texts", "message"),
    [
        ({"ab": 1}, 1, "counts must have single characters as keys, got 'ab'"),
        ({"\ud800": 1}, 1, "counts must have single characters as keys"),
        ({"a": 0}, 1, "counts must be at least 1, got 0 for 'a'"),
        ({"a": 1.5}, 1, r"counts must be at least 1, got 1\.5 for 'a'"),
        ({5: 1}, 1, "counts must have single characters as keys, got 5"),
        ({"a": 1}, 0, "num_texts = 0 must be an integer of at least 1"),
        ({chr(256 + i): 2**i for i in range(64)}, 1, "counts must give code words of at most 63 bits, got 64"),
    ],
)
def test_impossible_tables_are_refused(counts, num_texts, message):
    with pytest.raises(ValueError, match=message):
        Huffman(counts, num_texts)


def test_longest_words_survive_the_round_trip():
    code = Huffman({chr(256 + i): 2**i for i in range(63)}, 1)
    text = "".join(code.counts)
    assert max(map(len, code.codewords.values())) == 63
    assert code.decode(code.encode(text)) == text


def test_no_training_text_is_refused():
    with pytest.raises(ValueError, match="num_texts = 0 must be an integer of at least 1"):
        Huffman.from_text([])


def test_lone_surrogate_is_refused():
    with pytest.raises(ValueError, match="text must be free of lone surrogates, got one at index 1"):
        CODE.encode("a\ud800")


@pytest.mark.parametrize("kind", [list, torch.tensor, lambda bits: bits.astype(bool), lambda bits: bits.astype(float)])
def test_bits_of_any_kind_are_decoded(kind):
    assert CODE.decode(kind(CODE.encode("session"))) == "session"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: CODE.encode(b"session"), "text is of type bytes: it must be a text"),
        (lambda: CODE.decode(np.full(9, 2)), "must hold only 0 and 1"),
        (lambda: CODE.decode(np.full(9, 0.5)), "must hold only 0 and 1"),
        (lambda: CODE.decode(np.zeros((2, 8))), r"bits has shape \(2, 8\): it must be \(num_bits,\)"),
        (lambda: CODE.decode("0101"), "bits is of type str"),
        (lambda: Huffman.from_text("one text"), "texts is of type str"),
    ],
)
def test_bad_input_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)
