"""What the Monte Carlo of AESC-I counts in a session of images, and the metrics of such counts  [aesc_i Sec. IV].

recognised, recognised_sent, images    images recognised as received and as sent, and all of them
ssim, psnr_db, perceptual              sums over the images
bit_errors, bits                       behind the channel decoder, added by who has sent them
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from semcom_lib.evaluation import Metric, ratio
from semcom_lib.metrics.image import psnr, recognition_counts, recognition_ratio, ssim
from semcom_lib.sources.images import to_tensor

METRICS: dict[str, Metric] = {
    "recognition_ratio": recognition_ratio,
    "ssim": ratio("ssim", "images"),
    "psnr": ratio("psnr_db", "images"),
    "perceptual": ratio("perceptual", "images"),
    "bit_error_rate": ratio("bit_errors", "bits"),
}

SessionCounts = dict[str, float]


class Scorer:
    """Judges received images: recognition by ``classifier``, ``distance(x, x_hat)``, SSIM and PSNR.

    ``sessions`` are the images that were sent, uint8 (num_sessions, num_images, H, W[, 3]), with labels (num_sessions,
    num_images). Raises ValueError for a classifier in training mode.
    """

    def __init__(
        self,
        classifier: nn.Module,
        distance: Callable[[Tensor, Tensor], Tensor],
        sessions: np.ndarray,
        labels: np.ndarray,
    ):
        if classifier.training:
            raise ValueError("classifier is in training mode; it must be in evaluation mode, or batches would matter")
        self._classifier, self._distance = classifier, distance
        self._x = [to_tensor(images) for images in sessions]
        self._labels = torch.from_numpy(labels.astype(np.int64))  # (num_sessions, num_images)
        with torch.inference_mode():
            self._logits = [classifier(x) for x in self._x]

    @torch.inference_mode()
    def counts(self, session: int, received: np.ndarray) -> SessionCounts:
        """What METRICS needs of a session's images uint8, except the bits."""
        x, x_hat = self._x[session], to_tensor(received)
        recognised = recognition_counts(self._classifier(x_hat), self._logits[session], self._labels[session])
        distances = {"ssim": ssim, "psnr_db": psnr, "perceptual": self._distance}
        sums = {name: float(metric(x, x_hat).double().sum()) for name, metric in distances.items()}
        return {name: int(count.sum()) for name, count in recognised.items()} | sums
