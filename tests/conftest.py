"""One torch thread: the tests' models are so small that a second one costs more than it brings, much more on a busy machine."""

import hypothesis
import pytest
import torch

from semcom_lib.physical_layer.fading import Rayleigh

torch.set_num_threads(1)
hypothesis.settings.register_profile("tests", deadline=None)  # that a machine is busy is no fault of the code
hypothesis.settings.load_profile("tests")


@pytest.fixture(autouse=True)
def _one_experiment(monkeypatch):
    """As under the runner, so that a killed training may resume."""
    monkeypatch.setenv("SEMCOM_EXPERIMENT", "tests")


class RecordedRayleigh:
    """A fading law that keeps the gains that it draws for the items, which come first."""

    block_length = None

    def __init__(self):
        self.drawn = []

    def gain(self, batch, num_blocks=1, *, generator):
        h = Rayleigh().gain(batch, num_blocks, generator=generator)
        self.drawn.append(h)
        return h


@pytest.fixture
def make_recorded_law():
    """Rayleigh fading that keeps the gains that it draws."""
    return RecordedRayleigh
