"""A trained text system as released files, and back: transceiver, refiner and vocabulary  (:mod:`semcom_lib.pretrained`)."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import torch

from semcom_lib.compression.packing import pack, unpack
from semcom_lib.compression.pruning import magnitude_masks
from semcom_lib.compression.uniform_quantiser import FULL_BITS
from semcom_lib.l_deepsc.systems import Learned
from semcom_lib.l_deepsc.transceiver import DeepSC, DeepSCSizes
from semcom_lib.physical_layer.adnet import ADNet
from semcom_lib.physical_layer.constellation import FiniteConstellation
from semcom_lib.physical_layer.equalised_link import EqualisedLink, csi_of_kind
from semcom_lib.physical_layer.fading import Rician
from semcom_lib.sources.text import SPECIAL, Vocabulary

MODEL, REFINER, VOCABULARY = "model.pack", "refiner.pack", "vocabulary.txt"


def packed(
    model: DeepSC, vocabulary: Vocabulary, refiner: ADNet, *, bits: int, kind: str, num_pilots: int, k_factor: float
) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The files and settings of a release: weights with ``bits`` each, the refiner's as they are.

    ``kind`` and ``num_pilots`` say what the receiver knows of the gains, ``k_factor`` which Rician fading it was trained for.
    """
    constellation = model.transmitter.constellation
    files = {
        MODEL: pack(model.state_dict(), bits, magnitude_masks(model, 0.0)),
        REFINER: pack(refiner.state_dict(), FULL_BITS, {}),
        VOCABULARY: ("\n".join(vocabulary.words[len(SPECIAL) :]) + "\n").encode(),
    }
    settings = {
        "sizes": asdict(model.sizes),
        "weight_bits": bits,
        "constellation_bits": None if constellation is None else constellation.bits,
        "refiner_width": refiner.width,
        "csi": kind,
        "num_pilots": num_pilots,
        "k_factor": k_factor,
    }
    return files, settings


def load(files: Mapping[str, bytes], settings: Mapping[str, Any]) -> Learned:
    """The system of :func:`packed`, in evaluation mode, over the Rician fading that it was trained for."""
    vocabulary = Vocabulary(files[VOCABULARY].decode().splitlines())
    with torch.random.fork_rng(devices=[]):  # what the layers draw at first is overwritten, and nobody's business
        model = DeepSC(len(vocabulary), DeepSCSizes(**settings["sizes"]))
        refiner = ADNet(settings["refiner_width"])
    if settings["constellation_bits"] is not None:
        model.transmitter.constellation = FiniteConstellation(settings["constellation_bits"])
    model.load_state_dict(unpack(files[MODEL]).state)
    refiner.load_state_dict(unpack(files[REFINER]).state)
    csi = csi_of_kind(settings["csi"], settings["num_pilots"], refiner.eval())
    return Learned(model.eval(), vocabulary, EqualisedLink(Rician(settings["k_factor"]), csi))
