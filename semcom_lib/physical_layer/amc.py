"""Adaptive modulation and coding: the fastest scheme that the SNR carries."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from semcom_lib.arguments import check_number
from semcom_lib.physical_layer.modulation import Modulation


@dataclass(frozen=True)
class Mcs:
    """A modulation and coding scheme, and the lowest SNR (Es/N0 in dB) at which it is chosen."""

    min_snr_db: float
    modulation: str
    code_rate: Fraction

    @property
    def spectral_efficiency(self) -> float:
        """Information bits per symbol."""
        return float(self.code_rate * Modulation(self.modulation).num_bits_per_symbol)


AMC_TABLE = (
    Mcs(-3.2, "bpsk", Fraction(1, 3)),
    Mcs(-0.2, "qpsk", Fraction(1, 3)),
    Mcs(2.2, "qpsk", Fraction(1, 2)),
    Mcs(4.4, "16qam", Fraction(1, 3)),
    Mcs(7.3, "16qam", Fraction(1, 2)),
    Mcs(11.5, "64qam", Fraction(1, 2)),
    Mcs(15.3, "256qam", Fraction(1, 2)),
)
"""The modulations at the rates of our turbo code.

A scheme starts 2 dB above the SNR at which its bit-interleaved capacity over AWGN equals its spectral efficiency,
rounded up to 0.1 dB. There a code of some 250 information bits loses at most 10 % of its blocks, the target of an LTE
terminal's channel quality report [3GPP TS 36.213 Sec. 7.2.3]. Among the schemes of LTE's Table 7.2.3-1 the nearest are
QPSK at rates 0.30 and 0.44, 16-QAM at 0.37 and 0.48, 64-QAM at 0.46. BPSK is ours, for the lowest SNRs; 64-QAM at 1/3
is left out because 16-QAM at 1/2 is as fast.
"""


def select_mcs(snr_db: float, table: Sequence[Mcs] = AMC_TABLE) -> Mcs:
    """The scheme of highest spectral efficiency whose threshold does not exceed ``snr_db``.

    Below every threshold it is the scheme of lowest threshold: the sender always sends, and more and more blocks fail.
    Raises ValueError when ``snr_db`` is NaN, or the table is empty.
    """
    check_number("snr_db", snr_db, "[-inf, inf]")
    if not table:
        raise ValueError(f"table is empty: for snr_db = {snr_db} it must hold at least one scheme")
    within_reach = [mcs for mcs in table if mcs.min_snr_db <= snr_db]
    if not within_reach:
        return min(table, key=lambda mcs: mcs.min_snr_db)
    return max(within_reach, key=lambda mcs: mcs.spectral_efficiency)
