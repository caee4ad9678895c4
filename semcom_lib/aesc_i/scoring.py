"""What the Monte Carlo of AESC-I counts in a session of images, and the metrics of such counts  [aesc_i Sec. IV].

images                                    all of them
recognised_<metric>, sent_<metric>        those that the metric's judge recognises as received, and as sent
ssim, squared_error, perceptual           sums over the images; of the squared error each image's mean over its pixels
bit_errors, bits                          behind the channel decoder, added by who has sent them

Decibels are no quantity to average, nor to integrate over a fading gain: PSNR is that of the mean squared error over all images.
"""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor, nn

from semcom_lib.aesc_i.systems import ImageSystem
from semcom_lib.evaluation import Counts, Metric, ratio
from semcom_lib.metrics.image import PSNR_CAP_DB, recognition_counts, ssim
from semcom_lib.metrics.image import recognition_ratio as ratio_of_recognised
from semcom_lib.sources.images import to_tensor

JUDGED = ("recognition_ratio", "recognition_ratio_m")
"""By a network that no autoencoder was trained with, and by the recognition model M of the semantic loss."""


def _recognition_ratio(metric: str) -> Metric:
    names = {"recognised": f"recognised_{metric}", "recognised_sent": f"sent_{metric}"}
    return lambda counts: ratio_of_recognised({name: counts[count] for name, count in names.items()})


def _psnr(counts: Counts) -> np.ndarray:
    """Of the mean squared error, the peak being 1, in dB; at most PSNR_CAP_DB."""
    mse = np.asarray(counts["squared_error"]) / counts["images"]
    return -10 * np.log10(np.maximum(mse, 10 ** (-PSNR_CAP_DB / 10)))


QUALITY: dict[str, Metric] = {
    **{metric: _recognition_ratio(metric) for metric in JUDGED},
    "ssim": ratio("ssim", "images"),
    "psnr": _psnr,
    "perceptual": ratio("perceptual", "images"),
}
METRICS: dict[str, Metric] = QUALITY | {"bit_error_rate": ratio("bit_errors", "bits")}
"""QUALITY is for images that no channel has met; METRICS need bits."""

SessionCounts = dict[str, float]


class Scorer:
    """Judges received images: recognition by ``judges``, ``distance(x, x_hat)``, SSIM and squared error.

    ``judges`` are classifiers, one for each metric of JUDGED; ``sessions`` are the images that were sent, uint8 (num_sessions,
    num_images, H, W[, 3]), with labels (num_sessions, num_images). Raises ValueError for other metrics, and for a judge in
    training mode.
    """

    def __init__(
        self,
        judges: Mapping[str, nn.Module],
        distance: Callable[[Tensor, Tensor], Tensor],
        sessions: np.ndarray,
        labels: np.ndarray,
    ):
        if sorted(judges) != sorted(JUDGED):
            raise ValueError(f"judges are for {', '.join(judges)}; must be for {', '.join(JUDGED)}")
        for metric, judge in judges.items():
            if judge.training:
                raise ValueError(f"the judge of {metric} is in training mode; it must be in evaluation mode")
        self._judges, self._distance = judges, distance
        self._sessions = sessions
        self._labels = torch.from_numpy(labels.astype(np.int64))  # (num_sessions, num_images)
        self._logits: dict[tuple[str, int], Tensor] = {}  # of the images as sent
        self._error_free: dict[tuple[ImageSystem, int], SessionCounts] = {}

    @torch.inference_mode()
    def counts(self, session: int, received: np.ndarray) -> SessionCounts:
        """What QUALITY needs of a session's images uint8."""
        x, x_hat = to_tensor(self._sessions[session]), to_tensor(received)
        counts: SessionCounts = {"images": len(x)}
        for metric, judge in self._judges.items():
            if (metric, session) not in self._logits:
                self._logits[metric, session] = judge(x)
            seen = recognition_counts(judge(x_hat), self._logits[metric, session], self._labels[session])
            counts[f"recognised_{metric}"] = int(seen["recognised"].sum())
            counts[f"sent_{metric}"] = int(seen["recognised_sent"].sum())
        sums = {
            "ssim": ssim(x, x_hat),
            "squared_error": (x - x_hat).double().square().mean(dim=(1, 2, 3)),
            "perceptual": self._distance(x, x_hat),
        }
        return counts | {name: float(values.double().sum()) for name, values in sums.items()}

    def error_free(self, system: ImageSystem, session: int) -> SessionCounts:
        """The counts of a system's session that arrives as it was sent; decoded and judged once, since they never change."""
        if (system, session) not in self._error_free:
            received = system.images(session, system.stream(session))
            self._error_free[system, session] = self.counts(session, received)
        return self._error_free[system, session]
