"""A trained DeepSC-S as released files, and back  (:mod:`semcom_lib.pretrained`)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from semcom_lib.compression.packing import pack, unpack
from semcom_lib.compression.uniform_quantiser import FULL_BITS
from semcom_lib.deepsc_s.link import SpeechLink
from semcom_lib.deepsc_s.model import DeepScS, SpeechSizes
from semcom_lib.deepsc_s.systems import Learned
from semcom_lib.physical_layer.fading import Rician
from semcom_lib.sources.recordings import checked_sound, resample

MODEL = "model.pack"


def packed(model: DeepScS, *, rate_hz: int, k_factor: float) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The files and settings of a release: float32 weights, for speech at ``rate_hz`` over Rician fading of ``k_factor``."""
    files = {MODEL: pack(model.state_dict(), FULL_BITS, {})}
    return files, {"sizes": asdict(model.sizes), "rate_hz": rate_hz, "k_factor": k_factor}


@dataclass(frozen=True, eq=False)
class Released:
    """A trained system and the rate of the speech that it is for."""

    system: Learned
    rate_hz: int

    def receive(self, samples: np.ndarray, rate_hz: int, snr_db: float, *, generator: torch.Generator) -> np.ndarray:
        """What the listener hears of a recording (num_samples,) at ``rate_hz``, sent over one gain at ``snr_db``.

        Float32 at the system's own rate; recordings of another are resampled first. Raises ValueError, one line, for what is no
        sound (NaN, zeros, clipped, beyond full scale) and for an unknown rate.
        """
        sound = resample(checked_sound(samples, "samples"), rate_hz, self.rate_hz)
        rest = -len(sound) % self.system.model.sizes.frame_length
        return self.system.receive(np.pad(sound, (0, rest))[None], snr_db, generator=generator)[0, : len(sound)]


def load(files: Mapping[str, bytes], settings: Mapping[str, Any]) -> Released:
    """The system of :func:`packed`, in evaluation mode, over the Rician fading that it is released for."""
    with torch.random.fork_rng(devices=[]):  # what the layers draw at first is overwritten, and nobody's business
        model = DeepScS(SpeechSizes(**settings["sizes"]))
    model.load_state_dict(unpack(files[MODEL]).state)
    return Released(Learned(model.eval(), SpeechLink(Rician(settings["k_factor"]))), settings["rate_hz"])
