"""Propositions by computation: the limits of eq. 15 are where the paper says, and its eq. 34 does not hold."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy import integrate, stats

from semcom_lib.ledger.reference import load_reference
from semcom_lib.mem_deepsc import propositions
from semcom_lib.mem_deepsc.lengths_figure import lengths_figure

PAPER = {"mu_max": 1.0, "sigma_m2": 1.44, "minimum": 16.0}


@pytest.fixture(scope="module")
def values():
    return propositions.statements(**PAPER).set_index("statement").value


def test_the_cases_of_eq_15_are_those_of_the_paper(values):
    assert values.case_1 == pytest.approx(1, abs=1e-8)
    assert values.case_2 == pytest.approx(1e9 * math.log1p(1 / 1.44), rel=1e-6)  # L_1 / L grows with the noise
    assert values.case_3_length == pytest.approx(math.log1p(1 / 1.44) / (300 * math.log(10)))
    assert values.case_3_capacity == pytest.approx(1)
    assert values.case_4 == pytest.approx(values.case_2, rel=1e-6)


@pytest.mark.parametrize("p", [0.001, 0.2, 0.9])
def test_the_gradients_are_those_of_eqs_26_and_28_with_the_other_sign(p):
    assert propositions.gradients(p) == pytest.approx((-p * (1 - p), -(1 - p)))


def test_the_mean_logarithm_of_a_gaussian_error_is_below_its_entropy(values):
    normal = stats.norm()
    log_error = integrate.quad(lambda e: 2 * math.log(e) * normal.pdf(e), 0, np.inf)[0]
    assert propositions.mean_log_error() == pytest.approx(log_error, abs=1e-6)
    assert propositions.gaussian_entropy() == pytest.approx(float(normal.entropy()))
    assert values.absolute_error == pytest.approx(log_error - float(normal.entropy()), abs=1e-6)


def test_every_statement_is_one_that_the_papers_file_judges_and_names(values):
    reference = load_reference("mem_deepsc")
    claims = [claim for claim in reference.claims if claim.table == "propositions.csv"]
    judged = {value for claim in claims for part in claim.of + claim.than for value in part.operand}
    assert judged == set(values.index) == set(reference.names.of("statement"))
    assert all(bool(claim.by_construction) != bool(claim.impossible) for claim in claims)


def test_the_figure_has_the_papers_noise_and_both_limits():
    plt.switch_backend("agg")
    left, right = lengths_figure(**PAPER, longest=32, caption="").axes
    ratio = {line.get_label(): np.asarray(line.get_ydata()) for line in left.lines}
    (of_paper,) = (y for label, y in ratio.items() if "paper" in label)
    assert of_paper[-1] == pytest.approx(1, abs=1e-3)
    assert all(np.all(np.diff(y) < 0) for label, y in ratio.items() if "σ_m²" in label)
    lengths = next(line for line in right.lines if line.get_label().startswith("L,"))
    at = np.interp(math.log(1.44), np.log(lengths.get_xdata()), lengths.get_ydata())
    assert at == pytest.approx(16, rel=0.02)
    plt.close("all")
