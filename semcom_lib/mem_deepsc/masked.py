"""Mem-DeepSC that sends only some of a sentence's symbols, so many as the SNR asks for  [mem_deepsc Sec. IV]."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from semcom_lib import seeds
from semcom_lib.mem_deepsc.asked import Batch
from semcom_lib.mem_deepsc.lengths import lengths_by_snr
from semcom_lib.mem_deepsc.masks import (
    ImportanceModel,
    keep_first,
    keep_most_important,
    keep_random,
    send_masked,
    straight_through_top_k,
)
from semcom_lib.mem_deepsc.model import MemDeepSC, Sending

KINDS = ("importance", "consecutive", "random")


@dataclass(frozen=True)
class Lengths:
    """The number of symbols by SNR: eq. 15 with ``minimum`` at no noise, rounded up, in ``shortest`` .. ``longest``."""

    mu_max: float
    sigma_m2: float
    minimum: float
    shortest: int
    longest: int

    def of(self, n0: Tensor) -> Tensor:
        """n0 (transmissions, 1) -> int64 (transmissions,)."""
        return torch.from_numpy(lengths_by_snr(-10 * np.log10(n0[:, 0].numpy()), **asdict(self)))


class Masked(nn.Module):
    """``system`` under a mask of one of KINDS; an importance mask has an importance model, and freezes the system's own weights.

    Raises ValueError for another kind.
    """

    def __init__(self, system: MemDeepSC, kind: str, lengths: Lengths):
        super().__init__()
        if kind not in KINDS:
            raise ValueError(f"kind = {kind!r} is unknown; one of: {', '.join(KINDS)}")
        self.system, self.kind, self.lengths = system, kind, lengths
        self.importance = ImportanceModel(system.sizes.num_symbols) if kind == "importance" else None
        if self.importance is not None:
            self.system.requires_grad_(False)

    def forward(self, ids: Tensor, batches: Sequence[Batch], send: Sending) -> Tensor:
        """As :class:`MemDeepSC`."""
        return self.system(ids, batches, self.masking(send))

    def masking(self, send: Sending) -> Sending:
        """``send`` with the mask before it."""
        return Sending(partial(self._send, send), send.n0, send.generator)

    def transmissions(self, batches: Sequence[Batch]) -> Tensor:
        """As :class:`MemDeepSC`."""
        return self.system.transmissions(batches)

    def _send(self, send: Sending, x: Tensor, n0: Tensor, *, generator: torch.Generator) -> Tensor:
        num_kept = self.lengths.of(n0).to(x.device)
        own = seeds.torch_generator(generator.initial_seed(), "mask")  # whatever is masked, fades and noise stay
        if self.kind == "consecutive":
            mask = keep_first(num_kept, x.shape[1])
        elif self.kind == "random":
            mask = keep_random(num_kept, x.shape[1], generator=own)
        elif self.training:
            mask = straight_through_top_k(self.importance(x), num_kept)
        else:
            mask = keep_most_important(self.importance(x), num_kept)
        return send_masked(x, mask, partial(send.channel, n0=n0, generator=generator))
