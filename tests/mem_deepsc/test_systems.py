"""Every system hears the same stories over the same fades, answers each question once, and is counted by task."""

import numpy as np
import pytest
import torch

from semcom_lib import seeds
from semcom_lib.coding.utf8 import Utf8
from semcom_lib.mem_deepsc import systems as module
from semcom_lib.mem_deepsc.asked import EMPTY, by_memory, tell
from semcom_lib.mem_deepsc.floor import ByQuestion, Majority
from semcom_lib.mem_deepsc.masked import KINDS, Lengths, Masked
from semcom_lib.mem_deepsc.sentences import Sentences
from semcom_lib.mem_deepsc.systems import Chained, Guessing, Learned, accuracy, accuracy_of, count_right, counted
from semcom_lib.physical_layer.coded import Coded
from semcom_lib.physical_layer.equalised_link import EqualisedLink
from semcom_lib.physical_layer.fading import Awgn, Rayleigh
from semcom_lib.physical_layer.link import Link
from semcom_lib.physical_layer.modulation import Modulation

from .conftest import SIZES, TASKS, told

TOLD = told("test", 6)


class AsItIs:
    """A chain that delivers texts as they were, or with other letters where ``garble`` says."""

    def __init__(self, garble=lambda text: text):
        self.garble = garble

    def receive(self, texts, snr_db, *, generator):
        return [self.garble(text) for text in texts]


class Uncoded:
    """A channel code without redundancy."""

    k = n = 8

    def encode(self, bits):
        return bits

    def decode(self, llr):
        return (llr > 0).astype(np.uint8)


class Recorded:
    """Rayleigh fading that keeps the gains it draws."""

    block_length = None

    def __init__(self):
        self.drawn = []

    def gain(self, batch, num_blocks=1, *, generator):
        self.drawn.append(Rayleigh().gain(batch, num_blocks, generator=generator))
        return self.drawn[-1]


@pytest.fixture
def heard(corpus):
    """What is transmitted, and the questions."""
    return tell(TOLD, corpus.answers, SIZES.memory)


@pytest.fixture
def answers_of(corpus, heard):
    """answers_of(system): its answers to all questions, among sentences that nobody has sent."""

    def answered(system, snr_db=6.0, seed=1):
        sentences, generator = Sentences(corpus.words, SIZES.max_words), seeds.torch_generator(seed, "channel")
        for text in ("where is nobody?", *heard[0][::-2]):
            sentences.index(text)
        return system.answer(*heard, sentences, snr_db, generator=generator)

    return answered


@pytest.fixture
def make_model(make_model, questions):
    """No class is preferred by the answers, of features that come through a ``channel`` or of such that do not."""

    def made(*, channel=False, **more):
        model, batch = make_model(**more), by_memory(questions[1]["test"], np.arange(60), ())[0][1]
        with torch.no_grad():
            z = model.encode(questions[0].ids)
            z_hat = model.channel_decoder(model.channel_encoder(z)) if channel else z
            model.semantic_decoder.answer.bias -= model.answer(z_hat, batch.contexts, batch.questions).mean(dim=0)
        return model

    return made


def masked_over(link, system, kind):
    with seeds.initialising(1, kind):
        masked = Masked(system, kind, Lengths(1.0, 1.44, 4.0, 4, 8)).eval()
    return Learned(masked.system, link, masked)


def one_by_one(model, heard, ids):
    """Answers as the system is defined, each question with a memory of its own."""
    (texts, asked), answers = heard, []
    with torch.inference_mode():
        z = torch.cat([model.encode(torch.tensor([ids[text]])) for text in texts])
        for context, question in zip(asked.contexts, asked.questions, strict=True):
            in_memory = torch.from_numpy(context[context != EMPTY])[None]
            answers.append(int(model.answer(z, in_memory, torch.tensor([question])).argmax()))
    return np.array(answers)


@pytest.mark.parametrize("has_memory", [True, False])
def test_without_a_channel_each_question_is_answered_from_its_story(
    make_model, heard, answers_of, corpus, has_memory, monkeypatch
):
    sentences = Sentences(corpus.words, SIZES.max_words)
    ids = {text: sentences.ids[i].tolist() for text in heard[0] for i in [sentences.index(text)]}
    ids = {text: [word for word in row if word] for text, row in ids.items()}
    model = make_model(has_memory=has_memory)
    expected = one_by_one(model, heard, ids)
    assert len(set(expected.tolist())) > 3
    assert np.array_equal(answers_of(Learned(model, None)), expected)
    monkeypatch.setattr(module, "QUESTIONS_AT_ONCE", 7)
    assert np.array_equal(answers_of(Learned(model, None)), expected)


def test_a_chain_that_delivers_texts_as_they_were_is_no_channel(make_model, answers_of):
    model = make_model()
    expected = answers_of(Learned(model, None))
    assert np.array_equal(answers_of(Chained(model, AsItIs())), expected)
    assert np.array_equal(answers_of(Chained(model, AsItIs(lambda text: f" \x00é{text.upper()}?!"))), expected)


def test_a_chain_may_deliver_anything(make_model, answers_of):
    model = make_model()
    expected = answers_of(Learned(model, None))
    for form in ("", "{0}{0}{0}", "zzz {}", "{0:.9}"):
        answers = answers_of(Chained(model, AsItIs(form.format)))
        assert answers.shape == expected.shape
        assert not np.array_equal(answers, expected)


def test_over_a_channel_the_answers_follow_from_the_generator_and_without_noise_from_nothing(make_model, answers_of):
    model = make_model(channel=True)
    for link in (EqualisedLink(Awgn()), EqualisedLink(Rayleigh())):
        system = Learned(model, link)
        clean, again = (answers_of(system, np.inf, seed) for seed in (1, 2))
        assert np.array_equal(clean, again)
        noisy, same, other = (answers_of(system, -6.0, seed) for seed in (1, 1, 2))
        assert np.array_equal(noisy, same)
        assert not np.array_equal(noisy, other)
        assert not np.array_equal(noisy, clean)


def test_without_noise_the_channel_codec_alone_stands_between(make_model, heard, answers_of, corpus):
    model, (texts, asked) = make_model(channel=True), heard
    sentences = Sentences(corpus.words, SIZES.max_words)
    indices = torch.tensor([sentences.index(text) for text in texts])
    with torch.inference_mode():
        z_hat = model.channel_decoder(model.channel_encoder(model.encode(sentences.ids)))[indices]
        logits = model.answer(z_hat, torch.from_numpy(asked.contexts), torch.from_numpy(asked.questions))
    answers = answers_of(Learned(model, EqualisedLink(Awgn())), np.inf)
    assert np.array_equal(answers, logits.argmax(dim=1).numpy())
    assert len(set(answers.tolist())) > 3


def test_all_systems_meet_the_same_fades_sentence_by_sentence(make_model, heard, answers_of):
    model, link = make_model(), EqualisedLink(Recorded())
    made = {
        "memory": Learned(model, link),
        "no memory": Learned(make_model(has_memory=False), link),
        "chain": Chained(model, Coded(Link(Utf8(), Uncoded(), Modulation("qpsk")), link.law)),
        **{kind: masked_over(link, make_model(), kind) for kind in KINDS},
    }
    for system in made.values():
        answers_of(system)
    assert len(link.law.drawn) == len(made)
    for name, drawn in zip(made, link.law.drawn, strict=True):
        assert drawn.shape == (len(heard[0]), 1), name
        assert torch.equal(drawn, link.law.drawn[0]), name


def test_a_mask_answers_otherwise_than_all_symbols(make_model, answers_of):
    link = EqualisedLink(Awgn())
    whole = answers_of(Learned(make_model(channel=True), link), 18.0)
    for kind in KINDS:
        assert not np.array_equal(answers_of(masked_over(link, make_model(channel=True), kind), 18.0), whole), kind


def test_a_text_that_a_system_cannot_send_is_refused_whatever_arrived_before(make_model, corpus):
    model, sentences = make_model(), Sentences(corpus.words, 3)
    heard = tell(TOLD[:1], corpus.answers, SIZES.memory)
    Chained(model, AsItIs()).answer(*heard, sentences, 6.0, generator=seeds.torch_generator(1))
    with pytest.raises(ValueError, match="words; max_words = 3"):
        Learned(model, None).answer(*heard, sentences, 6.0, generator=seeds.torch_generator(1))


@pytest.mark.parametrize("floor", [Majority, ByQuestion])
def test_a_floor_answers_from_the_text_of_the_question_and_draws_nothing(corpus, heard, floor):
    guess, generator = floor.from_stories(corpus.stories("train")), seeds.torch_generator(1)
    before = generator.get_state()
    answers = Guessing(guess, corpus.answers).answer(*heard, Sentences(corpus.words, 8), 6.0, generator=generator)
    asked = [(question.text, story.task) for story in TOLD for question in story.questions]
    assert [corpus.answers[i] for i in answers] == [guess.answer(text, task) for text, task in asked]
    assert torch.equal(generator.get_state(), before)


def test_what_is_counted_is_which_task_asked_and_whether_the_answer_was_right(heard, corpus, make_model):
    asked = heard[1]
    for right in (True, False):
        counts = count_right(asked.answers if right else asked.answers + 1, asked)
        assert set(counts) == {f"{kind}_{task}" for kind in ("asked", "right") for task in TASKS}
        for task in TASKS:
            assert np.array_equal(counts[f"asked_{task}"], asked.tasks == task)
            assert np.array_equal(counts[f"right_{task}"], right * (asked.tasks == task))
    system, sentences = Learned(make_model(), EqualisedLink(Awgn())), Sentences(corpus.words, SIZES.max_words)
    counts = counted(system, *heard, sentences, 3.0, seeds.torch_generator(1))
    answers = system.answer(*heard, sentences, 3.0, generator=seeds.torch_generator(1))
    assert np.array_equal(sum(counts[f"right_{task}"] for task in TASKS), answers == asked.answers)


def test_the_accuracy_is_the_mean_of_the_tasks_however_many_questions_each_asks():
    counts = {"asked_1": 10.0, "right_1": 9.0, "asked_15": 1000.0, "right_15": 200.0, "asked_2": 4.0, "right_2": 4.0}
    assert accuracy(counts) == pytest.approx((0.9 + 0.2 + 1.0) / 3)
    assert [accuracy_of(task)(counts) for task in (1, 15, 2)] == [0.9, 0.2, 1.0]
    draws = {name: np.array([value, value]) for name, value in counts.items()}
    draws["right_1"][1] = 3.0
    assert accuracy(draws) == pytest.approx([(0.9 + 0.2 + 1.0) / 3, (0.3 + 0.2 + 1.0) / 3])


def test_a_task_that_a_bootstrap_draw_has_no_question_of_is_left_out_of_its_mean():
    counts = {name: np.array(of_draws) for name, of_draws in {
        "asked_1": [2.0, 0.0], "right_1": [1.0, 0.0], "asked_2": [4.0, 4.0], "right_2": [4.0, 3.0],
    }.items()}  # fmt: skip
    assert accuracy(counts) == pytest.approx([0.75, 0.75])
