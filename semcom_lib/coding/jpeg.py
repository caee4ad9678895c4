"""Baseline JPEG whose header the receiver knows: image <-> entropy-coded bits  [ITU-T T.81; aesc_i Sec. IV-A].

The header, SOI up to and including the SOS segment, holds size, quantisation tables and the standard Huffman tables of
T.81 Annex K. It is the same for every image of one `Jpeg`, "because once the format information is wrong, the image
cannot be restored". Only the scan crosses the channel, in one piece (no restart markers).

In a file each byte 0xFF of the scan is followed by a stuffed 0x00, which tells it from a marker. The stuffing is taken
out before the channel and put in behind it, so that no channel error can make a marker: libjpeg decodes all that comes.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from semcom_lib.arguments import describe
from semcom_lib.coding.blocks import bit_row
from semcom_lib.coding.jpeg_huffman import ScanLayout, num_bits, optimal_lengths

_SUBSAMPLINGS = ("4:2:0", "4:2:2", "4:4:4")
_MAX_SIDE = 8192
_MID_GREY = 128
_STUFFED, _UNSTUFFED = b"\xff\x00", b"\xff"
_START_OF_SCAN = 0xDA
_END_OF_IMAGE = b"\xff\xd9"


@dataclass(frozen=True)
class Jpeg:
    """Source code for uint8 images of one shape, (H, W) grey or (H, W, 3) RGB, by libjpeg: quality 0 to 100.

    Qualities 0 and 1 are the same code, as in libjpeg; subsampling (of RGB's chroma) is "4:2:0", "4:2:2" or "4:4:4".
    Raises ValueError for a quality, shape or subsampling outside these, or sides outside 1..8192 pixels.
    """

    quality: int
    shape: tuple[int, ...]
    subsampling: str = "4:2:0"

    def __post_init__(self) -> None:
        if not isinstance(self.quality, int | np.integer) or not 0 <= self.quality <= 100:
            raise ValueError(f"quality must be an integer in 0..100, got {self.quality!r}")
        sides, channels = (self.shape[:2], self.shape[2:]) if isinstance(self.shape, tuple) else ((), ())
        sides_fit = len(sides) == 2 and all(isinstance(s, int | np.integer) and 1 <= s <= _MAX_SIDE for s in sides)
        if channels not in ((), (3,)) or not sides_fit:
            raise ValueError(f"shape must be a tuple (H, W[, 3]) with sides in 1..{_MAX_SIDE}, got {self.shape!r}")
        if self.subsampling not in _SUBSAMPLINGS:
            raise ValueError(f"subsampling must be one of {', '.join(_SUBSAMPLINGS)}, got {self.subsampling!r}")

    @property
    def header(self) -> bytes:
        """The bytes that the receiver knows: SOI up to and including the SOS segment."""
        return _header(self)

    def encode(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Image uint8 of `shape` -> scan bits (num_bits,), a multiple of 8; ValueError for another shape or dtype."""
        if not isinstance(image, np.ndarray):
            raise ValueError(f"image is {describe(image)}: it must be a numpy uint8 array {self.shape}")
        if image.shape != self.shape or image.dtype != np.uint8:
            raise ValueError(f"image must be uint8 {self.shape}, got {image.dtype} {image.shape}")
        scan = _file(self, image)[len(self.header) : -len(_END_OF_IMAGE)]
        return np.unpackbits(np.frombuffer(scan.replace(_STUFFED, _UNSTUFFED), dtype=np.uint8))

    def decode(self, bits: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Scan bits of any length, with any errors -> image uint8 of `shape`, as libjpeg decodes them.

        Never fails: bits beyond the last block are ignored, blocks that never came are mid-grey (128), and so is the
        whole image if there are no bits. Raises ValueError only for what is no row of bits.
        """
        bits = bit_row("bits", bits)
        scan = np.packbits(bits).tobytes().replace(_UNSTUFFED, _STUFFED)
        if scan:
            with suppress(OSError):
                return np.array(Image.open(io.BytesIO(self.header + scan + _END_OF_IMAGE)))
        return np.full(self.shape, _MID_GREY, dtype=np.uint8)


def count_bits_with_own_tables(
    code: Jpeg, images: Iterable[NDArray[np.uint8]], *, fitted_to: Iterable[NDArray[np.uint8]]
) -> NDArray[np.int64]:
    """Each image's scan bits with Huffman tables that the receiver knows, made for the images ``fitted_to`` in place of Annex K's.

    The tables are T.81 Annex K.2's of all those images' symbols together; each symbol that they lack counts once, so that any image
    can be sent. Whole bytes, as :meth:`Jpeg.encode` gives them: int64 (num_images,). Raises ValueError as :meth:`Jpeg.encode`.
    """
    layout = ScanLayout.of(code.header)
    seen = sum((layout.counts(code.encode(image)) for image in fitted_to), np.zeros_like(layout.legal, np.int64))
    fitted = np.where(layout.legal, np.maximum(seen, 1), 0)
    lengths = np.stack([optimal_lengths(table) for table in fitted])
    return np.array([num_bits(layout.counts(code.encode(image)), lengths) for image in images], np.int64)


def _file(code: Jpeg, image: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    quality = max(1, code.quality)  # libjpeg's own clamp, made explicit: for some releases of Pillow 0 meant 75
    Image.fromarray(image).save(file, "JPEG", quality=int(quality), subsampling=code.subsampling, optimize=False)
    return file.getvalue()


@lru_cache(maxsize=16)
def _header(code: Jpeg) -> bytes:
    file = _file(code, np.full(code.shape, _MID_GREY, dtype=np.uint8))
    segment, marker = 2, None
    while marker != _START_OF_SCAN:
        marker, length = file[segment + 1], int.from_bytes(file[segment + 2 : segment + 4])
        segment += 2 + length
    return file[:segment]
