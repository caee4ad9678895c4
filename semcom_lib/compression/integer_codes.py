"""Non-negative integers as bits, vectorised: fixed width and Golomb-Rice, most significant bit first."""

import numpy as np

from semcom_lib.arguments import check_integer, describe

MAX_WIDTH = 32
_AT_ONCE = 2**16  # integers: bounds the memory of decoding to little more than its result


def fixed_width_encode(values: np.ndarray, width: int) -> bytes:
    """Integers (n,) below 2^width, width 0..32 -> ceil(n width / 8) bytes.

    Raises ValueError for other widths, or values that are not integers in 0..2^width - 1.
    """
    check_integer("width", width, 0, MAX_WIDTH)
    _check_integers(values, 2**width - 1)
    octets = values.astype(">u4").view(np.uint8).reshape(-1, 4)
    return np.packbits(np.unpackbits(octets, axis=1)[:, 32 - width :]).tobytes()


def fixed_width_decode(data: bytes, width: int, n: int) -> np.ndarray:
    """The n integers of ``width`` bits that begin the data -> uint32 (n,); raises ValueError for too little data.

    With ``width`` 0 nothing of the data says how many there are: n is the caller's to bound.
    """
    check_integer("width", width, 0, MAX_WIDTH)
    check_integer("n", n, 0)
    if len(data) < fixed_width_num_bytes(n, width):
        raise ValueError(f"data has {len(data)} bytes, {n} integers of {width} bits need more")
    values, octets = np.zeros(n, np.uint32), np.frombuffer(data, np.uint8)
    for first in range(0, n if width else 0, _AT_ONCE):  # whole bytes, as _AT_ONCE is a multiple of 8
        count = min(_AT_ONCE, n - first)
        bits = np.zeros((count, MAX_WIDTH), np.uint8)
        sent = np.unpackbits(octets[first * width // 8 :][: fixed_width_num_bytes(count, width)], count=count * width)
        bits[:, MAX_WIDTH - width :] = sent.reshape(count, width)
        values[first : first + count] = np.packbits(bits, axis=1).view(">u4").reshape(count)
    return values


def fixed_width_num_bytes(n: int, width: int) -> int:
    """Bytes of n integers of ``width`` bits."""
    return -(-n * width // 8)


def rice_parameter(values: np.ndarray) -> int:
    """The number of remainder bits k that makes the Rice code of integers (n,) below 2^32 shortest.

    Raises ValueError for other values.
    """
    _check_integers(values, 2**MAX_WIDTH - 1)
    if not len(values):
        return 0
    num_bits = [len(values) * (k + 1) + int((values >> k).sum()) for k in range(int(values.max()).bit_length() + 1)]
    return int(np.argmin(num_bits))


def rice_encode(values: np.ndarray, k: int) -> bytes:
    """Integers (n,) -> all their k-bit remainders, then all their quotients by 2^k in unary (q zeros and a one).

    Raises ValueError for k outside 0..32, or values that are not integers in 0..2^32 - 1.
    """
    check_integer("k", k, 0, MAX_WIDTH)
    _check_integers(values, 2**MAX_WIDTH - 1)
    quotients = values >> k
    unary = np.zeros(int(quotients.sum()) + len(values), np.uint8)
    unary[np.cumsum(quotients + 1) - 1] = 1
    return fixed_width_encode(values & ((1 << k) - 1), k) + np.packbits(unary).tobytes()


def rice_decode(data: bytes, k: int, n: int) -> np.ndarray:
    """The n integers that ``rice_encode`` made the data of -> int64 (n,); raises ValueError for any other data."""
    check_integer("k", k, 0, MAX_WIDTH)
    check_integer("n", n, 0)
    start = fixed_width_num_bytes(n, k)
    if start + -(-n // 8) > len(data):
        raise ValueError(f"data has {len(data)} bytes, {n} integers of {k} bits and a quotient need more")
    remainders = fixed_width_decode(data, k, n)
    unary = np.unpackbits(np.frombuffer(data, np.uint8, offset=start))
    ends = np.flatnonzero(unary)
    if len(ends) != n:
        raise ValueError(f"data holds {len(ends)} quotients, expected {n}")
    if len(unary) - (ends[-1] + 1 if n else 0) >= 8:
        raise ValueError(f"data has {len(data)} bytes, more than its {n} integers take")
    return (np.diff(ends, prepend=-1) - 1 << k) + remainders


def _check_integers(values: np.ndarray, highest: int) -> None:
    if not isinstance(values, np.ndarray) or values.ndim != 1 or values.dtype.kind not in "biuf":
        raise ValueError(f"values is {describe(values)}: it must be a numpy array of integers (n,)")
    if not len(values):
        return
    low, high = values.min(), values.max()
    if not (low >= 0 and high <= highest) or (values.dtype.kind == "f" and (values != np.floor(values)).any()):
        raise ValueError(f"values lie in {low}..{high}: they must be integers in 0..{highest}")
