"""Speech systems as the Monte Carlo compares them: clips in, clips out, channel uses counted, each clip scored.

Clips are float32 (n, num_samples). All systems send CLIPS_AT_ONCE clips at a time, each such part with a generator of its own, so
that they meet the same gains and the same noise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from semcom_lib.deepsc_s.link import SpeechLink
from semcom_lib.deepsc_s.model import DeepScS
from semcom_lib.evaluation import Counts, Metric, System, ratio
from semcom_lib.metrics.speech import pesq, sdr, stoi
from semcom_lib.physical_layer.channels import snr_to_n0
from semcom_lib.physical_layer.coded import Coded, pilots_of
from semcom_lib.physical_layer.fading import child_generators

CLIPS_AT_ONCE = 8
SCORES = ("sdr_db", "pesq", "stoi")


def _mean(score: str) -> Metric:
    """Over the clips that have this score; NaN where none has."""

    def mean(counts: Counts) -> np.ndarray:
        scored = np.asarray(counts[f"{score}_clips"], np.float64)
        return np.divide(counts[score], scored, out=np.full(scored.shape, np.nan), where=scored > 0)[()]

    return mean


def _pooled_sdr_db(counts: Counts) -> np.ndarray:
    """Of all clips' energies together, where a lost clip weighs what its noise is."""
    return 10 * np.log10(np.asarray(counts["energy"]) / np.maximum(counts["squared_error"], 1e-12))


METRICS: dict[str, Metric] = {
    **{score: _mean(score) for score in SCORES},
    "sdr_pooled_db": _pooled_sdr_db,
    "mse": ratio("squared_error", "samples"),
    "pesq_defined": ratio("pesq_clips", "clips"),
    "stoi_defined": ratio("stoi_clips", "clips"),
}
"""Mean SDR in dB, PESQ and STOI of the clips that have them, the SDR of all clips together, the MSE in full scale squared, and the
shares that have a score."""


class SpeechSystem(Protocol):
    """A transmitter, a fading channel and a receiver for clips. Equally seeded generators give equal fades and noise."""

    @property
    def pilots(self) -> int:
        """Pilots that a clip costs beside its channel uses: those of its one gain."""
        ...

    def receive(self, clips: np.ndarray, snr_db: float, *, generator: torch.Generator) -> np.ndarray:
        """Every clip once through the channel: the received ones, of the same shape."""
        ...

    def count_channel_uses(self, clips: np.ndarray) -> np.ndarray:
        """Complex symbols of each clip, int64 (n,)."""
        ...


@dataclass(frozen=True, eq=False)
class Learned:
    """DeepSC-S, or the CNN system, over a link."""

    model: DeepScS
    link: SpeechLink

    @property
    def pilots(self) -> int:
        """As in :class:`SpeechSystem`."""
        return pilots_of(self.link.csi)

    @torch.inference_mode()
    def receive(self, clips: np.ndarray, snr_db: float, *, generator: torch.Generator) -> np.ndarray:
        """As :class:`SpeechSystem` says. Raises ValueError for a part of a frame."""
        s = torch.from_numpy(clips).to(self.model.level.device)
        return self.model(s, self.link, snr_to_n0(snr_db), generator=generator).cpu().numpy()

    def count_channel_uses(self, clips: np.ndarray) -> np.ndarray:
        """Half of ``channel_filters`` symbols a sample, int64 (n,); pilots are not counted."""
        return np.full(len(clips), self.model.sizes.num_symbols(clips.shape[1]), np.int64)


@dataclass(frozen=True, eq=False)
class Chained:
    """A coded chain whose source code takes clips; what its blocks' padding decodes to is cut off."""

    coded: Coded

    @property
    def pilots(self) -> int:
        """As in :class:`SpeechSystem`."""
        return self.coded.pilots

    def receive(self, clips: np.ndarray, snr_db: float, *, generator: torch.Generator) -> np.ndarray:
        """As :class:`SpeechSystem` says; each clip is one transmission. Raises ValueError as the source code."""
        received = self.coded.receive(list(clips), snr_db, generator=generator)
        return np.stack([clip[: clips.shape[1]] for clip in received])

    def count_channel_uses(self, clips: np.ndarray) -> np.ndarray:
        """Padding and the code's tail bits included, int64 (n,)."""
        return self.coded.count_channel_uses(list(clips))


@dataclass(frozen=True)
class Silence:
    """The floor: a receiver that hears nothing and plays nothing, whose SDR is 0 dB; PESQ and STOI have no value for it."""

    pilots: int = 0

    def receive(self, clips: np.ndarray, snr_db: float, *, generator: torch.Generator) -> np.ndarray:
        """Zeros, of the clips' shape; nothing is drawn."""
        return np.zeros_like(clips)

    def count_channel_uses(self, clips: np.ndarray) -> np.ndarray:
        """None: int64 zeros (n,)."""
        return np.zeros(len(clips), np.int64)


def receive_all(system: SpeechSystem, clips: np.ndarray, snr_db: float, *, generator: torch.Generator) -> np.ndarray:
    """Every clip once through the channel, CLIPS_AT_ONCE at a time: of the clips' shape."""
    starts = range(0, len(clips), CLIPS_AT_ONCE)
    parts = zip(starts, child_generators(generator, len(starts)), strict=True)
    return np.concatenate(
        [system.receive(clips[start : start + CLIPS_AT_ONCE], snr_db, generator=child) for start, child in parts]
    )


def score(clips: np.ndarray, received: np.ndarray, rate_hz: int, scores: Sequence[str] = SCORES) -> Counts:
    """What METRICS need of each clip, (n,) each; ``scores`` that are left out count as undefined: PESQ and STOI cost time.

    ``<score>`` is 0 where it is undefined, ``<score>_clips`` 1 where it is not.
    """
    measured = {
        "sdr_db": lambda: sdr(clips, received),
        "pesq": lambda: pesq(clips, received, rate_hz),
        "stoi": lambda: stoi(clips, received, rate_hz),
    }
    counts = {
        "squared_error": np.square(clips.astype(np.float64) - received).sum(axis=1),
        "energy": np.square(clips, dtype=np.float64).sum(axis=1),
        "samples": np.full(len(clips), clips.shape[1]),
        "clips": np.ones(len(clips)),
    }
    for name, measure in measured.items():
        values = measure() if name in scores else np.full(len(clips), np.nan)
        counts[name], counts[f"{name}_clips"] = np.nan_to_num(values, nan=0.0), np.isfinite(values).astype(np.float64)
    return counts


def counted(system: SpeechSystem, clips: np.ndarray, rate_hz: int, scores: Sequence[str] = SCORES) -> System:
    """The system for :func:`semcom_lib.evaluation.sweep`: these clips at each SNR, and the scores of each."""

    def run(snr_db: float, generator: torch.Generator) -> Counts:
        return score(clips, receive_all(system, clips, snr_db, generator=generator), rate_hz, scores)

    return run
