"""Transceivers made small, kept with what made them so: masks, sparsity, bits a weight  [l_deepsc Sec. IV-C]."""

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from semcom_lib.compression.uniform_quantiser import FULL_BITS
from semcom_lib.l_deepsc.transceiver import CHECKPOINT_KEYS, DeepSC, from_checkpoint, to_checkpoint
from semcom_lib.learning.checkpoints import load_checkpoint, save_checkpoint
from semcom_lib.sources.text import Vocabulary


@dataclass(frozen=True, eq=False)
class Compressed:
    """A transceiver of which ``masks`` say what weights are kept, with ``bits`` each (32: never quantised).

    ``sensitivity`` is that of ``compression.pruning.gradient_rms``, where it was measured.
    """

    model: DeepSC
    masks: dict[str, Tensor]
    sparsity: float
    bits: int = FULL_BITS
    sensitivity: dict[str, Tensor] | None = None


def name_of(sparsity: float, bits: int = FULL_BITS) -> str:
    """What a tuned model of this sparsity and number of bits a weight is called: pruned_0.6, pruned_0.6_bits_4."""
    return f"pruned_{sparsity:g}" + ("" if bits == FULL_BITS else f"_bits_{bits}")


class CompressedFolder:
    """Compressed transceivers of one ``vocabulary`` in a folder, a file each."""

    def __init__(self, folder: Path, vocabulary: Vocabulary):
        self.folder, self.vocabulary = folder, vocabulary

    def __contains__(self, name: str) -> bool:
        return self._file(name).is_file()

    def save(self, compressed: Compressed, name: str | None = None) -> None:
        """Keep it under this name, by default the one of :func:`name_of`."""
        contents = to_checkpoint(compressed.model, self.vocabulary) | {
            "masks": compressed.masks,
            "settings": {"sparsity": compressed.sparsity, "bits": compressed.bits},
            "sensitivity": compressed.sensitivity,
        }
        save_checkpoint(self._file(name or name_of(compressed.sparsity, compressed.bits)), contents)

    def load(self, name: str) -> Compressed:
        """The one of this name, in evaluation mode. Raises FileNotFoundError or ValueError naming the file."""
        file = self._file(name)
        checkpoint = load_checkpoint(file, *CHECKPOINT_KEYS, "masks", "settings", "sensitivity")
        model = from_checkpoint(checkpoint, self.vocabulary, str(file))
        return Compressed(model, checkpoint["masks"], **checkpoint["settings"], sensitivity=checkpoint["sensitivity"])

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.pt"
