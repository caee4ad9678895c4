"""BLEU from n-gram counts [Papineni 2002], fast enough to bootstrap; equal to sacrebleu's without smoothing."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

MAX_ORDER = 4
NUM_COUNTS = 2 * MAX_ORDER + 2


def ngram_counts(hypotheses: Sequence[str], references: Sequence[str]) -> np.ndarray:
    """What BLEU needs of each sentence: int64 (n, 10), matches and totals of orders 1..4, then both lengths.

    The *reference* is the text that was sent, the hypothesis the text that was received; words are separated by spaces.
    Raises ValueError when the two differ in number.
    """
    if len(hypotheses) != len(references):
        raise ValueError(f"{len(hypotheses)} hypotheses for {len(references)} references: one each is needed")
    return np.array([_count(h.split(), r.split()) for h, r in zip(hypotheses, references, strict=True)], dtype=np.int64)


def _count(hypothesis: list[str], reference: list[str]) -> list[int]:
    matches, totals = [], []
    for order in range(1, MAX_ORDER + 1):
        said, sent = _ngrams(hypothesis, order), _ngrams(reference, order)
        matches.append(sum(min(count, sent[ngram]) for ngram, count in said.items()))
        totals.append(max(0, len(hypothesis) - order + 1))
    return [*matches, *totals, len(hypothesis), len(reference)]


def _ngrams(words: list[str], order: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(words[i:] for i in range(order)), strict=False))


def bleu(counts: np.ndarray, order: int) -> np.ndarray:
    """Corpus BLEU-``order`` (0..1) of summed counts (..., 10) -> (...): brevity penalty times the geometric mean."""
    counts = np.asarray(counts, dtype=np.float64)
    matches, totals = counts[..., :order], counts[..., MAX_ORDER : MAX_ORDER + order]
    hypothesis, reference = counts[..., -2], counts[..., -1]
    with np.errstate(divide="ignore", invalid="ignore"):
        log_precision = np.where(matches > 0, np.log(matches / totals), -np.inf).mean(axis=-1)
        penalty = np.minimum(0.0, 1.0 - reference / hypothesis)
    return np.where(hypothesis > 0, np.exp(log_precision + penalty), 0.0)
