"""Rounds of the distributed system with scripted incidents  [l_deepsc Sec. II, Fig. 2(a)].

    cloud ---- broadcast: missed, damaged ----> devices      what a device cannot use it asks for again, for itself alone
    cloud <---- agreed and captured sentences, faded ----    decoded with the version that made them, or not at all

Every upload meets the same fades and noise in every round: rounds differ by the models, and by whose upload is decoded.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import torch

from semcom_lib import seeds
from semcom_lib.evaluation import summarise
from semcom_lib.l_deepsc.distributed import broadcast
from semcom_lib.l_deepsc.distributed.cloud import Cloud, Decoded
from semcom_lib.l_deepsc.distributed.device import Device
from semcom_lib.l_deepsc.distributed.downlink import Downlink, flip_bits
from semcom_lib.l_deepsc.distributed.upload import Rejected, over_the_air
from semcom_lib.metrics.text import bleu_metrics, ngram_counts
from semcom_lib.physical_layer.equalised_link import EqualisedLink
from semcom_lib.sources.text import Vocabulary


@dataclass(frozen=True)
class Script:
    """Who misses which broadcast, and whose copy is damaged: pairs (round, device), rounds counted from 1.

    A damaged copy has each of its bits flipped with probability ``bit_error_rate``.
    """

    missed: Collection[Sequence[int]] = ()
    damaged: Collection[Sequence[int]] = ()
    bit_error_rate: float = 0.0

    def misses(self, number: int, device: Device) -> bool:
        """Whether round ``number``'s broadcast does not reach the device."""
        return [number, device.number] in map(list, self.missed)

    def damages(self, number: int, device: Device) -> bool:
        """Whether it reaches it with bit errors."""
        return [number, device.number] in map(list, self.damaged)


@dataclass
class Collected:
    """What the uploads of a round brought: captured sentences as received and as sent, symbols of the agreed ones, costs."""

    hypotheses: list[str] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    features: list[tuple[torch.Tensor, ...]] = field(default_factory=list)  # an upload of the newest version each
    uploads: int = 0
    rejected: int = 0
    channel_uses: int = 0


@dataclass
class Simulation:
    """Cloud and ``fleet``, what they send each other, and the ``incidents`` on the way: rows of round, device, incident, what.

    Every upload is the ``agreed`` sentences (ids), then the device's share of the ``captured`` ones: the i-th device has the
    i-th, the (i + len(fleet))-th, ... of them, the same in every round.
    Raises ValueError for a script that names a device or a round that cannot be.
    """

    cloud: Cloud
    fleet: Sequence[Device]
    vocabulary: Vocabulary
    agreed: list[list[int]]
    captured: list[str]
    link: EqualisedLink
    snr_db: float
    downlink: Downlink
    script: Script
    seed: int
    purpose: tuple[object, ...] = ("l_deepsc", "distributed")
    incidents: list[dict[str, object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        numbers = [device.number for device in self.fleet]
        for number, device in [*self.script.missed, *self.script.damaged]:
            if number < 1 or device not in numbers:
                raise ValueError(f"script has round {number}, device {device}: rounds are >= 1, devices {numbers}")

    def play(self, number: int) -> tuple[dict[str, object], Collected]:
        """Round ``number``: publish, deliver, collect -> its row of measurements, and what came in."""
        packet = self.cloud.publish()
        data = packet.to_bytes()
        repair_bytes = sum(self.deliver(number, device, data) for device in self.fleet)
        collected = self.collect(number)
        downlink_bytes = len(data) + repair_bytes
        row = {
            "round": number,
            "version": self.cloud.newest,
            **self.measure(collected),
            "snr_db": self.snr_db,
            "packet": packet.kind,
            "packet_bytes": len(data),
            "full_bytes": len(self.cloud.full_packet().to_bytes()),
            "float32_bytes": 4 * sum(p.numel() for p in self.cloud.model.transmitter.parameters()),
            "repair_bytes": repair_bytes,
            "downlink_bytes": downlink_bytes,
            "latency_s": self.downlink.latency_s(downlink_bytes),
            "bandwidth_hz": self.downlink.bandwidth_hz,
            "spectral_efficiency": self.downlink.spectral_efficiency,
            "uplink_channel_uses": collected.channel_uses,
            "uploads": collected.uploads,
            "rejected_uploads": collected.rejected,
            "devices_updated": sum(device.version == self.cloud.newest for device in self.fleet),
        }
        return row, collected

    def deliver(self, number: int, device: Device, data: bytes) -> int:
        """Bring a device up to date: the broadcast, and what it asks for after it -> bytes sent to it alone."""
        if self.script.misses(number, device):
            self._note(number, device, "missed", "the broadcast did not arrive")
            return 0
        arrived = self._damaged(number, device, data) if self.script.damages(number, device) else data
        repair_bytes = 0
        while not self._takes_up(number, device, arrived):
            arrived = {"repeat": data, "full": self.cloud.full_packet().to_bytes()}[device.asks_for]
            repair_bytes += len(arrived)
        if repair_bytes:
            self._note(number, device, "mended", f"version {device.version} after {repair_bytes} bytes more")
        return repair_bytes

    def collect(self, number: int) -> Collected:
        """Every device that holds a model uploads its sentences, and the cloud decodes what it can."""
        collected = Collected()
        for device in self.fleet:
            if device.version is None:
                self._note(number, device, "no model", "nothing to upload with")
            else:
                self._collect_from(number, device, collected)
        return collected

    def measure(self, collected: Collected) -> dict[str, object]:
        """BLEU-1 of the captured sentences as :func:`semcom_lib.evaluation.summarise` gives it; NaN of none."""
        if not collected.references:
            return {"metric": "bleu_1", "value": float("nan"), "low": float("nan"), "high": float("nan"), "trials": 0}
        counts = ngram_counts(collected.hypotheses, collected.references)
        rng = seeds.numpy_generator(self.seed, "bootstrap", self.snr_db)
        return summarise(counts, bleu_metrics([1]), rng=rng).table.to_dict("records")[0]

    def _takes_up(self, number: int, device: Device, data: bytes) -> bool:
        try:
            device.receive(data)
        except broadcast.Refused as refused:
            self._note(number, device, type(refused).__name__, f"{refused}; asks for: {device.asks_for}")
            return False
        return True

    def _damaged(self, number: int, device: Device, data: bytes) -> bytes:
        generator = seeds.torch_generator(self.seed, *self.purpose, number, "damage", device.number)
        return flip_bits(data, self.script.bit_error_rate, generator=generator)

    def _collect_from(self, number: int, device: Device, collected: Collected) -> None:
        sentences = self.captured[self.fleet.index(device) :: len(self.fleet)]
        upload = device.upload(self.agreed + [self.vocabulary.encode(sentence) for sentence in sentences])
        collected.uploads += 1
        collected.channel_uses += upload.count_channel_uses(self.link.csi.num_pilots, self.downlink.spectral_efficiency)
        generator = seeds.torch_generator(self.seed, *self.purpose, "uplink", device.number)
        arrived = over_the_air(upload, self.link, self.snr_db, generator=generator)
        try:
            decoded = self.cloud.decode(arrived)
        except Rejected as rejected:
            collected.rejected += 1
            self._note(number, device, type(rejected).__name__, f"{rejected}; not decoded")
            return
        if decoded.header.version == self.cloud.newest:
            collected.features.append(arrived.symbols[: len(self.agreed)])
        else:
            self._note(number, device, "older version", f"decoded by the receiver of version {decoded.header.version}")
        self._keep(decoded, sentences, collected)

    def _keep(self, decoded: Decoded, sentences: list[str], collected: Collected) -> None:
        collected.hypotheses += [self.vocabulary.decode(ids) for ids in decoded.words[len(self.agreed) :]]
        collected.references += sentences

    def _note(self, number: int, device: Device, incident: str, what: str) -> None:
        self.incidents.append({"round": number, "device": device.number, "incident": incident, "what": what})
