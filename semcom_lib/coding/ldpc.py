"""5G LDPC code with rate matching, a thin adapter of Sionna's encoder and decoder  [3GPP TS 38.212 Sec. 5.3.2, 5.4.2].

Sionna is imported when the first code is used, not with this module: its import takes seconds, and draws a new seed for
torch's global generator, which we undo.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch

MIN_K, MAX_K = 12, 8448
MAX_K_BASE_GRAPH_2 = 3824  # beyond it only base graph 1, whose lowest rate is 1/3

_EDGES_PER_CHUNK = 2**18  # edges of the decoding graph times blocks: bounds the memory of a call


@dataclass(frozen=True)
class Ldpc5G:
    """A block of ``k`` information bits becomes ``n`` coded bits; decoded by belief propagation, flooding schedule.

    With ``num_bits_per_symbol`` the coded bits are interleaved for that modulation [3GPP TS 38.212 Sec. 5.4.2.2]. One
    code block, redundancy version 0, no CRC: the decoder always answers, with its best guess. Deterministic. At rates
    above 0.9 a short block (base graph 2, k <= 292) may fail even without noise: too little parity is sent to recover
    the two punctured columns.

    Raises ValueError for k outside [12, 8448], for a rate k / n outside [1/5, 948/1024] (or below 1/3 where k > 3824),
    for ``num_iterations`` < 1, and where ``num_bits_per_symbol`` does not divide n.
    """

    k: int
    n: int
    num_iterations: int = 20
    num_bits_per_symbol: int | None = None

    def __post_init__(self) -> None:
        if not MIN_K <= self.k <= MAX_K:
            raise ValueError(f"k = {self.k} information bits: 5G LDPC takes [{MIN_K}, {MAX_K}]")
        shortest = -(-1024 * self.k // 948)
        longest = (5 if self.k <= MAX_K_BASE_GRAPH_2 else 3) * self.k
        if not shortest <= self.n <= longest:
            raise ValueError(f"n = {self.n} coded bits: 5G LDPC takes [{shortest}, {longest}] for k = {self.k}")
        if self.num_iterations < 1:
            raise ValueError(f"num_iterations = {self.num_iterations}: it must be >= 1")
        if self.num_bits_per_symbol is not None and (self.num_bits_per_symbol < 1 or self.n % self.num_bits_per_symbol):
            raise ValueError(f"num_bits_per_symbol = {self.num_bits_per_symbol}: it must divide n = {self.n}")

    @property
    def rate(self) -> float:
        """Code rate k / n."""
        return self.k / self.n

    def encode(self, bits: np.ndarray) -> np.ndarray:
        """Information bits uint8 (batch, k) -> coded bits uint8 (batch, n).

        Raises ValueError for another shape, or entries other than 0 and 1.
        """
        bits = np.asarray(bits)
        if bits.ndim != 2 or bits.shape[1] != self.k or not np.all((bits == 0) | (bits == 1)):
            raise ValueError(f"bits has shape {bits.shape}: it must be (batch, {self.k}) of 0 and 1")
        encoder, _ = self._sionna
        return self._by_chunks(encoder, bits.astype(np.uint8, copy=False), self.n)

    def decode(self, llr: np.ndarray) -> np.ndarray:
        """LLRs ln P(1) / P(0) float32 (batch, n) -> information bits uint8 (batch, k).

        Sionna clips LLRs to [-20, 20]. Raises ValueError for another shape, or values that are not finite.
        """
        llr = np.asarray(llr, dtype=np.float32)
        if llr.ndim != 2 or llr.shape[1] != self.n or not np.all(np.isfinite(llr)):
            raise ValueError(f"llr has shape {llr.shape}: it must be (batch, {self.n}) of finite values")
        _, decoder = self._sionna
        return self._by_chunks(decoder, llr, self.k)

    @cached_property
    def _sionna(self) -> tuple[Any, Any]:
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder
        settings = {"precision": "single", "device": "cpu"}
        encoder = LDPC5GEncoder(self.k, self.n, num_bits_per_symbol=self.num_bits_per_symbol, **settings)
        return encoder, LDPC5GDecoder(encoder, num_iter=self.num_iterations, **settings)

    @torch.inference_mode()
    def _by_chunks(self, block: Any, rows: np.ndarray, num_columns: int) -> np.ndarray:
        _, decoder = self._sionna
        chunk = max(1, _EDGES_PER_CHUNK // decoder.num_edges)
        out = np.empty((len(rows), num_columns), dtype=np.uint8)
        for start in range(0, len(rows), chunk):
            out[start : start + chunk] = block(torch.from_numpy(rows[start : start + chunk].copy())).numpy()
        return out
