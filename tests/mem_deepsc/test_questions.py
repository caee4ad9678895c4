"""Questions are those of their splits, about the texts that their indices name; a sample is of whole stories of each task."""

from collections import Counter

import pytest

from semcom_lib.mem_deepsc.asked import EMPTY, UNKNOWN_ANSWER
from semcom_lib.mem_deepsc.corpus import SPLITS
from semcom_lib.mem_deepsc.questions import read_questions, sample
from semcom_lib.sources.stories import num_questions

from .conftest import SIZES, TASKS, told

STORIES = told("test", 20)


def test_indices_name_the_texts_of_the_stories(corpus, questions):
    sentences, asked = questions
    assert len(sentences) == len(sentences.ids) == len(set(sentences.texts))
    for split in SPLITS:
        expected = [(story, question) for story in corpus.stories(split) for question in story.questions]
        of_split = asked[split]
        assert [sentences.texts[i] for i in of_split.questions] == [question.text for _, question in expected]
        heard = [tuple(sentences.texts[i] for i in row if i != EMPTY) for row in of_split.contexts]
        assert heard == [story.context(question)[::-1][: SIZES.memory] for story, question in expected]
        answers = [corpus.answers[i] if i != UNKNOWN_ANSWER else None for i in of_split.answers]
        assert answers == [question.answer if question.answer in corpus.answers else None for _, question in expected]


def test_the_sentences_are_those_of_the_splits_that_are_asked_for(corpus):
    sentences, (test,) = read_questions(corpus, ["test"], SIZES)
    told_there = {text for story in corpus.stories("test") for text in story.sentences}
    asked_there = {question.text for story in corpus.stories("test") for question in story.questions}
    assert set(sentences.texts) == told_there | asked_there
    assert len(test) == num_questions(corpus.stories("test"))
    assert sentences.max_words == SIZES.max_words


def test_a_sample_has_stories_of_each_task_until_they_ask_enough():
    for wanted in (1, 12, 33):
        sampled = sample(STORIES, wanted, 1)
        assert sorted(story.task for story in sampled) == [story.task for story in sampled]
        for task in TASKS:
            of_task = [story for story in sampled if story.task == task]
            assert num_questions(of_task) >= wanted > num_questions(of_task[:-1])
        assert not Counter(sampled) - Counter(STORIES)


def test_a_sample_of_more_than_there_are_has_them_all():
    assert Counter(sample(STORIES, 10_000, 1)) == Counter(STORIES)


def test_a_sample_follows_from_the_seed_and_is_not_in_their_order():
    assert sample(STORIES, 30, 1) == sample(STORIES, 30, 1) != sample(STORIES, 30, 2)
    places = {}
    for task in TASKS:
        of_task = [story for story in STORIES if story.task == task]
        places[task] = tuple(of_task.index(story) for story in sample(STORIES, 20, 1) if story.task == task)[:4]
        assert list(places[task]) != sorted(places[task])
    assert len(set(places.values())) == len(TASKS)  # chance of its own for each task


def test_a_sample_of_fewer_is_part_of_that_of_more_and_does_not_depend_on_other_tasks():
    few, many = sample(STORIES, 10, 1), sample(STORIES, 40, 1)
    for task in TASKS:
        of_few, of_many = ([story for story in sampled if story.task == task] for sampled in (few, many))
        assert of_many[: len(of_few)] == of_few
        assert sample([story for story in STORIES if story.task == task], 10, 1) == of_few


def test_a_sample_of_no_question_is_refused():
    with pytest.raises(ValueError, match="num_questions = 0 must be an integer of at least 1"):
        sample(STORIES, 0, 1)
