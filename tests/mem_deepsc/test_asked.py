"""The memory holds the sentences before a question, the newest first, and drops the oldest; groups lose no question."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
import torch

from semcom_lib.mem_deepsc.asked import EMPTY, UNKNOWN_ANSWER, by_memory, tell
from semcom_lib.sources.stories import Question, Story

from .conftest import TASKS, told

STORIES = told("train")
ANSWERS = ("attic", "cellar", "none", "one", "stable")
LONG = max(len(story.sentences) for story in STORIES)


def story(*after, num_sentences=4, answer="attic"):
    """Asks after so many sentences."""
    said = tuple(f"sentence {i}." for i in range(num_sentences))
    return Story(1, said, tuple(Question(f"what after {count}?", answer, count, (0,)) for count in after))


def asked_of(stories):
    return [(number, story, question) for number, story in enumerate(stories) for question in story.questions]


def test_each_sentence_is_transmitted_once_then_each_question_in_the_order_of_the_story():
    texts, _ = tell(iter(STORIES), ANSWERS, 3)
    assert texts == [text for s in STORIES for text in (*s.sentences, *(question.text for question in s.questions))]


@pytest.mark.parametrize("memory", [1, 4, LONG - 1, LONG, 1000])
def test_the_memory_holds_the_newest_sentences_before_the_question_newest_first(memory):
    texts, asked = tell(STORIES, ANSWERS, memory)
    expected = [story.context(question)[::-1][:memory] for _, story, question in asked_of(STORIES)]
    assert [tuple(texts[i] for i in row if i != EMPTY) for row in asked.contexts] == expected
    assert asked.contexts.shape == (len(asked), max(map(len, expected)))
    for row, kept in zip(asked.contexts, asked.num_kept, strict=True):
        assert (row[kept:] == EMPTY).all()


def test_sentences_of_one_wording_are_transmissions_of_their_own():
    twice = Story(1, ("it rains.", "it rains."), (Question("does it rain?", "yes", 2, (1,)),))
    texts, asked = tell([twice, twice], ("yes",), 2)
    assert texts == ["it rains.", "it rains.", "does it rain?"] * 2
    assert asked.contexts.tolist() == [[1, 0], [4, 3]]
    assert asked.questions.tolist() == [2, 5]


def test_what_is_older_than_the_memory_is_dropped_and_counted():
    """[mem_deepsc eq. 6]"""
    _, asked = tell([story(1, 3, 5, num_sentences=5), story(2)], ANSWERS, 3)
    assert asked.contexts.tolist() == [[0, EMPTY, EMPTY], [2, 1, 0], [4, 3, 2], [9, 8, EMPTY]]
    assert asked.num_dropped.tolist() == [0, 0, 2, 0]
    assert asked.num_kept.tolist() == [1, 3, 3, 2]


def test_questions_have_their_text_answer_task_and_story():
    texts, asked = tell(STORIES, ANSWERS, 5)
    expected = asked_of(STORIES)
    assert len(asked) == len(expected)
    assert [texts[i] for i in asked.questions] == [question.text for _, _, question in expected]
    assert asked.tasks.tolist() == [story.task for _, story, _ in expected]
    assert asked.stories.tolist() == [number for number, _, _ in expected]
    known = [ANSWERS[i] if i != UNKNOWN_ANSWER else None for i in asked.answers]
    assert known == [question.answer if question.answer in ANSWERS else None for _, _, question in expected]
    assert {None, *ANSWERS} == set(known)


@pytest.mark.parametrize("kind", [list, np.array])
def test_another_index_stands_for_each_transmission_and_none_for_an_empty_slot(kind):
    texts, asked = tell(STORIES, ANSWERS, 9)
    distinct = sorted(set(texts))
    of_texts = asked.of(kind([distinct.index(text) for text in texts]))
    assert np.array_equal(of_texts.contexts == EMPTY, asked.contexts == EMPTY)
    for before, after in ((asked.contexts, of_texts.contexts), (asked.questions, of_texts.questions)):
        assert [texts[i] for i in before[before != EMPTY]] == [distinct[i] for i in after[after != EMPTY]]
    for name in ("answers", "tasks", "stories", "num_dropped", "num_kept"):
        assert np.array_equal(getattr(of_texts, name), getattr(asked, name))


def test_some_of_the_questions_are_the_same_questions():
    _, asked = tell(STORIES, ANSWERS, 6)
    rows = np.array([7, 0, 7])
    some = asked.rows(rows)
    assert len(some) == 3
    for name in ("contexts", "questions", "answers", "tasks", "stories", "num_dropped", "num_kept"):
        assert np.array_equal(getattr(some, name), getattr(asked, name)[rows]), name


@pytest.mark.parametrize("lengths", [[5, 10], [1, 2, 3], [], [1000]])
def test_groups_hold_every_row_once_with_memories_of_the_groups_lengths(lengths):
    _, asked = tell(STORIES, ANSWERS, 15)
    rows = np.random.default_rng(1).integers(len(asked), size=200)  # many of them more than once
    groups = by_memory(asked, rows, lengths)
    assert Counter(np.concatenate([of_group for of_group, _ in groups]).tolist()) == Counter(rows.tolist())
    bounds = list(pairwise([0, *lengths, 1001]))
    used = []
    for of_group, batch in groups:
        kept = asked.num_kept[of_group]
        used += [(low, high) for low, high in bounds if low < kept.min() and kept.max() <= high]
        assert batch.contexts.shape == (len(of_group), kept.max())
        for name, whole in batch._asdict().items():
            assert whole.dtype == torch.int64
            expected = getattr(asked, name)[of_group]
            assert np.array_equal(whole, expected[:, : kept.max()] if name == "contexts" else expected)
    assert used == sorted(set(used))  # groups in their order, each in bounds of its own
    assert len(used) == len(groups)


def test_groups_are_balanced_to_the_length():
    _, asked = tell([story(1, 2, 3, 4)], ANSWERS, 4)
    groups = by_memory(asked, np.arange(4), [1, 3])
    assert [of_group.tolist() for of_group, _ in groups] == [[0], [1, 2], [3]]


REFUSED = [
    (lambda: tell([story(1)], ANSWERS, 0), "memory = 0 must be an integer of at least 1"),
    (lambda: tell([story(1)], ANSWERS, 2.0), r"memory = 2\.0 must be an integer"),
    (lambda: tell([], ANSWERS, 3), "the stories ask no question"),
    (lambda: tell([story()], ANSWERS, 3), "the stories ask no question"),
    (lambda: tell([story(1), story(2, 0)], ANSWERS, 3), r"'what after 0\?' is asked before anything was said"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_bad_input_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)


def test_the_stories_of_these_tests_are_of_several_tasks_and_lengths():
    assert {s.task for s in STORIES} == set(TASKS)
    assert LONG > 10
