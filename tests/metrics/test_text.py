"""Our BLEU from counts is sacrebleu's without smoothing."""

import numpy as np
import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st

from semcom_lib import evaluation, seeds
from semcom_lib.metrics.text import bleu, bleu_metrics, ngram_counts

SENTENCES = st.lists(st.lists(st.sampled_from("a b c d".split()), max_size=9).map(" ".join), min_size=1, max_size=6)


def summed(hypotheses, references):
    return {name: count.sum() for name, count in ngram_counts(hypotheses, references).items()}


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.data(), SENTENCES)
def test_corpus_bleu_equals_sacrebleu(data, references):
    references = [reference or "a" for reference in references]
    hypotheses = [data.draw(st.lists(st.sampled_from("a b c d".split()), max_size=9).map(" ".join)) for _ in references]
    counts = summed(hypotheses, references)
    for order in (1, 2, 3, 4):
        oracle = sacrebleu.BLEU(max_ngram_order=order, tokenize="none", smooth_method="none", force=True)
        expected = oracle.corpus_score(hypotheses, [references]).score / 100
        assert float(bleu(counts, order)) == pytest.approx(expected, abs=1e-9)


def test_the_reference_is_what_was_sent():
    """Saying less than was sent is punished by brevity; saying more only by precision."""
    sent, part = "the cat is on the mat", "the cat is"
    assert float(bleu(summed([part], [sent]), 1)) == pytest.approx(np.exp(1 - 6 / 3))
    assert float(bleu(summed([sent], [part]), 1)) == pytest.approx(3 / 6)


def test_a_repeated_word_counts_as_often_as_it_was_sent():
    assert float(bleu(summed(["the the the the"], ["the cat"]), 1)) == pytest.approx(1 / 4)


def test_silence_scores_zero():
    assert float(bleu(summed([""], ["a b c d"]), 1)) == 0.0


def test_sums_of_any_shape_give_values_of_that_shape():
    counts = ngram_counts(["a b c d", "b b a a"], ["a b c d", "a b a c"])
    both = bleu({name: np.stack([count, count[::-1]]) for name, count in counts.items()}, 1)
    assert both.shape == (2, 2)
    assert both[0, 0] == both[1, 1] == 1.0
    assert both[0, 1] == both[1, 0] == 0.75


def test_its_metrics_have_their_orders_as_names():
    counts = ngram_counts(["a b c d", "b b a a"], ["a b c d", "a b a c"])
    rows = evaluation.summarise(counts, bleu_metrics([4, 1]), rng=seeds.numpy_generator(1)).table.to_dict("records")
    assert [row["metric"] for row in rows] == ["bleu_4", "bleu_1"]
    assert [row["value"] for row in rows] == [
        float(bleu(summed(["a b c d", "b b a a"], ["a b c d", "a b a c"]), n)) for n in (4, 1)
    ]
    assert list(bleu_metrics()) == ["bleu_1", "bleu_2", "bleu_3", "bleu_4"]


@pytest.mark.parametrize("order", [0, 5])
def test_another_order_is_refused(order):
    with pytest.raises(ValueError, match=rf"order = {order} must be an integer in 1\.\.4"):
        bleu(summed(["a"], ["a"]), order)


def test_unequal_numbers_are_refused():
    with pytest.raises(ValueError, match="1 hypotheses for 2 references"):
        ngram_counts(["a"], ["a", "b"])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bleu({}, 2.0), "order = 2.0 must be an integer"),
        (lambda: bleu({"matches_1": 1}, 1), "counts lacks ngrams_1, hypothesis_words, reference_words"),
        (lambda: ngram_counts("abc", "abc"), "hypotheses is of type str: it must be a sequence of texts"),
        (lambda: ngram_counts(["abc"], [["a", "b"]]), "references is of type list: it must be a sequence of texts"),
        (lambda: ngram_counts([b"abc"], ["abc"]), "hypotheses is of type list"),
    ],
)
def test_bad_input_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)


def test_nothing_said_of_nothing_scores_zero_and_no_sentences_have_no_counts():
    assert float(bleu(summed([""], [""]), 4)) == 0.0
    assert all(count.shape == (0,) for count in ngram_counts([], []).values())
