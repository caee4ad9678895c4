"""DeepSC, the text transceiver of L-DeepSC  [l_deepsc Table I, Fig. 2(b)].

    ids -> semantic encoder -> channel encoder -> x ~~~ channel ~~~ x_hat -> channel decoder -> semantic decoder -> ids
           4 Transformer layers  256, 16                            128, 512, 128, LayerNorm   4 Transformer layers

Table I leaves open, and we chose: the layers normalise before each block (they train without a long warm-up); one matrix
serves as embedding of both sides and as prediction layer (only so do the paper's 3,333,120 weights come out), kept in units of
1/sqrt(width), so that its weights are of the size of all others and one pruning threshold fits all matrices;
sinusoidal positions are added to the sender's and receiver's embeddings; since the receiver knows the order of what it
received, its attention to the received features is biased towards the word's own position (``position_bias``, -|i - j|
times 8, 4, 2, ... by head), which has no weights and lets the link be used within tens of training steps instead of
hundreds; the feed-forward blocks are 512 wide (from the count).
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semcom_lib.learning.blocks import (
    DecoderLayer,
    Embedding,
    EncoderLayer,
    KeyValue,
    distance_bias,
    sinusoidal_positions,
)
from semcom_lib.learning.checkpoints import load_checkpoint, load_state
from semcom_lib.learning.losses import sampled_cross_entropy
from semcom_lib.physical_layer.constellation import FiniteConstellation
from semcom_lib.sources.text import END_ID, START_ID, Vocabulary

Channel = Callable[..., Tensor]  # (x, n0, *, generator) -> x_hat, as channels.awgn


@dataclass(frozen=True)
class DeepSCSizes:
    """The sizes of Table I; ``max_words`` bounds the sentence length. ``position_bias`` is ours: see the module's beginning."""

    width: int = 128
    heads: int = 8
    layers: int = 4
    feed_forward: int = 512
    channel_encoder: int = 256
    channel_decoder: int = 512
    symbols_per_word: int = 8
    max_words: int = 30
    position_bias: bool = True


class SemanticEncoder(nn.Module):
    """Word embeddings (batch, num_words, width) -> semantic features of the same shape  [l_deepsc eq. 1, S_beta]."""

    def __init__(self, sizes: DeepSCSizes):
        super().__init__()
        self.layers = nn.ModuleList(
            EncoderLayer(sizes.width, sizes.heads, sizes.feed_forward) for _ in range(sizes.layers)
        )
        self.norm = nn.LayerNorm(sizes.width)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return self.norm(x)


class SemanticDecoder(nn.Module):
    """Embedded target words and the received memory -> features before the prediction layer  [l_deepsc eq. 3]."""

    def __init__(self, sizes: DeepSCSizes):
        super().__init__()
        self.heads, self.position_bias = sizes.heads, sizes.position_bias
        self.layers = nn.ModuleList(
            DecoderLayer(sizes.width, sizes.heads, sizes.feed_forward) for _ in range(sizes.layers)
        )
        self.norm = nn.LayerNorm(sizes.width)

    def project(self, memory: Tensor) -> list[KeyValue]:
        """Each layer's keys and values of the memory, computed once for a whole sentence."""
        return [layer.cross_attention.project(memory) for layer in self.layers]

    def forward(
        self,
        x: Tensor,
        memory: list[KeyValue],
        past: list[KeyValue] | None = None,
        *,
        is_received: Tensor | None = None,
    ) -> tuple[Tensor, list[KeyValue]]:
        """``is_received``, bool (batch, memory positions), is False where a shorter sentence's memory is padding."""
        first = 0 if past is None else past[0].keys.shape[2]
        positions = torch.arange(first, first + x.shape[1], device=x.device)
        bias = distance_bias(positions, memory[0].keys.shape[2], self.heads)
        if not self.position_bias:
            bias = torch.zeros_like(bias)
        if is_received is not None:  # (batch, heads, positions, memory positions)
            bias = bias.masked_fill(~is_received[:, None, None, :], -torch.inf)
        seen = []
        for i, layer in enumerate(self.layers):
            x, here = layer(x, memory[i], None if past is None else past[i], bias=bias)
            seen.append(here)
        return self.norm(x), seen


class ChannelDecoder(nn.Module):
    """Received symbols -> features: dense 128 ReLU, 512 ReLU, 128; LayerNorm of the sum of first and last."""

    def __init__(self, sizes: DeepSCSizes):
        super().__init__()
        self.dense_1 = nn.Linear(2 * sizes.symbols_per_word, sizes.width)
        self.dense_2 = nn.Linear(sizes.width, sizes.channel_decoder)
        self.dense_3 = nn.Linear(sizes.channel_decoder, sizes.width)
        self.norm = nn.LayerNorm(sizes.width)

    def forward(self, x_hat: Tensor) -> Tensor:
        first = F.relu(self.dense_1(x_hat))
        return self.norm(first + self.dense_3(F.relu(self.dense_2(first))))


class Transmitter(nn.Module):
    """What an IoT device holds: embedding, semantic encoder, channel encoder and constellation.

    Sentences come in batches of one length: ids (batch, num_words), no padding. Each word is sent as ``symbols_per_word``
    complex symbols, every sentence with unit mean power. ``constellation`` is None (full resolution) or a
    :class:`FiniteConstellation`.
    """

    def __init__(self, vocabulary_size: int, sizes: DeepSCSizes):
        super().__init__()
        self.sizes = sizes
        self.embedding = Embedding(vocabulary_size, sizes.width)
        self.semantic_encoder = SemanticEncoder(sizes)
        self.channel_encoder = nn.Sequential(
            nn.Linear(sizes.width, sizes.channel_encoder),
            nn.ReLU(),
            nn.Linear(sizes.channel_encoder, 2 * sizes.symbols_per_word),
        )
        self.constellation: FiniteConstellation | None = None
        positions = sinusoidal_positions(sizes.max_words + 1, sizes.width)
        self.register_buffer("positions", positions, persistent=False)

    def forward(self, ids: Tensor) -> Tensor:
        """ids (batch, num_words) -> x complex64 (batch, num_words * symbols_per_word), each row of mean power 1.

        Raises ValueError for sentences of more than ``max_words`` words.
        """
        if ids.shape[1] > self.sizes.max_words:
            raise ValueError(f"a sentence of {ids.shape[1]} words; max_words = {self.sizes.max_words}")
        features = self.semantic_encoder(self.embedding(ids) + self.positions[: ids.shape[1]])
        pairs = self.channel_encoder(features).unflatten(2, (-1, 2)).flatten(1, 2)  # (batch, num_symbols, 2)
        x = torch.view_as_complex(pairs.contiguous())
        x = x * x.abs().square().mean(dim=1, keepdim=True).rsqrt()
        if self.constellation is None:
            return x
        if self.training:  # the range follows symbols that training moves
            self.constellation.calibrate(x.detach())
        return self.constellation(x)


class Receiver(nn.Module):
    """What the cloud decodes with: channel decoder, semantic decoder, and the ``embedding`` of the transmitter's words.

    The embedding serves as prediction layer too. It is the transmitter's own, shared, and therefore no part of this module's
    parameters and state.
    """

    def __init__(self, embedding: Embedding, sizes: DeepSCSizes):
        super().__init__()
        self.sizes = sizes
        self._shared = (embedding,)  # in a tuple, which torch does not look into for parameters
        self.channel_decoder = ChannelDecoder(sizes)
        self.semantic_decoder = SemanticDecoder(sizes)
        positions = sinusoidal_positions(sizes.max_words + 1, sizes.width)
        self.register_buffer("positions", positions, persistent=False)

    @property
    def embedding(self) -> Embedding:
        """The transmitter's embedding."""
        return self._shared[0]

    def receive(self, x_hat: Tensor) -> list[KeyValue]:
        """Equalised symbols x_hat (batch, num_words * symbols_per_word) -> the semantic decoder's memory."""
        pairs = torch.view_as_real(x_hat).flatten(1).unflatten(1, (-1, 2 * self.sizes.symbols_per_word))
        return self.semantic_decoder.project(self.channel_decoder(pairs))

    def predict(self, memory: list[KeyValue], ids: Tensor) -> Tensor:
        """Features before the prediction layer for the words so far, ids (batch, n) -> (batch, n, width)."""
        embedded = self.embedding(ids) + self.positions[: ids.shape[1]]
        return self.semantic_decoder(embedded, memory)[0]

    def greedy(self, x_hat: Tensor, num_words: Tensor | None = None) -> Tensor:
        """The most likely word at every step, x_hat (batch, num_symbols) -> ids (batch, longest); after END only END.

        The receiver knows how many symbols came, hence the number of words. Rows may be sentences of ``num_words``
        (batch,) words, padded to the longest; by default all are as long. Keys and values of earlier words are kept.
        """
        memory = self.receive(x_hat)
        longest = x_hat.shape[1] // self.sizes.symbols_per_word
        positions = torch.arange(longest, device=x_hat.device)
        is_received = None if num_words is None else positions < num_words.to(x_hat.device)[:, None]
        word = torch.full((x_hat.shape[0], 1), START_ID, device=x_hat.device)
        words, past = [], [KeyValue(layer.keys[:, :, :0], layer.values[:, :, :0]) for layer in memory]
        ended = torch.zeros_like(word, dtype=torch.bool)
        for position in range(longest):
            embedded = self.embedding(word) + self.positions[position]
            features, past = self.semantic_decoder(embedded, memory, past, is_received=is_received)
            word = (features[:, 0] @ self.embedding.weight.T).argmax(1, keepdim=True)
            if is_received is not None:
                ended = ended | ~is_received[:, position, None]
            word = word.masked_fill(ended, END_ID)
            ended = ended | (word == END_ID)
            words.append(word)
        return torch.cat(words, dim=1)


class DeepSC(nn.Module):
    """The whole transceiver: ``transmitter`` and ``receiver``, trained together."""

    def __init__(self, vocabulary_size: int, sizes: DeepSCSizes | None = None):
        super().__init__()
        self.sizes = sizes or DeepSCSizes()
        self.transmitter = Transmitter(vocabulary_size, self.sizes)
        self.receiver = Receiver(self.transmitter.embedding, self.sizes)

    def loss(
        self, ids: Tensor, channel: Channel, n0: Tensor, *, num_negatives: int | None, generator: torch.Generator
    ) -> Tensor:
        """Mean cross-entropy per word [l_deepsc eq. 4] of ids (batch, num_words) through ``channel``.

        ``n0`` (batch, 1) is each sentence's noise variance; ``num_negatives`` words stand for the rest of the
        vocabulary (None: the full softmax). The end of the sentence counts as a word.
        """
        memory = self.receiver.receive(channel(self.transmitter(ids), n0, generator=generator))
        given = F.pad(ids, (1, 0), value=START_ID)
        targets = F.pad(ids, (0, 1), value=END_ID).flatten()
        features = self.receiver.predict(memory, given).flatten(0, 1)
        vocabulary = self.transmitter.embedding.weight
        if num_negatives is None:
            return F.cross_entropy(features @ vocabulary.T, targets)
        return sampled_cross_entropy(features, targets, vocabulary, num_negatives, generator=generator)


def count_weights(model: nn.Module) -> int:
    """Weights as the paper counts them: matrices, without biases and normalisations [l_deepsc Table III]."""
    return sum(p.numel() for p in model.parameters() if p.dim() > 1)


def vocabulary_fingerprint(vocabulary: Vocabulary) -> str:
    """SHA-256 over the words in their order."""
    return hashlib.sha256("\n".join(vocabulary.words).encode()).hexdigest()


CHECKPOINT_KEYS = ("sizes", "bits", "vocabulary", "state")


def to_checkpoint(model: DeepSC, vocabulary: Vocabulary) -> dict[str, Any]:
    """What a checkpoint file holds: sizes, constellation bits, the vocabulary's fingerprint and the weights."""
    constellation = model.transmitter.constellation
    return {
        "sizes": asdict(model.sizes),
        "bits": None if constellation is None else constellation.bits,
        "vocabulary": vocabulary_fingerprint(vocabulary),
        "state": model.state_dict(),
    }


def from_checkpoint(checkpoint: Mapping[str, Any], vocabulary: Vocabulary, name: str = "the checkpoint") -> DeepSC:
    """The model of a checkpoint, in evaluation mode. Raises ValueError when it was trained with another vocabulary."""
    expected = vocabulary_fingerprint(vocabulary)
    if checkpoint["vocabulary"] != expected:
        raise ValueError(
            f"{name} was trained with another vocabulary ({checkpoint['vocabulary'][:12]}, here {expected[:12]}); "
            "retrain it or restore its data: dvc repro l_deepsc_train"
        )
    model = DeepSC(len(vocabulary), DeepSCSizes(**checkpoint["sizes"]))
    if checkpoint["bits"] is not None:
        model.transmitter.constellation = FiniteConstellation(checkpoint["bits"])
    load_state(model, checkpoint["state"], name)
    return model.eval()


def load_transceiver(path: Path, vocabulary: Vocabulary) -> DeepSC:
    """The model of a checkpoint file, as :func:`from_checkpoint`."""
    return from_checkpoint(load_checkpoint(path, *CHECKPOINT_KEYS), vocabulary, str(path))
