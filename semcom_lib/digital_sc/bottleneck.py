"""The transmission residual block between device and server: structured pruning, quantiser, bits, BSC  [digital_sc Sec. III].

    features -- delta x, channels kept -- Q(.; theta, T) -- labels -- BSC -- labels -- theta -- zeros for the rest -- features_hat
    (n, z, h, w)     A(.; delta)           2^q levels       q bits    BER                        (n, z, h, w)

Only the block behind the split point is active, h[s] = 1 of eq. 5; the others hand their features on.

Differs from the paper: eq. 7 makes delta sparse by its l1 norm, for which signs are alike, but prunes delta[k] < eta, which takes
every negative one; ours prunes |delta[k]| < eta.
"""

import math

import torch
from torch import Tensor, nn

from semcom_lib.arguments import check_integer, check_number, check_tensor
from semcom_lib.digital_sc.quantiser import FASTER, BitLabels, make_quantiser
from semcom_lib.physical_layer.channels import bsc


class Pruning(nn.Module):
    """A(.; delta): each channel times its ``scaling``, 1 at first; of them the ``kept`` ones, all at first  [digital_sc eq. 7].

    Raises ValueError for fewer than one channel.
    """

    def __init__(self, num_channels: int):
        super().__init__()
        check_integer("num_channels", num_channels, 1)
        self.raw_scaling = nn.Parameter(torch.full((num_channels,), 1.0 / FASTER))
        self.register_buffer("kept", torch.ones(num_channels, dtype=torch.bool))

    @property
    def scaling(self) -> Tensor:
        """delta, float32 (z,)."""
        return FASTER * self.raw_scaling

    @property
    def num_kept(self) -> int:
        """Channels that are sent."""
        return int(self.kept.sum())

    def sparsity_loss(self) -> Tensor:
        """L_c, the l1 norm of the scaling vector  [digital_sc eq. 7]."""
        return self.scaling.abs().sum()

    @torch.no_grad()
    def threshold(self, num_channels: int) -> float:
        """eta, the smallest |scaling| among the ``num_channels`` = 1..z channels with the largest ones."""
        check_integer("num_channels", num_channels, 1, len(self.scaling))
        return float(self.scaling.abs().sort(descending=True).values[num_channels - 1])

    @torch.no_grad()
    def prune(self, num_channels: int) -> float:
        """Keep so many channels, those with the largest |scaling|, of equal ones the first; returns the threshold eta.

        Raises ValueError for a number outside 1..z.
        """
        eta = self.threshold(num_channels)
        chosen = self.scaling.abs().sort(descending=True, stable=True).indices[:num_channels]
        self.kept.fill_(False)
        self.kept[chosen] = True
        return eta

    def forward(self, features: Tensor) -> Tensor:
        """Features (n, z, h, w) -> those that are sent, (n, num_kept, h, w). Raises ValueError for another number of channels."""
        check_tensor("features", features, "floating-point", "(n, z, h, w)")
        if features.shape[1] != len(self.scaling):
            raise ValueError(f"features has {features.shape[1]} channels: it must have z = {len(self.scaling)}")
        scaling = self.scaling.view(-1, 1, 1)
        if bool(self.kept.all()):
            return features * scaling
        return features[:, self.kept] * scaling[self.kept]

    def restore(self, received: Tensor) -> Tensor:
        """What came, (n, num_kept, h, w), with zeros for the channels that were not sent: (n, z, h, w)."""
        if bool(self.kept.all()):
            return received
        n, _, height, width = received.shape
        nothing = torch.zeros(n, len(self.kept), height, width, dtype=received.dtype, device=received.device)
        return nothing.index_copy(1, self.kept.nonzero().squeeze(1), received)


class DigitalBlock(nn.Module):
    """The TRB of a split point with z = ``num_channels``: q = ``bits`` a feature, over a binary symmetric channel.

    ``quantiser`` is a kind of ``make_quantiser``, ``labels`` those of :class:`BitLabels`. Raises ValueError as they do.
    """

    def __init__(self, num_channels: int, bits: int, *, quantiser: str = "learned", labels: str = "natural"):
        super().__init__()
        self.pruning = Pruning(num_channels)
        self.quantiser = make_quantiser(quantiser, bits)
        self.labels = BitLabels(bits, labels)

    @torch.no_grad()
    def start(self, features: Tensor) -> None:
        """Place the levels for features (n, z, h, w) of a network that is trained already."""
        self.quantiser.start(self.pruning(features))

    def count_bits(self, height: int, width: int) -> int:
        """w h z q, the bits of an image whose features are (z, height, width)  [digital_sc eq. 6]."""
        return self.labels.bits * self.pruning.num_kept * height * width

    def count_channel_uses(self, height: int, width: int) -> int:
        """QPSK symbols of an image, two bits each  [digital_sc Sec. IV-B]."""
        return -(-self.count_bits(height, width) // 2)

    def to_bits(self, features: Tensor) -> Tensor:
        """b = f_a->d(S_e)  [digital_sc eq. 13]: features (n, z, h, w) -> uint8 (n, count_bits), channel by channel."""
        return self.labels.to_bits(self.quantiser.indices(self.pruning(features))).flatten(1)

    def of_bits(self, bits: Tensor, height: int, width: int) -> Tensor:
        """S_e_hat = f_d->a(b_hat)  [digital_sc eq. 16]: the inverse, to features (n, z, height, width).

        Raises ValueError for another number of bits.
        """
        check_tensor("bits", bits, "integer", "(n, num_bits)")
        if bits.shape[1] != self.count_bits(height, width):
            raise ValueError(
                f"bits has shape {tuple(bits.shape)}: it must be (n, {self.count_bits(height, width)}), as features of "
                f"{height} x {width} have"
            )
        shape = (len(bits), self.pruning.num_kept, height, width, self.labels.bits)
        return self.pruning.restore(self.quantiser.levels[self.labels.to_indices(bits.reshape(shape))])

    def transfer(
        self, features: Tensor, ber: float, *, generator: torch.Generator, temperature: float = math.inf
    ) -> Tensor:
        """Features (n, z, h, w) over a BSC with bit error rate ``ber`` in [0, 0.5] -> received features of the same shape.

        With a finite ``temperature`` the soft quantiser's value is sent, for training, and a wrong label adds the distance of the
        two levels that it confuses. Gradients pass the channel straight: a feature gets that of eq. 14 whether its bits arrived or
        not, and levels that of being received. Image i's k-th bit meets the same flip from an equal generator, however many
        bits are sent. Raises ValueError for another ``ber``.
        """
        check_ber(ber)
        sent = self.pruning(features)
        indices = self.quantiser.indices(sent)
        bits = self.labels.to_bits(indices)
        by_bit = bits.flatten(
            1
        ).T.contiguous()  # (num_bits, n): a longer transmission then starts with a shorter one's flips
        received = bsc(by_bit, ber, generator=generator).T.reshape(bits.shape)
        indices_hat = self.labels.to_indices(received)
        wrong = indices_hat != indices
        levels = self.quantiser.levels
        error = torch.zeros_like(sent)
        error[wrong] = levels[indices_hat[wrong]] - levels[indices[wrong]]
        return self.pruning.restore(self.quantiser(sent, temperature) + error)


def check_ber(ber: float) -> None:
    """Raise ValueError unless a bit error rate is in [0, 0.5]: above, a receiver would invert what it hears."""
    check_number("ber", ber, "[0, 0.5]")
