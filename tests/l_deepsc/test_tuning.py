"""Fine-tuning: a killed run goes on as if it had not been, pruned weights stay at zero, coarse ones end on their grid."""

from dataclasses import replace
from functools import cache

import pytest
import torch

from semcom_lib import paths, seeds
from semcom_lib.compression.pruning import magnitude_masks
from semcom_lib.l_deepsc.compressed import Compressed
from semcom_lib.l_deepsc.task import TransceiverTask
from semcom_lib.l_deepsc.transceiver import DeepSC, DeepSCSizes
from semcom_lib.l_deepsc.tuning import measure_sensitivity, prune_and_tune, quantise_and_tune, tune
from semcom_lib.learning.training import Plan
from semcom_lib.physical_layer import channels
from semcom_lib.sources.text import LengthBuckets

SIZES = DeepSCSizes(width=16, heads=2, layers=1, feed_forward=16, channel_encoder=16, channel_decoder=16)
SENTENCES = [[4, 5, 6, 7], [8, 9, 10, 11], [12, 13, 14, 15, 16], [17, 4, 9, 12, 5]]
PLAN = Plan(steps=6, learning_rate=0.01, validate_every=3, checkpoint_every=2)
TASK = TransceiverTask(
    LengthBuckets(SENTENCES, 12), SENTENCES, channels.awgn, 1, ("tests", "tuning"), snr_low_db=0.0, snr_high_db=9.0
)


@pytest.fixture(autouse=True)
def checkpoints(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "CHECKPOINTS", tmp_path)
    return tmp_path


def untrained():
    with seeds.initialising(1, "tuning"):
        return DeepSC(20, SIZES)


@cache
def sensitivity():
    return measure_sensitivity(untrained(), TASK, 2, 0.1)


def pruned(sparsity, model=None):
    return prune_and_tune(model or untrained(), TASK, PLAN, sparsity=sparsity, sensitivity=sensitivity())


def test_without_a_sensitivity_one_threshold_prunes_all_matrices():
    model = untrained()
    expected = magnitude_masks(model, 0.6)
    compressed, _ = prune_and_tune(model, TASK, PLAN, sparsity=0.6)
    assert all(torch.equal(mask, expected[name]) for name, mask in compressed.masks.items())
    by_rule = pruned(0.6)[0].masks
    assert any(not torch.equal(mask, expected[name]) for name, mask in by_rule.items())


class Killed(Exception):
    """What ends a run from outside."""


class KilledAt:
    """A task that is killed as it comes to a step, and keeps a list of the steps that it was asked for."""

    purpose = TASK.purpose
    validate = TASK.validate

    def __init__(self, step=None):
        self.step, self.asked = step, []

    def loss(self, model, step):
        self.asked.append(step)
        if step == self.step:
            raise Killed
        return TASK.loss(model, step)


def test_a_killed_run_goes_on_from_its_last_checkpoint_and_ends_in_the_same_weights(checkpoints):
    whole, interrupted = untrained(), untrained()
    expected = tune(whole, TASK, PLAN, name="some")
    with pytest.raises(Killed):
        tune(interrupted, KilledAt(5), PLAN, name="some")
    assert (checkpoints / "resume" / "tests_tuning_some.pt").is_file()
    resumed, again = untrained(), KilledAt()
    assert tune(resumed, again, PLAN, name="some") == expected
    assert again.asked == [5, 6]
    assert all(torch.equal(tensor, whole.state_dict()[name]) for name, tensor in resumed.state_dict().items())
    assert not list((checkpoints / "resume").iterdir())


def test_runs_of_other_names_do_not_go_on_in_each_others_place():
    with pytest.raises(Killed):
        tune(untrained(), KilledAt(5), PLAN, name="some")
    other = KilledAt()
    tune(untrained(), other, PLAN, name="other")
    assert other.asked == [1, 2, 3, 4, 5, 6]


def test_pruned_weights_are_at_zero_after_tuning_and_the_kept_ones_have_moved():
    before = dict(untrained().named_parameters())
    compressed, history = pruned(0.6)
    assert [row["step"] for row in history] == [3, 6]
    assert compressed.sparsity == 0.6
    weights = {name: weight for name, weight in compressed.model.named_parameters() if name in compressed.masks}
    total, kept = sum(w.numel() for w in weights.values()), sum(int(m.sum()) for m in compressed.masks.values())
    assert kept == total - round(0.6 * total)
    for name, weight in weights.items():
        mask = compressed.masks[name]
        assert (weight[~mask] == 0).all(), name
        if mask.any():
            assert not torch.equal(weight[mask], before[name][mask]), name


def test_what_was_pruned_once_stays_pruned_in_the_next_of_the_chain():
    first, _ = pruned(0.3)
    masks = first.masks
    second, _ = pruned(0.6, first.model)
    assert all(not (mask & ~masks[name]).any() for name, mask in second.masks.items())


def test_a_run_killed_while_pruned_goes_on_with_its_zeros():
    expected, _ = pruned(0.6)
    arguments = {"sparsity": 0.6, "sensitivity": sensitivity()}
    with pytest.raises(Killed):
        prune_and_tune(untrained(), KilledAt(4), PLAN, **arguments)
    again = KilledAt()
    resumed, _ = prune_and_tune(untrained(), again, PLAN, **arguments)
    assert again.asked == [3, 4, 5, 6]
    state = expected.model.state_dict()
    assert all(torch.equal(tensor, state[name]) for name, tensor in resumed.model.state_dict().items())


def test_coarse_weights_end_on_their_grid_and_pruned_ones_at_zero():
    start, _ = pruned(0.5)
    masks = start.masks
    start = replace(start, sensitivity=sensitivity())
    compressed, history = quantise_and_tune(start, TASK, PLAN, bits=2)
    assert (compressed.bits, compressed.sparsity, compressed.sensitivity) == (2, 0.5, None)
    assert len(history) == 2
    weights = dict(compressed.model.named_parameters())
    assert weights.keys() == dict(untrained().named_parameters()).keys()
    for name, mask in masks.items():
        assert (weights[name][~mask] == 0).all(), name
        assert len(weights[name][mask].unique()) <= 4, name


def test_sparsity_and_bits_give_each_run_its_own_name(checkpoints):
    start = Compressed(untrained(), magnitude_masks(untrained(), 0.0), 0.0)
    with pytest.raises(Killed):
        quantise_and_tune(start, KilledAt(4), PLAN, bits=2)
    with pytest.raises(Killed):
        prune_and_tune(untrained(), KilledAt(4), PLAN, sparsity=0.5, sensitivity=sensitivity())
    names = sorted(path.name for path in (checkpoints / "resume").iterdir())
    assert names == ["tests_tuning_pruned_0.5.pt", "tests_tuning_pruned_0_bits_2.pt"]


def test_sensitivity_is_measured_on_batches_that_no_training_step_draws():
    task = KilledAt()
    measure_sensitivity(untrained(), task, 3, 0.0)
    assert task.asked == [-1, -2, -3]
