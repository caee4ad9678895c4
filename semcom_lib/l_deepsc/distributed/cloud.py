"""The cloud: it trains, publishes versions of the transmitter, and decodes each upload with the version's own receiver."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from semcom_lib.compression.packing import pack, unpack
from semcom_lib.compression.uniform_quantiser import check_bits
from semcom_lib.l_deepsc.distributed import broadcast
from semcom_lib.l_deepsc.distributed.delta import MAX_BITS, on_grid_of
from semcom_lib.l_deepsc.distributed.upload import DamagedUpload, Header, Rejected, UnknownVersion, Upload
from semcom_lib.l_deepsc.transceiver import DeepSC
from semcom_lib.l_deepsc.transmission import words_of


@dataclass(frozen=True)
class Version:
    """What the cloud can publish: the devices' pack, the transceiver of just that transmitter and its receiver, and the
    cloud's own ``weights``, at full resolution, that it was made from.
    """

    number: int
    packed: bytes
    transceiver: DeepSC
    weights: dict[str, Tensor]


@dataclass(frozen=True)
class Decoded:
    """What an upload said: its header, and for each sentence the ids of the received words."""

    header: Header
    words: tuple[list[int], ...]


class Cloud:
    """Publishes ``model``, pruned by ``masks``, with ``bits`` = 1..16 a weight of the transmitter.

    ``model`` is the cloud's own, at full resolution, to be trained between publications (under
    ``compression.pruning.kept_at_zero``): changes smaller than a level add up there until they reach one. Receivers of the
    last ``kept_versions`` versions are kept. ``rejected`` counts the uploads that were not decoded.
    """

    def __init__(self, model: DeepSC, masks: Mapping[str, Tensor], bits: int, *, kept_versions: int = 2):
        check_bits(bits, MAX_BITS)
        if kept_versions < 1:
            raise ValueError(f"kept_versions = {kept_versions} must be at least 1")
        self.model, self.masks, self.bits, self.kept_versions = model, masks, bits, kept_versions
        self.rejected = 0
        self._versions: dict[int, Version] = {}
        names = {name: f"transmitter.{name}" for name, _ in model.transmitter.named_parameters()}
        self._transmitter_masks = {name: masks[whole] for name, whole in names.items() if whole in masks}

    @property
    def newest(self) -> int:
        """The newest version; 0 before the first publication."""
        return max(self._versions, default=0)

    @property
    def versions(self) -> tuple[int, ...]:
        """The versions that can be decoded, oldest first."""
        return tuple(self._versions)

    @property
    def published(self) -> Version:
        """The newest version. Raises RuntimeError before the first publication."""
        if not self._versions:
            raise RuntimeError("nothing has been published yet: call publish first")
        return self._versions[self.newest]

    def draft(self) -> Version:
        """The model as it is now, as the next version would be.

        The first version's grid is its own weights' [l_deepsc eq. 18]; all later ones are on the grid of the first.
        """
        transceiver = copy.deepcopy(self.model).cpu().eval()
        weights = {name: tensor.clone() for name, tensor in transceiver.state_dict().items()}
        state = transceiver.transmitter.state_dict()
        if self._versions:
            state = on_grid_of(unpack(self.published.packed), state)
        packed = pack(state, self.bits, self._transmitter_masks, model_version=self.newest + 1)
        transceiver.transmitter.load_state_dict(unpack(packed).state)
        return Version(self.newest + 1, packed, transceiver, weights)

    def publish(self, draft: Version | None = None) -> broadcast.Broadcast:
        """Make a draft (of the model as it is now) the newest version -> its smallest packet for who holds the one before.

        Raises ValueError for a draft that was made before another was published.
        """
        draft = draft or self.draft()
        if draft.number != self.newest + 1:
            raise ValueError(f"the draft is version {draft.number}: it must be {self.newest + 1}, the next one")
        base = self.published.packed if self._versions else None
        self._versions[draft.number] = draft
        for version in self.versions[: -self.kept_versions]:
            del self._versions[version]
        return broadcast.smallest(base, draft.packed)

    def revert(self) -> None:
        """Take the model back to the weights of the newest version. Raises RuntimeError before the first publication."""
        self.model.load_state_dict(self.published.weights)

    def full_packet(self) -> broadcast.Broadcast:
        """The newest version whole, for a device that missed a broadcast. Raises RuntimeError before the first one."""
        return broadcast.full(self.published.packed)

    def decode(self, upload: Upload) -> Decoded:
        """Received words, by the receiver of the very model that made the upload.

        Raises (and counts) DamagedUpload or UnknownVersion: an upload is never decoded with another version.
        """
        try:
            header, version = self._match(upload)
        except Rejected:
            self.rejected += 1
            raise
        return Decoded(header, tuple(words_of(version.transceiver.receiver, upload.symbols)))

    def _match(self, upload: Upload) -> tuple[Header, Version]:
        header = Header.from_bytes(upload.header)
        if header.num_sentences != len(upload.symbols):
            raise DamagedUpload(f"{len(upload.symbols)} sentences came, the header says {header.num_sentences}")
        version = self._versions.get(header.version)
        known = f"receivers here: {', '.join(map(str, self.versions)) or 'none'}"
        if version is None:
            raise UnknownVersion(f"device {header.device} sent with version {header.version}; {known}")
        if broadcast.fingerprint(version.packed) != header.fingerprint:
            raise UnknownVersion(f"device {header.device} sent with another version {header.version}; {known}")
        return header, version
