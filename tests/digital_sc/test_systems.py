"""Systems recognise the same images over the same noise, are counted by label, and choose their split by the policy."""

import math

import numpy as np
import pytest
import torch

from semcom_lib import seeds
from semcom_lib.digital_sc import recognition as module
from semcom_lib.digital_sc.analog import AnalogBlock
from semcom_lib.digital_sc.bottleneck import DigitalBlock
from semcom_lib.digital_sc.policy import PolicyNetwork
from semcom_lib.digital_sc.recognition import Guessing, Ideal, accuracy, accuracy_of, count_right, counted, recognised
from semcom_lib.digital_sc.split import SplitClassifier
from semcom_lib.digital_sc.systems import Learned, WithPolicy, over_ber, over_snr
from semcom_lib.evaluation import sweep
from semcom_lib.sources.images import to_tensor


class Recorded:
    """A recogniser that keeps the qualities it is asked for."""

    def __init__(self):
        self.qualities = []

    def recognise(self, x, quality, *, generator):
        self.qualities.append(quality)
        return torch.zeros(len(x), dtype=torch.int64)


def test_a_split_falls_from_the_ideal_accuracy_to_the_floor(trained):
    images, labels = trained.test
    shown = {
        "split": Learned(trained.split),
        "ideal": Ideal(trained.ideal),
        "floor": Guessing.most_frequent(trained.train[1]),
    }
    swept = sweep(
        {name: counted(system, images, labels, 10) for name, system in shown.items()},
        [0.0, 0.01, 0.5],
        {"accuracy": accuracy},
        along="ber",
        seed=1,
        stage="tests",
    ).table
    value = {(row.system, row.ber): row.value for row in swept.itertuples()}
    assert value["ideal", 0.5] == value["ideal", 0.0] == pytest.approx(trained.histories["ideal"][-1]["accuracy"])
    assert value["floor", 0.0] == 0.1
    assert value["split", 0.0] > 0.6
    assert abs(value["split", 0.01] - value["split", 0.0]) < 0.1
    assert value["split", 0.5] < 0.5
    assert set(swept.trials) == {200}


def test_labels_are_those_of_the_logits_in_the_images_order(trained, monkeypatch):
    images, _ = trained.test
    with torch.inference_mode():
        expected = trained.split(to_tensor(images), 0.0, generator=seeds.torch_generator(1)).argmax(dim=1)
    monkeypatch.setattr(module, "RECOGNISED_AT_ONCE", 30)
    guessed = recognised(Learned(trained.split), images, 0.0, generator=seeds.torch_generator(1))
    assert guessed.tolist() == expected.tolist()


def test_systems_of_other_sizes_meet_the_same_noise_in_every_part(trained, monkeypatch):
    """The second part's draws do not depend on what the first one's took."""
    monkeypatch.setattr(module, "RECOGNISED_AT_ONCE", 30)
    states = {}

    class Drawing(Recorded):
        def __init__(self, name, count):
            self.name, self.count = name, count

        def recognise(self, x, quality, *, generator):
            states.setdefault(self.name, []).append(generator.initial_seed())
            torch.rand(self.count, generator=generator)
            return torch.zeros(len(x), dtype=torch.int64)

    for name, count in (("few", 3), ("many", 1000)):
        recognised(Drawing(name, count), trained.test[0], 0.1, generator=seeds.torch_generator(1))
    assert states["few"] == states["many"]
    assert len(set(states["few"])) == 7


@pytest.fixture
def chosen(trained):
    """A system of two splits with a policy that wants both, and each image's choice at BER 0.1."""
    with seeds.initialising(1, "policy"):
        policy = PolicyNetwork(2, 8).eval()
    x = to_tensor(trained.test[0])
    with torch.no_grad():
        policy.linear.weight.mul_(20)
        policy.linear.bias -= policy(x, torch.full((len(x),), 0.1)).log().mean(dim=0)
    early = SplitClassifier(trained.ideal, 1, DigitalBlock(16, 2).eval())
    early.start(x)
    return WithPolicy((early, trained.split), policy), policy.choose(x, 0.1)


def test_with_a_policy_each_image_is_received_as_over_its_own_split(trained, chosen):
    system, choice = chosen
    alone = [
        recognised(Learned(model), trained.test[0], 0.1, generator=seeds.torch_generator(1)) for model in system.models
    ]
    together = recognised(system, trained.test[0], 0.1, generator=seeds.torch_generator(1))
    assert {*choice.tolist()} == {0, 1}
    assert (alone[0] != alone[1]).any()
    assert together.tolist() == np.where(choice.numpy() == 0, *alone).tolist()


def test_what_the_device_cannot_afford_is_not_chosen(trained, chosen):
    system, _ = chosen
    limited = WithPolicy(system.models, system.policy, affordable=1)
    first = recognised(Learned(system.models[0]), trained.test[0], 0.1, generator=seeds.torch_generator(1))
    assert recognised(limited, trained.test[0], 0.1, generator=seeds.torch_generator(1)).tolist() == first.tolist()


def test_axes_are_converted_by_the_error_rate_of_uncoded_qpsk(trained):
    by_snr, by_ber = Recorded(), Recorded()
    for snr_db in (-2.0, 6.0, 7.33):
        recognised(over_snr(by_snr), trained.test[0], snr_db, generator=seeds.torch_generator(1))
    expected = [0.5 * math.erfc(math.sqrt(10 ** (snr_db / 10) / 2)) for snr_db in (-2.0, 6.0, 7.33)]
    assert by_snr.qualities == pytest.approx(expected)
    assert by_snr.qualities[2] == pytest.approx(0.01, rel=0.005)
    for ber in (0.0, *expected):
        recognised(over_ber(by_ber), trained.test[0], ber, generator=seeds.torch_generator(1))
    assert by_ber.qualities == pytest.approx([math.inf, -2.0, 6.0, 7.33])


def test_an_analog_split_is_measured_over_snr(trained):
    model = SplitClassifier(trained.ideal, 2, AnalogBlock(32).eval())
    model.start(to_tensor(trained.test[0]))
    right = [
        np.mean(
            recognised(Learned(model), trained.test[0], snr_db, generator=seeds.torch_generator(1)) == trained.test[1]
        )
        for snr_db in (-20.0, 30.0)
    ]
    assert right[0] < 0.6 < 0.7 < right[1]


def test_counts_are_by_label():
    counts = count_right(np.array([0, 1, 1, 0]), np.array([0, 0, 1, 2]), 3)
    sums = {name: count.sum() for name, count in counts.items()}
    assert sums == {"images_0": 2, "right_0": 1, "images_1": 1, "right_1": 1, "images_2": 1, "right_2": 0}
    assert accuracy(sums) == 0.5
    assert [float(accuracy_of(label)(sums)) for label in range(3)] == [0.5, 1.0, 0.0]
    assert math.isnan(float(accuracy_of(0)({"images_0": 0.0, "right_0": 0.0})))


def test_what_does_not_fit_is_refused(trained, chosen):
    with pytest.raises(ValueError, match=r"guessed has 2 labels: it must have one for each of 3 images"):
        count_right(np.zeros(2, int), np.zeros(3, int), 3)
    with pytest.raises(ValueError, match=r"the largest label = 3 must be an integer in 0..2"):
        count_right(np.zeros(2, int), np.array([0, 3]), 3)
    with pytest.raises(ValueError, match=r"models are 1: the policy chooses among 2"):
        WithPolicy(chosen[0].models[:1], chosen[0].policy)
