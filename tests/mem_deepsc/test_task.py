"""The steps of Algorithm 1: random by the step alone, one SNR a question, every held-out question counted once."""

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from semcom_lib import seeds
from semcom_lib.mem_deepsc import masks
from semcom_lib.mem_deepsc.asked import EMPTY, UNKNOWN_ANSWER, tell
from semcom_lib.mem_deepsc.feature_task import FeatureTask
from semcom_lib.mem_deepsc.masked import KINDS, Lengths, Masked
from semcom_lib.mem_deepsc.task import AnswerTask
from semcom_lib.physical_layer.equalised_link import EqualisedLink
from semcom_lib.physical_layer.fading import Awgn, Rician

from .conftest import SIZES

LOW, HIGH = 3.0, 9.0
SETTINGS = {"seed": 1, "purpose": ("mem_deepsc", "test"), "snr_low_db": LOW, "snr_high_db": HIGH}


class Recorder(nn.Module):
    """In the place of a system: remembers what it is given, and prefers to each question the answer that has its number."""

    def __init__(self, model):
        super().__init__()
        self.transmissions, self.num_answers, self.given = model.transmissions, model.num_answers, []

    def forward(self, ids, groups, send):
        drawn = None if send is None else float(torch.rand((), generator=send.generator))
        self.given.append((ids, groups, send, drawn))
        return F.one_hot(torch.cat([group.questions for group in groups]) % self.num_answers, self.num_answers).float()


@pytest.fixture
def recorder(make_model):
    return Recorder(make_model())


@pytest.fixture
def task(questions):
    sentences, asked = questions
    link = EqualisedLink(Rician(2.0))
    return AnswerTask(sentences.ids, asked["train"], asked["validation"], link, questions_per_batch=13, **SETTINGS)


@pytest.fixture
def features(questions, make_model):
    with torch.no_grad():
        z = make_model().encode(questions[0].ids)
    return FeatureTask(z, EqualisedLink(Awgn()), sentences_per_batch=30, **SETTINGS)


def snrs_of(n0):
    return -10 * n0.flatten().log10()


def check_uniform(snrs_db):
    """In LOW..HIGH, with the mean and the variance of a uniform law."""
    assert LOW - 1e-4 <= float(snrs_db.min()) < float(snrs_db.max()) <= HIGH + 1e-4
    width, number = HIGH - LOW, len(snrs_db)
    assert abs(float(snrs_db.mean()) - (LOW + HIGH) / 2) < 4 * width / math.sqrt(12 * number)
    assert abs(float(snrs_db.var()) / width**2 - 1 / 12) < 4 / math.sqrt(180 * number)


@pytest.mark.parametrize("kind", ["task", "features"])
def test_the_loss_of_a_step_follows_from_step_seed_and_purpose_alone(kind, make_model, request):
    model, task = make_model(), request.getfixturevalue(kind)
    with torch.no_grad():
        loss = float(task.loss(model, 5))
        torch.rand(3)
        assert float(task.loss(model, 5)) == loss
        others = [replace(task, seed=2), replace(task, purpose=("mem_deepsc", "other"))]
        assert loss not in [float(task.loss(model, 6)), *(float(other.loss(model, 5)) for other in others)]


def test_the_noise_of_a_step_is_another_for_the_same_batch_of_another_step(features, make_model, monkeypatch):
    model, first = make_model(), seeds.numpy_generator
    monkeypatch.setattr(seeds, "numpy_generator", lambda seed, *purpose: first(seed))
    with torch.no_grad():
        assert float(features.loss(model, 5)) != float(features.loss(model, 6))


def test_a_step_draws_whole_stories_until_it_has_enough_questions(corpus, task, recorder):
    _, asked = tell(corpus.stories("train"), corpus.answers, SIZES.memory)  # each question by an index of its own
    row_of = {question: row for row, question in enumerate(asked.questions.tolist())}
    of_stories = Counter(asked.stories.tolist())
    seen = set()
    for step in range(40):
        replace(task, train=asked).loss(recorder, step)
        ids, groups, _, _ = recorder.given[-1]
        assert ids is task.ids
        drawn = [row_of[question] for group in groups for question in group.questions.tolist()]
        stories = Counter(asked.stories[drawn].tolist())
        assert all(number % of_stories[story] == 0 for story, number in stories.items())
        assert len(set(Counter(drawn).values())) == 1 or max(stories.values()) > 5  # a story may come twice
        assert 13 <= len(drawn) < 13 + max(of_stories.values())
        heard = [context[context != EMPTY].tolist() for group in groups for context in group.contexts]
        assert heard == [row[row != EMPTY].tolist() for row in asked.contexts[drawn]]
        assert [answer for group in groups for answer in group.answers.tolist()] == asked.answers[drawn].tolist()
        seen.update(stories)
    assert len(seen) > 0.5 * len(of_stories)


def test_a_question_has_one_snr_for_all_that_is_in_its_memory(task, recorder):
    snrs_db = []
    for step in range(40):
        task.loss(recorder, step)
        _, groups, send, _ = recorder.given[-1]
        assert send.channel is task.link
        of_question = recorder.transmissions(groups)
        assert send.n0.shape == (len(of_question), 1)
        each = [snrs_of(send.n0[of_question == question]) for question in of_question.unique()]
        assert all((snr_db == snr_db[0]).all() for snr_db in each)
        snrs_db.append(torch.stack([snr_db[0] for snr_db in each]))
        assert len(snrs_db[-1].unique()) > 1
    check_uniform(torch.cat(snrs_db))


def test_without_a_link_the_features_arrive_as_they_are(task, recorder):
    replace(task, link=None).loss(recorder, 1)
    assert recorder.given[-1][2] is None


def test_the_loss_is_the_mean_cross_entropy_of_the_answers_that_training_knows(task, recorder):
    train, number = task.train.rows(np.arange(13)), recorder.num_answers
    answers = (train.questions + ([0] * 5 + [1] * 6 + [0] * 2)) % number  # by one beside what is preferred
    answers[11:] = UNKNOWN_ANSWER
    one_story = replace(train, answers=answers, stories=np.zeros(13, np.int64))
    of_right, of_wrong = (math.log(math.e + number - 1) - score for score in (1, 0))
    expected = (5 * of_right + 6 * of_wrong) / 11
    assert float(replace(task, train=one_story).loss(recorder, 1)) == pytest.approx(expected)
    measured = replace(task, validation=one_story).validate(recorder)
    assert measured == {"validation_loss": pytest.approx(expected), "accuracy": 5 / 13}


def test_every_held_out_question_is_counted_once_always_over_the_same_noise(task, recorder, make_model):
    many = replace(task, validation=task.validation.rows(np.arange(1100) % len(task.validation)))
    many.validate(recorder)
    counted = Counter(i for _, groups, _, _ in recorder.given for group in groups for i in group.questions.tolist())
    assert counted == Counter(many.validation.questions.tolist())
    noise = [drawn for *_, drawn in recorder.given]
    assert len(set(noise)) == len(noise) == 3
    many.validate(recorder)
    assert [drawn for *_, drawn in recorder.given] == noise * 2
    model = make_model()
    with torch.no_grad():
        assert task.validate(model) == task.validate(model)
        assert task.validate(model) != replace(task, seed=2).validate(model)


@pytest.mark.parametrize("kind", ["task", "features", "importance", "consecutive"])
def test_whatever_device_computes_what_is_drawn_and_counted_is_on_the_cpu(kind, make_model, request, monkeypatch):
    """The meta device stands for a GPU: it computes no values, and refuses tensors of another device (but as indices)."""
    model, is_true = make_model(), torch.Tensor.__bool__
    if kind in KINDS:
        model, kind = Masked(model, kind, Lengths(1.0, 1.44, 4.0, 4, 8)), "task"
    model, task = model.to("meta"), request.getfixturevalue(kind)
    monkeypatch.setattr(torch.Tensor, "__bool__", lambda x: x.is_meta or is_true(x))
    for check in ("_check_counts", "_check_importance"):
        monkeypatch.setattr(masks, check, lambda *arguments: None)
    assert task.loss(model, 5).is_meta


class Shifted(nn.Linear):
    """In the place of a system whose channel adds 0.5 to each entry of a feature."""

    def __init__(self):
        super().__init__(1, 1)
        self.sent, self.n0 = [], []

    def transfer(self, z, which, send):
        assert torch.equal(which, torch.arange(len(z)))
        assert send.n0.shape == (len(z), 1)
        self.sent += z.tolist()
        self.n0.append(send.n0)
        return z + 0.5


def test_the_loss_of_the_features_is_summed_over_the_width_and_each_has_an_snr_of_its_own(features):
    """[mem_deepsc eq. 10]"""
    model, width = Shifted(), features.z.shape[1]
    assert features.validate(model) == {"validation_loss": pytest.approx(width / 4)}
    assert model.sent == features.z.tolist()
    for step in range(40):
        assert float(features.loss(model, step)) == pytest.approx(width / 4)
        assert model.n0[-1].shape == (30, 1)
        assert len(model.n0[-1].unique()) == 30
    check_uniform(snrs_of(torch.cat(model.n0)))
    met = {tuple(row) for row in model.sent[len(features.z) :]}
    assert met <= {tuple(row) for row in features.z.tolist()}
    assert len(met) > 0.9 * len(features.z)


def test_the_channel_codec_learns_the_features_and_the_semantic_codec_stays(features, make_model):
    model, before = make_model(), make_model().state_dict()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    with torch.no_grad():
        first = features.validate(model)
    for step in range(30):
        optimizer.zero_grad()
        features.loss(model, step).backward()
        optimizer.step()
    with torch.no_grad():
        assert features.validate(model)["validation_loss"] < 0.7 * first["validation_loss"]
        assert features.validate(model) == features.validate(model)
    moved = {name.split(".")[0] for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert moved == {"channel_encoder", "channel_decoder"}
