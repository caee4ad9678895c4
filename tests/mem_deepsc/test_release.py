"""A released system answers as the one that was packed, and says what it cannot take."""

import pytest
import torch

from semcom_lib import seeds
from semcom_lib.mem_deepsc import release

from .conftest import SIZES

STORY = ("Sandra moved to the garden", "Daniel went to the kitchen")


@pytest.fixture
def packed(corpus, make_model):
    return release.packed(make_model(), corpus.words, corpus.answers, k_factor=2.0)


@pytest.fixture
def released(packed):
    return release.load(*packed)


def answers(system, snr_db):
    return [
        system.answer(STORY, "Where is Sandra?", snr_db, generator=seeds.torch_generator(i, "a")) for i in range(20)
    ]


def test_it_has_the_weights_words_and_answers_that_were_packed(packed, released, corpus, make_model):
    state, again = make_model().state_dict(), released.system.model.state_dict()
    assert state.keys() == again.keys()
    assert all(torch.equal(state[name], again[name]) for name in state)
    assert (released.words, released.answers, released.system.model.sizes) == (corpus.words, corpus.answers, SIZES)
    assert not released.system.model.training


def test_loading_it_leaves_the_global_generator_alone(packed):
    before = torch.get_rng_state()
    release.load(*packed)
    assert torch.equal(torch.get_rng_state(), before)


def test_its_answers_follow_from_what_is_heard_over_the_noise(released):
    assert set(answers(released, 80.0)) <= set(released.answers)
    assert len(set(answers(released, 80.0))) == 1
    assert len(set(answers(released, -20.0))) > 1


def test_a_story_longer_than_the_memory_is_its_newest_part(released):
    def answer(story):
        return released.answer(story, "Where is Sandra?", 80.0, generator=seeds.torch_generator(1, "a"))

    newest = STORY * 4
    assert len(newest) > SIZES.memory
    assert answer(STORY[::-1] * 3 + newest) == answer(newest)


@pytest.mark.parametrize(
    ("story", "question", "message"),
    [
        ((), "Where is Sandra?", "'Where is Sandra.' is asked before anything was said"),
        (STORY, " ", "' ' has no words"),
        ((*STORY, ""), "Where is Sandra?", "'' has no words"),
        (STORY, "Where " * 9, "has 9 words; max_words = 8"),
    ],
)
def test_what_it_cannot_take_is_said_in_a_line(released, story, question, message):
    with pytest.raises(ValueError, match=message) as error:
        released.answer(story, question, 12.0, generator=seeds.torch_generator(1, "a"))
    assert "\n" not in str(error.value)


def test_an_unknown_word_is_an_unknown_word(released):
    one, other = (
        released.answer(STORY, f"Where is {name}?", 80.0, generator=seeds.torch_generator(1, "a"))
        for name in ("Xaver", "Yolanda")
    )
    assert one == other
