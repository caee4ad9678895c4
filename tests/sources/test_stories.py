"""Splits keep stories whole and lose none; words and classes are counted once; what was seen in training is told by its text."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semcom_lib.sources import stories
from semcom_lib.sources.stories import Question, Story


def story(name, *, asks=5, answer="attic"):
    said = (f"{name} went to the {answer}.", "zoe left.")
    return Story(1, said, tuple(Question(f"where is {name}?", answer, 1 + i % 2, (0,)) for i in range(asks)))


def test_the_context_is_what_was_said_before_the_question():
    asked = story("ada")
    assert [len(asked.context(question)) for question in asked.questions] == [1, 2, 1, 2, 1]
    assert asked.context(asked.questions[0]) == asked.sentences[:1]


def test_words_have_no_marks_and_a_list_has_several():
    assert stories.words("Where is Ada?") == ["where", "is", "ada"]
    assert stories.words("apple,milk") == ["apple", "milk"]


def test_words_of_sentences_and_questions_are_the_vocabulary_and_answers_are_classes():
    told = [story("ada"), story("bo", answer="pen,cup"), story("cy", answer="cup,pen")]
    assert stories.answer_classes(told) == ("attic", "cup,pen", "pen,cup")
    expected = "ada attic bo cup cy is left pen the to went where zoe".split()
    assert stories.vocabulary(iter(told)) == tuple(expected)


SIZES = st.lists(st.integers(1, 5), min_size=20, max_size=40)


@settings(deadline=None, max_examples=50, derandomize=True)
@given(SIZES, st.integers(0, 99))
def test_a_split_loses_no_story_doubles_none_and_holds_out_a_tenth_of_the_questions(sizes, seed):
    told = [story(f"n{'x' * i}", asks=asks) for i, asks in enumerate(sizes)]
    splits = stories.split(told, seed)
    assert tuple(splits) == stories.SPLITS
    parts = [Counter(part) for part in splits.values()]
    assert sum(parts, Counter()) == Counter(told)
    tenth = sum(sizes) // 10
    for held_out in ("validation", "test"):
        assert tenth - 4 <= stories.num_questions(splits[held_out]) <= tenth


def test_stories_of_equally_many_questions_are_split_to_the_question():
    splits = stories.split([story(f"n{'x' * i}") for i in range(2_000)], 1)
    assert {name: stories.num_questions(part) for name, part in splits.items()} == {
        "train": 8_000,
        "validation": 1_000,
        "test": 1_000,
    }


def test_the_seed_decides_who_is_held_out():
    told = [story(f"n{'x' * i}") for i in range(200)]
    assert stories.split(told, 1) == stories.split(told, 1)
    assert stories.split(told, 1)["test"] != stories.split(told, 2)["test"]


def test_too_few_stories_to_split_are_refused():
    with pytest.raises(ValueError, match=r"^2 stories with 10 questions are too few to hold a tenth out twice$"):
        stories.split([story("ada"), story("bo")], 1)


def test_the_share_seen_counts_the_same_question_after_the_same_sentences_only():
    train = [story("ada", asks=1)]
    assert stories.share_seen([story("ada", asks=1)], train) == 1.0
    assert stories.share_seen([story("ada", asks=2)], train) == 0.5  # asked after another sentence
    assert stories.share_seen([story("bo", asks=1)], train) == 0.0
    with pytest.raises(ValueError, match=r"^stories ask no question"):
        stories.share_seen([], train)
