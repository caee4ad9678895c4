"""Sessions of images over a coded link, and what the Monte Carlo of AESC-I counts  [aesc_i Sec. IV].

A session is one bit stream: of AESC-I the decoder and the latents of its images, of JPEG the images' scans, of direct
transmission their pixels. It meets one fade (slow fading), whatever its length, and equal ones in all systems; so do images, as
all systems send the same ones. Streams are cut into code blocks without regard to where an image ends.

The receiver knows the number of images and, as JPEG's header, the lengths of JPEG's scans: all that comes is error-tolerant.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from semcom_lib.aesc_i.autoencoders import Autoencoder
from semcom_lib.aesc_i.splicing import Bits, SplicingRule
from semcom_lib.coding.jpeg import Jpeg
from semcom_lib.evaluation import Counts, Metric, System, ratio
from semcom_lib.metrics.image import psnr, recognition_counts, recognition_ratio, ssim
from semcom_lib.physical_layer import channels
from semcom_lib.physical_layer.link import Link
from semcom_lib.physical_layer.multipath import SessionFade
from semcom_lib.sources.images import to_tensor, to_uint8

METRICS: dict[str, Metric] = {
    "recognition_ratio": recognition_ratio,
    "ssim": ratio("ssim", "images"),
    "psnr": ratio("psnr_db", "images"),
    "perceptual": ratio("perceptual", "images"),
    "bit_error_rate": ratio("bit_errors", "bits"),
}
"""What becomes of a session's counts: images, those recognised as received and as sent; sums over the images of SSIM, PSNR in dB
and perceptual distance; wrong bits behind the channel decoder, all bits."""

SessionCounts = dict[str, float]


class StreamBits:
    """The source code of what is a bit stream already, for :class:`semcom_lib.physical_layer.link.Link`."""

    def encode(self, item: Bits) -> Bits:
        """The stream itself."""
        return item

    def decode(self, bits: Bits) -> Bits:
        """What came, padding included."""
        return bits


class ImageSystem(Protocol):
    """How sessions of images become streams and come back; ``images`` never raises for a stream of the right length."""

    def stream(self, session: int) -> Bits:
        """The bits of a session."""
        ...

    def images(self, session: int, stream: Bits) -> np.ndarray:
        """The session's images, uint8, of bits with any errors."""
        ...


class AescI:
    """Decoder and latents, spliced. ``sessions`` are images uint8 (num_sessions, num_images, H, W[, 3])."""

    def __init__(self, model: Autoencoder, bits: int, sessions: np.ndarray):
        self.model, self.sessions = model, sessions
        self.rule = SplicingRule.of(model.decoder, model.latent_shape, bits)

    @torch.inference_mode()
    def stream(self, session: int) -> Bits:
        """X = SR(l, beta)  [aesc_i eq. 2]."""
        latents = self.model.encode(to_tensor(self.sessions[session]))
        return self.rule.join(self.model.decoder.state_dict(), latents)

    @torch.inference_mode()
    def images(self, session: int, stream: Bits) -> np.ndarray:
        """The received latents through the received decoder  [aesc_i eqs. 6, 7]."""
        state, latents = self.rule.split(stream)
        return to_uint8(self.model.received_decoder(state)(latents))


class JpegImages:
    """The scans of all images, one after the other; their lengths are known to the receiver."""

    def __init__(self, code: Jpeg, sessions: np.ndarray):
        self.code = code
        self._scans = [[code.encode(image) for image in images] for images in sessions]

    def stream(self, session: int) -> Bits:
        """The scans' bits."""
        return np.concatenate(self._scans[session])

    def images(self, session: int, stream: Bits) -> np.ndarray:
        """Each image of its own piece of the stream."""
        ends = np.cumsum([len(scan) for scan in self._scans[session]])
        return np.stack([self.code.decode(scan) for scan in np.split(stream, ends[:-1])])


class DirectImages:
    """Pixels of 8 bits, "no processing at the source, except quantization and LDPC coding"  [aesc_i Sec. IV-A2]."""

    def __init__(self, sessions: np.ndarray):
        self._sessions = sessions

    def stream(self, session: int) -> Bits:
        """The pixels' bits."""
        return np.unpackbits(self._sessions[session].ravel())

    def images(self, session: int, stream: Bits) -> np.ndarray:
        """The pixels again."""
        return np.packbits(stream).reshape(self._sessions[session].shape)


class Scorer:
    """Judges received images: recognition by ``classifier``, ``distance(x, x_hat)``, SSIM and PSNR."""

    def __init__(
        self,
        classifier: nn.Module,
        distance: Callable[[Tensor, Tensor], Tensor],
        sessions: np.ndarray,
        labels: np.ndarray,
    ):
        self._classifier, self._distance = classifier, distance
        self._x = [to_tensor(images) for images in sessions]
        self._labels = torch.from_numpy(labels.astype(np.int64))  # (num_sessions, num_images)
        with torch.inference_mode():
            self._logits = [classifier(x) for x in self._x]

    @torch.inference_mode()
    def counts(self, session: int, received: np.ndarray) -> SessionCounts:
        """What METRICS needs of a session's images uint8."""
        x, x_hat = self._x[session], to_tensor(received)
        recognised = recognition_counts(self._classifier(x_hat), self._logits[session], self._labels[session])
        distances = {"ssim": ssim, "psnr_db": psnr, "perceptual": self._distance}
        sums = {name: float(metric(x, x_hat).double().sum()) for name, metric in distances.items()}
        return {name: int(count.sum()) for name, count in recognised.items()} | sums


class Transmission:
    """A system's sessions, each over its own fade: an :data:`semcom_lib.evaluation.System` that counts with ``scorer``.

    A session that arrives without bit errors is decoded and judged once only: its images are always the same. The first
    ``shown`` images of session ``shown_session`` are kept in ``examples``, by SNR.
    """

    def __init__(
        self,
        system: ImageSystem,
        link: Link,
        fades: Sequence[SessionFade],
        scorer: Scorer,
        *,
        shown_session: int = 0,
        shown: int = 0,
    ):
        self._system, self._link, self._fades, self._scorer = system, link, fades, scorer
        self._shown_session, self._shown = shown_session, shown
        self._error_free: dict[int, tuple[np.ndarray, SessionCounts]] = {}
        self.examples: dict[float, np.ndarray] = {}

    def __call__(self, snr_db: float, generator: torch.Generator) -> Counts:
        """Counts (num_sessions,) each. Each session's noise has a generator of its own, which does not depend on the system."""
        seeds_of_noise = torch.randint(2**62, (len(self._fades),), generator=generator).tolist()
        rows = []
        for session, (fade, seed) in enumerate(zip(self._fades, seeds_of_noise, strict=True)):
            stream = self._system.stream(session)
            n0, noise = channels.snr_to_n0(snr_db), torch.Generator().manual_seed(seed)
            result = self._link.send([stream], fade, n0, generator=noise)
            errors = int(result.bit_errors[0])
            received, counts = self._judged(session, result.items_hat[0][: len(stream)], errors)
            rows.append(counts | {"bit_errors": errors, "bits": len(stream)})
            if session == self._shown_session:
                self.examples[snr_db] = received[: self._shown]
        return _by_name(rows)

    def _judged(self, session: int, stream: Bits, errors: int) -> tuple[np.ndarray, SessionCounts]:
        if errors == 0 and session in self._error_free:
            return self._error_free[session]
        received = self._system.images(session, stream)
        judged = received, self._scorer.counts(session, received)
        if errors == 0:
            self._error_free[session] = judged
        return judged


def without_errors(system: ImageSystem, scorer: Scorer, num_sessions: int) -> Counts:
    """Counts of sessions that arrive as they were sent: the losses of the source code alone."""
    rows = []
    for session in range(num_sessions):
        stream = system.stream(session)
        rows.append(scorer.counts(session, system.images(session, stream)) | {"bit_errors": 0, "bits": len(stream)})
    return _by_name(rows)


def damaged(system: AescI, scorer: Scorer, part: str, *, num_sessions: int) -> System:
    """Sessions whose ``part`` ("decoder" or "latents") alone passes a binary symmetric channel: (ber, generator) -> counts."""

    def run(ber: float, generator: torch.Generator) -> Counts:
        rows = []
        for session in range(num_sessions):
            stream = system.stream(session)
            received = stream.copy()
            for span in system.rule.spans(len(system.sessions[session]))[part]:
                received[span] = channels.bsc(torch.from_numpy(stream[span]), ber, generator=generator).numpy()
            errors = {"bit_errors": int((received != stream).sum()), "bits": len(stream)}
            rows.append(scorer.counts(session, system.images(session, received)) | errors)
        return _by_name(rows)

    return run


def _by_name(rows: Sequence[SessionCounts]) -> Counts:
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}
