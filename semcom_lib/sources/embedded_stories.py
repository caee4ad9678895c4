"""Generated stories for the demo: no download, the same everywhere, and named as such in every caption.

A small world: people walk between places, pick things up, put them down and hand them over, and a story tells each of these
events; the questions are those of the bAbI tasks 1, 2, 6, 7, 8 [Weston et al. 2015], answered from the state of the world. For
task 15 the world is one of creatures, each of a kind, and of what each kind fears. Words and sentences are our own.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from semcom_lib import seeds
from semcom_lib.arguments import check_integer, shown
from semcom_lib.sources.stories import Question, Story

CAPTION = "generated stories (embedded demo data)"

PEOPLE = ("alma", "boris", "carla", "dinah")
PLACES = ("attic", "cellar", "library", "porch", "stable")
THINGS = ("kettle", "lantern", "violin")
CREATURES = ("nemo", "pico", "rusty", "tilda")
KINDS = {"badger": "badgers", "fox": "foxes", "goose": "geese", "pony": "ponies"}
NUMBERS = ("none", "one", "two", "three")

_TOLD = {
    "walk": ("{} went to the {}.", "{} walked to the {}.", "{} hurried to the {}."),
    "take": ("{} took the {}.", "{} picked up the {}."),
    "drop": ("{} dropped the {}.", "{} put down the {}."),
    "give": ("{} gave the {} to {}.", "{} handed the {} to {}."),
}
_QUESTIONS_A_STORY = 5

_T = TypeVar("_T")


def _pick(rng: np.random.Generator, choices: Sequence[_T]) -> _T:
    return choices[int(rng.integers(len(choices)))]


class _World:
    """Who is where and has what, the story told so far, and which of its sentences said so."""

    def __init__(self) -> None:
        self.sentences: list[str] = []
        self.place: dict[str, str] = {}  # of a person, once told
        self.walked: dict[str, int] = {}  # the sentence that told it
        self.has: dict[str, list[str]] = {who: [] for who in PEOPLE}  # in the order in which they came by them
        self.dealt: dict[str, list[int]] = {who: [] for who in PEOPLE}  # sentences on what they took, gave and so on
        self.lies: dict[str, str] = {}  # where a thing was dropped last
        self.moved: dict[str, tuple[int, ...]] = {}  # the sentences that tell where a thing lies, or who has it

    def possible(self, event: str) -> list[tuple[str, ...]]:
        """What can happen next; a thing that nobody has touched yet lies wherever it is first taken up."""
        if event == "walk":
            return [(who, place) for who in PEOPLE for place in PLACES if self.place.get(who) != place]
        if event == "take":
            free = [(thing, self.lies.get(thing)) for thing in THINGS if self.holder(thing) is None]
            return [(who, thing) for who in self.place for thing, lies in free if lies in (None, self.place[who])]
        held = [(who, thing) for who, things in self.has.items() for thing in things]
        if event == "drop":
            return held
        return [(who, thing, other) for who, thing in held for other in self._beside(who)]

    def _beside(self, who: str) -> list[str]:
        return [other for other, place in self.place.items() if other != who and place == self.place[who]]

    def happen(self, event: str, who: str, what: str, *receiver: str, told: str) -> None:
        """Change the world by one possible event and tell it."""
        now = len(self.sentences)
        self.sentences.append(told.format(who, what, *receiver))
        if event == "walk":
            self.place[who], self.walked[who] = what, now
            return
        if event != "take":
            self.has[who].remove(what)
        for one in (who, *receiver):
            self.dealt[one].append(now)
        self.moved[what] = (now,)
        if event == "drop":
            self.lies[what], self.moved[what] = self.place[who], (now, self.walked[who])
        else:
            self.has[receiver[0] if receiver else who].append(what)

    def holder(self, thing: str) -> str | None:
        return next((who for who, things in self.has.items() if thing in things), None)


class _Asked(NamedTuple):
    text: str
    answer: str
    supporting: tuple[int, ...]


def _where_somebody_is(world: _World, rng: np.random.Generator) -> _Asked | None:
    who = _pick(rng, list(world.place))
    return _Asked(f"where is {who}?", world.place[who], (world.walked[who],))


def _whether_somebody_is_there(world: _World, rng: np.random.Generator) -> _Asked | None:
    who = _pick(rng, list(world.place))
    elsewhere = [place for place in PLACES if place != world.place[who]]
    answer = _pick(rng, ("yes", "no"))
    place = world.place[who] if answer == "yes" else _pick(rng, elsewhere)
    return _Asked(f"is {who} in the {place}?", answer, (world.walked[who],))


def _where_something_is(world: _World, rng: np.random.Generator) -> _Asked | None:
    if not world.moved:
        return None
    thing = _pick(rng, list(world.moved))
    holder = world.holder(thing)
    if holder is None:
        return _Asked(f"where is the {thing}?", world.lies[thing], world.moved[thing])
    return _Asked(f"where is the {thing}?", world.place[holder], (*world.moved[thing], world.walked[holder]))


def _how_many_things_somebody_has(world: _World, rng: np.random.Generator) -> _Asked | None:
    if not (who := _somebody_who_dealt(world, rng)):
        return None
    return _Asked(f"how many things does {who} carry?", NUMBERS[len(world.has[who])], tuple(world.dealt[who]))


def _what_somebody_has(world: _World, rng: np.random.Generator) -> _Asked | None:
    if not (who := _somebody_who_dealt(world, rng)):
        return None
    return _Asked(f"what does {who} carry?", ",".join(world.has[who]) or "nothing", tuple(world.dealt[who]))


def _somebody_who_dealt(world: _World, rng: np.random.Generator) -> str | None:
    """First how many things they have, then who: else most answers would be "none" and "one"."""
    dealt = [who for who in PEOPLE if world.dealt[who]]
    if not dealt:
        return None
    number = _pick(rng, sorted({len(world.has[who]) for who in dealt}))
    return _pick(rng, [who for who in dealt if len(world.has[who]) == number])


class _Task(NamedTuple):
    events: tuple[str, ...]  # what happens, as often as it is named
    ask: Callable[[_World, np.random.Generator], _Asked | None]
    num_sentences: int  # before each question, or a few more: it waits until the world has an answer


_DEALS = ("walk", "walk", "take", "take", "take", "drop", "give")
_TASKS = {
    1: _Task(("walk",), _where_somebody_is, 2),
    2: _Task((*("walk",) * 6, *("take",) * 3, "drop"), _where_something_is, 3),
    6: _Task(("walk",), _whether_somebody_is_there, 2),
    7: _Task(_DEALS, _how_many_things_somebody_has, 3),
    8: _Task(_DEALS, _what_somebody_has, 3),
}
TASKS = (*_TASKS, 15)


def tell(task: int, num_stories: int, seed: int, split: str) -> list[Story]:
    """``num_stories`` stories of one of TASKS, in the form of the official ones; the first n of many are those of few.

    Five questions a story, each two sentences (tasks 1 and 6) or three after the last, or a little later; in task 15 four
    questions follow all eight sentences.
    Raises ValueError for another task or a negative number of stories.
    """
    check_integer("task", task, 1)
    if task not in TASKS:
        raise ValueError(f"task = {shown(task)} has no generated stories: it must be one of {TASKS}")
    check_integer("num_stories", num_stories, 0)
    rng = seeds.numpy_generator(seed, "embedded", "stories", task, split)
    return [_of_creatures(rng) if task == 15 else _of_people(task, rng) for _ in range(num_stories)]


def _of_people(number: int, rng: np.random.Generator) -> Story:
    task, world, questions, last_asked = _TASKS[number], _World(), [], 0
    while len(questions) < _QUESTIONS_A_STORY:
        event = _pick(rng, task.events)
        if not (possible := world.possible(event)):
            continue
        world.happen(event, *_pick(rng, possible), told=_pick(rng, _TOLD[event]))
        now = len(world.sentences)
        if now - last_asked < task.num_sentences or not (asked := task.ask(world, rng)):
            continue
        if now - 1 in asked.supporting:  # needs little memory: most questions should need more
            asked = task.ask(world, rng)
        questions.append(Question(asked.text, asked.answer, now, asked.supporting))
        last_asked = now
    return Story(number, tuple(world.sentences), tuple(questions))


def _of_creatures(rng: np.random.Generator) -> Story:
    kinds = list(KINDS)
    is_a = {name: kinds[i] for name, i in zip(CREATURES, rng.permutation(len(kinds)), strict=True)}
    fears = {kind: _pick(rng, [other for other in kinds if other != kind]) for kind in kinds}
    facts = {name: f"{name} is a {kind}." for name, kind in is_a.items()}
    facts |= {kind: f"{KINDS[kind]} fear {KINDS[other]}." for kind, other in fears.items()}
    said = [list(facts)[i] for i in rng.permutation(len(facts))]
    questions = []
    for i in rng.permutation(len(CREATURES)):
        name = CREATURES[i]
        supporting = said.index(name), said.index(is_a[name])
        questions.append(Question(f"what does {name} fear?", KINDS[fears[is_a[name]]], len(said), supporting))
    return Story(15, tuple(facts[about] for about in said), tuple(questions))
