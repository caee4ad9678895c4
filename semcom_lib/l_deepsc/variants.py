"""The learned systems compared over fading: one transceiver, tuned for what its receiver knows  [l_deepsc Sec. IV-B]."""

from pathlib import Path

from semcom_lib.physical_layer import adnet
from semcom_lib.physical_layer.equalised_link import EqualisedLink, csi_of_kind
from semcom_lib.physical_layer.fading import Fading, Rayleigh, Rician

FULL_RESOLUTION = "deepsc_perfect"
CSI_KINDS = {
    FULL_RESOLUTION: "perfect",
    "perfect": "perfect",
    "rough": "rough",
    "refined": "refined",
    "none": "none",
}
"""What each system's receiver knows of the gains. All have a finite constellation but ``FULL_RESOLUTION``, the paper's DeepSC."""


def laws(k_factor: float) -> dict[str, Fading]:
    """The fading channels of Figs. 8 and 9, one gain a sentence; ``k_factor`` is Rician fading's."""
    return {"rician": Rician(k_factor), "rayleigh": Rayleigh()}


def load_link(law: Fading, kind: str, num_pilots: int, folder: Path) -> EqualisedLink:
    """The link over ``law`` with CSI of this ``kind``, its refiner that of ``folder``/refiner.pt.

    Raises FileNotFoundError without that file, and ValueError as ``csi_of_kind``.
    """
    refiner = adnet.load_adnet(folder / "refiner.pt")
    return EqualisedLink(law, csi_of_kind(kind, num_pilots, refiner.refine))
