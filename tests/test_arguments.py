"""What is asked of arguments: right values pass in silence, others give one line with name, value and valid range."""

import math

import numpy as np
import pytest
import torch

from semcom_lib.arguments import check_fits, check_integer, check_number, check_tensor, describe

TAKEN = [
    lambda: check_integer("n", 1, 1),
    lambda: check_integer("n", np.int64(3), 1, 3),
    lambda: check_number("x", 0, "[0, 1)"),
    lambda: check_number("x", np.float32(0.5), "[0, 1)"),
    lambda: check_number("x", torch.tensor(0.5), "(0, 1]"),
    lambda: check_number("x", math.inf, "[0, inf]"),
    lambda: check_tensor("x", torch.zeros(2, 3), "floating-point", "(n, d)"),
    lambda: check_tensor("x", torch.zeros(3), "floating-point", "(..., d)"),
    lambda: check_tensor("x", torch.zeros((), dtype=torch.complex128), "complex"),
    lambda: check_tensor("x", torch.zeros(1, dtype=torch.int8), "integer", "(n,)"),
    lambda: check_tensor("x", torch.zeros(1, dtype=torch.bool), "bool"),
    lambda: check_fits("n0", torch.tensor(1.0), "x", torch.zeros(3, 4)),
    lambda: check_fits("n0", torch.zeros(3, 1), "x", torch.zeros(3, 4)),
]
REFUSED = [
    (lambda: check_integer("n", 0, 1), "n = 0 must be an integer of at least 1"),
    (lambda: check_integer("n", 4, 1, 3), r"n = 4 must be an integer in 1\.\.3"),
    (lambda: check_integer("n", 2.0, 1), "n = 2.0 must be"),
    (lambda: check_integer("n", True, 0), "n = True must be"),
    (lambda: check_integer("n", "1", 0), "n = '1' must be"),
    (lambda: check_integer("n", None, 0), "n = None must be"),
    (lambda: check_integer("n", np.ones((40, 40)), 0), r"n = \(a numpy float64 array \(40, 40\)\) must be"),
    (lambda: check_number("x", 1, "[0, 1)"), r"x = 1 must be a number in \[0, 1\)"),
    (lambda: check_number("x", 0.0, "(0, 1]"), r"x = 0.0 must be a number in \(0, 1\]"),
    (lambda: check_number("x", math.nan, "[-inf, inf]"), "x = nan must be"),
    (lambda: check_number("x", math.inf, "[0, inf)"), "x = inf must be"),
    (lambda: check_number("x", "0.5", "[0, 1)"), "x = '0.5' must be"),
    (lambda: check_number("x", 1j, "[0, 1)"), "x = 1j must be"),
    (lambda: check_number("x", torch.ones(2), "[0, 1]"), r"x = \(a torch.float32 tensor \(2,\)\) must be"),
    (lambda: check_tensor("x", np.zeros(2), "floating-point"), "x is a numpy float64 array .* floating-point torch"),
    (lambda: check_tensor("x", torch.zeros(2), "complex"), r"x is a torch.float32 tensor \(2,\): it must be a complex"),
    (lambda: check_tensor("x", torch.zeros(2), "integer"), "it must be an integer torch tensor"),
    (lambda: check_tensor("x", torch.zeros(2, dtype=torch.bool), "integer"), "it must be an integer"),
    (lambda: check_tensor("x", torch.zeros(2), "floating-point", "(n, d)"), r"torch tensor \(n, d\)"),
    (lambda: check_tensor("x", torch.zeros(2, 2), "floating-point", "(n,)"), r"torch tensor \(n,\)"),
    (lambda: check_tensor("x", torch.tensor(1.0), "floating-point", "(..., n)"), r"torch tensor \(\.\.\., n\)"),
    (lambda: check_fits("n0", torch.zeros(3), "x", torch.zeros(3, 3)), r"n0 has shape \(3,\); for x \(3, 3\) .* 2 dim"),
    (lambda: check_fits("n0", torch.zeros(3, 1), "x", torch.zeros(1, 3)), r"n0 has shape \(3, 1\)"),
]


@pytest.mark.parametrize("call", TAKEN)
def test_what_fits_passes_in_silence(call):
    assert call() is None


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_what_does_not_fit_is_named_in_one_line(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)


def test_large_arrays_are_described_and_not_printed():
    assert describe(torch.zeros(1000, 3)) == "a torch.float32 tensor (1000, 3)"
    assert describe([1] * 1000) == "of type list"
