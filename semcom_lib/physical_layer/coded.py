"""A coded chain as the Monte Carlo compares it with learned systems: over a fading channel, with what its receiver knows of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from semcom_lib.physical_layer.channels import snr_to_n0
from semcom_lib.physical_layer.csi import PERFECT, PILOTED, Csi
from semcom_lib.physical_layer.fading import Fading
from semcom_lib.physical_layer.fitted_link import FittedLink
from semcom_lib.physical_layer.link import Link


@dataclass(frozen=True, eq=False)
class Coded:
    """A chain over a fading channel of which its receiver knows what ``csi`` says; a sentence is one transmission."""

    chain: Link | FittedLink
    law: Fading
    csi: Csi = PERFECT

    @property
    def pilots(self) -> int:
        """Pilots that a sentence costs beside its channel uses: those of its one gain."""
        return pilots_of(self.csi)

    def receive(self, sentences: Sequence[str], snr_db: float, *, generator: torch.Generator) -> list[str]:
        """As :meth:`semcom_lib.physical_layer.link.Link.send`: what came of each sentence, in their order."""
        return self.chain.send(sentences, self.law, snr_to_n0(snr_db), csi=self.csi, generator=generator).items_hat

    def count_channel_uses(self, sentences: Sequence[str]) -> np.ndarray:
        """Complex symbols of each sentence, padding included, int64 (n,)."""
        bits = [len(self.chain.source.encode(sentence)) for sentence in sentences]
        return self.chain.count_channel_uses(np.array(bits, np.int64))


def pilots_of(csi: Csi) -> int:
    """Pilots that a gain costs: none where CSI is given, as "perfect" is, or done without."""
    return csi.num_pilots if csi.kind in PILOTED else 0
