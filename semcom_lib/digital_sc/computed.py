"""What follows from the paper's own numbers and formulas, without images: Table I, and how far Fig. 5's soft quantiser is off."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch

from semcom_lib.digital_sc.losses import soft_targets
from semcom_lib.digital_sc.quantiser import soft_quantise

LEVELS, SHARPNESS = (-1.5, -0.5, 0.4, 1.6), (1.0, 3.0, 10.0, 100.0)
"""The levels that Fig. 5 is drawn with, and its temperatures T."""
TEMPERATURES = {"zero": 1e-2, "one": 1.0, "ten": 10.0, "infinite": 1e6}
"""The rows of Table I; the first and the last stand for the limits 0 and infinity."""


def soft_targets_frame(logits: Mapping[str, float]) -> pd.DataFrame:
    """Table I recomputed, softmax(z / T_se) of ``logits`` by class: columns temperature, class and value."""
    z = torch.tensor([*logits.values()], dtype=torch.float64)
    return pd.DataFrame(
        [
            {"temperature": name, "class": label, "value": value}
            for name, temperature in TEMPERATURES.items()
            for label, value in zip(logits, soft_targets(z, temperature).tolist(), strict=True)
        ]
    )


def quantiser_error(levels: Sequence[float], temperature: float) -> float:
    """The mean of |Q(x; theta, T) - Q_ideal(x; theta)| between the first and the last level."""
    theta = torch.tensor(levels, dtype=torch.float64)
    x = torch.linspace(float(theta[0]), float(theta[-1]), 2001, dtype=torch.float64)
    return float((soft_quantise(x, theta, temperature) - soft_quantise(x, theta, np.inf)).abs().mean())
