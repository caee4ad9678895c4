"""One torch thread: the tests' models are so small that a second one costs more than it brings, much more on a busy machine."""

import pytest
import torch

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _one_experiment(monkeypatch):
    """As under the runner, so that a killed training may resume."""
    monkeypatch.setenv("SEMCOM_EXPERIMENT", "tests")
