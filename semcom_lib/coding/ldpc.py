"""5G LDPC code with rate matching: Sionna's encoder and decoder, or our fast ones  [3GPP TS 38.212 Sec. 5.3.2, 5.4.2].

Both are the same code, bit for bit; they differ in how it is decoded. Sionna's flooding schedule is the reference. The
layered one (:mod:`semcom_lib.coding.quasi_cyclic`) is a hundred times as fast on a CPU and loses about 0.2 dB: it is for
streams of megabits, as when a neural network is sent.

Sionna is imported when the first code is used, not with this module: its import takes seconds, and draws a new seed for
torch's global generator, which we undo.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch

from semcom_lib.arguments import check_integer
from semcom_lib.coding.blocks import Array, as_float32, bit_blocks, llr_blocks
from semcom_lib.coding.quasi_cyclic import CORE_ROWS, QuasiCyclicCode

MIN_K, MAX_K = 12, 8448
MAX_K_BASE_GRAPH_2 = 3824  # beyond it only base graph 1, whose lowest rate is 1/3

SCHEDULES = ("flooding", "layered")

_EDGES_PER_CHUNK = 2**18  # edges of the decoding graph times blocks: bounds the memory of a call
_BLOCKS_PER_CHUNK = 2**12
_PUNCTURED_COLUMNS = 2  # the first block columns, never sent
_FILLER_LLR = np.float32(-1e6)  # a known zero: more certain than all that the decoder makes of blocks of the peak below
_PEAK_EXPONENT = (
    14  # layered decoding scales blocks down to LLRs below 2^14, which changes no bit: min-sum is homogeneous
)
_CERTAIN_LLR = 1.0  # from here on no message of Sionna's first iterations rounds to zero


@dataclass(frozen=True)
class Ldpc5G:
    """A block of ``k`` information bits becomes ``n`` coded bits; decoded by belief propagation.

    ``schedule`` "flooding" is Sionna's sum-product decoder. Blocks whose hard decisions already are a codeword skip it: on
    a flooding schedule every message then has the codeword's sign, so that the result is the same. "layered" is our
    min-sum decoder, which stops at a codeword.

    With ``num_bits_per_symbol`` the coded bits are interleaved for that modulation [3GPP TS 38.212 Sec. 5.4.2.2]. One
    code block, redundancy version 0, no CRC: the decoder always answers, with its best guess, and cannot know whether it is
    right. A block that it left before the last iteration is a codeword, perhaps another one than was sent; whoever must
    know puts a CRC inside. Deterministic. At rates above 0.9 a short block (base graph 2, k <= 292) may fail even without
    noise: too little parity is sent to recover the two punctured columns.

    Raises ValueError for k outside [12, 8448], for a rate k / n outside [1/5, 948/1024] (or below 1/3 where k > 3824),
    for ``num_iterations`` < 1, another schedule, and where ``num_bits_per_symbol`` does not divide n.
    """

    k: int
    n: int
    num_iterations: int = 20
    num_bits_per_symbol: int | None = None
    schedule: str = "flooding"

    def __post_init__(self) -> None:
        check_integer("k", self.k, MIN_K, MAX_K)
        check_integer("n", self.n, 1)
        shortest = -(-1024 * self.k // 948)
        longest = (5 if self.k <= MAX_K_BASE_GRAPH_2 else 3) * self.k
        if not shortest <= self.n <= longest:
            raise ValueError(f"n = {self.n} coded bits: 5G LDPC takes [{shortest}, {longest}] for k = {self.k}")
        check_integer("num_iterations", self.num_iterations, 1)
        if self.schedule not in SCHEDULES:
            raise ValueError(f"schedule = {self.schedule!r}: it must be one of {SCHEDULES}")
        if self.num_bits_per_symbol is not None:
            check_integer("num_bits_per_symbol", self.num_bits_per_symbol, 1)
            if self.n % self.num_bits_per_symbol:
                raise ValueError(f"num_bits_per_symbol = {self.num_bits_per_symbol}: it must divide n = {self.n}")

    @property
    def rate(self) -> float:
        """Code rate k / n."""
        return self.k / self.n

    def encode(self, bits: Array) -> Array:
        """Information bits (..., k) -> coded bits uint8 (..., n), see :mod:`semcom_lib.coding.blocks`.

        Raises ValueError for another shape, or entries other than 0 and 1.
        """
        blocks = bit_blocks("bits", bits, self.k)
        if self.schedule == "layered":
            return blocks.back(self._encode_layered(blocks.rows))
        encoder, _ = self._sionna
        return blocks.back(self._by_chunks(encoder, blocks.rows, np.empty((len(blocks.rows), self.n), np.uint8)))

    def decode(self, llr: Array) -> Array:
        """LLRs ln P(1) / P(0) (..., n) -> information bits uint8 (..., k).

        Sionna clips LLRs to [-20, 20]; the layered schedule takes them as they are, however large, and runs in
        numba.config.NUMBA_NUM_THREADS threads. Raises ValueError for another shape, or values that are not finite.
        """
        blocks = llr_blocks("llr", llr, self.n)
        rows = as_float32(blocks.rows)
        if self.schedule == "layered":
            return blocks.back(self._decode_layered(rows, soft=False)[0])
        bits, is_codeword = self._read_codewords(rows)
        if not is_codeword.all():
            _, decoder = self._sionna
            left = rows[~is_codeword]
            bits[~is_codeword] = self._by_chunks(decoder, left, np.empty((len(left), self.k), np.uint8))
        return blocks.back(bits)

    def decode_soft(self, llr: Array) -> tuple[Array, Array]:
        """LLRs (..., n) -> a-posteriori LLRs of the information bits, float32 (..., k), and iterations int64 (...).

        :meth:`decode` gives the bits 1 where these LLRs are above 0. Min-sum's are too confident. Iterations below
        ``num_iterations`` say that the layered schedule found a codeword, not that it is the one sent; the flooding
        schedule always takes all. Raises ValueError as ``decode``.
        """
        blocks = llr_blocks("llr", llr, self.n)
        rows = as_float32(blocks.rows)
        if self.schedule == "layered":
            _, beliefs, iterations = self._decode_layered(rows, soft=True)
        else:
            beliefs = self._by_chunks(self._soft_decoder, rows, np.empty((len(rows), self.k), np.float32))
            iterations = np.full(len(rows), self.num_iterations, np.int64)
        return blocks.back(beliefs), blocks.back(iterations)

    def _decode_layered(self, llr: np.ndarray, *, soft: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        code, results = self._quasi_cyclic, []
        for start in range(0, max(1, len(llr)), _BLOCKS_PER_CHUNK):
            rows = llr[start : start + _BLOCKS_PER_CHUNK]
            exponents = np.frexp(np.abs(rows).max(axis=1))[1]
            too_high = np.maximum(exponents - _PEAK_EXPONENT, 0)
            received = np.zeros((len(rows), code.num_columns * code.z), np.float32)
            received[:, self._sent] = np.ldexp(rows, -too_high[:, None]) if too_high.any() else rows
            received[:, self.k : code.systematic * code.z] = _FILLER_LLR
            bits, beliefs, iterations = code.decode(received, self.num_iterations, self.k, soft=soft)
            beliefs = as_float32(np.ldexp(beliefs.astype(np.float64), too_high[:, None]))
            results.append((bits, beliefs, iterations))
        bits, beliefs, iterations = map(np.concatenate, zip(*results, strict=True))
        return bits, beliefs, iterations

    def _read_codewords(self, llr: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The information bits (batch, k) of blocks whose hard decisions are a codeword, and which these are (batch,)."""
        bits = np.empty((len(llr), self.k), np.uint8)
        is_codeword = np.zeros(len(llr), bool)
        if len(self._peeling) < _PUNCTURED_COLUMNS or self.num_iterations < _PUNCTURED_COLUMNS:
            return bits, is_codeword
        code = self._quasi_cyclic
        candidates = np.flatnonzero((np.abs(llr) >= _CERTAIN_LLR).all(axis=1))
        for start in range(0, len(candidates), _BLOCKS_PER_CHUNK):
            rows = candidates[start : start + _BLOCKS_PER_CHUNK]
            hard = (llr[rows] > 0).view(np.uint8)
            words = np.zeros((len(rows), code.num_columns * code.z), np.uint8)
            words[:, self._sent] = hard
            code.fill(words, self._peeling)
            bits[rows] = words[:, : self.k]
            is_codeword[rows] = (self._encode_layered(bits[rows]) == hard).all(axis=1)
        return bits, is_codeword

    def _encode_layered(self, bits: np.ndarray) -> np.ndarray:
        code = self._quasi_cyclic
        information = np.zeros((len(bits), code.systematic * code.z), np.uint8)
        information[:, : self.k] = bits
        return code.encode(information)[:, self._sent]

    @cached_property
    def _quasi_cyclic(self) -> QuasiCyclicCode:
        """The code's matrix as far as its bits are sent: later rows would only say what their own, unsent parity is."""
        encoder, _ = self._sionna
        z, systematic = encoder.z, encoder.k_ldpc // encoder.z
        reached = -(-(_PUNCTURED_COLUMNS * z + encoder.k_filler + self.n) // z)
        num_columns = max(systematic + CORE_ROWS, reached)
        base = np.full((num_columns - systematic, num_columns), -1)
        for row in range(len(base)):
            ones = encoder.pcm[row * z].indices  # of the block row's first row
            base[row, ones[ones < num_columns * z] // z] = ones[ones < num_columns * z] % z
        return QuasiCyclicCode.from_base_matrix(base, z, systematic)

    @cached_property
    def _sent(self) -> np.ndarray:
        """The places in the codeword, with punctured bits and fillers, of the n bits in the order in which they are sent."""
        encoder, _ = self._sionna
        places = np.arange(_PUNCTURED_COLUMNS * encoder.z, encoder.n_ldpc)
        places = places[(places < self.k) | (places >= encoder.k_ldpc)][: self.n]
        return places if self.num_bits_per_symbol is None else places[encoder.out_int.numpy()]

    @cached_property
    def _peeling(self) -> list[int]:
        """The blocks of the matrix that give the punctured columns, one after the other; fewer where it does not go."""
        code = self._quasi_cyclic
        num_sent = np.bincount(self._sent // code.z, minlength=code.num_columns)
        num_fillers = np.bincount(np.arange(self.k, code.systematic * code.z) // code.z, minlength=code.num_columns)
        return code.peeling(num_sent + num_fillers == code.z)

    @cached_property
    def _sionna(self) -> tuple[Any, Any]:
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder
        settings = {"precision": "single", "device": "cpu"}
        encoder = LDPC5GEncoder(self.k, self.n, num_bits_per_symbol=self.num_bits_per_symbol, **settings)
        return encoder, LDPC5GDecoder(encoder, num_iter=self.num_iterations, **settings)

    @cached_property
    def _soft_decoder(self) -> Any:
        encoder, decoder = self._sionna
        settings = {"num_iter": self.num_iterations, "precision": "single", "device": "cpu"}
        return type(decoder)(encoder, hard_out=False, **settings)

    @torch.inference_mode()
    def _by_chunks(self, block: Any, rows: np.ndarray, out: np.ndarray) -> np.ndarray:
        _, decoder = self._sionna
        chunk = max(1, _EDGES_PER_CHUNK // decoder.num_edges)
        for start in range(0, len(rows), chunk):
            out[start : start + chunk] = block(torch.from_numpy(rows[start : start + chunk].copy())).numpy()
        return out
