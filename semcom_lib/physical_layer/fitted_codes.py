"""Codes whose blocks fit a text: the turbo code's own lengths, and 5G LDPC blocks for a :class:`FittedLink`."""

from functools import cache

from semcom_lib.arguments import check_integer, check_number
from semcom_lib.coding.ldpc import MIN_K, Ldpc5G
from semcom_lib.coding.turbo import INTERLEAVER_LENGTHS, MAX_K
from semcom_lib.physical_layer.fitted_link import FittedLink
from semcom_lib.physical_layer.link import Link, SourceCode
from semcom_lib.physical_layer.modulation import Modulation


def turbo_length(num_bits: int) -> int:
    """The next of the turbo code's own block lengths. Raises ValueError above the longest."""
    check_number("num_bits", num_bits, f"[0, {MAX_K}]")
    return next(length for length in INTERLEAVER_LENGTHS if length >= num_bits)


def fitted_ldpc(source: SourceCode, rate: float, *, step: int) -> FittedLink:
    """A source code, 5G LDPC code of about this ``rate``, a block an item, QPSK.

    A block's length is the next multiple of ``step``, and MIN_K at least: the coarser, the more items share a code, and the more
    they pad. Min-sum decoding on a layered schedule: at these lengths as good as sum-product, and fast. Raises ValueError for a
    rate outside [0.2, 0.9], or a ``step`` below 1.
    """
    check_number("rate", rate, "[0.2, 0.9]")
    check_integer("step", step, 1)

    @cache
    def link_of_length(k: int) -> Link:
        return Link(source, _ldpc(k, _coded_bits(k, rate)), Modulation("qpsk"))

    def link_of(num_bits: int) -> Link:
        return link_of_length(-(-max(num_bits, MIN_K) // step) * step)

    return FittedLink(source, link_of)


@cache  # a code's matrix takes a tenth of a second, and the same sentences go over several channels
def _ldpc(k: int, n: int) -> Ldpc5G:
    return Ldpc5G(k, n, num_bits_per_symbol=2, schedule="layered")


def _coded_bits(k: int, rate: float) -> int:
    """The even number nearest to k / rate that the code takes: short blocks of odd length have not all of these rates."""
    shortest, longest = -(-1024 * k // 948), 5 * k
    return min(max(2 * round(k / rate / 2), shortest + shortest % 2), longest - longest % 2)
