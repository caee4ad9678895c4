"""Trained systems as files: checkpoints/mem_deepsc/<step>_<system>.pt, with the words and answers that they know."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from semcom_lib import paths
from semcom_lib.learning.checkpoints import load_checkpoint, load_state, save_checkpoint
from semcom_lib.mem_deepsc.corpus import Corpus
from semcom_lib.mem_deepsc.model import MemDeepSC, MemDeepSCSizes
from semcom_lib.mem_deepsc.sentences import num_word_ids
from semcom_lib.physical_layer.csi import Csi
from semcom_lib.physical_layer.equalised_link import EqualisedLink
from semcom_lib.physical_layer.fading import Awgn, Rician

FOLDER = paths.CHECKPOINTS / "mem_deepsc"

CHANNELS = ("awgn", "rician", "rician_imperfect")

_KEYS = ("sizes", "has_memory", "words", "answers", "state")


def link_of(channel: str, k_factor: float, error_variance: float) -> EqualisedLink:
    """AWGN, Rician fading with perfect CSI, or Rician fading whose gains are known with errors of a variance.

    The paper does not say how its imperfect CSI is wrong; ours is ``csi.imperfect_csi``. Raises ValueError for another channel.
    """
    if channel not in CHANNELS:
        raise ValueError(f"channel = {channel!r} is unknown; one of: {', '.join(CHANNELS)}")
    if channel == "awgn":
        return EqualisedLink(Awgn())
    if channel == "rician":
        return EqualisedLink(Rician(k_factor))
    return EqualisedLink(Rician(k_factor), Csi("imperfect", error_variance=error_variance))


def new_model(corpus: Corpus, sizes: MemDeepSCSizes, *, has_memory: bool) -> MemDeepSC:
    """An untrained system for the words and answers of ``corpus``; torch's global generator draws its weights."""
    return MemDeepSC(num_word_ids(corpus.words), len(corpus.answers), sizes, has_memory=has_memory)


def save_model(model: MemDeepSC, corpus: Corpus, name: str) -> None:
    """Write the checkpoint ``name``."""
    save_checkpoint(FOLDER / f"{name}.pt", to_checkpoint(model, corpus))


def to_checkpoint(model: MemDeepSC, corpus: Corpus) -> dict[str, Any]:
    """What a checkpoint holds."""
    return {
        "sizes": asdict(model.sizes),
        "has_memory": model.has_memory,
        "words": list(corpus.words),
        "answers": list(corpus.answers),
        "state": model.state_dict(),
    }


def from_checkpoint(checkpoint: Mapping[str, Any], corpus: Corpus, name: str = "the checkpoint") -> MemDeepSC:
    """The model of a checkpoint, in evaluation mode. Raises ValueError when it was trained on other words or answers."""
    for what, here in (("words", corpus.words), ("answers", corpus.answers)):
        if tuple(checkpoint[what]) != here:
            raise ValueError(
                f"{name} was trained on other {what} ({len(checkpoint[what])}, here {len(here)}); retrain it or restore its "
                "data: dvc repro mem_deepsc_semantic_memory"
            )
    model = new_model(corpus, MemDeepSCSizes(**checkpoint["sizes"]), has_memory=checkpoint["has_memory"])
    load_state(model, checkpoint["state"], name)
    return model.eval()


def load_model(corpus: Corpus, name: str, folder: Path | None = None) -> MemDeepSC:
    """The model of the checkpoint ``name``, as :func:`from_checkpoint`."""
    path = (folder or FOLDER) / f"{name}.pt"
    return from_checkpoint(load_checkpoint(path, *_KEYS), corpus, str(path))
