"""How near a received image is to the sent one: pixels (PSNR), structure (SSIM), recognition  [aesc_i Sec. IV].

Images are float tensors x, x_hat (n, C, H, W) in 0..1; a metric gives one float32 value an image, (n,). The learned distances
are in ``metrics/lpips.py``.
"""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from semcom_lib.arguments import check_tensor

PSNR_CAP_DB = 100.0
SSIM_WINDOW, SSIM_SIGMA = 11, 1.5
_SSIM_C1, _SSIM_C2 = 0.01**2, 0.03**2


def psnr(x: Tensor, x_hat: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in dB, 10 log10(1 / MSE), the peak being 1; at most PSNR_CAP_DB, which equal images have.

    Raises ValueError when the shapes differ, the images are not floating-point or hold no pixel, or x is not in 0..1.
    """
    _check(x, x_hat)
    mse = (x - x_hat).square().mean(dim=(1, 2, 3))
    return -10 * torch.log10(mse.clamp_min(10 ** (-PSNR_CAP_DB / 10)))


def ssim(x: Tensor, x_hat: Tensor) -> Tensor:
    """Structural similarity, at most 1  [Wang et al. 2004, eq. 13], the mean over channels and places.

    Statistics are weighted by a Gaussian window of 11 x 11 pixels, sigma 1.5, at all places where it fits into the image;
    K1 = 0.01, K2 = 0.03. Raises ValueError as :func:`psnr`, and when the image is smaller than the window.
    """
    _check(x, x_hat)
    if min(x.shape[2:]) < SSIM_WINDOW:
        raise ValueError(f"images of {x.shape[2]} x {x.shape[3]} pixels; SSIM needs at least {SSIM_WINDOW} a side")
    x, x_hat = x.double(), x_hat.double()  # a variance is the small difference of two means
    mean_x, mean_y = _windowed(x), _windowed(x_hat)
    var_x = _windowed(x * x) - mean_x * mean_x
    var_y = _windowed(x_hat * x_hat) - mean_y * mean_y
    covariance = _windowed(x * x_hat) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + _SSIM_C1) / (mean_x.square() + mean_y.square() + _SSIM_C1)
    structure = (2 * covariance + _SSIM_C2) / (var_x + var_y + _SSIM_C2)
    return (luminance * structure).mean(dim=(1, 2, 3)).float()


def _windowed(x: Tensor) -> Tensor:
    """The Gaussian mean of every window: float64 (n, C, H, W) -> (n, C, H - 10, W - 10)."""
    offset = torch.arange(SSIM_WINDOW, dtype=torch.float64) - SSIM_WINDOW // 2
    weight = torch.exp(-offset.square() / (2 * SSIM_SIGMA**2))
    weight = (weight / weight.sum()).to(x.device)
    n, channels, height, width = x.shape
    planes = x.reshape(n * channels, 1, height, width)
    means = F.conv2d(F.conv2d(planes, weight.view(1, 1, -1, 1)), weight.view(1, 1, 1, -1))
    return means.reshape(n, channels, height - SSIM_WINDOW + 1, width - SSIM_WINDOW + 1)


def recognition_counts(received: Tensor, originals: Tensor, labels: Tensor) -> dict[str, np.ndarray]:
    """Each image's logits (n, 10) as received and as sent, labels (n,) -> int64 (n,) each: recognised, recognised_sent, images.

    Raises ValueError for other shapes, labels that are no class, or logits that are NaN.
    """
    check_tensor("labels", labels, "integer", "(n,)")
    for name, logits in (("received", received), ("originals", originals)):
        check_tensor(name, logits, "floating-point", "(n, classes)")
        if logits.shape != originals.shape or len(logits) != len(labels) or not logits.shape[1]:
            raise ValueError(
                f"{name} has shape {tuple(logits.shape)}: it must be ({len(labels)}, classes), as the labels are many"
            )
        if bool(logits.isnan().any()):
            raise ValueError(f"{name} has NaN entries: nothing is recognised by them")
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < originals.shape[1]:
        raise ValueError(
            f"labels lie in {int(labels.min())}..{int(labels.max())}: they must be in 0..{originals.shape[1] - 1}"
        )
    right = {"recognised": received.argmax(1) == labels, "recognised_sent": originals.argmax(1) == labels}
    counts = {name: each.cpu().numpy().astype(np.int64) for name, each in right.items()}
    return counts | {"images": np.ones(len(labels), dtype=np.int64)}


def recognition_ratio(counts: Mapping[str, np.ndarray]) -> np.ndarray:
    """The semantic service SS of summed counts  [aesc_i eq. 1]: recognised as received / recognised as sent.

    NaN where not one image is recognised as sent.
    """
    sent = np.asarray(counts["recognised_sent"], dtype=np.float64)
    return np.divide(counts["recognised"], sent, out=np.full(sent.shape, np.nan), where=sent > 0)[()]


def _check(x: Tensor, x_hat: Tensor) -> None:
    for name, images in (("x", x), ("x_hat", x_hat)):
        check_tensor(name, images, "floating-point")
    if x.numel() and not (bool(x.isnan().any()) or (bool(x.min() >= 0) and bool(x.max() <= 1))):
        raise ValueError(f"x lies in {float(x.min()):g}..{float(x.max()):g}: pixels must be in 0..1")
    if x.dim() != 4 or x.shape != x_hat.shape or 0 in x.shape[1:]:
        raise ValueError(f"x is {tuple(x.shape)}, x_hat {tuple(x_hat.shape)}; both must be (n, C, H, W) and alike")
