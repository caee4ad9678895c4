"""Sets of stories by name: the tasks that are asked for and no others, as many stories, the same for the same seed."""

import pytest

from semcom_lib.sources import embedded_stories, story_sets
from semcom_lib.sources.babi import NAMES, Task

from .test_stories import story


def few(task, number=9, seed=1):
    return story_sets.load("embedded", [task], number, seed)[task]


@pytest.fixture
def official(monkeypatch):
    """In the place of the official files: six stories to train on and three to test in each task."""
    tasks = {
        number: Task(
            number,
            [story(f"n{'x' * i}") for i in range(6)],
            [story(f"t{'x' * i}") for i in range(3)],
            partial=number == 3,
        )
        for number in NAMES
    }
    monkeypatch.setattr(story_sets, "babi", lambda: tasks)
    return tasks


@pytest.mark.parametrize("task", embedded_stories.TASKS)
def test_generated_stories_are_those_of_the_task_split_by_name(task):
    told = few(task)
    assert told.train == embedded_stories.tell(task, 9, 1, "train")
    assert told.test == embedded_stories.tell(task, 2, 1, "test")
    assert (told.number, told.partial) == (task, False)
    assert told.caption == f"qa{task} {NAMES[task]}"


@pytest.mark.parametrize(("number", "num_test"), [(1, 2), (8, 2), (20, 5), (200, 50)])
def test_a_quarter_as_many_stories_are_generated_to_test_and_at_least_two(number, num_test):
    told = few(15, number)
    assert (len(told.train), len(told.test)) == (number, num_test)


def test_generated_stories_follow_from_the_seed():
    assert few(1) == few(1)
    assert few(1).train != few(1, seed=2).train
    assert few(1).test != few(1, seed=2).test


@pytest.mark.parametrize("name", ["embedded", "babi"])
def test_the_tasks_are_those_that_are_asked_for_in_their_order(name, official):
    assert list(story_sets.load(name, [15, 2, 1], 4, 1)) == [15, 2, 1]


def test_of_official_files_all_stories_are_kept_or_the_first_to_train_on_and_all_to_test(official):
    assert story_sets.load("babi", [3, 20], 0, 1) == {3: official[3], 20: official[20]}
    for number in (2, 6, 100):
        kept = story_sets.load("babi", [3], number, 1)[3]
        assert kept.train == official[3].train[:number]
        assert (kept.test, kept.partial, kept.number) == (official[3].test, True, 3)


def test_every_set_has_a_caption():
    assert story_sets.CAPTIONS == {"babi": "bAbI en-10k", "embedded": embedded_stories.CAPTION}


REFUSED = [
    (("qa", [1], 3), r"stories = 'qa' is unknown; one of: babi, embedded$"),
    (("embedded", [1, 3], 3), r"tasks holds 3; generated stories .* has 1, 2, 6, 7, 8, 15$"),
    (("babi", [0, 1], 0), r"tasks holds 0; bAbI en-10k has 1, 2, .*, 20$"),
    (("babi", [21], 0), "tasks holds 21"),
    (("embedded", [], 3), "tasks is empty"),
    (("babi", [], 0), "tasks is empty"),
    (("embedded", [1], 0), "stories_per_task = 0 must be an integer of at least 1"),
    (("babi", [1], -1), "stories_per_task = -1 must be an integer of at least 0"),
    (("embedded", [1], 2.5), r"stories_per_task = 2\.5"),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_what_there_is_not_is_refused_in_one_line(arguments, message, official):
    with pytest.raises(ValueError, match=message) as error:
        story_sets.load(*arguments, 1)
    assert "\n" not in str(error.value)
