"""What is compared: systems that recognise images from what the channel leaves of them  [digital_sc Sec. IV].

    Learned       one split point, digital over a BSC or analog over AWGN
    WithPolicy    the split point that the policy chooses for each image

Systems take a channel's ``quality``, a BER or an SNR in dB; :func:`over_snr` and :func:`over_ber` put them on the other axis by the
bit error rate of uncoded QPSK [digital_sc Sec. IV-B]. From an equal generator image i's k-th bit, or symbol, meets the same noise
in all systems.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from semcom_lib.digital_sc.analog import ber_to_snr_db
from semcom_lib.digital_sc.policy import PolicyNetwork
from semcom_lib.digital_sc.recognition import Recogniser
from semcom_lib.digital_sc.split import SplitClassifier
from semcom_lib.physical_layer.theory import ber_awgn


@dataclass(frozen=True, eq=False)
class Learned:
    """A trained split; ``quality`` is the BER of a digital block, the SNR in dB of an analog one."""

    model: SplitClassifier

    def recognise(self, x: Tensor, quality: float, *, generator: torch.Generator) -> Tensor:
        """As :class:`Recogniser`."""
        return self.model(x, quality, generator=generator).argmax(dim=1)


@dataclass(frozen=True, eq=False)
class WithPolicy:
    """The split that ``policy`` chooses for each image among digital ``models``, in the order of its outputs, by the BER.

    ``affordable`` is as in ``PolicyNetwork.choose``. An image is received exactly as if its split were the only one. Raises
    ValueError for another number of models than the policy has outputs.
    """

    models: Sequence[SplitClassifier]
    policy: PolicyNetwork
    affordable: int | None = None

    def __post_init__(self) -> None:
        if len(self.models) != self.policy.num_splits:
            raise ValueError(f"models are {len(self.models)}: the policy chooses among {self.policy.num_splits}")

    def recognise(self, x: Tensor, quality: float, *, generator: torch.Generator) -> Tensor:
        """As :class:`Recogniser`; ``quality`` is a BER in [0, 0.5]."""
        choice = self.policy.choose(x, quality, affordable=self.affordable)
        labels = torch.empty(len(x), dtype=torch.int64)
        for place in choice.unique().tolist():
            received = Learned(self.models[place]).recognise(x, quality, generator=generator.clone_state())
            labels[choice == place] = received[choice == place]
        return labels


@dataclass(frozen=True, eq=False)
class _Converted:
    recogniser: Recogniser
    quality_of: Callable[[float], float]

    def recognise(self, x: Tensor, quality: float, *, generator: torch.Generator) -> Tensor:
        return self.recogniser.recognise(x, self.quality_of(quality), generator=generator)


def over_snr(recogniser: Recogniser) -> Recogniser:
    """A system that takes a BER, given an SNR in dB: hard decisions of uncoded QPSK over AWGN are a BSC."""
    return _Converted(recogniser, lambda snr_db: float(ber_awgn("qpsk", snr_db)))


def over_ber(recogniser: Recogniser) -> Recogniser:
    """A system that takes an SNR in dB, given a BER in [0, 0.5); a BER of 0 is no noise."""
    return _Converted(recogniser, lambda ber: math.inf if ber == 0 else ber_to_snr_db(ber))
