"""Texts become ids once each: those that are sent must be in order, those that arrive may be anything."""

import pytest
import torch

from semcom_lib import seeds
from semcom_lib.mem_deepsc.sentences import UNKNOWN, Sentences, num_word_ids

VOCABULARY = ("alma", "attic", "is", "the", "where")


def sentences(*texts, max_words=4):
    made = Sentences(VOCABULARY, max_words)
    for text in texts:
        made.index(text)
    return made


def test_words_have_ids_from_two_and_what_follows_a_text_is_zero():
    found = sentences("Where is Alma?", "alma", "the attic, alma is.")
    assert found.ids.tolist() == [[6, 4, 2, 0], [2, 0, 0, 0], [5, 3, 2, 4]]
    assert found.ids.dtype == torch.int64
    assert found.texts == ["Where is Alma?", "alma", "the attic, alma is."]
    assert len(found) == 3
    assert sentences().ids.shape == (0, 0)


def test_every_id_is_one_of_the_number_of_ids():
    found = sentences("where is the cat", "alma is the attic")
    assert int(found.ids.max()) == num_word_ids(VOCABULARY) - 1
    assert int(found.ids[found.ids > 0].min()) == UNKNOWN


def test_the_same_text_has_the_same_index_and_a_new_one_the_next():
    found = Sentences(VOCABULARY, 4)
    texts = ["alma is", "the attic", "alma is", "alma is.", "the attic"]
    assert [found.index(text) for text in texts] == [0, 1, 0, 2, 1]
    assert [found.index_of_received(text) for text in texts] == [0, 1, 0, 2, 1]
    assert found.index_of_received("x") == found.index("x") == 3


def test_ids_grow_with_what_is_met_later():
    found = sentences("alma")
    assert found.ids.tolist() == [[2]]
    found.index("alma is")
    assert found.ids.tolist() == [[2, 0], [2, 4]]


def test_an_unknown_word_is_unknown_and_remembered():
    found = sentences("where is Bo", "bo is alma")
    assert found.ids.tolist() == [[6, 4, UNKNOWN], [UNKNOWN, 4, 2]]
    assert found.unknown == {"bo"}


def test_what_arrives_is_read_as_far_as_it_has_words_and_as_long_as_a_text_may_be():
    found = Sentences(VOCABULARY, 3)
    received = ["", "?§1", "alma is the attic where", "alma \x00 attic", "zz"]
    assert [found.index_of_received(text) for text in received] == [0, 1, 2, 3, 4]
    assert found.ids.tolist() == [[UNKNOWN, 0, 0], [UNKNOWN, 0, 0], [2, 4, 5], [2, 3, 0], [UNKNOWN, 0, 0]]


def test_whatever_arrives_has_at_least_one_word_and_not_too_many():
    rng, found = seeds.numpy_generator(1, "texts"), Sentences(VOCABULARY, 3)
    texts = ["".join(rng.choice(list("ae Z .?0\x00é\u2028"), rng.integers(12))) for _ in range(300)]
    indices = [found.index_of_received(text) for text in texts]
    assert [found.texts[i] for i in indices] == texts
    num_words = (found.ids > 0).sum(dim=1)
    assert ((num_words >= 1) & (num_words <= 3)).all()
    assert len(found) == len(set(texts))


@pytest.mark.parametrize("has_arrived", [False, True])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"^'' has no words$"),
        ("12 ?!", r"^'12 \?!' has no words$"),
        ("alma is the attic is", r"^'alma is the attic is' has 5 words; max_words = 4$"),
    ],
)
def test_what_is_sent_must_have_words_and_not_too_many_whatever_has_arrived(text, message, has_arrived):
    found = Sentences(VOCABULARY, 4)
    if has_arrived:
        found.index_of_received(text)
    with pytest.raises(ValueError, match=message):
        found.index(text)


def test_a_length_below_one_is_refused():
    with pytest.raises(ValueError, match="max_words = 0 must be an integer of at least 1"):
        Sentences(VOCABULARY, 0)
