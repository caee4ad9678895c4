"""What text transceivers learn: random by the step alone, SNRs in their range, every held-out word counted once."""

import math
from dataclasses import replace

import torch

from semcom_lib.l_deepsc.task import TransceiverTask
from semcom_lib.sources.text import LengthBuckets

SENTENCES = [[4, 5, 6, 7]] * 300 + [[5, 6, 7, 8, 9]] * 2


class Recorder(torch.nn.Module):
    """In the place of a transceiver: remembers what it is given; its loss is the number of words a sentence."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.given = []

    def loss(self, ids, channel, n0, *, num_negatives, generator):
        self.given.append((ids, n0, num_negatives, float(torch.rand((), generator=generator))))
        return self.weight + ids.shape[1]


def make_task(**more):
    settings = {"snr_low_db": 3.0, "snr_high_db": 9.0, "num_negatives": 7} | more
    return TransceiverTask(LengthBuckets(SENTENCES, 40), SENTENCES, None, 1, ("test",), **settings)


def drawn(task, step):
    model = Recorder()
    task.loss(model, step)
    return model.given[0]


def test_a_step_is_the_same_step_again_and_another_for_another_step_seed_or_purpose():
    task = make_task()
    ids, n0, num_negatives, noise = drawn(task, 5)
    again = drawn(task, 5)
    assert torch.equal(ids, again[0])
    assert torch.equal(n0, again[1])
    assert noise == again[3]
    assert num_negatives == 7
    for other in (drawn(task, 6), drawn(replace(task, seed=2), 5), drawn(replace(task, purpose=("other",)), 5)):
        assert other[3] != noise


def test_snrs_are_uniform_in_their_range_one_a_sentence_or_one_a_batch():
    each = torch.cat([drawn(make_task(), step)[1].flatten() for step in range(200)])
    snrs_db = -10 * each.log10()
    assert snrs_db.min() >= 3.0 - 1e-4
    assert snrs_db.max() <= 9.0 + 1e-4
    mean, standard_error = 6.0, 6 / math.sqrt(12 * len(each))
    assert abs(float(snrs_db.mean()) - mean) < 4 * standard_error
    ids, n0, *_ = drawn(make_task(one_snr_a_batch=True), 1)
    assert n0.shape == (len(ids), 1)
    assert (n0 == n0[0]).all()
    ids, n0, *_ = drawn(make_task(), 1)
    assert n0.shape == (len(ids), 1)
    assert len(n0.unique()) == len(ids)


def test_validation_counts_every_word_once_with_the_full_softmax():
    model = Recorder()
    assert make_task().validate(model) == {"validation_loss": (300 * 4 * 4 + 2 * 5 * 5) / (300 * 4 + 2 * 5)}
    assert sum(len(ids) for ids, *_ in model.given) == len(SENTENCES)
    assert all(num_negatives is None for _, _, num_negatives, _ in model.given)


def test_zero_negatives_mean_the_full_softmax_in_training():
    assert drawn(make_task(num_negatives=0), 1)[2] is None
