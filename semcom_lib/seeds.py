"""Random generators derived from (seed, purpose): adding a draw in one place changes nothing elsewhere."""

import contextlib
import hashlib
from collections.abc import Iterator

import numpy as np
import torch

from semcom_lib.arguments import describe, shown


def derive(seed: int, *purpose: object) -> int:
    """A 63-bit seed from the experiment's seed and the words that say what the draws are for.

    Words are told by their text, so that 3 and "3" are one word, and "a/b" is "a", "b". Raises ValueError for a seed that is
    no integer, and for arrays and tensors among the words: their text leaves numbers out.
    """
    if not isinstance(seed, int | np.integer) or isinstance(seed, bool):
        raise ValueError(f"seed = {shown(seed)} must be an integer")
    for word in purpose:
        if isinstance(word, np.ndarray | torch.Tensor):
            raise ValueError(f"purpose holds {describe(word)}: its words must be texts and numbers")
    digest = hashlib.sha256("/".join(map(str, (seed, *purpose))).encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def torch_generator(seed: int, *purpose: object) -> torch.Generator:
    """A torch generator on the CPU for this purpose: ``torch_generator(7, "train", "noise")``."""
    return torch.Generator().manual_seed(derive(seed, *purpose))


def numpy_generator(seed: int, *purpose: object) -> np.random.Generator:
    """A numpy generator for this purpose."""
    return np.random.Generator(np.random.PCG64(derive(seed, *purpose)))


@contextlib.contextmanager
def initialising(seed: int, *purpose: object) -> Iterator[None]:
    """Within the block torch's layers draw their initial weights from this purpose's seed; outside nothing changes."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, *purpose))
        yield
