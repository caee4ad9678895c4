"""An IoT device: it holds one version of the transmitter and uploads semantic features made with it  [l_deepsc Fig. 2(a)]."""

from collections.abc import Sequence

from semcom_lib.compression.packing import unpack
from semcom_lib.l_deepsc.distributed import broadcast
from semcom_lib.l_deepsc.distributed.upload import Header, Upload
from semcom_lib.l_deepsc.transceiver import DeepSC, DeepSCSizes, Transmitter
from semcom_lib.l_deepsc.transmission import features_of
from semcom_lib.physical_layer.constellation import FiniteConstellation


class Device:
    """Device ``number``, 0..65535, built for a vocabulary, sizes and ``constellation_bits`` (None: full resolution).

    ``packed`` is the pack of the model that it holds, ``version`` its number, None before the first broadcast.
    ``asks_for`` is what it needs from the cloud: None, "repeat" (the packet that came was damaged) or "full" (it
    missed one).
    """

    def __init__(self, number: int, vocabulary_size: int, sizes: DeepSCSizes, constellation_bits: int | None):
        self.number = number
        self.packed: bytes | None = None
        self.version: int | None = None
        self.asks_for: str | None = None
        self._transmitter = Transmitter(vocabulary_size, sizes).eval()
        if constellation_bits is not None:
            self._transmitter.constellation = FiniteConstellation(constellation_bits)

    @classmethod
    def of(cls, model: DeepSC, number: int) -> "Device":
        """A device built for the sizes of ``model`` and its constellation's bits; it holds none of its weights."""
        constellation = model.transmitter.constellation
        bits = None if constellation is None else constellation.bits
        return cls(number, model.transmitter.embedding.num_embeddings, model.sizes, bits)

    def receive(self, data: bytes) -> None:
        """Take up a broadcast packet. Raises a broadcast.Refused and keeps the model it has when the packet is of no use."""
        try:
            packed = broadcast.received(data, self.packed)
        except broadcast.DamagedPacket:
            self.asks_for = "repeat"
            raise
        except broadcast.WrongBase:
            self.asks_for = "full"
            raise
        model = unpack(packed)
        self._transmitter.load_state_dict(model.state)
        self.packed, self.version, self.asks_for = packed, model.model_version, None

    def upload(self, encoded: Sequence[list[int]]) -> Upload:
        """The features of encoded sentences, made with the model it holds. Raises RuntimeError before the first broadcast."""
        if self.packed is None:
            raise RuntimeError(f"device {self.number} holds no model yet: it must receive a full packet first")
        header = Header(self.number, len(encoded), self.version, broadcast.fingerprint(self.packed))
        return Upload(header.to_bytes(), tuple(features_of(self._transmitter, encoded)))
