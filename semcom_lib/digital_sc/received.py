"""Images received over every split point once: fixed splits, the policy and the ensemble are chosen from these.

    received = Received(models, images, labels, 10)
    received.fixed(0)                                        a system that always takes the first split
    received.chosen(lambda ber: chosen_by(policy, images, ber))

An image is received exactly as if its split were the only one, so that choosing costs nothing.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch

from semcom_lib import seeds
from semcom_lib.digital_sc.policy import PolicyNetwork, SplitTable
from semcom_lib.digital_sc.recognition import RECOGNISED_AT_ONCE, count_right, recognised
from semcom_lib.digital_sc.split import SplitClassifier
from semcom_lib.digital_sc.systems import Learned
from semcom_lib.evaluation import Counts, System
from semcom_lib.physical_layer.theory import ber_awgn
from semcom_lib.sources.images import to_tensor

Choice = Callable[[float], np.ndarray]  # a BER -> each image's place among the models, int64 (n,)


class Received:
    """``images`` uint8 (n, H, W, 3) with ``labels`` (n,) of ``num_labels``, over each of the digital ``models``.

    Raises ValueError for another number of labels than of images.
    """

    def __init__(self, models: Sequence[SplitClassifier], images: np.ndarray, labels: np.ndarray, num_labels: int):
        if len(images) != len(labels):
            raise ValueError(f"labels are {len(labels)}: there must be one for each of {len(images)} images")
        self.models, self.images, self.labels, self.num_labels = models, images, labels, num_labels
        self._guessed: dict[tuple[int, float, int], np.ndarray] = {}

    def guessed(self, place: int, ber: float, generator: torch.Generator) -> np.ndarray:
        """The labels int64 (n,) that the model at ``place`` gives over a BSC; computed once for generators of one seed."""
        key = place, ber, generator.initial_seed()
        if key not in self._guessed:
            noise = generator.clone_state()
            self._guessed[key] = recognised(Learned(self.models[place]), self.images, ber, generator=noise)
        return self._guessed[key]

    def fixed(self, place: int) -> System:
        """The system that sends every image over the model at ``place``; its points are BERs."""
        return self.chosen(lambda ber: np.full(len(self.images), place))

    def chosen(self, choose: Choice) -> System:
        """The system that sends each image over the model that ``choose`` says; its points are BERs."""

        def run(ber: float, generator: torch.Generator) -> Counts:
            places = choose(ber)
            guessed = np.empty(len(self.images), np.int64)
            for place in np.unique(places).tolist():
                guessed[places == place] = self.guessed(place, ber, generator)[places == place]
            return count_right(guessed, self.labels, self.num_labels)

        return run

    def by_label(self, table: SplitTable) -> Choice:
        """The split that ``table`` knows as best for each image's own label: the ensemble, which must be told the label."""
        labels = torch.from_numpy(self.labels.astype(np.int64))
        return lambda ber: table.targets(labels, torch.full((len(labels),), ber)).numpy()

    def by_ber(self, table: SplitTable) -> Choice:
        """The split that ``table`` knows as best for all labels together: a choice by the BER alone, the same for all images."""
        together = SplitTable(table.bers, table.splits, table.accuracy.mean(axis=2, keepdims=True))
        return lambda ber: np.full(len(self.images), int(together.targets(torch.tensor([0]), torch.tensor([ber]))))

    def table(self, bers: Sequence[float], seed: int) -> SplitTable:
        """The accuracy of each label at each of the increasing ``bers`` over each model  [digital_sc Sec. III-D]."""
        right = np.array(
            [
                [
                    self.guessed(place, ber, seeds.torch_generator(seed, "table", ber)) == self.labels
                    for place in range(len(self.models))
                ]
                for ber in bers
            ]
        )
        return SplitTable.counted(bers, [model.split for model in self.models], right, self.labels)


def chosen_by(policy: PolicyNetwork, images: np.ndarray, ber: float, *, affordable: int | None = None) -> np.ndarray:
    """The places, int64 (n,), that ``policy`` chooses for images uint8 (n, H, W, 3) at this BER; as ``PolicyNetwork.choose``."""
    starts = range(0, len(images), RECOGNISED_AT_ONCE)
    parts = [
        policy.choose(to_tensor(images[start : start + RECOGNISED_AT_ONCE]), ber, affordable=affordable)
        for start in starts
    ]
    return torch.cat([torch.empty(0, dtype=torch.int64), *parts]).numpy()


def at_snr(system: System) -> System:
    """A system whose points are BERs, at the BER that uncoded QPSK has at an SNR in dB  [digital_sc Sec. IV-B]."""
    return lambda snr_db, generator: system(float(ber_awgn("qpsk", snr_db)), generator)
