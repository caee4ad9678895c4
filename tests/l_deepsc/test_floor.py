"""The floor: no channel, the best fixed list of the known length."""

from itertools import combinations_with_replacement

import numpy as np
import pytest

from semcom_lib.l_deepsc.floor import Floor
from semcom_lib.metrics.text import bleu, ngram_counts

TRAINING = ["the vote of the house", "the house and the vote", "a house", "the vote", "the time of the day", "we vote"]
FLOOR = Floor.from_sentences(TRAINING)


def bleu_1(answers, sentences):
    return float(bleu({name: count.sum() for name, count in ngram_counts(answers, sentences).items()}, 1))


@pytest.mark.parametrize("num_words", [2, 5])
def test_no_list_of_that_length_scores_more_on_the_training_text(num_words):
    said = [sentence for sentence in TRAINING if len(sentence.split()) == num_words]
    vocabulary = sorted({word for sentence in TRAINING for word in sentence.split()})
    best = max(
        bleu_1([" ".join(words)] * len(said), said) for words in combinations_with_replacement(vocabulary, num_words)
    )
    assert bleu_1(FLOOR.receive(said, 0.0, generator=None), said) == pytest.approx(best)


def test_the_answer_has_the_words_that_were_said_and_depends_on_their_number_alone():
    sentences = ["a b c d e", "v w x y z", "a b", "", "one"]
    answers = [FLOOR.receive(sentences, snr_db, generator=None) for snr_db in (0.0, 60.0)]
    assert answers[0] == answers[1]
    assert [len(answer.split()) for answer in answers[0]] == [5, 5, 2, 0, 1]
    assert answers[0][0] == answers[0][1] == FLOOR.answer(5)
    assert FLOOR.answer(5).split().count("the") == 2


def test_a_length_that_training_lacks_gets_the_nearest_ones_words():
    assert FLOOR.answer(3) == (FLOOR.answer(2) + " " + FLOOR.answer(3).split()[2])
    assert FLOOR.answer(4).split() == FLOOR.answer(5).split()[:4]
    assert len(FLOOR.answer(40).split()) == 40


def test_the_floor_costs_nothing():
    assert FLOOR.pilots == 0
    np.testing.assert_array_equal(FLOOR.count_channel_uses(TRAINING), np.zeros(6, np.int64))


@pytest.mark.parametrize(("sentences", "message"), [("one text", "is of type str"), ([" "], "hold no words")])
def test_no_training_text_is_refused(sentences, message):
    with pytest.raises(ValueError, match=message):
        Floor.from_sentences(sentences)
