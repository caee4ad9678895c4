"""Trained masks as files: checkpoints/mem_deepsc/<kind>_<channel>.pt."""

from semcom_lib.learning.checkpoints import load_checkpoint, load_state, save_checkpoint
from semcom_lib.mem_deepsc import trained
from semcom_lib.mem_deepsc.corpus import Corpus
from semcom_lib.mem_deepsc.masked import Lengths, Masked


def save_masked(masked: Masked, corpus: Corpus, name: str) -> None:
    """Write the checkpoint ``name`` of a trained mask: the system that was trained with it, or the importance model alone."""
    if masked.importance is None:
        trained.save_model(masked.system, corpus, name)
    else:
        save_checkpoint(trained.FOLDER / f"{name}.pt", {"state": masked.importance.state_dict()})


def load_masked(corpus: Corpus, channel: str, kind: str, lengths: Lengths) -> Masked:
    """The masked system of a ``channel``, in evaluation mode; a random and an importance mask are over the unmasked one."""
    if kind == "consecutive":
        return Masked(trained.load_model(corpus, f"{kind}_{channel}"), kind, lengths).eval()
    masked = Masked(trained.load_model(corpus, f"unmasked_{channel}"), kind, lengths)
    if masked.importance is not None:
        path = trained.FOLDER / f"{kind}_{channel}.pt"
        load_state(masked.importance, load_checkpoint(path, "state")["state"], str(path))
    return masked.eval()
