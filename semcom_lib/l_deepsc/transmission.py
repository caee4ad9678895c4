"""Test sentences through a text system: what the Monte Carlo of the text papers counts."""

from collections.abc import Sequence

import torch

from semcom_lib.l_deepsc.transceiver import DeepSC
from semcom_lib.physical_layer import channels
from semcom_lib.physical_layer.equalised_link import FadingLink
from semcom_lib.sources.text import Vocabulary, in_batches

MAX_BATCH = 256


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
    num_words = torch.tensor([len(ids) for ids in encoded])
    x_hat = torch.zeros(len(encoded), model.sizes.symbols_per_word * int(num_words.max()), dtype=torch.complex64)
    for indices, ids in in_batches(encoded, MAX_BATCH):
        y = channels.awgn(channels.block_fading(h[indices], model.transmit(ids)), n0, generator=generator)
        x_hat[indices, : y.shape[1]] = channels.equalise(y, h_est[indices])
    received = [""] * len(encoded)
    for indices in num_words.argsort(stable=True).split(MAX_BATCH):  # neighbours in length need little padding
        num_symbols = model.sizes.symbols_per_word * int(num_words[indices].max())
        words = model.greedy(x_hat[indices, :num_symbols], num_words[indices])
        for i, row in zip(indices.tolist(), words.tolist(), strict=True):
            received[i] = vocabulary.decode(row)
    return received
