"""The paper's two systems: speech over the telephone and in multimedia  [deepsc_s Sec. V-A, V-D]."""

from typing import NamedTuple

from semcom_lib.deepsc_s.model import MULTIMEDIA, TELEPHONE, SpeechSizes


class Setting(NamedTuple):
    """Samples a second, the sizes of the learned systems, and the bits of each of a feature codec's features."""

    rate_hz: int
    sizes: SpeechSizes
    feature_bits: int


SETTINGS = {"telephone": Setting(8_000, TELEPHONE, 1), "multimedia": Setting(44_100, MULTIMEDIA, 2)}
