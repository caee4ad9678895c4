"""A power amplifier driven into saturation, which compresses a symbol's amplitude and leaves its phase  [Rapp, 1991]."""

from dataclasses import dataclass

from torch import Tensor

from semcom_lib.arguments import check_number, check_tensor


@dataclass(frozen=True)
class Rapp:
    """The solid-state amplifier of Rapp: amplitude r becomes r / (1 + (r / A)^(2 p))^(1 / (2 p)), p the ``smoothness``.

    A, the saturation amplitude, is ``backoff_db`` above the root mean square of symbols of unit mean power; negative, below
    it. What pilots of unit amplitude lose is a gain like the channel's own: outputs are scaled so that they pass as
    they are. Larger symbols come out too small, and the mean power of symbols whose amplitudes differ falls below 1.
    Raises ValueError for a smoothness outside (0, 100] or a back-off outside [-40, 40] dB.
    """

    backoff_db: float
    smoothness: float = 2.0

    def __post_init__(self) -> None:
        check_number("backoff_db", self.backoff_db, "[-40, 40]")
        check_number("smoothness", self.smoothness, "(0, 100]")

    def __call__(self, x: Tensor) -> Tensor:
        """Symbols x (...), complex -> what the antenna sends, of the same shape. Raises ValueError for real x."""
        check_tensor("x", x, "complex")
        return x * (self._compression(x.abs()) / self._compression(x.new_ones(()).abs()))

    def _compression(self, amplitude: Tensor) -> Tensor:
        saturation = 10 ** (self.backoff_db / 20)
        return (1 + (amplitude / saturation) ** (2 * self.smoothness)) ** (-0.5 / self.smoothness)
