"""A small network on small features for the tests of this room."""

import pytest
import torch

from semcom_lib import seeds


@pytest.fixture
def features():
    """features(*shape, purpose=...): normal numbers, the same at each call."""

    def drawn(*shape, purpose="features"):
        return torch.randn(*shape, generator=seeds.torch_generator(1, purpose))

    return drawn


@pytest.fixture
def noise():
    """noise(): a new generator with the same draws."""
    return lambda seed=1: seeds.torch_generator(seed, "noise")
