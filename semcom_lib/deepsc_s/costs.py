"""What a clip costs each speech system: bits, channel uses, and how many of these are the code's tail or padding."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from semcom_lib.coding.turbo import NUM_TAIL_BITS, TurboCode
from semcom_lib.deepsc_s.systems import Chained, SpeechSystem


def channel_uses(systems: Mapping[str, SpeechSystem], num_samples: int) -> pd.DataFrame:
    """A row a system: source bits a sample, complex symbols a clip, those of the turbo blocks' tails among them, pilots, coding.

    Learned systems have no bits, 0. Raises ValueError where a system cannot send a clip of so many samples.
    """
    clip = np.zeros((1, num_samples), np.float32)
    return pd.DataFrame([{"system": name} | _costs(system, clip) for name, system in systems.items()])


def _costs(system: SpeechSystem, clip: np.ndarray) -> dict[str, object]:
    uses = int(system.count_channel_uses(clip)[0])
    row = {"bits_per_sample": 0.0, "uses_per_clip": uses, "tail_uses": 0.0, "pilots": system.pilots}
    if not isinstance(system, Chained):
        return row | {"block_bits": "", "modulation": "learned" if uses else "none"}
    link = system.coded.chain
    source_bits = len(link.source.encode(clip[0]))
    tails = NUM_TAIL_BITS * link.count_blocks(source_bits) if isinstance(link.code, TurboCode) else 0
    return row | {
        "bits_per_sample": round(source_bits / clip.shape[1], 3),
        "tail_uses": round(tails / link.modulation.num_bits_per_symbol, 2),
        "block_bits": f"{link.code.k} -> {link.code.n}",
        "modulation": link.modulation.name,
    }
