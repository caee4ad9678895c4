"""Links whose code fits the item: each item in a block of its own length, all in one transmission.

A code of one block length pads every item to whole blocks, and the shorter its blocks, the less padding and the weaker the code.
Here the number of an item's source bits chooses its link, for example one with a turbo code of just that length; the receiver
knows it by the number of symbols that an item takes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch

from semcom_lib.physical_layer.csi import PERFECT, Csi
from semcom_lib.physical_layer.fading import Fading, Received, transmit
from semcom_lib.physical_layer.link import Link, LinkResult, SourceCode, payloads_of


@dataclass(frozen=True, eq=False)
class FittedLink:
    """Items of ``source`` over the link that ``link_of`` gives for their number of source bits.

    Items whose links are one object are coded together: ``link_of`` is fast where it remembers its links. They must all have a
    CRC or none.
    """

    source: SourceCode
    link_of: Callable[[int], Link]

    def count_channel_uses(self, source_bits: np.ndarray) -> np.ndarray:
        """Complex symbols of items with so many source bits, int64 (num_items,)."""
        return np.array([self.link_of(bits).count_channel_uses(bits) for bits in source_bits.tolist()], np.int64)

    @torch.no_grad()
    def send(
        self,
        items: Sequence[Any],
        law: Fading,
        n0: float,
        *,
        csi: Csi = PERFECT,
        generator: torch.Generator,
    ) -> LinkResult:
        """As :meth:`semcom_lib.physical_layer.link.Link.send`, with the same gains and noise for each item."""
        payloads = payloads_of(self.source, items)
        groups = self._groups(payloads)
        frames = [link.encode([payloads[i] for i in places]) for link, places in groups]
        places = np.concatenate([np.empty(0, np.int64), *(places for _, places in groups)])
        channel_uses = np.concatenate([np.empty(0, np.int64), *(frame.channel_uses for frame in frames)])

        in_items_order = torch.from_numpy(np.argsort(np.repeat(places, channel_uses), kind="stable"))
        x = torch.cat([torch.empty(0, dtype=torch.complex64), *(frame.x for frame in frames)])[in_items_order]
        received = transmit(
            x, torch.from_numpy(channel_uses[np.argsort(places)]), law, n0, csi=csi, generator=generator
        )
        in_groups_order = torch.argsort(in_items_order)
        sizes = [len(frame.x) for frame in frames]
        parts = zip(*(of_symbols[in_groups_order].split(sizes) for of_symbols in received), strict=True)
        results = [
            link.decode(frame, Received(*part)) for (link, _), frame, part in zip(groups, frames, parts, strict=True)
        ]
        return _joined(results, np.argsort(places))

    def _groups(self, payloads: Sequence[np.ndarray]) -> list[tuple[Link, np.ndarray]]:
        """Each link that is needed, and which items go over it."""
        chosen: dict[int, tuple[Link, list[int]]] = {}
        for i, payload in enumerate(payloads):
            link = self.link_of(len(payload))
            chosen.setdefault(id(link), (link, []))[1].append(i)
        return [(link, np.array(places, np.int64)) for link, places in chosen.values()]


def _joined(results: Sequence[LinkResult], order: np.ndarray) -> LinkResult:
    """The results of all items in one, item i of it the one at ``order[i]``."""
    joined: dict[str, Any] = {}
    for field in fields(LinkResult):
        parts = [getattr(result, field.name) for result in results]
        if field.name == "items_hat":
            items = [item for part in parts for item in part]
            joined[field.name] = [items[i] for i in order]
        elif field.name == "detected_errors" and (not parts or parts[0] is None):
            joined[field.name] = None
        else:
            joined[field.name] = np.concatenate([np.empty(0, np.int64), *parts])[order]
    return LinkResult(**joined)
