"""Analog joint source-channel coding at the same split points: features are symbols  [digital_sc Sec. IV-B, "DJSCC"].

    features -- delta x, channels kept -- pairs as symbols, mean power 1 -- x + n -- amplitude x, zeros for the rest -- features_hat

A symbol carries two features. QPSK carries two bits: 2^q-level features of as many channels take q times the channel uses, so that
at equal uses the analog system keeps q times as many channels. The paper keeps equally many and does not count.

The paper maps a bit error rate to the SNR at which uncoded QPSK has it, which :func:`ber_to_snr_db` does.
"""

import math

import torch
from scipy.special import erfcinv
from torch import Tensor, nn

from semcom_lib.arguments import check_integer, check_number
from semcom_lib.digital_sc.bottleneck import Pruning
from semcom_lib.digital_sc.quantiser import FASTER
from semcom_lib.physical_layer.channels import snr_to_n0
from semcom_lib.physical_layer.equalised_link import EqualisedLink
from semcom_lib.physical_layer.fading import Awgn


class AnalogBlock(nn.Module):
    """In the place of the TRB: features of a split point with z = ``num_channels`` over AWGN, E[|x|^2] = 1 in every image.

    The sender normalises each image's symbols, and the receiver multiplies by one trained ``amplitude`` for all: what differs in
    strength between images is lost, as no side information is sent.
    """

    def __init__(self, num_channels: int):
        super().__init__()
        self.pruning = Pruning(num_channels)
        self.raw_amplitude = nn.Parameter(torch.tensor(1.0 / FASTER))
        self.link = EqualisedLink(Awgn())

    @property
    def amplitude(self) -> Tensor:
        """What received symbols are multiplied by, a number."""
        return FASTER * self.raw_amplitude

    @torch.no_grad()
    def start(self, features: Tensor) -> None:
        """Take the amplitude of features (n, z, h, w) of a network that is trained already: the root of a symbol's mean power."""
        self.raw_amplitude.copy_((2 * self.pruning(features).square().mean()).sqrt() / FASTER)

    def count_channel_uses(self, height: int, width: int) -> int:
        """Complex symbols of an image whose features are (z, height, width)."""
        return -(-self.pruning.num_kept * height * width // 2)

    def modulate(self, features: Tensor) -> Tensor:
        """Features (n, z, h, w) -> symbols complex64 (n, count_channel_uses), the mean power of each row 1; all zeros stay so."""
        numbers = self.pruning(features).flatten(1)
        if numbers.shape[1] % 2:
            numbers = torch.cat([numbers, numbers.new_zeros(len(numbers), 1)], dim=1)
        x = torch.view_as_complex(numbers.unflatten(1, (-1, 2)).contiguous().float())
        power = x.abs().square().mean(dim=1, keepdim=True)
        return x / power.clamp_min(torch.finfo(torch.float32).tiny).sqrt()

    def transfer(
        self, features: Tensor, snr_db: float, *, generator: torch.Generator, temperature: float = math.inf
    ) -> Tensor:
        """Features (n, z, h, w) over AWGN of this SNR -> received features of the same shape; no ``temperature`` matters.

        Image i's k-th symbol meets the same noise from an equal generator, however many are sent.
        """
        n, _, height, width = features.shape
        x_hat = self.link(self.modulate(features), snr_to_n0(snr_db), generator=generator)
        numbers = torch.view_as_real(x_hat).flatten(1)[:, : self.pruning.num_kept * height * width]
        return self.pruning.restore(self.amplitude * numbers.reshape(n, -1, height, width))


def ber_to_snr_db(ber: float) -> float:
    """The SNR in dB at which uncoded QPSK has this bit error rate in (0, 0.5): the inverse of erfc(sqrt(SNR / 2)) / 2.

    Raises ValueError for a rate of 0 or 0.5, which no finite SNR has, or one outside.
    """
    check_number("ber", ber, "(0, 0.5)")
    return 10 * math.log10(2 * float(erfcinv(2 * ber)) ** 2)


def analog_channels(num_channels: int, bits: int, available: int) -> int:
    """Channels of which analog features take the channel uses of ``num_channels`` channels at ``bits`` bits: their product.

    Raises ValueError where the network has not so many ``available``, or for numbers below 1.
    """
    check_integer("num_channels", num_channels, 1)
    check_integer("bits", bits, 1)
    if num_channels * bits > available:
        raise ValueError(
            f"num_channels x bits = {num_channels * bits} must be at most the {available} channels that there are"
        )
    return num_channels * bits
