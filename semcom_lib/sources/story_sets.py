"""The sets of stories by the name that a profile gives them, and how captions name them."""

from collections.abc import Sequence

from semcom_lib.arguments import check_integer
from semcom_lib.sources import embedded_stories
from semcom_lib.sources.babi import NAMES, Task, babi

CAPTIONS = {"babi": "bAbI en-10k", "embedded": embedded_stories.CAPTION}
EMBEDDED_TEST_SHARE = 0.25


def load(name: str, tasks: Sequence[int], stories_per_task: int, seed: int) -> dict[int, Task]:
    """{number: the task's stories} of the set ``name``, for the ``tasks`` alone.

    "babi" are the official files, whole (``stories_per_task`` = 0) or the first stories of their training parts; "embedded" are
    generated: so many stories to train on, and a quarter as many to test. Raises ValueError for an unknown name or task, or no
    story a task where they are generated; DataUnavailable for missing files.
    """
    if name not in CAPTIONS:
        raise ValueError(f"stories = {name!r} is unknown; one of: {', '.join(CAPTIONS)}")
    known = tuple(NAMES) if name == "babi" else embedded_stories.TASKS
    if wrong := [task for task in tasks if task not in known]:
        raise ValueError(f"tasks holds {wrong[0]!r}; {CAPTIONS[name]} has {', '.join(map(str, known))}")
    if not tasks:
        raise ValueError("tasks is empty: name at least one")
    check_integer("stories_per_task", stories_per_task, 1 if name == "embedded" else 0)
    if name == "babi":
        official = babi()
        kept = slice(stories_per_task or None)
        return {task: official[task]._replace(train=official[task].train[kept]) for task in tasks}
    num_test = max(2, round(EMBEDDED_TEST_SHARE * stories_per_task))
    return {
        task: Task(
            task,
            embedded_stories.tell(task, stories_per_task, seed, "train"),
            embedded_stories.tell(task, num_test, seed, "test"),
            partial=False,
        )
        for task in tasks
    }
