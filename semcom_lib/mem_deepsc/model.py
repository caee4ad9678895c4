"""Mem-DeepSC: sentences one by one over a channel into a memory, then a question about them  [mem_deepsc Fig. 2, eqs. 1-8].

    s^c(k) -> S: universal Transformer, sum over words -> z^c(k) -> C -> x^c(k) ~~~ channel ~~~ x_hat -> C^-1 -> z_hat -> memory Q
    s^q    -> S ------------------------------------------> z^q  -> C -> x^q    ~~~ channel ~~~ x_hat -> C^-1 -> z_hat^q
                                                              [z_hat^q, Q + T] -> S^-1: universal Transformer -> answer

Stated by the paper: width 128, 3 steps in the encoder and 6 in the decoder, dense layers in the channel codec, 32 complex symbols a
sentence, the sum over words, a queue of T features, sinusoidal codes of time.

We chose: the number of heads, and feed-forward blocks of ``feed_forward`` neurons; two dense layers on each side of the channel
with a ReLU between, after the sender's a normalisation to unit mean power of each sentence; a layer normalisation of the sum over
words, so that features of long and short sentences are of one size (the squared error of eq. 10 would else see the long ones
alone); time counted from the newest sentence back, so that the same age always has the same code; slots of the queue that nothing
has filled are not attended to (in the paper they are zeros); codes of a word's position and of a step of a tenth of a sinusoid's
size, since they add up over a sentence and over the steps until all features look alike, and training stands still for long; the
answer is read from the question's position; the answers are classes, one of which may be a
list.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semcom_lib.learning.blocks import Embedding, sinusoidal_positions
from semcom_lib.learning.universal import UniversalTransformer
from semcom_lib.mem_deepsc.asked import EMPTY, Batch

POSITION_SIZE = 0.1
"""The size of the code of a word's position, of which 1 is a sinusoid's amplitude."""

Channel = Callable[..., Tensor]  # (x, n0, *, generator) -> x_hat, as an EqualisedLink


@dataclass(frozen=True)
class Sending:
    """A channel at the noise of each transmission, ``n0`` (transmissions, 1), and where its draws come from."""

    channel: Channel
    n0: Tensor
    generator: torch.Generator

    def __call__(self, x: Tensor) -> Tensor:
        """x complex64 (transmissions, num_symbols) -> what the receiver has of them, of the same shape."""
        return self.channel(x, self.n0, generator=self.generator)


@dataclass(frozen=True)
class MemDeepSCSizes:
    """The sizes of Fig. 2; ``memory`` is T, ``max_words`` bounds a sentence or a question."""

    width: int = 128
    heads: int = 8
    feed_forward: int = 256
    encoder_steps: int = 3
    decoder_steps: int = 6
    channel_hidden: int = 256
    num_symbols: int = 32
    max_words: int = 12
    memory: int = 128


class SemanticEncoder(nn.Module):
    """A sentence's words -> one feature, normalised  [mem_deepsc eq. 1 and Algorithm 1 line 4, S_alpha]."""

    def __init__(self, num_words: int, sizes: MemDeepSCSizes):
        super().__init__()
        self.embedding = Embedding(num_words, sizes.width)
        self.transformer = UniversalTransformer(sizes.width, sizes.heads, sizes.feed_forward, sizes.encoder_steps)
        self.norm = nn.LayerNorm(sizes.width)
        of_position = POSITION_SIZE * sinusoidal_positions(sizes.max_words, sizes.width)
        self.register_buffer("of_position", of_position, persistent=False)

    def forward(self, ids: Tensor) -> Tensor:
        """ids (sentences, longest), 0 where a sentence has ended -> (sentences, width)."""
        is_word = ids > 0
        x = self.embedding(ids) + self.of_position[: ids.shape[1]]
        return self.norm((self.transformer(x, is_word) * is_word[:, :, None]).sum(dim=1))


class ChannelEncoder(nn.Module):
    """A feature -> complex symbols of unit mean power  [mem_deepsc eq. 1, C_beta]."""

    def __init__(self, sizes: MemDeepSCSizes):
        super().__init__()
        self.dense = nn.Sequential(
            nn.Linear(sizes.width, sizes.channel_hidden),
            nn.ReLU(),
            nn.Linear(sizes.channel_hidden, 2 * sizes.num_symbols),
        )

    def forward(self, z: Tensor) -> Tensor:
        """z (sentences, width) -> x complex64 (sentences, num_symbols), each row of mean power 1."""
        x = torch.view_as_complex(self.dense(z).unflatten(1, (-1, 2)).contiguous())
        return x * x.abs().square().mean(dim=1, keepdim=True).rsqrt()


class ChannelDecoder(nn.Module):
    """Equalised symbols -> the feature as it was received  [mem_deepsc eq. 4, C^-1_gamma]."""

    def __init__(self, sizes: MemDeepSCSizes):
        super().__init__()
        self.dense = nn.Sequential(
            nn.Linear(2 * sizes.num_symbols, sizes.channel_hidden),
            nn.ReLU(),
            nn.Linear(sizes.channel_hidden, sizes.width),
        )

    def forward(self, x_hat: Tensor) -> Tensor:
        """x_hat complex64 (..., num_symbols) -> z_hat (..., width)."""
        return self.dense(torch.view_as_real(x_hat).flatten(-2))


class SemanticDecoder(nn.Module):
    """The question and the memory -> scores of the answers  [mem_deepsc eqs. 7, 8, S^-1_phi]."""

    def __init__(self, num_answers: int, sizes: MemDeepSCSizes):
        super().__init__()
        self.norm = nn.LayerNorm(sizes.width)
        self.question = nn.Parameter(torch.zeros(sizes.width))
        self.transformer = UniversalTransformer(sizes.width, sizes.heads, sizes.feed_forward, sizes.decoder_steps)
        self.answer = nn.Linear(sizes.width, num_answers)
        self.register_buffer("of_age", sinusoidal_positions(sizes.memory, sizes.width), persistent=False)

    def forward(self, z_question: Tensor, memory: Tensor, is_filled: Tensor) -> Tensor:
        """z_question (batch, width), memory (batch, slots, width), the newest slot first, is_filled (batch, slots) -> logits."""
        return self.answer(self.transformer(*self._tokens(z_question, memory, is_filled))[:, 0])

    def attention(self, z_question: Tensor, memory: Tensor, is_filled: Tensor) -> Tensor:
        """How much the question looks at each slot in each step, heads averaged: (steps, batch, slots); the rest is for itself."""
        weights = self.transformer.attention_weights(*self._tokens(z_question, memory, is_filled))
        return weights[:, :, :, 0, 1:].mean(dim=2)

    def _tokens(self, z_question: Tensor, memory: Tensor, is_filled: Tensor) -> tuple[Tensor, Tensor]:
        """The question and the slots with their ages, (batch, 1 + slots, width), and which of them are there."""
        question = self.norm(z_question) + self.question
        aged = self.norm(memory) + self.of_age[: memory.shape[1]]
        return torch.cat([question[:, None], aged], dim=1), F.pad(is_filled, (1, 0), value=True)


class MemDeepSC(nn.Module):
    """The whole system: sender and receiver with its memory, for ``num_words`` word ids and ``num_answers`` classes.

    ``has_memory`` False is the same system without the memory module: its answers follow from the question alone.
    """

    def __init__(
        self, num_words: int, num_answers: int, sizes: MemDeepSCSizes | None = None, *, has_memory: bool = True
    ):
        super().__init__()
        self.sizes = sizes or MemDeepSCSizes()
        self.has_memory = has_memory
        self.num_words, self.num_answers = num_words, num_answers
        self.semantic_encoder = SemanticEncoder(num_words, self.sizes)
        self.channel_encoder = ChannelEncoder(self.sizes)
        self.channel_decoder = ChannelDecoder(self.sizes)
        self.semantic_decoder = SemanticDecoder(num_answers, self.sizes)

    def forward(self, ids: Tensor, batches: Sequence[Batch], send: Sending | None = None) -> Tensor:
        """Scores of the answers to the questions of all ``batches``, in their order: (questions, num_answers).

        ``ids`` (sentences, longest) are the words of all distinct sentences and questions; those in the batches are encoded, each
        once. ``send`` takes each transmission's symbols x (transmissions, num_symbols) to what the receiver has of them; which
        these are says :meth:`transmissions`. With None the features themselves arrive [mem_deepsc Algorithm 1 lines 1-10].
        """
        indices = torch.cat([part for batch in batches for part in (self._contexts(batch), batch.questions)])
        distinct, which = torch.unique(indices, return_inverse=True)
        z_hat = self.transfer(self.encode(ids[distinct]), which, send)
        logits, first = [], 0
        for batch in batches:
            is_filled = (batch.contexts != EMPTY) & self.has_memory
            middle = first + int(is_filled.sum())
            contexts = torch.full_like(batch.contexts, EMPTY)
            contexts[is_filled] = torch.arange(first, middle)
            first = middle + len(batch.questions)
            logits.append(self.answer(z_hat, contexts, torch.arange(middle, first)))
        return torch.cat(logits)

    def answer(self, z_hat: Tensor, contexts: Tensor, questions: Tensor) -> Tensor:
        """Scores of the answers, (batch, num_answers): contexts (batch, slots) and questions (batch,) are rows of z_hat.

        EMPTY slots, and without a memory all slots, are not looked at.
        """
        return self.semantic_decoder(*self._heard(z_hat, contexts, questions))

    def attention(self, z_hat: Tensor, contexts: Tensor, questions: Tensor) -> Tensor:
        """What each question looks at, (steps, batch, slots), as :meth:`SemanticDecoder.attention`; arguments as :meth:`answer`."""
        return self.semantic_decoder.attention(*self._heard(z_hat, contexts, questions))

    def _heard(self, z_hat: Tensor, contexts: Tensor, questions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Questions (batch, width), memories (batch, slots, width), and which slots are filled."""
        contexts, questions = (rows.to(z_hat.device) for rows in (contexts, questions))
        if not self.has_memory:
            contexts = contexts[:, :0]
        memory = F.embedding(contexts.clamp_min(0), z_hat)
        return F.embedding(questions, z_hat), memory, contexts != EMPTY

    def renew_channel_codec(self, num_symbols: int) -> None:
        """An untrained channel codec of another number of symbols; torch's global generator draws its weights."""
        self.sizes = replace(self.sizes, num_symbols=num_symbols)
        self.channel_encoder = ChannelEncoder(self.sizes)
        self.channel_decoder = ChannelDecoder(self.sizes)

    def transmissions(self, batches: Sequence[Batch]) -> Tensor:
        """The question, as a row of all batches, that each transmission belongs to: of a batch, its contexts row by row, then its
        questions; int64 (transmissions,)."""
        rows, first = [], 0
        for batch in batches:
            own = torch.arange(first, first + len(batch.questions))
            is_filled = (batch.contexts != EMPTY) & self.has_memory
            rows += [own[is_filled.nonzero()[:, 0]], own]
            first += len(own)
        return torch.cat(rows)

    def transfer(self, z: Tensor, which: Tensor, send: Sending | None) -> Tensor:
        """Features z (sentences, width), transmission i being of sentence which[i] -> as they arrive, (transmissions, width)."""
        which = which.to(z.device)
        if send is None:
            return F.embedding(which, z)
        x = F.embedding(which, torch.view_as_real(self.channel_encoder(z)).flatten(1))
        return self.channel_decoder(send(torch.view_as_complex(x.unflatten(1, (-1, 2)))))

    def encode(self, ids: Tensor) -> Tensor:
        """The features z of sentences, ids (sentences, longest) -> (sentences, width); sentences of one length at a time."""
        lengths = (ids > 0).sum(dim=1)
        device = next(self.parameters()).device
        z, order = [], []
        for length in torch.unique(lengths).tolist():
            rows = (lengths == length).nonzero()[:, 0]
            z.append(self.semantic_encoder(ids[rows, :length].to(device)))
            order.append(rows)
        return torch.cat(z)[torch.argsort(torch.cat(order))]

    def _contexts(self, batch: Batch) -> Tensor:
        """The sentences in the memories, row by row."""
        return batch.contexts[(batch.contexts != EMPTY) & self.has_memory]
