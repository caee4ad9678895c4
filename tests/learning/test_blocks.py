"""Blocks and losses refuse what they would get wrong: shapes, types, words outside the vocabulary."""

import numpy as np
import pytest
import torch

from semcom_lib import seeds
from semcom_lib.learning.blocks import Attention, DecoderLayer, EncoderLayer, distance_bias, sinusoidal_positions
from semcom_lib.learning.losses import sampled_cross_entropy

X = torch.zeros(2, 3, 8)
FEATURES, WEIGHT = torch.zeros(3, 8), torch.zeros(10, 8)


def loss(features=FEATURES, targets=(0, 9, 4), weight=WEIGHT, num_negatives=5):
    generator = seeds.torch_generator(1)
    targets = torch.tensor(targets) if isinstance(targets, tuple) else targets
    return sampled_cross_entropy(features, targets, weight, num_negatives, generator=generator)


REFUSED = [
    (lambda: loss(targets=(0, -1, 4)), r"targets lie in -1\.\.4: they must be in 0\.\.9"),
    (lambda: loss(targets=(0, 10, 4)), r"targets lie in 0\.\.10: they must be in 0\.\.9"),
    (lambda: loss(targets=(0, 1)), r"targets \(2,\), .* they must be \(n, width\), \(n,\)"),
    (lambda: loss(targets=torch.zeros(3)), "targets is a torch.float32 tensor"),
    (lambda: loss(weight=torch.zeros(10, 7)), r"weight \(10, 7\): they must be"),
    (lambda: loss(features=torch.zeros(0, 8), targets=torch.zeros(0, dtype=torch.int64)), "n at least 1"),
    (lambda: loss(features=FEATURES.numpy()), "features is a numpy float32 array"),
    (lambda: loss(num_negatives=-1), "num_negatives = -1"),
    (lambda: sinusoidal_positions(4, 7), "width = 7 must be even"),
    (lambda: sinusoidal_positions(-1, 8), "num_positions = -1"),
    (lambda: distance_bias(torch.arange(3.0), 3, 2), "queries is a torch.float32 tensor"),
    (lambda: distance_bias(torch.arange(3), 3, 0), "heads = 0"),
    (lambda: Attention(8, 3), "heads = 3 must divide the width 8"),
    (lambda: Attention(8, 0), "heads = 0 must be an integer of at least 1"),
    (lambda: Attention(8, -2), "heads = -2"),
    (lambda: EncoderLayer(8, 2, 16)(X[0]), "must be a floating-point torch tensor .batch, positions, width."),
    (lambda: Attention(8, 2).project(X[..., :6]), r"memory has shape \(2, 3, 6\): its width must be 8"),
    (lambda: Attention(8, 2)(np.zeros((2, 3, 8)), None), "x is a numpy float64 array"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_bad_input_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)


def test_without_negatives_only_the_batchs_own_words_compete():
    assert float(loss(num_negatives=0)) == pytest.approx(np.log(3))


def test_what_fits_passes():
    memory = DecoderLayer(8, 2, 16).cross_attention.project(X)
    assert DecoderLayer(8, 2, 16)(X, memory)[0].shape == X.shape
    assert sinusoidal_positions(0, 8).shape == (0, 8)
