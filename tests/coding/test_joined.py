"""Codes made of codes: blocks joined, and decisions before the decoder."""

import numpy as np
import pytest
import torch

from semcom_lib.coding.hard_input import HardInput
from semcom_lib.coding.joined import Joined
from semcom_lib.coding.reed_solomon import ReedSolomon
from semcom_lib.coding.turbo import TurboCode

RS, TURBO = ReedSolomon(7, 5, 3), TurboCode(40, "1/2")


def random_bits(*shape):
    return np.random.default_rng(1).integers(0, 2, shape, dtype=np.uint8)


def test_joined_blocks_are_coded_one_by_one():
    code, bits = Joined(RS, 3), random_bits(4, 45)
    assert (code.k, code.n) == (45, 63)
    coded = code.encode(bits)
    for i in range(3):
        np.testing.assert_array_equal(
            coded[:, 21 * i : 21 * (i + 1)], RS.encode(np.ascontiguousarray(bits[:, 15 * i : 15 * (i + 1)]))
        )
    llr = 2.0 * coded - 1
    llr[:, [0, 21, 42]] *= -1  # a wrong symbol in each block, as many as it corrects
    np.testing.assert_array_equal(code.decode(llr), bits)
    assert isinstance(code.encode(torch.from_numpy(bits)), torch.Tensor)


@pytest.mark.parametrize("count", [0, 1.5])
def test_no_blocks_cannot_be_joined(count):
    with pytest.raises(ValueError, match=r"count = .* must be an integer of at least 1"):
        Joined(RS, count)


class Recorder:
    k = n = 4

    def encode(self, bits):
        return bits

    def decode(self, llr):
        self.llr = llr
        return (llr > 0).astype(np.uint8)


def test_a_decoder_of_hard_input_sees_signs_and_the_blocks_error_probability():
    code = Recorder()
    llr = np.array([[4.0, -0.5, 0.0, 2.0], [1e30, -1e30, 1e30, 1e30], [0.0, 0.0, 0.0, 0.0]])
    HardInput(code).decode(llr)
    p = np.mean(1 / (1 + np.exp(np.abs(llr[0]))))
    np.testing.assert_allclose(code.llr[0], np.log((1 - p) / p) * np.array([1, -1, -1, 1]), rtol=1e-6)
    np.testing.assert_allclose(code.llr[1], np.log(1e6) * np.array([1, -1, 1, 1]), rtol=1e-5)
    np.testing.assert_array_equal(code.llr[2], 0)


def test_hard_input_costs_a_turbo_code_most_of_what_it_can_do():
    code, bits = HardInput(TURBO), random_bits(200, 40)
    assert (code.k, code.n) == (TURBO.k, TURBO.n)
    coded = code.encode(bits)
    np.testing.assert_array_equal(coded, TURBO.encode(bits))
    noisy = 2.0 * coded - 1 + 0.8 * np.random.default_rng(2).standard_normal(coded.shape)
    llr = 2 * noisy / 0.8**2
    wrong = [(c.decode(llr) != bits).mean() for c in (TURBO, code)]
    uncoded = ((llr > 0) != coded).mean()
    assert wrong[0] < wrong[1] / 3 < uncoded / 3
