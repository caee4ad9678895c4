"""The fading channels that L-DeepSC is compared over, and the links of learned systems over them  [l_deepsc Sec. IV-B]."""

from pathlib import Path

from semcom_lib.physical_layer import adnet
from semcom_lib.physical_layer.equalised_link import MATRIX_SIDE, EqualisedLink, csi_of_kind
from semcom_lib.physical_layer.fading import Fading, MatrixRayleigh, Rayleigh, Rician

CORRELATION = 0.9
"""Between the gains of neighbours in ``rayleigh_correlated``'s matrices, along rows and along columns."""


def laws(k_factor: float) -> dict[str, Fading]:
    """The fading channels, one gain a sentence: Figs. 8 and 9, and the case in which the paper's channel matrix has a structure.

    ``k_factor`` is Rician fading's. Over ``rayleigh_correlated`` the gains of 256 successive sentences are one matrix whose
    neighbours are correlated: only there a refiner can know more than the element-wise MMSE estimate.
    """
    return {
        "rician": Rician(k_factor),
        "rayleigh": Rayleigh(),
        "rayleigh_correlated": MatrixRayleigh(CORRELATION, MATRIX_SIDE),
    }


def load_link(law: Fading, kind: str, num_pilots: int, refiner_file: Path) -> EqualisedLink:
    """The link over ``law`` with CSI of this ``kind``; the checkpoint ``refiner_file`` is read for "refined" alone.

    Raises FileNotFoundError where that file is needed and missing, and ValueError as ``csi_of_kind``.
    """
    refiner = adnet.load_adnet(refiner_file) if kind == "refined" else None
    return EqualisedLink(law, csi_of_kind(kind, num_pilots, refiner))
