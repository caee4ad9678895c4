"""A constellation of finitely many points  [l_deepsc Sec. III-C, eqs. 20-24]."""

import torch
from torch import Tensor, nn

from semcom_lib.arguments import check_integer, check_number, check_tensor
from semcom_lib.compression.uniform_quantiser import from_levels, to_levels

MIN_BITS, MAX_BITS = 1, 16


class FiniteConstellation(nn.Module):
    """Quantise each real dimension of the symbols to 2^bits levels; 2^(2 bits) points in the complex plane.

    The range [x_min, x_max] and the mean power of the quantised symbols are exponential moving averages over the
    calibration batches [l_deepsc eqs. 20, 21] with correlation coefficient ``c``; the output is scaled by that power, so
    that E[|x|^2] = 1 holds for the points that are really sent.

    The grid is that of :mod:`semcom_lib.compression.uniform_quantiser`. Gradients pass straight through the rounding.
    """

    def __init__(self, bits: int, c: float = 0.1):
        super().__init__()
        check_integer("bits", bits, MIN_BITS, MAX_BITS)
        check_number("c", c, "[0, 1)")
        self.bits, self.c = bits, c
        self.register_buffer("x_min", torch.tensor(float("nan")))
        self.register_buffer("x_max", torch.tensor(float("nan")))
        self.register_buffer("power", torch.tensor(float("nan")))

    @torch.no_grad()
    def calibrate(self, x: Tensor) -> None:
        """Take one batch of complex symbols x into the moving averages.

        Raises ValueError for a batch that is not complex, empty, not finite, or all zeros (which have no power to scale by).
        """
        check_tensor("x", x, "complex")
        real = torch.view_as_real(x)
        if not x.numel() or not bool(torch.isfinite(real).all()) or not bool(real.any()):
            raise ValueError(f"x of shape {tuple(x.shape)} must be finite, and not all zeros, to calibrate a range")
        self._update(self.x_min, real.min())
        self._update(self.x_max, real.max())
        self._update(self.power, self.dequantise(self.quantise(x)).abs().square().mean())

    def _update(self, average: Tensor, value: Tensor) -> None:
        average.copy_(value if average.isnan() else (1 - self.c) * average + self.c * value)

    def quantise(self, x: Tensor) -> Tensor:
        """Complex x (...) -> level indices 0..2^bits - 1 of its two real dimensions, float, (..., 2)  [l_deepsc eq. 22].

        Raises RuntimeError before the first calibration, ValueError for an x that is not complex.
        """
        check_tensor("x", x, "complex")
        if self.x_min.isnan():
            raise RuntimeError("the constellation has no range yet: call calibrate with at least one batch")
        return to_levels(torch.view_as_real(x), self.x_min, self.x_max, self.bits)

    def dequantise(self, levels: Tensor) -> Tensor:
        """Level indices (..., 2) -> complex symbols (...), before the power scaling  [l_deepsc eq. 24]."""
        return torch.view_as_complex(from_levels(levels, self.x_min, self.x_max, self.bits))

    def forward(self, x: Tensor) -> Tensor:
        """Complex symbols of unit mean power -> the nearest points, again of unit mean power."""
        x_q = self.dequantise(self.quantise(x.detach())) * self.power.rsqrt()
        return x_q + (x - x.detach())  # exactly the points forwards, the identity backwards
