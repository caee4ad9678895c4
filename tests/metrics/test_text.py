"""Our BLEU from counts is sacrebleu's without smoothing."""

import numpy as np
import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st

from semcom_lib.metrics.text import bleu, ngram_counts

SENTENCES = st.lists(st.lists(st.sampled_from("a b c d".split()), max_size=9).map(" ".join), min_size=1, max_size=6)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.data(), SENTENCES)
def test_corpus_bleu_equals_sacrebleu(data, references):
    references = [reference or "a" for reference in references]
    hypotheses = [data.draw(st.lists(st.sampled_from("a b c d".split()), max_size=9).map(" ".join)) for _ in references]
    counts = ngram_counts(hypotheses, references).sum(axis=0)
    for order in (1, 2, 3, 4):
        oracle = sacrebleu.BLEU(max_ngram_order=order, tokenize="none", smooth_method="none", force=True)
        expected = oracle.corpus_score(hypotheses, [references]).score / 100
        assert float(bleu(counts, order)) == pytest.approx(expected, abs=1e-9)


def test_the_reference_is_what_was_sent():
    """Saying less than was sent is punished by brevity; saying more only by precision."""
    sent, part = "the cat is on the mat", "the cat is"
    assert float(bleu(ngram_counts([part], [sent])[0], 1)) == pytest.approx(np.exp(1 - 6 / 3))
    assert float(bleu(ngram_counts([sent], [part])[0], 1)) == pytest.approx(3 / 6)


def test_a_repeated_word_counts_as_often_as_it_was_sent():
    assert float(bleu(ngram_counts(["the the the the"], ["the cat"])[0], 1)) == pytest.approx(1 / 4)


def test_silence_scores_zero():
    assert float(bleu(ngram_counts([""], ["a b c d"])[0], 1)) == 0.0


def test_counts_add_up_over_any_leading_axes():
    counts = ngram_counts(["a b c d", "b b a a"], ["a b c d", "a b a c"])
    both = bleu(np.stack([counts, counts[::-1]]), 1)
    assert both.shape == (2, 2)
    assert both[0, 0] == both[1, 1] == 1.0


def test_unequal_numbers_are_refused():
    with pytest.raises(ValueError, match="1 hypotheses for 2 references"):
        ngram_counts(["a"], ["a", "b"])
