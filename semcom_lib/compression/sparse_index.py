"""Where the kept weights sit: a bool mask as bytes, near the entropy N H(sparsity).

The distances between neighbouring occurrences of the rarer value (kept or pruned) are Golomb-Rice coded with the best
parameter k. With k = 0 that is the bitmap itself; a mask of one value takes no more than the header. For independent
entries the cost exceeds the entropy by at most 4.3 % (where the bitmap is best, at a sparsity of 0.38 or 0.62).
"""

import struct

import numpy as np

from semcom_lib.arguments import check_integer, describe
from semcom_lib.compression.integer_codes import rice_decode, rice_encode, rice_parameter

_HEADER = struct.Struct("<?BI")  # whether the rarer value is "kept", the Rice parameter, the number of occurrences


def encode(mask: np.ndarray) -> bytes:
    """A mask, bool (n,) with n < 2^32 -> bytes. Raises ValueError for any other."""
    if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_ or mask.ndim != 1 or len(mask) >= 2**32:
        raise ValueError(f"mask is {describe(mask)}: it must be a numpy bool array (n,), n < 2^32")
    kept_is_rarer = 2 * np.count_nonzero(mask) <= len(mask)
    positions = np.flatnonzero(mask == kept_is_rarer)
    gaps = np.diff(positions, prepend=-1) - 1
    k = rice_parameter(gaps)
    return _HEADER.pack(kept_is_rarer, k, len(gaps)) + rice_encode(gaps, k)


def decode(data: bytes, n: int) -> np.ndarray:
    """The mask, bool (n,), that ``encode`` made the data of; raises ValueError for any other data.

    A few bytes stand for a mask of any length: whoever takes n from others bounds it.
    """
    check_integer("n", n, 0, 2**32 - 1)
    if len(data) < _HEADER.size:
        raise ValueError(f"data has {len(data)} bytes, an index needs at least {_HEADER.size}")
    kept_is_rarer, k, num_rarer = _HEADER.unpack_from(data)
    if k > 32 or 2 * num_rarer > n:
        raise ValueError(f"data has k = {k} and {num_rarer} of {n} entries in its header")
    gaps = rice_decode(data[_HEADER.size :], k, num_rarer)
    positions = np.cumsum(np.minimum(gaps, n) + 1) - 1  # the minimum, lest the sum of large gaps overflows
    if num_rarer and positions[-1] >= n:
        raise ValueError(f"data points at entry {positions[-1]} of {n}")
    mask = np.full(n, not kept_is_rarer)
    mask[positions] = kept_is_rarer
    return mask
