"""Rounds of the distributed system with scripted incidents  [l_deepsc Sec. II, Fig. 2(a)].

    cloud ---- broadcast in transport blocks: missed, damaged ----> devices    what a device cannot use it asks for again, alone
    cloud <------- agreed and captured sentences, faded ----------- devices    decoded with the version that made them, or not

Agreed sentences are those of which the cloud has the text too; of held-out ones, too, and it judges by them what it learnt.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from torch import Tensor

from semcom_lib import seeds
from semcom_lib.evaluation import summarise
from semcom_lib.l_deepsc.distributed import broadcast
from semcom_lib.l_deepsc.distributed.cloud import Cloud
from semcom_lib.l_deepsc.distributed.device import Device
from semcom_lib.l_deepsc.distributed.links import Downlink, Repeated
from semcom_lib.l_deepsc.distributed.transport import Transfer
from semcom_lib.l_deepsc.distributed.upload import Rejected, over_the_air
from semcom_lib.metrics.text import bleu_metrics, ngram_counts
from semcom_lib.physical_layer.equalised_link import EqualisedLink
from semcom_lib.sources.text import Vocabulary


@dataclass(frozen=True)
class Script:
    """Who misses which broadcast, and who hears it badly: pairs (round, device), rounds counted from 1.

    To a device that hears badly each bit comes wrong with probability ``bit_error_rate``.
    """

    missed: Collection[Sequence[int]] = ()
    damaged: Collection[Sequence[int]] = ()
    bit_error_rate: float = 0.0

    def misses(self, number: int, device: Device) -> bool:
        """Whether round ``number``'s broadcast does not reach the device."""
        return [number, device.number] in map(list, self.missed)

    def damages(self, number: int, device: Device) -> bool:
        """Whether it hears it badly."""
        return [number, device.number] in map(list, self.damaged)


@dataclass
class Sent:
    """What a round's downlink took: transfers of the broadcast and of repairs, each to one device; bytes of the repairs."""

    transfers: list[Transfer] = field(default_factory=list)
    repair_bytes: int = 0

    def total(self, what: str) -> int:
        """The sum of a number of :class:`Transfer` over all transfers."""
        return sum(getattr(transfer, what) for transfer in self.transfers)


@dataclass
class Collected:
    """What the uploads of a round brought: captured sentences as received and as sent, the others with their symbols, costs.

    Agreed and held-out sentences count where the newest version made them.
    """

    hypotheses: list[str] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    agreed: list[tuple[list[int], Tensor]] = field(default_factory=list)
    held_out: list[tuple[list[int], Tensor]] = field(default_factory=list)
    uploads: int = 0
    rejected: int = 0
    channel_uses: int = 0


@dataclass
class Simulation:
    """Cloud and ``fleet``, what they send each other, and the ``incidents`` on the way: rows of round, device, incident, what.

    Every upload is the device's ``agreed`` sentences (ids), then its ``held_out`` and its ``captured`` ones: the i-th device has
    the i-th, the (i + len(fleet))-th, ... of each, the same in every round, over fades of the round's own. Headers and answers
    travel as text does, at the goodput of ``control``. Raises ValueError for a script that names a device or a round that cannot
    be.
    """

    cloud: Cloud
    fleet: Sequence[Device]
    vocabulary: Vocabulary
    agreed: list[list[int]]
    held_out: list[list[int]]
    captured: list[str]
    link: EqualisedLink
    snr_db: float
    downlink: Downlink
    control: Repeated
    script: Script
    seed: int
    purpose: tuple[object, ...] = ("l_deepsc", "distributed")
    incidents: list[dict[str, object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        numbers = [device.number for device in self.fleet]
        for number, device in [*self.script.missed, *self.script.damaged]:
            if number < 1 or device not in numbers:
                raise ValueError(f"script has round {number}, device {device}: rounds are >= 1, devices {numbers}")

    def play(self, number: int, packet: broadcast.Broadcast | None) -> tuple[dict[str, object], Collected]:
        """Round ``number``: deliver the packet, if there is one, and collect -> its row of measurements, and what came in."""
        sent = self.deliver(number, packet) if packet else Sent()
        collected = self.collect(number)
        bits, feedback = sent.total("bits"), sent.total("feedback_bits")
        uplink_uses = collected.channel_uses + math.ceil(feedback / self.control.goodput)
        row = {
            "round": number,
            "version": self.cloud.newest,
            **self.measure(collected),
            "snr_db": self.snr_db,
            "packet": packet.kind if packet else "none",
            "packet_bytes": len(packet.to_bytes()) if packet else 0,
            "full_bytes": len(self.cloud.full_packet().to_bytes()),
            "float32_bytes": 4 * sum(p.numel() for p in self.cloud.model.transmitter.parameters()),
            "repair_bytes": sent.repair_bytes,
            "blocks": sent.total("blocks"),
            "blocks_sent": sent.total("blocks_sent"),
            "downlink_s": self.downlink.latency_s(bits),
            "feedback_bits": feedback,
            "uplink_channel_uses": uplink_uses,
            "uplink_s": uplink_uses / self.downlink.bandwidth_hz,
            "uploads": collected.uploads,
            "rejected_uploads": collected.rejected,
            "devices_updated": sum(device.version == self.cloud.newest for device in self.fleet),
        }
        return row, collected

    def deliver(self, number: int, packet: broadcast.Broadcast) -> Sent:
        """The broadcast to all who do not miss it, and what single devices ask for after it."""
        data, sent = packet.to_bytes(), Sent()
        listeners = []
        for device in self.fleet:
            if self.script.misses(number, device):
                self._note(number, device, "missed", "the broadcast did not arrive")
            else:
                listeners.append(device)
        if not listeners:
            return sent
        badly = [self.script.damages(number, device) for device in listeners]
        rates = [self.script.bit_error_rate if bad else self.downlink.bit_error_rate for bad in badly]
        generator = seeds.torch_generator(self.seed, *self.purpose, "downlink", number)
        transfer = self.downlink.send(data, rates, generator=generator)
        sent.transfers.append(transfer)
        for device, bad, copy, damaged in zip(listeners, badly, transfer.copies, transfer.damaged, strict=True):
            if bad:
                what = f"its {transfer.blocks} blocks came wrong {damaged} times, and were repeated until right"
                self._note(number, device, "damaged blocks", what)
            while not self._takes_up(number, device, copy):
                wanted = {"repeat": data, "full": self.cloud.full_packet().to_bytes()}[device.asks_for]
                again = self.downlink.send(wanted, 1, generator=generator)
                sent.transfers.append(again)
                sent.repair_bytes += len(wanted)
                (copy,) = again.copies
                self._note(number, device, "mended", f"{len(wanted)} bytes more, to this device alone")
        return sent

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
        rng = seeds.numpy_generator(self.seed, "bootstrap")
        return summarise(counts, bleu_metrics([1]), rng=rng).table.iloc[0].to_dict()

    def _takes_up(self, number: int, device: Device, data: bytes) -> bool:
        try:
            device.receive(data)
        except broadcast.Refused as refused:
            self._note(number, device, type(refused).__name__, f"{refused}; asks for: {device.asks_for}")
            return False
        return True

    def _collect_from(self, number: int, device: Device, collected: Collected) -> None:
        place, size = self.fleet.index(device), len(self.fleet)
        agreed, held_out, captured = (part[place::size] for part in (self.agreed, self.held_out, self.captured))
        known = agreed + held_out
        upload = device.upload(known + [self.vocabulary.encode(sentence) for sentence in captured])
        collected.uploads += 1
        collected.channel_uses += upload.count_channel_uses(self.link.csi.num_pilots, self.control.goodput)
        generator = seeds.torch_generator(self.seed, *self.purpose, "uplink", number, device.number)
        arrived = over_the_air(upload, self.link, self.snr_db, generator=generator)
        try:
            decoded = self.cloud.decode(arrived)
        except Rejected as rejected:
            collected.rejected += 1
            self._note(number, device, type(rejected).__name__, f"{rejected}; not decoded")
            return
        if decoded.header.version == self.cloud.newest:
            came_in = list(zip(known, arrived.symbols[: len(known)], strict=True))
            collected.agreed += came_in[: len(agreed)]
            collected.held_out += came_in[len(agreed) :]
        else:
            self._note(number, device, "older version", f"decoded by the receiver of version {decoded.header.version}")
        collected.hypotheses += [self.vocabulary.decode(ids) for ids in decoded.words[len(known) :]]
        collected.references += captured

    def _note(self, number: int, device: Device, incident: str, what: str) -> None:
        self.incidents.append({"round": number, "device": device.number, "incident": incident, "what": what})
