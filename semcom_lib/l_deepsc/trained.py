"""The learned systems compared over fading: one transceiver, trained on for what its receiver knows  [l_deepsc Sec. IV-B].

Each is trained by a stage of its own and lies in a file of its own, <channel>_<system>.pt; <channel>_refiner.pt is the refiner
of a channel's CSI, which serves any number of pilots.
"""

from dataclasses import dataclass
from pathlib import Path

from semcom_lib.l_deepsc.variants import laws, load_link
from semcom_lib.physical_layer.equalised_link import EqualisedLink


@dataclass(frozen=True)
class Variant:
    """What a system's receiver knows of the gains, and what else sets it apart; ``draw`` counts further training seeds."""

    csi_kind: str
    num_pilots: int = 1
    full_resolution: bool = False
    draw: int = 0


VARIANTS = {
    "deepsc_perfect": Variant("perfect", full_resolution=True),
    "perfect": Variant("perfect"),
    "rough": Variant("rough"),
    "refined": Variant("refined"),
    "none": Variant("none"),
    "rough_4": Variant("rough", num_pilots=4),
    "refined_4": Variant("refined", num_pilots=4),
    "refined_seed_1": Variant("refined", draw=1),
    "refined_seed_2": Variant("refined", draw=2),
}
"""The paper's DeepSC, then L-DeepSC: all but the first have a finite constellation."""

_PAPERS = ("deepsc_perfect", "perfect", "rough", "refined", "none")
COMPARED = {
    "rician": (*_PAPERS, "refined_seed_1", "refined_seed_2"),
    "rayleigh": _PAPERS,
    "rayleigh_correlated": ("perfect", "rough", "refined", "rough_4", "refined_4"),
}
"""The systems of each channel, in the order of legends."""

_AS_ELSEWHERE = {("rayleigh_correlated", system): ("rayleigh", system) for system in ("perfect", "rough")}
"""To a receiver that looks at each gain by itself, correlated gains are gains as any: nothing to be trained for."""


def system_file(folder: Path, channel: str, system: str) -> Path:
    """Where ``folder`` has the weights of a channel's ``system``."""
    return folder / f"{'_'.join(_AS_ELSEWHERE.get((channel, system), (channel, system)))}.pt"


def refiner_file(folder: Path, channel: str) -> Path:
    """Where ``folder`` has the channel's refiner."""
    return folder / f"{channel}_refiner.pt"


def link_of(folder: Path, channel: str, system: str, k_factor: float) -> EqualisedLink:
    """The link of ``system`` over ``channel``; ``k_factor`` is Rician fading's.

    Raises FileNotFoundError naming the refiner's file, where it needs one and there is none.
    """
    variant = VARIANTS[system]
    law = laws(k_factor)[channel]
    return load_link(law, variant.csi_kind, variant.num_pilots, refiner_file(folder, channel))
