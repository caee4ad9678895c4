"""Sessions of images over a coded link or a binary symmetric channel, for :mod:`semcom_lib.evaluation`  [aesc_i Sec. IV].

A session is one bit stream and meets one fade, whatever its length.

The paper sends over "a hypothetical binary discrete channel" [aesc_i Sec. IV-A2] and calls it AWGN. Blocks of a code fail whole:
which of a stream's parts are hit depends on how its bits lie in the blocks. Three readings are measured:

    blocks     code blocks one after the other, cut without regard to where an image ends; they fail as they are
    session    a session's bits lie in its blocks at random: what a failed block spoils is all over the stream
    BSC        every bit is wrong with the same probability, whatever code there may be
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache

import numpy as np
import torch

from semcom_lib import seeds
from semcom_lib.aesc_i.scoring import Scorer, SessionCounts
from semcom_lib.aesc_i.systems import ImageSystem
from semcom_lib.coding.bit_stream import Bits
from semcom_lib.evaluation import Counts, System
from semcom_lib.physical_layer.channels import bsc, snr_to_n0
from semcom_lib.physical_layer.fading import child_generators, transmit
from semcom_lib.physical_layer.link import Frame, Link
from semcom_lib.physical_layer.multipath import SessionFade

SPREADS = ("blocks", "session")
SYMMETRIC = ("bpsk", "qpsk")  # of 16-QAM and finer ones not all bits meet equal noise when they are inverted
BLOCKS_AT_ONCE = 512  # bounds the memory of a call, whatever a session's length; even, so that symbols end with it


class SessionErrors:
    """Which bits of ``fades``' sessions are wrong behind the channel decoder: drawn once an SNR and met by all systems alike.

    A linear code over a symmetric channel errs independently of what is sent: the all-zero stream of ``num_bits`` is sent over
    ``link``, one a session, and what arrives as 1 is an error. A shorter stream meets the first of them, block by block, as if
    it had been sent itself. Only the last SNR's errors are kept: :func:`semcom_lib.evaluation.sweep` runs all systems at one.

    Raises ValueError for a modulation beyond QPSK, which is not symmetric.
    """

    def __init__(self, link: Link, fades: Sequence[SessionFade], num_bits: int):
        if link.modulation.name not in SYMMETRIC:
            raise ValueError(f"modulation {link.modulation.name} is not symmetric; it must be {' or '.join(SYMMETRIC)}")
        self._link, self._fades, self._num_bits = link, fades, num_bits
        self._drawn: tuple[float, int] | None = None
        self._patterns: list[np.ndarray] = []
        self._sent: Frame | None = None

    def __len__(self) -> int:
        """The number of sessions."""
        return len(self._fades)

    def at(self, snr_db: float, generator: torch.Generator) -> list[np.ndarray]:
        """Each session's errors at an SNR: packed bits (see numpy.unpackbits), uint8 (bytes,), num_bits padded to code blocks."""
        noises = child_generators(generator, len(self._fades))
        drawn = snr_db, noises[0].initial_seed()
        if drawn != self._drawn:
            n0 = snr_to_n0(snr_db)
            self._patterns = [self._errors(fade, n0, noise) for fade, noise in zip(self._fades, noises, strict=True)]
            self._drawn = drawn
        return self._patterns

    def _errors(self, fade: SessionFade, n0: float, noise: torch.Generator) -> np.ndarray:
        """A session's errors. Each piece has a generator of its own, so that none depends on the stream's length."""
        num_blocks = self._link.count_blocks(self._num_bits)
        starts = range(0, num_blocks, BLOCKS_AT_ONCE)
        symbols = self._link.count_channel_uses(BLOCKS_AT_ONCE * self._link.info_bits)
        pieces = []
        for piece, generator in enumerate(child_generators(noise, len(starts))):
            blocks = min(BLOCKS_AT_ONCE, num_blocks - starts[piece])
            later = SessionFade(fade.h.roll(-piece * symbols))
            frame = self._zeros(blocks)
            received = transmit(frame.x, torch.from_numpy(frame.channel_uses), later, n0, generator=generator)
            pieces += self._link.decode(frame, received).items_hat
        return np.packbits(np.concatenate(pieces))

    def _zeros(self, num_blocks: int) -> Frame:
        """The all-zero stream of so many blocks, coded and modulated; of as many as the last one, the last one."""
        if self._sent is None or len(self._sent.bits) != num_blocks:
            self._sent = self._link.encode([np.zeros(num_blocks * self._link.info_bits, np.uint8)])
        return self._sent


class Transmission:
    """A system's sessions over the link of ``errors``: an :data:`semcom_lib.evaluation.System` that counts with ``scorer``.

    ``spread`` is one of SPREADS. ``counts`` keeps what was counted at each SNR. Raises ValueError for another spread.
    """

    def __init__(self, system: ImageSystem, errors: SessionErrors, scorer: Scorer, *, spread: str = "blocks"):
        if spread not in SPREADS:
            raise ValueError(f"spread = {spread!r} must be one of {', '.join(SPREADS)}")
        self._system, self._errors, self._scorer, self._spread = system, errors, scorer, spread
        self.counts: dict[float, Counts] = {}

    def __call__(self, snr_db: float, generator: torch.Generator) -> Counts:
        """Counts (num_sessions,) each. Fades and noise do not depend on the system, nor on its spread."""
        patterns = self._errors.at(snr_db, generator)
        sessions = ((session, self._of_stream(pattern, session)) for session, pattern in enumerate(patterns))
        self.counts[snr_db] = _by_name(_judged(self._system, self._scorer, *session) for session in sessions)
        return self.counts[snr_db]

    def received(self, session: int, snr_db: float, generator: torch.Generator) -> np.ndarray:
        """The images of a session that are shown at an SNR, uint8."""
        wrong = self._of_stream(self._errors.at(snr_db, generator)[session], session)
        return self._system.images(session, self._system.stream(session) ^ wrong)

    def _of_stream(self, pattern: np.ndarray, session: int) -> Bits:
        """The errors in the order of the stream's bits, uint8 (num_bits,)."""
        num_bits = len(self._system.stream(session))
        if num_bits > 8 * len(pattern):
            raise ValueError(f"a stream of {num_bits} bits; errors were drawn for {8 * len(pattern)}")
        wrong = np.unpackbits(pattern, count=num_bits)
        if self._spread == "blocks":
            return wrong
        in_stream = np.zeros(num_bits, np.uint8)
        in_stream[_places(num_bits)[np.flatnonzero(wrong)]] = 1
        return in_stream


def without_errors(system: ImageSystem, scorer: Scorer, num_sessions: int) -> Counts:
    """Counts of sessions that arrive as they were sent: the losses of the source code alone."""
    sessions = range(num_sessions)
    sent = (np.zeros(len(system.stream(session)), np.uint8) for session in sessions)
    return _by_name(_judged(system, scorer, session, wrong) for session, wrong in zip(sessions, sent, strict=True))


def over_bsc(system: ImageSystem, scorer: Scorer, num_sessions: int) -> System:
    """Sessions of which all bits pass a binary symmetric channel: (ber, generator) -> counts (num_sessions,) each."""
    return _flipping(system, scorer, num_sessions, lambda session: [slice(0, len(system.stream(session)))])


def damaged(system: ImageSystem, scorer: Scorer, part: str, num_sessions: int) -> System:
    """As :func:`over_bsc`, of one ``part`` of ``system.spans`` alone; bits, hence the bit error rate, are that part's."""
    return _flipping(system, scorer, num_sessions, lambda session: system.spans(session)[part])


def _flipping(
    system: ImageSystem, scorer: Scorer, num_sessions: int, spans_of: Callable[[int], Sequence[slice]]
) -> System:
    def run(ber: float, generator: torch.Generator) -> Counts:
        rows = []
        for session, noise in enumerate(child_generators(generator, num_sessions)):
            wrong, bits = np.zeros(len(system.stream(session)), np.uint8), 0
            for span in spans_of(session):
                wrong[span] = bsc(torch.from_numpy(wrong[span]), ber, generator=noise).numpy()
                bits += span.stop - span.start
            rows.append(_judged(system, scorer, session, wrong) | {"bits": bits})
        return _by_name(rows)

    return run


def _judged(system: ImageSystem, scorer: Scorer, session: int, wrong: Bits) -> SessionCounts:
    """A session's counts when these bits of its stream are wrong, uint8 (num_bits,)."""
    bit_errors = int(np.count_nonzero(wrong))
    counts = (
        scorer.counts(session, system.images(session, system.stream(session) ^ wrong))
        if bit_errors
        else scorer.error_free(system, session)
    )
    return counts | {"bit_errors": bit_errors, "bits": len(wrong)}


@cache
def _places(num_bits: int) -> np.ndarray:
    """Which bit of a stream of this length lies at each place of its blocks: a fixed permutation that the receiver knows."""
    return seeds.numpy_generator(0, "aesc_i", "spread", num_bits).permutation(num_bits).astype(np.int32)


def _by_name(rows: Iterable[SessionCounts]) -> Counts:
    rows = list(rows)
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}
