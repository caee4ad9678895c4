"""UTF-8 as a source code, 8 bits a byte and most significant bit first: the text baseline of mem_deepsc [Sec. V].

Channel blocks are padded with zeros, so the text ends at the first two zero bytes in a row, or at a last zero byte. A
lone zero byte inside is a corrupted character, not the end: one wrong bit turns a space (0x20) into it.
[RFC 3629]
"""

from dataclasses import dataclass

import numpy as np

from semcom_lib.arguments import describe
from semcom_lib.coding.blocks import bit_row


@dataclass(frozen=True)
class Utf8:
    """Text to bits and back by UTF-8."""

    def encode(self, text: str) -> np.ndarray:
        """text -> bits uint8 (num_bits,); raises ValueError for a NUL character or a lone surrogate in text."""
        if not isinstance(text, str):
            raise ValueError(f"text is {describe(text)}: it must be a text")
        if "\0" in text:
            raise ValueError(f"text must be free of NUL characters, got one at index {text.index(chr(0))}")
        try:
            return np.unpackbits(np.frombuffer(text.encode(), np.uint8))
        except UnicodeEncodeError as error:
            raise ValueError(f"text must be free of lone surrogates, got one at index {error.start}") from None

    def decode(self, bits: np.ndarray) -> str:
        """bits (num_bits,) -> text, every invalid sequence in it replaced by U+FFFD; a last part of a byte is dropped.

        Never raises on corrupted bits; raises ValueError only for what is no row of bits.
        """
        bits = bit_row("bits", bits)
        whole_bytes = np.packbits(bits[: len(bits) // 8 * 8]).tobytes()
        text = whole_bytes.partition(b"\0\0")[0].rstrip(b"\0")
        return text.decode(errors="replace").replace("\0", "\ufffd")
