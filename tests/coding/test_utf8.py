import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semcom_lib.coding.bit_stream import BitStream
from semcom_lib.coding.utf8 import Utf8

CODE = Utf8()


def bits_of(data):
    return np.unpackbits(np.frombuffer(data, np.uint8))


@settings(deadline=None, max_examples=50, derandomize=True)
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), padding=st.integers(0, 300))
def test_decode_inverts_encode_on_any_text_and_padding(text, padding):
    bits = np.append(CODE.encode(text), np.zeros(padding, np.uint8))
    assert CODE.decode(bits) == text


@settings(deadline=None, max_examples=50, derandomize=True)
@given(bits=st.lists(st.integers(0, 1), max_size=400))
def test_any_bits_decode_to_some_text(bits):
    decoded = CODE.decode(np.array(bits, np.uint8))
    assert len(decoded) <= len(bits) // 8
    assert "\0" not in decoded


def test_ascii_costs_eight_bits_a_character_most_significant_first():
    assert CODE.encode("A").tolist() == [0, 1, 0, 0, 0, 0, 0, 1]
    assert len(CODE.encode("Mary moved to the bathroom.")) == 8 * 27


@pytest.mark.parametrize(("character", "num_bytes"), [("$", 1), ("¢", 2), ("€", 3), ("𐍈", 4)])
def test_characters_cost_the_bytes_of_rfc_3629(character, num_bytes):
    assert len(CODE.encode(character)) == 8 * num_bytes


@pytest.mark.parametrize(
    ("received", "text"),
    [
        (b"Mary\xffmoved", "Mary\ufffdmoved"),  # a byte that never occurs
        (b"caf\xc3", "caf\ufffd"),  # a sequence cut short
        (b"\xed\xa0\x80", "\ufffd" * 3),  # an encoded surrogate
        (b"to\0the", "to\ufffdthe"),  # a space with its one bit lost
        (b"the\0", "the"),
        (b"the\0\0\x15\0", "the"),  # wrong bits inside the padding
    ],
)
def test_corrupted_bytes_are_marked_and_padding_is_not_text(received, text):
    assert CODE.decode(bits_of(received)) == text


@pytest.mark.parametrize("text", ["a\0", "a\ud800"])
def test_text_that_cannot_come_back_is_refused(text):
    with pytest.raises(ValueError, match=r"text must be free of .* got one at index 1"):
        CODE.encode(text)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: CODE.encode(b"a"), "text is of type bytes: it must be a text"),
        (lambda: CODE.decode(np.full(8, 2)), "must hold only 0 and 1"),
        (lambda: CODE.decode(np.full(8, -1)), "must hold only 0 and 1"),
        (lambda: CODE.decode(np.zeros((2, 8))), r"bits has shape \(2, 8\)"),
        (lambda: CODE.decode("0101"), "bits is of type str"),
        (lambda: BitStream().encode(np.full(8, 2)), "item is a numpy int64 array .* must hold only 0 and 1"),
        (lambda: BitStream().decode(np.zeros((2, 8))), r"bits has shape \(2, 8\)"),
    ],
)
def test_bad_input_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)
