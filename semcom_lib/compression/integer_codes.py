"""Non-negative integers as bits, vectorised: fixed width and Golomb-Rice, most significant bit first."""

import numpy as np


def fixed_width_encode(values: np.ndarray, width: int) -> bytes:
    """Integers (n,) below 2^width, width 0..32 -> ceil(n width / 8) bytes."""
    octets = values.astype(">u4").view(np.uint8).reshape(-1, 4)
    return np.packbits(np.unpackbits(octets, axis=1)[:, 32 - width :]).tobytes()


def fixed_width_decode(data: bytes, width: int, n: int) -> np.ndarray:
    """The n integers of ``width`` bits that begin the data -> uint32 (n,); raises ValueError for too little data."""
    if len(data) < fixed_width_num_bytes(n, width):
        raise ValueError(f"data has {len(data)} bytes, {n} integers of {width} bits need more")
    bits = np.zeros((n, 32), np.uint8)
    bits[:, 32 - width :] = np.unpackbits(np.frombuffer(data, np.uint8), count=n * width).reshape(n, width)
    return np.packbits(bits, axis=1).view(">u4").reshape(n).astype(np.uint32)


def fixed_width_num_bytes(n: int, width: int) -> int:
    """Bytes of n integers of ``width`` bits."""
    return -(-n * width // 8)


def rice_parameter(values: np.ndarray) -> int:
    """The number of remainder bits k that makes the Rice code of integers (n,) below 2^32 shortest."""
    if not len(values):
        return 0
    num_bits = [len(values) * (k + 1) + int((values >> k).sum()) for k in range(int(values.max()).bit_length() + 1)]
    return int(np.argmin(num_bits))


def rice_encode(values: np.ndarray, k: int) -> bytes:
    """Integers (n,) -> all their k-bit remainders, then all their quotients by 2^k in unary (q zeros and a one)."""
    quotients = values >> k
    unary = np.zeros(int(quotients.sum()) + len(values), np.uint8)
    unary[np.cumsum(quotients + 1) - 1] = 1
    return fixed_width_encode(values & ((1 << k) - 1), k) + np.packbits(unary).tobytes()


def rice_decode(data: bytes, k: int, n: int) -> np.ndarray:
    """The n integers that ``rice_encode`` made the data of -> int64 (n,); raises ValueError for any other data."""
    remainders = fixed_width_decode(data, k, n)
    unary = np.unpackbits(np.frombuffer(data, np.uint8, offset=fixed_width_num_bytes(n, k)))
    ends = np.flatnonzero(unary)
    if len(ends) != n:
        raise ValueError(f"data holds {len(ends)} quotients, expected {n}")
    return (np.diff(ends, prepend=-1) - 1 << k) + remainders
