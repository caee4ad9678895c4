"""The source code of what is a bit stream already, for links that carry coded images or random bits."""

import numpy as np
from numpy.typing import NDArray

from semcom_lib.coding.blocks import bit_row

Bits = NDArray[np.uint8]


class BitStream:
    """Hands streams uint8 (num_bits,) on; what comes out of a link has the padding of its last block behind it."""

    def encode(self, item: Bits) -> Bits:
        """The stream itself. Raises ValueError for what is no row of bits."""
        return bit_row("item", item)

    def decode(self, bits: Bits) -> Bits:
        """What came, padding included. Raises ValueError for what is no row of bits."""
        return bit_row("bits", bits)
