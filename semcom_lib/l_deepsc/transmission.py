"""Test sentences through a text system: what the Monte Carlo of the text papers counts."""

from collections.abc import Sequence

import torch

from semcom_lib.l_deepsc.transceiver import DeepSC, Receiver, Transmitter
from semcom_lib.physical_layer import channels
from semcom_lib.physical_layer.equalised_link import EqualisedLink
from semcom_lib.sources.text import Vocabulary, in_batches

MAX_BATCH = 256


@torch.inference_mode()
def receive_sentences(
    model: DeepSC,
    encoded: Sequence[list[int]],
    vocabulary: Vocabulary,
    link: EqualisedLink,
    snr_db: float,
    *,
    generator: torch.Generator,
) -> list[str]:
    """Every encoded sentence once through the link at ``snr_db``: the received sentences, in the order of the sent ones."""
    x_hat = over_link(features_of(model.transmitter, encoded), link, snr_db, generator=generator)
    return [vocabulary.decode(ids) for ids in words_of(model.receiver, x_hat)]


def over_link(
    symbols: Sequence[torch.Tensor], link: EqualisedLink, snr_db: float, *, generator: torch.Generator
) -> tuple[torch.Tensor, ...]:
    """Symbols of sentences of any lengths, complex64 (num_symbols,) each, through the link -> the same, equalised."""
    num_symbols = torch.tensor([len(x) for x in symbols])
    n0 = channels.snr_to_n0(snr_db)
    x_hat = link.equalised(torch.cat(list(symbols)), num_symbols, n0, generator=generator)
    return x_hat.split(num_symbols.tolist())


@torch.no_grad()  # not inference_mode: a cloud trains on what it received
def features_of(transmitter: Transmitter, encoded: Sequence[list[int]]) -> list[torch.Tensor]:
    """The symbols of each sentence, complex64 (num_symbols,), in the order of the sentences."""
    symbols: list[torch.Tensor] = [torch.empty(0, dtype=torch.complex64)] * len(encoded)
    for indices, ids in in_batches(list(encoded), MAX_BATCH):
        for i, x in zip(indices.tolist(), transmitter(ids), strict=True):
            symbols[i] = x
    return symbols


@torch.inference_mode()
def words_of(receiver: Receiver, symbols: Sequence[torch.Tensor]) -> list[list[int]]:
    """The words that the receiver reads in each sentence's equalised symbols, in the order of the sentences."""
    num_words = torch.tensor([len(x) for x in symbols]) // receiver.sizes.symbols_per_word
    words: list[list[int]] = [[]] * len(symbols)
    for indices in num_words.argsort(stable=True).split(MAX_BATCH):  # neighbours in length need little padding
        chosen = indices.tolist()
        padded = torch.nn.utils.rnn.pad_sequence([symbols[i] for i in chosen], batch_first=True)
        for i, row in zip(chosen, receiver.greedy(padded, num_words[indices]).tolist(), strict=True):
            words[i] = row[: int(num_words[i])]
    return words
