"""Test sentences through a text system: what the Monte Carlo of the text papers counts."""

from collections.abc import Sequence

import torch

from semcom_lib import channels
from semcom_lib.learned_link import FadingLink
from semcom_lib.models.l_deepsc import DeepSC
from semcom_lib.sources.text import Vocabulary, in_batches

MAX_BATCH = 512


@torch.inference_mode()
def receive_sentences(
    model: DeepSC,
    encoded: Sequence[list[int]],
    vocabulary: Vocabulary,
    link: FadingLink,
    snr_db: float,
    *,
    generator: torch.Generator,
) -> list[str]:
    """Every encoded sentence once through the link at ``snr_db``: the received sentences, in the order of the sent ones.

    The gains of all sentences are drawn before any noise, in the order of the sentences.
    """
    n0 = channels.snr_to_n0(snr_db)
    h, h_est = link.gains(len(encoded), n0, generator=generator)
    received = [""] * len(encoded)
    for indices, ids in in_batches(encoded, MAX_BATCH):
        y = channels.awgn(channels.block_fading(h[indices], model.transmit(ids)), n0, generator=generator)
        words = model.greedy(channels.equalise(y, h_est[indices]))
        for i, row in zip(indices.tolist(), words.tolist(), strict=True):
            received[i] = vocabulary.decode(row)
    return received
