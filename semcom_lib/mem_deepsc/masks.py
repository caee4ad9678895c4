"""Which of a sentence's symbols are sent, and how many bits tell the receiver which  [mem_deepsc Sec. IV-B, IV-C, V-A].

    x ----------------------------- m x, unit mean power ~~~ channel ~~~ zeros for what was not sent -> x_hat
     `-> F: importance -> top-k -> m

A mask (sentences, num_symbols) is True, or 1, where a symbol is sent; ``num_kept`` int64 (sentences,) is how many are, at least 1,
and may differ by row. It follows from the SNR, which both ends know [mem_deepsc eq. 15]. So the receiver knows the consecutive
mask, and the random one where both ends draw from equal generators; the importance mask must be told, see :func:`position_bits`.
"""

import math
from collections.abc import Callable
from fractions import Fraction

import torch
from torch import Tensor, nn

from semcom_lib.arguments import check_integer, check_number, check_tensor, describe
from semcom_lib.learning.blocks import Embedding, EncoderLayer

_HALVINGS = 40  # of the interval of the threshold: more than float32 can tell apart


class ImportanceModel(nn.Module):
    """Sent symbols -> how important each is, one Transformer encoder layer of width 64  [mem_deepsc eq. 17, F(.; theta)].

    We chose: a token a symbol, of its real and imaginary part and of its place, which is learned, since neighbouring symbols have
    no more in common than distant ones; 4 heads, a feed-forward block of 128 neurons, one dense layer from a token to its score.
    Raises ValueError for sizes below 1, and heads that do not divide the width.
    """

    def __init__(self, num_symbols: int, width: int = 64, heads: int = 4, feed_forward: int = 128):
        super().__init__()
        for name, size in {"num_symbols": num_symbols, "width": width, "feed_forward": feed_forward}.items():
            check_integer(name, size, 1)
        self.symbol = nn.Linear(2, width)
        self.place = Embedding(num_symbols, width)
        self.layer = EncoderLayer(width, heads, feed_forward)
        self.score = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 1))

    def forward(self, x: Tensor) -> Tensor:
        """x complex64 (sentences, num_symbols) -> scores of the same shape, the greater the more important.

        Raises ValueError for an x of another kind or number of symbols.
        """
        check_tensor("x", x, "complex", "(sentences, num_symbols)")
        if x.shape[1] != self.place.num_embeddings:
            raise ValueError(
                f"x has shape {tuple(x.shape)}: it must have {self.place.num_embeddings} symbols a sentence"
            )
        places = torch.arange(x.shape[1], device=x.device)
        tokens = self.symbol(torch.view_as_real(x)) + self.place(places)  # (sentences, num_symbols, width)
        return self.score(self.layer(tokens))[:, :, 0]


def keep_first(num_kept: Tensor, num_symbols: int) -> Tensor:
    """The consecutive mask: each sentence's first symbols, bool (sentences, num_symbols)  [mem_deepsc Sec. IV-C].

    Raises ValueError for ``num_kept`` that are not int64 (sentences,) in 1..num_symbols.
    """
    _check_counts(num_kept, num_symbols)
    return torch.arange(num_symbols, device=num_kept.device) < num_kept[:, None]


def keep_random(num_kept: Tensor, num_symbols: int, *, generator: torch.Generator) -> Tensor:
    """The random mask: symbols of each sentence at random, bool (sentences, num_symbols)  [mem_deepsc Sec. V-A].

    All sets of ``num_kept`` symbols are equally likely, one draw a sentence; of equal generators the mask of fewer symbols is part
    of that of more. Raises ValueError as :func:`keep_first`.
    """
    _check_counts(num_kept, num_symbols)
    drawn = torch.rand(len(num_kept), num_symbols, generator=generator)
    return keep_most_important(drawn.to(num_kept.device), num_kept)


def keep_most_important(importance: Tensor, num_kept: Tensor) -> Tensor:
    """The importance mask: the symbols of the greatest scores, of equal ones the first  [mem_deepsc eq. 18].

    ``importance`` (sentences, num_symbols) -> bool of its shape. Raises ValueError for scores that are not finite, and as
    :func:`keep_first`.

    Differs from the paper: exactly ``num_kept`` are kept. Eq. 18 keeps what exceeds the L_1-th greatest score, which is L_1 - 1.
    """
    _check_importance(importance, num_kept)
    order = importance.argsort(dim=1, descending=True, stable=True)
    return torch.zeros_like(importance, dtype=torch.bool).scatter(1, order, keep_first(num_kept, order.shape[1]))


def soft_top_k(importance: Tensor, num_kept: Tensor, temperature: float = 1.0) -> Tensor:
    """A mask in (0, 1) that sums to ``num_kept`` in each row, differentiable in the scores  [mem_deepsc Algorithm 2, SoftKMax].

    m = sigmoid((importance - threshold) / temperature), the threshold such that the sum is right: of all such m the one of
    greatest m . importance + temperature H(m) [Amos, Koltun & Kolter, "The limited multi-label projection layer", 2019]. As the
    temperature falls it tends to :func:`keep_most_important`, except between equal scores. Where everything is kept it is 1, and
    has no gradient. Raises ValueError for a temperature that is not above 0, and as :func:`keep_most_important`.

    Differs from the paper: it names its SoftKMax and does not define it.
    """
    _check_importance(importance, num_kept)
    check_number("temperature", temperature, "(0, inf)")
    z, wanted = importance / temperature, num_kept[:, None]
    threshold = _threshold(z.detach(), wanted)
    slope = torch.sigmoid(z.detach() - threshold)
    slope = slope * (1 - slope)
    # The threshold follows the scores so that the sum stays: its derivative is slope / sum of the slopes, its value as found.
    moved = (slope * (z - z.detach())).sum(dim=1, keepdim=True)
    threshold = threshold + moved / slope.sum(dim=1, keepdim=True).clamp_min(torch.finfo(z.dtype).tiny)
    return torch.where(wanted == z.shape[1], 1.0, torch.sigmoid(z - threshold))


def _threshold(z: Tensor, wanted: Tensor) -> Tensor:
    """Where sigmoid(z - threshold) sums to ``wanted`` (sentences, 1), which is below the number of columns."""
    # So far above all scores the sum is at most 1, and so far below them at least one short of all.
    reach = math.log(max(1, z.shape[1] - 1))
    low, high = z.amin(dim=1, keepdim=True) - reach, z.amax(dim=1, keepdim=True) + reach
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        too_many = torch.sigmoid(z - middle).sum(dim=1, keepdim=True) > wanted
        low, high = torch.where(too_many, middle, low), torch.where(too_many, high, middle)
    return (low + high) / 2


def straight_through_top_k(importance: Tensor, num_kept: Tensor, temperature: float = 1.0) -> Tensor:
    """The importance mask to train with: forwards :func:`keep_most_important` as 0 and 1, backwards :func:`soft_top_k`.

    Raises ValueError as the latter.

    Differs from the paper, perhaps: its SoftKMax is "to bridge the backpropagation from mask to importance model", and whether a
    soft mask goes forwards in training is not said. That would let weak copies of all symbols through, which eq. 18 never sends.
    """
    soft = soft_top_k(importance, num_kept, temperature)
    return keep_most_important(importance, num_kept).to(soft.dtype) + (soft - soft.detach())


def send_masked(x: Tensor, mask: Tensor, send: Callable[[Tensor], Tensor]) -> Tensor:
    """Send a sentence's kept symbols and put zeros for the others: x complex64 (sentences, num_symbols) -> x_hat of its shape.

    ``mask`` is bool, or floating-point in 0..1 for gradients to it. ``send`` takes symbols to what the receiver has of them, symbol
    by symbol, with gains that hold for a whole sentence. So it is the same to mask what arrives, which is done, as to send the kept
    symbols only; but the gradient then says of a symbol that was not sent what it would have brought. Raises ValueError for an x
    that is not complex or a mask that is neither or has another shape.

    Differs from the paper: eq. 19 sends x m as it is; here each sentence's kept symbols are scaled to mean power 1, as x itself
    was, since the SNR is that of a channel use and the strongest symbols would else be bought at no cost.
    """
    check_tensor("x", x, "complex", "(sentences, num_symbols)")
    if (
        not isinstance(mask, Tensor)
        or mask.shape != x.shape
        or not (mask.dtype == torch.bool or mask.is_floating_point())
    ):
        raise ValueError(f"mask is {describe(mask)}: it must be bool or floating-point of x's shape {tuple(x.shape)}")
    weight = mask.to(x.real.dtype)
    energy = (weight * torch.view_as_real(x).square().sum(dim=2)).sum(dim=1, keepdim=True)
    power = energy / weight.sum(dim=1, keepdim=True)
    return weight * send(x * power.clamp_min(torch.finfo(power.dtype).tiny).rsqrt())


def position_bits(num_symbols: int, num_kept: int) -> int:
    """Bits that tell the receiver which symbols of a sentence are kept: ceil(log2 C(num_symbols, num_kept)).

    The paper's "position information of zero elements" [mem_deepsc Sec. IV-B], of which there is no less where all sets are equally
    likely. Raises ValueError for a ``num_kept`` outside 1..num_symbols.
    """
    check_integer("num_symbols", num_symbols, 1)
    check_integer("num_kept", num_kept, 1, num_symbols)
    return (math.comb(num_symbols, num_kept) - 1).bit_length()


def position_channel_uses(num_symbols: int, num_kept: int, rate: float | Fraction) -> int:
    """Channel uses of :func:`position_bits` at ``rate`` bits a symbol, rounded up: 4/3 for 16-QAM at code rate 1/3.

    A Fraction is reckoned with exactly. Raises ValueError for a rate that is not above 0, and as :func:`position_bits`.

    Differs from the paper: its numbers of symbols leave these out.
    """
    check_number("rate", rate, "(0, inf)")
    return math.ceil(position_bits(num_symbols, num_kept) / rate)


def _check_importance(importance: Tensor, num_kept: Tensor) -> None:
    check_tensor("importance", importance, "floating-point", "(sentences, num_symbols)")
    if not bool(importance.isfinite().all()):
        raise ValueError("importance holds scores that are not finite")
    _check_counts(num_kept, importance.shape[1])
    if len(num_kept) != len(importance):
        raise ValueError(
            f"num_kept has {len(num_kept)} entries: it must have one for each of {len(importance)} sentences"
        )


def _check_counts(num_kept: Tensor, num_symbols: int) -> None:
    check_integer("num_symbols", num_symbols, 1)
    check_tensor("num_kept", num_kept, "integer", "(sentences,)")
    if bool(((num_kept < 1) | (num_kept > num_symbols)).any()):
        low, high = int(num_kept.min()), int(num_kept.max())
        raise ValueError(f"num_kept lies in {low}..{high}: it must be in 1..{num_symbols}")
