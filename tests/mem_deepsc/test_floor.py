"""The floors: the best answers to a task, to a form of question, to a question, for who hears no story."""

from collections import Counter, defaultdict
from functools import cache

import numpy as np
import pytest

from semcom_lib.mem_deepsc.floor import ByQuestion, ByTemplate, Majority
from semcom_lib.sources import embedded_stories
from semcom_lib.sources.stories import Question, Story

ALL = [Majority, ByTemplate, ByQuestion]


def story(
    task, *asked, sentences=("alma went to the attic.", "boris took the kettle.", "carla left.", "the kettle is hot.")
):
    return Story(task, sentences, tuple(Question(text, answer, 1, (0,)) for text, answer in asked))


TRAIN = [
    story(1, ("where is alma?", "attic"), ("where is alma?", "attic"), ("where is boris?", "porch")),
    story(1, ("where is carla?", "attic"), ("where is the kettle?", "porch"), ("where is boris?", "porch")),
    story(6, ("is alma in the attic?", "yes"), ("is boris in the attic?", "no"), ("is carla in the attic?", "no")),
]


@cache
def told(split):
    return [s for task in embedded_stories.TASKS for s in embedded_stories.tell(task, 100, 1, split)]


def accuracy(answerer, stories):
    """The mean of the tasks' accuracies."""
    right = defaultdict(list)
    for s in stories:
        right[s.task] += [answerer.answer(question.text, s.task) == question.answer for question in s.questions]
    return np.mean([np.mean(of_task) for of_task in right.values()])


def test_the_majority_is_that_of_the_task():
    majority = Majority.from_stories(TRAIN)
    assert [majority.answer("anything", task) for task in (1, 6)] == ["attic", "no"]
    assert majority.answer("anything", 20) == "attic"  # which training lacks: three of nine, as "porch"


def test_names_things_and_places_stand_for_each_other_in_a_template():
    by_template = ByTemplate.from_stories(TRAIN)
    assert by_template.fillers == {"alma", "boris", "carla", "attic", "kettle"}
    assert by_template.template("where is alma?") == by_template.template("where is boris?") == "where is _"
    assert by_template.template("where is the kettle?") == "where is the _"
    assert by_template.template("is boris in the attic?") == "is _ in the _"
    assert [by_template.answer(t, 1) for t in ("where is boris?", "where is the attic?", "is alma in the kettle?")] == [
        "attic", "porch", "no",
    ]  # fmt: skip
    assert by_template.answer("where was alma?", 6) == "no"  # a new form: the majority's


def test_a_question_that_training_asks_is_answered_as_there_and_another_by_its_template():
    by_question = ByQuestion.from_stories(TRAIN)
    assert [by_question.answer(f"where is {who}?", 1) for who in ("alma", "boris", "carla")] == [
        "attic",
        "porch",
        "attic",
    ]
    assert by_question.answer("is alma in the attic?", 6) == "yes"
    assert by_question.answer("is alma in the kettle?", 6) == "no"
    assert by_question.answer("where was alma?", 6) == "no"


@pytest.mark.parametrize("floor", ALL)
def test_equally_frequent_answers_are_taken_in_the_order_of_the_alphabet(floor):
    asked = [("where is alma?", answer) for answer in ("porch", "attic", "stable")]
    for order in (asked, asked[::-1]):
        assert floor.from_stories([story(1, *order)]).answer("where is alma?", 1) == "attic"


@pytest.mark.parametrize("floor", ALL)
def test_what_a_question_is_answered_with_is_the_best_constant_on_the_training_stories(floor):
    answerer = floor.from_stories(told("train"))
    groups = defaultdict(Counter)
    for s in told("train"):
        for question in s.questions:
            keys = {Majority: s.task, ByQuestion: question.text}
            key = keys[floor] if floor in keys else answerer.template(question.text)
            groups[key][question.answer] += 1
    right = sum(answerer.answer(q.text, s.task) == q.answer for s in told("train") for q in s.questions)
    assert right == sum(max(counted.values()) for counted in groups.values())


def test_knowing_the_questions_helps_little_and_no_floor_knows_the_story():
    scores = [accuracy(floor.from_stories(told("train")), told("test")) for floor in ALL]
    assert all(0.2 < score < 0.6 for score in scores)
    assert abs(scores[1] - scores[0]) < 0.1


@pytest.mark.parametrize("floor", ALL)
def test_stories_that_ask_nothing_are_refused(floor):
    with pytest.raises(ValueError, match="ask no question"):
        floor.from_stories([Story(1, ("alma went.",), ())])
