"""Cleaning, splitting by day, the vocabulary and the batches."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from semcom_lib.sources import embedded, text

LIMITS = {"min_words": 4, "max_words": 30, "validation_share": 0.2, "test_share": 0.2, "seed": 3}


def test_cleaning_lowers_and_separates():
    assert text.clean("Parliament ' s position , in 1997, was : « No ! »") == [
        *"parliament 's position , in 1997 , was :".split(),
        *"« no ! »".split(),
    ]
    assert text.clean("Mr Bar\u00f3n Crespo , 3.5 % at 12 p.m .") == "mr barón crespo , 3.5 % at 12 p.m .".split()
    assert text.clean("</P >") == []


def test_composed_and_decomposed_accents_are_one_word():
    assert text.clean("Lome\u0301") == text.clean("Lom\u00e9")


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text())
def test_cleaning_is_idempotent(line):
    words = text.clean(line)
    assert text.clean(" ".join(words)) == words


def test_no_sentence_is_in_two_splits_and_none_is_kept_twice():
    splits = text.split_by_day(embedded.parliament_days(20, 100, 1), **LIMITS)
    sentences = [sentence for split in text.SPLITS for sentence in splits[split].sentences]
    assert len(set(sentences)) == len(sentences)
    assert all(4 <= len(sentence.split()) <= 30 for sentence in sentences)


def test_held_out_sentences_come_from_held_out_days():
    days = {f"day{i}": [f"on day {i} we said sentence {j}" for j in range(5)] for i in range(10)}
    splits = text.split_by_day(days, **LIMITS)
    said = {split: {int(sentence.split()[2]) for sentence in splits[split].sentences} for split in text.SPLITS}
    for split in text.SPLITS:
        assert [f"day{sentence.split()[2]}" for sentence in splits[split].sentences] == splits[split].days
    assert {split: len(chosen) for split, chosen in said.items()} == {"train": 6, "validation": 2, "test": 2}
    assert not said["train"] & said["test"]
    assert not said["train"] & said["validation"]


def test_the_first_held_out_sentences_are_a_sample_of_all_held_out_days():
    days = {f"day{i:02d}": [f"on day {i} we said sentence {j}" for j in range(50)] for i in range(40)}
    splits = text.split_by_day(days, **LIMITS)
    for split in ("validation", "test"):
        assert len(set(splits[split].days[:60])) == len(set(splits[split].days)) == 8
    assert splits["train"].days == sorted(splits["train"].days)


def test_a_corpus_of_which_nothing_survives_is_refused():
    with pytest.raises(ValueError, match=r"leaves no train sentence of 4\.\.30 words in 3 days"):
        text.split_by_day({"a": ["too short"], "b": ["<P>"], "c": [""]}, **LIMITS)


def test_the_vocabulary_keeps_the_most_frequent_words_and_ties_are_alphabetical():
    vocabulary = text.Vocabulary.from_sentences(["b a c c", "d b"], size=7)
    assert vocabulary.words == (*text.SPECIAL, "b", "c", "a")
    assert vocabulary.coverage(["a d", "b c"]) == 0.75
    assert vocabulary.decode(vocabulary.encode("a d c")) == "a <unk> c"
    assert vocabulary.decode([4, text.END_ID, 5]) == "b"


@pytest.mark.parametrize("size", [0, 4])
def test_a_vocabulary_without_room_for_a_word_is_refused(size):
    with pytest.raises(ValueError, match=f"vocabulary_size = {size}"):
        text.Vocabulary.from_sentences(["a"], size)


def test_a_saved_corpus_loads_as_it_was(tmp_path):
    splits = text.split_by_day(embedded.parliament_days(20, 30, 1), **LIMITS)
    vocabulary = text.Vocabulary.from_sentences(splits["train"].sentences, 100)
    text.save_corpus(tmp_path, splits, vocabulary)
    corpus = text.Corpus(tmp_path)
    assert corpus.vocabulary.words == vocabulary.words
    assert all((corpus.sentences(split), corpus.days(split)) == splits[split] for split in text.SPLITS)
    assert corpus.sentences("test", 3) == splits["test"].sentences[:3]
    assert corpus.days("test", 3) == splits["test"].days[:3]
    assert corpus.encoded("test", 3) == [vocabulary.encode(sentence) for sentence in splits["test"].sentences[:3]]


def test_what_a_corpus_does_not_have_is_named(tmp_path):
    splits = {split: text.Dated(["a b c"], ["monday"]) for split in text.SPLITS}
    text.save_corpus(tmp_path, splits, text.Vocabulary.from_sentences(["a b c"], 10))
    for ask in (text.Corpus(tmp_path).sentences, text.Corpus(tmp_path).encoded):
        with pytest.raises(ValueError, match=r"2 sentences asked for, .*test\.txt has 1"):
            ask("test", 2)
    (tmp_path / "test.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"test\.txt is missing; make it with the data stage: dvc repro "):
        text.Corpus(tmp_path).sentences("test")
    with pytest.raises(FileNotFoundError, match=r"vocabulary\.txt is missing; .* dvc repro nowhere_data"):
        text.Corpus(tmp_path / "nowhere")


def test_batches_hold_every_sentence_once_and_one_length_each():
    encoded = [[i] * (1 + i % 3) for i in range(20)]
    seen = []
    for indices, ids in text.in_batches(encoded, 4):
        assert len(ids) <= 4
        for i, row in zip(indices.tolist(), ids.tolist(), strict=True):
            assert row == encoded[i]
            seen.append(i)
    assert sorted(seen) == list(range(20))


def test_every_running_word_is_equally_likely_to_be_drawn():
    encoded = [[length] * length for length in (2, 4, 8) for _ in range(5)]
    buckets = text.LengthBuckets(encoded, tokens_per_batch=8)
    rng = np.random.default_rng(0)
    drawn = np.array([buckets.draw(rng).shape[1] for _ in range(4_000)])
    shares = [np.mean(drawn == length) for length in (2, 4, 8)]
    np.testing.assert_allclose(shares, [2 / 14, 4 / 14, 8 / 14], atol=0.03)


def test_generated_sentences_are_many_and_always_the_same():
    first, second = (embedded.parliament_days(30, 100, 1) for _ in range(2))
    assert first == second
    assert len({line for lines in first.values() for line in lines}) > 2_500


VOCABULARY = text.Vocabulary(["a", "b"])


@pytest.mark.parametrize("kind", [list, tuple, iter, np.array, torch.tensor])
def test_ids_of_any_kind_are_decoded(kind):
    assert VOCABULARY.decode(kind([4, 5, text.UNKNOWN_ID, text.END_ID, 99])) == "a b <unk>"
    assert VOCABULARY.decode(np.array([4, 5], dtype=np.uint8)) == "a b"
    assert VOCABULARY.decode([]) == ""


DAYS = embedded.parliament_days(3, 20, 1)
REFUSED = [
    (lambda: VOCABULARY.decode([-1]), r"ids holds -1: each must be an integer in 0\.\.5"),
    (lambda: VOCABULARY.decode([4, 6]), "ids holds 6"),
    (lambda: VOCABULARY.decode([4.0]), "ids holds 4.0"),
    (lambda: VOCABULARY.decode(torch.tensor([[4, 5]])), r"ids holds \(of type list\)"),
    (lambda: VOCABULARY.decode(torch.tensor([4.5])), "ids holds 4.5"),
    (lambda: VOCABULARY.decode("a"), "ids holds 'a'"),
    (lambda: VOCABULARY.encode(["a"]), "sentence is of type list"),
    (lambda: VOCABULARY.coverage("a b"), "sentences = 'a b' is one text"),
    (lambda: VOCABULARY.coverage([]), "sentences hold no words"),
    (lambda: text.Vocabulary("ab"), "words = 'ab' is one text"),
    (lambda: text.Vocabulary(["a", ""]), "words holds ''"),
    (lambda: text.Vocabulary(["a b"]), "words holds 'a b'"),
    (lambda: text.Vocabulary([1]), "words holds 1"),
    (lambda: text.Vocabulary.from_sentences(["a"], 10.5), "vocabulary_size = 10.5"),
    (lambda: text.split_by_day(DAYS, **LIMITS | {"min_words": -1}), "min_words = -1"),
    (lambda: text.split_by_day(DAYS, **LIMITS | {"max_words": 3}), "max_words = 3 must be an integer of at least 4"),
    (lambda: text.split_by_day(DAYS, **LIMITS | {"test_share": -0.1}), "test_share = -0.1"),
    (lambda: text.split_by_day(DAYS, **LIMITS | {"validation_share": 0.9}), "must add up to at most 1"),
    (lambda: text.LengthBuckets([], 8), "encoded holds 0 sentences and no words"),
    (lambda: text.LengthBuckets([[]], 8), "encoded holds 1 sentences and no words"),
    (lambda: text.LengthBuckets([[4]], 0), "tokens_per_batch = 0"),
    (lambda: next(text.in_batches([[4]], 0)), "max_sentences = 0"),
    (lambda: embedded.parliament_days(-1, 2, 1), "num_days = -1"),
    (lambda: embedded.parliament_days(1, 2.5, 1), "lines_per_day = 2.5"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_bad_input_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("split", "limit", "message"), [("all", None, "split = 'all'"), ("test", -1, "limit = -1")])
def test_a_corpus_refuses_other_splits_and_negative_limits(tmp_path, split, limit, message):
    splits = {name: text.Dated(["a b"], ["monday"]) for name in text.SPLITS}
    text.save_corpus(tmp_path, splits, VOCABULARY)
    assert text.Corpus(tmp_path).sentences("test", 0) == []
    with pytest.raises(ValueError, match=message):
        text.Corpus(tmp_path).sentences(split, limit)
