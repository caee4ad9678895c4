"""The paper's propositions by computation: the limits of eq. 15, what the proofs of the others rest on  [mem_deepsc Sec. IV].

    statements(mu_max=1.0, sigma_m2=1.44, minimum=16.0)     # a row each, for the ledger

Eq. 15 is drawn by :mod:`semcom_lib.mem_deepsc.lengths_figure`.
"""

import math

import numpy as np
import pandas as pd
import torch

from semcom_lib.mem_deepsc.lengths import length_of_codewords, log_num_codewords, required_length

RARE = 1e-6  # a probability of the right answer that is as good as none
TINY, NOTHING, HUGE = 1e-9, 1e-300, 1e9  # variances that stand for a limit; in case 3 L falls with their logarithm only


def statements(*, mu_max: float, sigma_m2: float, minimum: float) -> pd.DataFrame:
    """``statement`` and ``value``: the gradients of Prop. 1, eq. 15 where its noises vanish or grow, and eq. 34 of Prop. 4.

    ``minimum`` symbols are enough without channel noise; so many codewords are kept where the model's noise is another.
    """
    codewords = log_num_codewords(minimum, sigma_m2, mu_max)
    accuracy, cross_entropy = gradients(RARE)
    low_model, high_model = (length_of_codewords(codewords, noise, mu_max) for noise in (NOTHING, HUGE))
    by_eq_15 = required_length(low_model, 1.0, mu_max, NOTHING)
    by_eq_16 = length_of_codewords(codewords, 1.0, mu_max)
    values = {
        "gradient_of_accuracy": abs(accuracy),
        "gradient_of_cross_entropy": abs(cross_entropy),
        "case_1": required_length(minimum, TINY, mu_max, sigma_m2) / minimum,
        "case_2": required_length(minimum, HUGE, mu_max, sigma_m2) / minimum,
        "case_3_length": low_model / minimum,
        "case_3_capacity": by_eq_15 / by_eq_16,
        "case_4": high_model / minimum,
        "absolute_error": mean_log_error() - gaussian_entropy(),
    }
    return pd.DataFrame({"statement": values.keys(), "value": [float(value) for value in values.values()]})


def gradients(probability: float) -> tuple[float, float]:
    """How Prop. 1's two losses change with the right answer's logit, where it has this ``probability``  [mem_deepsc eqs. 26, 28].

    -p(a_hat) of eq. 25 and -ln p(a_hat) of eq. 27; of two answers.
    """
    found = []
    for loss in (torch.neg, lambda p: -torch.log(p)):
        logit = torch.tensor(math.log(probability / (1 - probability)), dtype=torch.float64, requires_grad=True)
        loss(torch.sigmoid(logit)).backward()
        found.append(float(logit.grad))
    return found[0], found[1]


def gaussian_entropy() -> float:
    """H of a Gaussian of variance 1, ln(2 pi e) / 2 nats."""
    return 0.5 * math.log(2 * math.pi * math.e)


def mean_log_error() -> float:
    """E ln|e| of such an error, -(gamma + ln 2) / 2."""
    return -0.5 * (float(np.euler_gamma) + math.log(2))
