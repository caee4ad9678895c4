"""The semantic learning loss: recognise the image, and mean by it what the ideal network means  [digital_sc Sec. III-C].

    L_se = lambda F_CE(c, c_hat) + (1 - lambda) F_se(z_ideal, z_hat; T_se)
    F_se = T_se^2 sum_j I_j(z_ideal) log(I_j(z_ideal) / I_j(z_hat)),  I(z) = softmax(z / T_se)

Differs from the paper:
* Eq. 20 has a minus sign before the sum: minimised as printed, it would drive the two distributions apart.
* Eq. 17's cross-entropy sums over (1 - c) log(1 - c_hat) as well, that of independent classes; behind a softmax we take -log c_hat
  of the true class, as its name says.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from semcom_lib.arguments import check_number, check_tensor


def soft_targets(logits: Tensor, temperature: float) -> Tensor:
    """I(z; T_se), softmax(z / T_se)  [digital_sc eq. 19]: (..., num_classes) -> the same shape; T_se = inf is uniform.

    Raises ValueError for a temperature that is not above 0.
    """
    check_tensor("logits", logits, "floating-point", "(..., num_classes)")
    check_number("temperature", temperature, "(0, inf]")
    return torch.softmax(logits / temperature, dim=-1)


def semantic_gap(ideal: Tensor, logits: Tensor, temperature: float) -> Tensor:
    """F_se  [digital_sc eq. 20]: T_se^2 times the divergence of logits (n, num_classes) from the ideal ones, the mean over n.

    Gradients do not reach ``ideal``. Raises ValueError for unequal shapes, or a temperature that is not finite and above 0.
    """
    check_tensor("logits", logits, "floating-point", "(n, num_classes)")
    check_number("temperature", temperature, "(0, inf)")
    if ideal.shape != logits.shape:
        raise ValueError(f"ideal has shape {tuple(ideal.shape)}: it must be that of logits, {tuple(logits.shape)}")
    meant = F.log_softmax(ideal.detach() / temperature, dim=1)
    understood = F.log_softmax(logits / temperature, dim=1)
    return temperature**2 * F.kl_div(understood, meant, reduction="batchmean", log_target=True)


def semantic_learning_loss(
    logits: Tensor, labels: Tensor, ideal: Tensor, *, ce_weight: float, temperature: float
) -> Tensor:
    """L_se  [digital_sc eq. 17] of logits (n, num_classes) in nats, the mean over n; ``ce_weight`` is lambda in [0, 1].

    labels (n,), ``ideal`` (n, num_classes) the ideal network's logits. Raises ValueError for another lambda, and as
    :func:`semantic_gap`.
    """
    check_number("ce_weight", ce_weight, "[0, 1]")
    gap = semantic_gap(ideal, logits, temperature)
    return ce_weight * F.cross_entropy(logits, labels) + (1 - ce_weight) * gap
