"""BLEU from n-gram counts [Papineni 2002], fast enough to bootstrap; equal to sacrebleu's without smoothing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from semcom_lib.arguments import check_integer, describe

MAX_ORDER = 4
ORDERS = range(1, MAX_ORDER + 1)


def ngram_counts(hypotheses: Sequence[str], references: Sequence[str]) -> dict[str, np.ndarray]:
    """What BLEU needs of each sentence, int64 (n,) by name: matches_1..4, ngrams_1..4, hypothesis_words, reference_words.

    The *reference* is the text that was sent, the hypothesis the text that was received; words are separated by spaces.
    Raises ValueError when the two differ in number, or for what is no sequence of texts.
    """
    for name, texts in (("hypotheses", hypotheses), ("references", references)):
        if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
            raise ValueError(f"{name} is {describe(texts)}: it must be a sequence of texts")
    if len(hypotheses) != len(references):
        raise ValueError(f"{len(hypotheses)} hypotheses for {len(references)} references: one each is needed")
    names = [f"{what}_{order}" for what in ("matches", "ngrams") for order in ORDERS]
    rows = [_count(h.split(), r.split()) for h, r in zip(hypotheses, references, strict=True)]
    table = np.array(rows, dtype=np.int64).reshape(len(rows), len(names) + 2)
    return dict(zip([*names, "hypothesis_words", "reference_words"], table.T, strict=True))


def _count(hypothesis: list[str], reference: list[str]) -> list[int]:
    matches, totals = [], []
    for order in ORDERS:
        said, sent = _ngrams(hypothesis, order), _ngrams(reference, order)
        matches.append(sum(min(count, sent[ngram]) for ngram, count in said.items()))
        totals.append(max(0, len(hypothesis) - order + 1))
    return [*matches, *totals, len(hypothesis), len(reference)]


def _ngrams(words: list[str], order: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(words[i:] for i in range(order)), strict=False))


def bleu(counts: Mapping[str, np.ndarray], order: int) -> np.ndarray:
    """Corpus BLEU-``order`` (0..1) of summed counts of any shape (...) -> (...): brevity penalty times the geometric mean.

    Raises ValueError for an order outside 1..4, or counts that lack a name.
    """
    check_integer("order", order, 1, MAX_ORDER)
    needed = [f"{what}_{n}" for what in ("matches", "ngrams") for n in range(1, order + 1)]
    if missing := [name for name in (*needed, "hypothesis_words", "reference_words") if name not in counts]:
        raise ValueError(f"counts lacks {', '.join(missing)}: it must be as ngram_counts gives it, summed")
    precisions = range(1, order + 1)
    matches, totals = (np.stack([counts[f"{what}_{n}"] for n in precisions], -1) for what in ("matches", "ngrams"))
    hypothesis, reference = counts["hypothesis_words"], counts["reference_words"]
    with np.errstate(divide="ignore", invalid="ignore"):
        log_precision = np.where(matches > 0, np.log(matches / totals), -np.inf).mean(axis=-1)
        penalty = np.minimum(0.0, 1.0 - reference / hypothesis)
    return np.where(np.asarray(hypothesis) > 0, np.exp(log_precision + penalty), 0.0)


def bleu_metrics(orders: Sequence[int] = ORDERS) -> dict[str, partial]:
    """The metrics bleu_1, bleu_2, ... of :func:`ngram_counts`, as :func:`semcom_lib.evaluation.sweep` wants them."""
    return {f"bleu_{order}": partial(bleu, order=order) for order in orders}
