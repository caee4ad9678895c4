"""The turbo code of LTE: encoder, interleaver, puncturing and the iterative decoder.

    bits --+----------------------------- systematic ---+
           +--------------- constituent -- parity 1 ----+-- puncturing -- codeword
           +-- interleaver - constituent -- parity 2 ---+

A codeword is s_0 p_0 q_0 s_1 p_1 q_1 ... (systematic, parity 1, parity 2), then the 12 bits that lead both constituent
encoders back to state 0: x z x z x z of encoder 1, then of encoder 2. These are the standard's streams d(0), d(1), d(2)
read in turn. [3GPP TS 36.212 Sec. 5.1.3.2]
"""

from concurrent.futures import ThreadPoolExecutor
from math import ceil

import numba
import numpy as np
from numba import njit

from semcom_lib.arguments import check_integer
from semcom_lib.coding import siso
from semcom_lib.coding.blocks import Array, as_float32, bit_blocks, contiguous, llr_blocks

MAX_K = 6144
NUM_TAIL_BITS = 12
RATES = ("1/3", "1/2")
ALGORITHMS = {"log-map": siso.LOG_MAP, "max-log": siso.MAX_LOG, "sova": siso.SOVA}
INTERLEAVER_LENGTHS = (*range(40, 512, 8), *range(512, 1024, 16), *range(1024, 2048, 32), *range(2048, MAX_K + 1, 64))
# f1,f2 of each of INTERLEAVER_LENGTHS [3GPP TS 36.212 Table 5.1.3-3].
_QPP_COEFFICIENTS = """
3,10 7,12 19,42 7,16 7,18 11,20 5,22 11,24 7,26 41,84 103,90 15,32 9,34 17,108 9,38 21,120 101,84 21,44 57,46 23,48
13,50 27,52 11,36 27,56 85,58 29,60 33,62 15,32 17,198 33,68 103,210 19,36 19,74 37,76 19,78 21,120 21,82 115,84
193,86 21,44 133,90 81,46 45,94 23,48 243,98 151,40 155,102 25,52 51,106 47,72 91,110 29,168 29,114 247,58 29,118
89,180 91,122 157,62 55,84 31,64 17,66 35,68 227,420 65,96 19,74 37,76 41,234 39,80 185,82 43,252 21,86 155,44 79,120
139,92 23,94 217,48 25,98 17,80 127,102 25,52 239,106 17,48 137,110 215,112 29,114 15,58 147,118 29,60 59,122 65,124
55,84 31,64 17,66 171,204 67,140 35,72 19,74 39,76 19,78 199,240 21,82 211,252 21,86 43,88 149,60 45,92 49,846 71,48
13,28 17,80 25,102 183,104 55,954 127,96 27,110 29,112 29,114 57,116 45,354 31,120 59,610 185,124 113,420 31,64 17,66
171,136 209,420 253,216 367,444 265,456 181,468 39,80 27,164 127,504 143,172 43,88 29,300 45,92 157,188 47,96 13,28
111,240 443,204 51,104 51,212 451,192 257,220 57,336 313,228 271,232 179,236 331,120 363,244 375,248 127,168 31,64
33,130 43,264 33,134 477,408 35,138 233,280 357,142 337,480 37,146 71,444 71,120 37,152 39,462 127,234 39,158 39,80
31,96 113,902 41,166 251,336 43,170 21,86 43,174 45,176 45,178 161,120 89,182 323,184 47,186 23,94 47,190 263,480
"""
INTERLEAVER_COEFFICIENTS = {
    length: tuple(map(int, pair.split(",")))
    for length, pair in zip(INTERLEAVER_LENGTHS, _QPP_COEFFICIENTS.split(), strict=True)
}
_MAX_PIECE = 64 * siso.LANES


def qpp_interleaver(length: int) -> np.ndarray:
    """Pi(i) = (f1 i + f2 i^2) mod length, int64 (length,); raises ValueError for any other length [Sec. 5.1.3.2.3]."""
    if length not in INTERLEAVER_COEFFICIENTS:
        raise ValueError(f"length must be one of INTERLEAVER_LENGTHS (40, 48, ..., 6144), got {length!r}")
    f1, f2 = INTERLEAVER_COEFFICIENTS[length]
    i = np.arange(length)
    return (f1 + f2 * i) * i % length


class TurboCode:
    """LTE turbo code of k information bits, 1 <= k <= 6144, with a choice of decoders.

    Rate "1/3" has n = 3k + 12. Rate "1/2" has n = 2k + 12: of the parities it keeps p_0 q_1 p_2 q_3 ..., and the tail.

    A k that is not in INTERLEAVER_LENGTHS is filled up, as in the standard, to the next of these, K, by K - k zeros
    before the information bits, which the decoder knows and which are not sent, nor are their parities p. Differs from
    the standard: the K - k parities q of the steps where encoder 2 takes in a filler bit are not sent either, which
    makes n the same function of every k.

    algorithm is "log-map", "max-log" (extrinsic LLRs unscaled) or "sova"; one iteration runs both constituent decoders.
    With early_stop a codeword is done after the first iteration in which neither of them changes any decision; before
    the first one, the signs of the received systematic LLRs are the decisions.

    Raises ValueError for a k, rate, algorithm or number of iterations outside these.
    """

    def __init__(
        self,
        k: int,
        rate: str = "1/3",
        algorithm: str = "log-map",
        iterations: int = 5,
        early_stop: bool = True,
    ):
        check_integer("k", k, 1, MAX_K)
        if rate not in RATES:
            raise ValueError(f"rate must be one of {', '.join(RATES)}, got {rate!r}")
        if algorithm not in ALGORITHMS:
            raise ValueError(f"algorithm must be one of {', '.join(ALGORITHMS)}, got {algorithm!r}")
        check_integer("iterations", iterations, 1)
        self.k = int(k)
        self.algorithm = algorithm
        self.iterations = int(iterations)
        self.early_stop = bool(early_stop)
        self._interleaver = qpp_interleaver(min(length for length in INTERLEAVER_LENGTHS if length >= k))
        self._sent = _sent_places(self._interleaver, self.k, rate)
        self._columns = _stream_columns(self._interleaver, self.k, self._sent)

    @property
    def n(self) -> int:
        """Coded bits a block."""
        return len(self._sent)

    @property
    def rate(self) -> float:
        """Code rate k / n, below the nominal one because of the tail."""
        return self.k / self.n

    def encode(self, bits: Array) -> Array:
        """Information bits (..., k) -> codewords uint8 (..., n), see :mod:`semcom_lib.coding.blocks`.

        Raises ValueError for another shape, or entries other than 0 and 1.
        """
        blocks = bit_blocks("bits", bits, self.k)
        batch, length = len(blocks.rows), len(self._interleaver)
        mother = np.zeros((batch, 3 * length + NUM_TAIL_BITS), np.uint8)
        streams = mother[:, : 3 * length].reshape(batch, length, 3)
        tails = mother[:, 3 * length :].reshape(batch, 2, NUM_TAIL_BITS // 2)
        streams[:, length - self.k :, 0] = blocks.rows
        _encode_constituent(streams[:, :, 0], np.arange(length), streams[:, :, 1], tails[:, 0])
        _encode_constituent(streams[:, :, 0], self._interleaver, streams[:, :, 2], tails[:, 1])
        return blocks.back(np.take(mother, self._sent, axis=1))

    def decode(self, llr: Array) -> Array:
        """Channel LLRs (..., n), positive for bit 1 -> bits uint8 (..., k).

        LLRs saturate at +-1e4. Runs in numba.config.NUMBA_NUM_THREADS threads; the bits of a codeword depend neither on
        their number nor on the rest of the batch. Raises ValueError on another shape, or a NaN or infinite LLR.
        """
        blocks = llr_blocks("llr", llr, self.n)
        return blocks.back(self._decode(as_float32(blocks.rows), soft=False)[0])

    def decode_soft(self, llr: Array) -> tuple[Array, Array]:
        """Channel LLRs (..., n) -> a-posteriori LLRs of the bits, float32 (..., k), and iterations int64 (...).

        :meth:`decode` gives the bits 1 where these LLRs are above 0. Without the channel's systematic LLRs they are the
        extrinsic ones; those of "max-log" and "sova" are too confident. Fewer than ``iterations`` iterations, with
        ``early_stop``, say that the two constituent decoders agreed, not that they are right. Raises ValueError as
        ``decode``.
        """
        blocks = llr_blocks("llr", llr, self.n)
        _, posterior, ages = self._decode(as_float32(blocks.rows), soft=True)
        return blocks.back(posterior), blocks.back(ages)

    def _decode(self, llr: np.ndarray, *, soft: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Bits (batch, k), their a-posteriori LLRs of the same shape ((batch, 0) unless ``soft``), iterations (batch,)."""
        llr = contiguous(llr)
        bits, ages = np.empty((len(llr), self.k), np.uint8), np.empty(len(llr), np.int64)
        posterior = np.empty((len(llr), self.k if soft else 0), np.float32)
        num_threads = numba.config.NUMBA_NUM_THREADS
        piece = min(_MAX_PIECE, siso.LANES * max(1, ceil(len(llr) / (siso.LANES * num_threads))))

        def decode_piece(first: int) -> None:
            rows = slice(first, first + piece)
            siso.turbo_decode(
                llr[rows],
                self._columns,
                self._interleaver,
                ALGORITHMS[self.algorithm],
                self.iterations,
                self.early_stop,
                bits[rows],
                posterior[rows],
                ages[rows],
            )

        # Not numba's own threads: starting them resets torch's number of threads, and they do not survive a fork.
        with ThreadPoolExecutor(num_threads) as pool:
            list(pool.map(decode_piece, range(0, len(llr), piece)))
        return bits, posterior, ages


def _sent_places(interleaver: np.ndarray, k: int, rate: str) -> np.ndarray:
    """Which bits of the unpunctured codeword of 3 len(interleaver) + 12 are sent, in their order: int64 (n,)."""
    length = len(interleaver)
    steps = np.arange(length - k, length)
    places = 3 * np.stack([steps, steps, np.flatnonzero(interleaver >= length - k)], axis=1) + np.arange(3)
    if rate == "1/2":
        places = np.stack([places[:, 0], np.where(np.arange(k) % 2, places[:, 2], places[:, 1])], axis=1)
    return np.append(places, 3 * length + np.arange(NUM_TAIL_BITS))


def _stream_columns(interleaver: np.ndarray, k: int, sent: np.ndarray) -> np.ndarray:
    """Where siso.turbo_decode finds input and parity of both constituent codes: int64 (4, len(interleaver) + 3)."""
    length = len(interleaver)
    columns = np.full(3 * length + NUM_TAIL_BITS, siso.PUNCTURED)
    columns[sent] = np.arange(len(sent))
    systematic, parity1, parity2 = columns[: 3 * length].reshape(length, 3).T
    systematic[: length - k] = siso.FILLER
    tails = columns[3 * length :].reshape(2, -1, 2).transpose(0, 2, 1).reshape(4, -1)
    return np.concatenate([[systematic, parity1, systematic[interleaver], parity2], tails], axis=1)


@njit(cache=True)
def _encode_constituent(bits, order, parity, tail):
    """Parity of bits (batch, length) taken in the given order, and the tail (batch, 6) x z x z x z, both in place."""
    for row in range(len(bits)):
        a1, a2, a3 = 0, 0, 0
        for t in range(len(order)):
            a = bits[row, order[t]] ^ a2 ^ a3
            parity[row, t] = a ^ a1 ^ a3
            a1, a2, a3 = a, a1, a2
        for t in range(3):
            tail[row, 2 * t], tail[row, 2 * t + 1] = a2 ^ a3, a1 ^ a3
            a1, a2, a3 = 0, a1, a2
