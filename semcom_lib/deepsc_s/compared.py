"""All systems of a setting over one channel, as Figs. 8 to 11 compare them  [deepsc_s Sec. V-A]."""

from semcom_lib.deepsc_s.chains import chains
from semcom_lib.deepsc_s.systems import Chained, Learned, Silence, SpeechSystem
from semcom_lib.deepsc_s.trained import ROBUST, SYSTEMS, link_of, load_codec_of, load_model

FLOOR = "floor"


def trained_over(setting: str, system: str, robust: str) -> str:
    """Under which name the checkpoint is that was trained over the ``robust`` channel: DeepSC-S of "telephone" has all three."""
    return robust if (setting, system) == ("telephone", "deepsc_s") else ROBUST


def compared(setting: str, channel: str, *, robust: str, k_factor: float, iterations: int) -> dict[str, SpeechSystem]:
    """{name: system} in the order of the figures: learned systems, the paper's chains, ours, and the floor.

    ``robust`` is the channel that validation chose to train over. Raises FileNotFoundError or ValueError for a missing checkpoint
    or one of another kind, and as ``link_of`` and ``chains``.
    """
    link = link_of(channel, k_factor)
    systems: dict[str, SpeechSystem] = {
        name: Learned(load_model(setting, name, trained_over(setting, name, robust)), link) for name in SYSTEMS
    }
    coded = chains(setting, link.law, link.csi, iterations=iterations, codec=load_codec_of(setting))
    systems |= {name: Chained(chain) for name, chain in coded.items()}
    return systems | {FLOOR: Silence()}
