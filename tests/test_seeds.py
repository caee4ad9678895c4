"""Draws depend on the seed and the purpose, and on nothing else."""

import numpy as np
import pytest
import torch

from semcom_lib import seeds


def test_a_purpose_always_gives_the_same_draws():
    a, b = (torch.rand(5, generator=seeds.torch_generator(7, "train", 3)) for _ in range(2))
    assert torch.equal(a, b)
    first, second = (seeds.numpy_generator(7, "split").permutation(50).tolist() for _ in range(2))
    assert first == second


def test_another_purpose_or_seed_gives_other_draws():
    purposes = [(7, "train", 3), (7, "train", 4), (8, "train", 3), (7, "test", 3)]
    assert len({seeds.derive(*purpose) for purpose in purposes}) == 4


def test_initialising_leaves_the_global_generator_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    with seeds.initialising(1, "init"):
        inside = torch.rand(3)
    assert torch.equal(torch.rand(3), expected)
    assert not torch.equal(inside, expected)


@pytest.mark.parametrize(
    ("seed", "purpose", "message"),
    [
        (1.0, (), "seed = 1.0 must be an integer"),
        ("1", (), "seed = '1' must be"),
        (True, (), "seed = True must be"),
        (None, (), "seed = None must be"),
        (1, (np.zeros(2000),), "purpose holds a numpy float64 array"),
        (1, ("a", torch.zeros(2)), "purpose holds a torch.float32 tensor"),
    ],
)
def test_what_would_not_tell_two_purposes_apart_is_refused(seed, purpose, message):
    """The text of an array of more than 1,000 numbers leaves most of them out."""
    with pytest.raises(ValueError, match=message):
        seeds.derive(seed, *purpose)
