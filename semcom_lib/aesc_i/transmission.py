"""Sessions of images over a coded link, counted for :mod:`semcom_lib.evaluation`  [aesc_i Sec. IV].

A session is one bit stream. It meets one fade (slow fading), whatever its length, and equal ones in all systems; so do images, as
all systems send the same ones.
"""

from collections.abc import Sequence

import numpy as np
import torch

from semcom_lib.aesc_i.scoring import Scorer, SessionCounts
from semcom_lib.aesc_i.systems import AescI, ImageSystem
from semcom_lib.coding.bit_stream import Bits
from semcom_lib.evaluation import Counts, System
from semcom_lib.physical_layer.channels import bsc, snr_to_n0
from semcom_lib.physical_layer.fading import child_generators
from semcom_lib.physical_layer.link import Link
from semcom_lib.physical_layer.multipath import SessionFade


class Transmission:
    """A system's sessions, each over its own fade: an :data:`semcom_lib.evaluation.System` that counts with ``scorer``.

    ``link`` carries bit streams. A session that arrives without bit errors is decoded and judged once only: its images are
    always the same. The first ``shown`` images of session ``shown_session`` are kept in ``examples``, by SNR.
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
        rows = []
        noises = child_generators(generator, len(self._fades))
        for session, (fade, noise) in enumerate(zip(self._fades, noises, strict=True)):
            stream = self._system.stream(session)
            result = self._link.send([stream], fade, snr_to_n0(snr_db), generator=noise)
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
                received[span] = bsc(torch.from_numpy(stream[span]), ber, generator=generator).numpy()
            errors = {"bit_errors": int((received != stream).sum()), "bits": len(stream)}
            rows.append(scorer.counts(session, system.images(session, received)) | errors)
        return _by_name(rows)

    return run


def _by_name(rows: Sequence[SessionCounts]) -> Counts:
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}
