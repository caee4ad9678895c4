"""Sentences a second in training: our DeepSC step beside the plain way to write it, one JSON line.

The peer has the same sizes and vocabulary, written with torch's nn.Transformer layers: padded batches of mixed lengths,
dropout 0.1, a prediction layer of its own and the full softmax. Both see the same sentences, lengths as in Europarl, and
take Adam steps; medians of steps taken in turn.
"""

import json
import statistics
import time

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semcom_lib import seeds
from semcom_lib.l_deepsc.transceiver import DeepSC
from semcom_lib.learning.blocks import sinusoidal_positions
from semcom_lib.physical_layer import channels
from semcom_lib.sources.text import END_ID, PAD_ID, START_ID, LengthBuckets

VOCABULARY, WIDTH, TOKENS, NEGATIVES = 10_376, 128, 2_400, 1_500
STEPS = 15
N0 = 0.1


class PlainDeepSC(nn.Module):
    """Table I with nn.Transformer layers."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, WIDTH)
        self.register_buffer("positions", sinusoidal_positions(32, WIDTH))
        options = {"d_model": WIDTH, "nhead": 8, "dim_feedforward": 512, "dropout": 0.1, "batch_first": True}
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(**options), 4)
        self.decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(**options), 4)
        self.channel_encoder = nn.Sequential(nn.Linear(WIDTH, 256), nn.ReLU(), nn.Linear(256, 16))
        self.channel_decoder = nn.Sequential(
            nn.Linear(16, WIDTH), nn.ReLU(), nn.Linear(WIDTH, 512), nn.ReLU(), nn.Linear(512, WIDTH)
        )
        self.prediction = nn.Linear(WIDTH, VOCABULARY)

    def loss(self, ids: Tensor, generator: torch.Generator) -> Tensor:
        padding = ids == PAD_ID
        features = self.encoder(self.embedding(ids) + self.positions[: ids.shape[1]], src_key_padding_mask=padding)
        pairs = self.channel_encoder(features).unflatten(2, (-1, 2)).flatten(1, 2)
        y = channels.awgn(torch.view_as_complex(pairs.contiguous()), N0, generator=generator)
        memory = self.channel_decoder(torch.view_as_real(y).flatten(1).unflatten(1, (-1, 16)))
        given = F.pad(ids[:, :-1], (1, 0), value=START_ID)
        mask = nn.Transformer.generate_square_subsequent_mask(ids.shape[1])
        received = self.decoder(
            self.embedding(given) + self.positions[: ids.shape[1]],
            memory,
            tgt_mask=mask,
            memory_key_padding_mask=padding,
        )
        return F.cross_entropy(self.prediction(received).flatten(0, 1), ids.flatten(), ignore_index=PAD_ID)


def sentences(number: int) -> list[list[int]]:
    """Random words; lengths 4..30 with a mean of about 17, as in Europarl after cleaning."""
    rng = seeds.numpy_generator(1, "benchmark", "sentences")
    lengths = np.clip(np.round(rng.normal(17, 7, number)), 4, 30).astype(int)
    return [rng.integers(4, VOCABULARY, length).tolist() for length in lengths]


def main() -> None:
    torch.set_num_threads(2)
    corpus = sentences(20_000)
    buckets, rng = LengthBuckets(corpus, TOKENS), seeds.numpy_generator(1, "benchmark", "batch")
    ours, peer = DeepSC(VOCABULARY), PlainDeepSC()
    optimizers = {model: torch.optim.Adam(model.parameters(), lr=1e-4) for model in (ours, peer)}
    generator = seeds.torch_generator(1, "benchmark", "noise")

    def our_loss() -> tuple[Tensor, int]:
        ids = buckets.draw(rng)
        n0 = torch.full((len(ids), 1), N0)
        return ours.loss(ids, channels.awgn, n0, num_negatives=NEGATIVES, generator=generator), len(ids)

    def peer_loss() -> tuple[Tensor, int]:
        chosen = [corpus[i] + [END_ID] for i in rng.integers(len(corpus), size=TOKENS // 17)]
        ids = nn.utils.rnn.pad_sequence([torch.tensor(row) for row in chosen], batch_first=True, padding_value=PAD_ID)
        return peer.loss(ids, generator), len(ids)

    rates: dict[nn.Module, list[float]] = {ours: [], peer: []}
    for step in range(STEPS + 2):
        for model, loss in ((ours, our_loss), (peer, peer_loss)):
            began = time.perf_counter()
            value, number = loss()
            optimizers[model].zero_grad()
            value.backward()
            optimizers[model].step()
            if step >= 2:  # after the warm-up
                rates[model].append(number / (time.perf_counter() - began))
    fast, plain = statistics.median(rates[ours]), statistics.median(rates[peer])
    line = {"name": "DeepSC training", "ours": round(fast), "peer": round(plain), "ratio": round(fast / plain, 2)}
    print(json.dumps(line | {"unit": "sentences/s", "peer_name": "nn.Transformer, padded, dropout, full softmax"}))


if __name__ == "__main__":
    main()
