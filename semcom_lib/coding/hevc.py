"""HEVC intra pictures, standing in for BPG: image <-> the bits of one coded slice  [ITU-T H.265; digital_sc Sec. IV].

A BPG file is an HEVC intra picture behind a header of some ten bytes. Here x265 codes the same picture, set as BPG's
own encoder sets it (constant QP, tune ssim, full-range BT.601), and libde265 decodes it; both come with pillow-heif.
Only the slice NAL unit is counted and sent: its 2-byte NAL header, the slice header and the entropy-coded data. The
HEIF boxes and the parameter sets (VPS, SPS, PPS) depend on size and chroma format, not on image or quality: the
receiver knows them, as it knows JPEG's header. BPG's own header bytes are left out of the count likewise.

Differs from BPG: libheif codes no picture below 64 x 64. A smaller image is extended with the mean colours of its
borders; at 32 x 32 this costs 9 (QP 41) to 17 bytes (QP 16), where libheif's own replicated borders cost 23 to 62.
"""

from __future__ import annotations

import io
from bisect import bisect_right
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pillow_heif
from numpy.typing import NDArray

from semcom_lib.arguments import check_number, describe
from semcom_lib.coding.blocks import bit_row

MAX_QUALITY = 51
_MAX_SIDE = 4096
_MIN_CODED_SIDE = 64
_MIN_CODING_UNIT = 8
_MID_GREY = 128
_CHROMA_FORMATS = ("4:2:0", "4:4:4")
_X265 = {
    "preset": "slow",
    "tune": "ssim",
    "x265:ipratio": "1.0",  # otherwise x265 codes intra slices 3 steps below the QP asked for
    "x265:psy-rd": "0",
    "x265:psy-rdoq": "0",
    "x265:wpp": "0",
    "x265:pools": "none",
    "x265:frame-threads": "1",
}
_FULL_RANGE_BT601 = {
    "color_primaries": 1,
    "transfer_characteristics": 13,
    "matrix_coefficients": 6,
    "full_range_flag": 1,
}
_NAL_LENGTH_BYTES = 4
_FULL_BOX_BYTES = 4  # version and flags, at the start of some boxes
_FIRST_NON_SLICE_NAL_TYPE = 32


@dataclass(frozen=True)
class HevcIntra:
    """Source code for uint8 RGB images of one shape (H, W, 3): quality 0 (QP 51) to 51 (QP 0).

    Chroma is "4:2:0" (BPG's default) or "4:4:4". Raises ValueError for a quality, shape or chroma outside
    these, or sides outside 1..4096 pixels.
    """

    quality: int
    shape: tuple[int, int, int]
    chroma: str = "4:2:0"

    def __post_init__(self) -> None:
        if not isinstance(self.quality, int | np.integer) or not 0 <= self.quality <= MAX_QUALITY:
            raise ValueError(f"quality must be an integer in 0..{MAX_QUALITY}, got {self.quality!r}")
        sides, channels = (self.shape[:2], self.shape[2:]) if isinstance(self.shape, tuple) else ((), ())
        if channels != (3,) or not all(isinstance(s, int | np.integer) and 1 <= s <= _MAX_SIDE for s in sides):
            raise ValueError(f"shape must be a tuple (H, W, 3) with sides in 1..{_MAX_SIDE}, got {self.shape!r}")
        if self.chroma not in _CHROMA_FORMATS:
            raise ValueError(f"chroma must be one of {', '.join(_CHROMA_FORMATS)}, got {self.chroma!r}")

    def encode(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Image uint8 (H, W, 3) -> the bits (num_bits,) of its coded slice; ValueError for another shape or dtype."""
        if not isinstance(image, np.ndarray):
            raise ValueError(f"image is {describe(image)}: it must be a numpy uint8 array {self.shape}")
        if image.shape != self.shape or image.dtype != np.uint8:
            raise ValueError(f"image must be uint8 {self.shape}, got {image.dtype} {image.shape}")
        coded = _coded_slice(image.tobytes(), self.shape, self.chroma, int(self.quality))
        return np.unpackbits(np.frombuffer(coded, dtype=np.uint8))

    def decode(self, bits: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Bits of a coded slice of any quality -> image uint8 (H, W, 3); mid-grey (128) where libde265 sees no picture.

        Never fails, whatever errors or length the bits have. Raises ValueError only for what is no row of bits.
        """
        bits = bit_row("bits", bits)
        file = _header(self.shape, self.chroma).attach(np.packbits(bits).tobytes())
        try:
            picture = np.asarray(pillow_heif.open_heif(io.BytesIO(file)))
        except (EOFError, OSError, RuntimeError, SyntaxError, ValueError):
            return np.full(self.shape, _MID_GREY, dtype=np.uint8)
        return picture[: self.shape[0], : self.shape[1]].copy()

    def payload_bits(self, image: NDArray[np.uint8]) -> int:
        """Number of bits that an image uint8 (H, W, 3) puts on the channel: its slice NAL unit alone."""
        return self.encode(image).size

    def fit(self, image: NDArray[np.uint8], budget_bits: float) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """The highest quality, `self.quality` aside, whose payload is at most budget_bits: (bits, decoded image).

        No bits and a mid-grey image where none is. Found by bisection: payloads grow with quality but for inversions
        between near neighbours, hence the two steps beyond. Raises ValueError for a negative budget or NaN.
        """
        check_number("budget_bits", budget_bits, "[0, inf]")
        quality = bisect_right(range(MAX_QUALITY + 1), budget_bits, key=lambda q: self._at(q).payload_bits(image)) - 1
        nearby = range(min(quality + 2, MAX_QUALITY), max(quality, 0) - 1, -1)
        candidates = (self._at(q).encode(image) for q in nearby)
        bits = next((bits for bits in candidates if bits.size <= budget_bits), np.empty(0, dtype=np.uint8))
        return bits, self.decode(bits)

    def _at(self, quality: int) -> HevcIntra:
        return replace(self, quality=quality)


def coded_picture(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Image uint8 (H, W, 3) extended right and down to whole coding units of 8 and at least 64 pixels a side."""
    height, width = image.shape[:2]
    picture = np.pad(image, ((0, -height % _MIN_CODING_UNIT), (0, -width % _MIN_CODING_UNIT), (0, 0)), mode="edge")
    for axis in (1, 0):
        missing = list(picture.shape)
        missing[axis] = max(0, _MIN_CODED_SIDE - picture.shape[axis])
        colour = picture.take(-1, axis=axis).mean(axis=0).round().astype(np.uint8)
        picture = np.concatenate([picture, np.broadcast_to(colour, missing)], axis=axis)
    return picture


def heif_file(picture: NDArray[np.uint8], quality: int, chroma: str) -> bytes:
    """HEIF file that holds a picture uint8 (H, W, 3), as `coded_picture` returns it, at QP 51 - quality."""
    file = io.BytesIO()
    size = (picture.shape[1], picture.shape[0])
    x265 = {**_X265, "x265:qp": str(MAX_QUALITY - quality)}
    pillow_heif.encode("RGB", size, picture.tobytes(), file, subsampling=chroma, enc_params=x265, **_FULL_RANGE_BT601)
    return file.getvalue()


@lru_cache(maxsize=MAX_QUALITY + 1)  # all qualities of one image, so that its `fit`s to many budgets share encodings
def _coded_slice(image: bytes, shape: tuple[int, int, int], chroma: str, quality: int) -> bytes:
    file = heif_file(coded_picture(np.frombuffer(image, dtype=np.uint8).reshape(shape)), quality, chroma)
    extent = primary_item(file)
    start, end = extent.offset + _NAL_LENGTH_BYTES, extent.offset + extent.length
    nal_length, nal_type = int.from_bytes(file[extent.offset : start]), file[start] >> 1
    if nal_length != end - start or nal_type >= _FIRST_NON_SLICE_NAL_TYPE:
        raise RuntimeError(f"x265 must return one slice NAL unit, got NAL type {nal_type} of {nal_length} bytes")
    return file[start:end]


@dataclass(frozen=True)
class _Header:
    """A HEIF file up to its coded slice: what the receiver knows beforehand."""

    file: bytes
    mdat: int
    length_field: slice

    def attach(self, coded: bytes) -> bytes:
        """The file with this slice, its three length fields (mdat, iloc, NAL unit) set."""
        file = bytearray(self.file + len(coded).to_bytes(_NAL_LENGTH_BYTES) + coded)
        file[self.mdat : self.mdat + 4] = (len(file) - self.mdat).to_bytes(4)
        num_bytes = self.length_field.stop - self.length_field.start
        file[self.length_field] = (_NAL_LENGTH_BYTES + len(coded)).to_bytes(num_bytes)
        return bytes(file)


@lru_cache(maxsize=16)
def _header(shape: tuple[int, int, int], chroma: str) -> _Header:
    file = heif_file(coded_picture(np.full(shape, _MID_GREY, dtype=np.uint8)), 0, chroma)
    extent = primary_item(file)
    return _Header(file[: extent.offset], _boxes(file, 0, len(file))[b"mdat"].start - 8, extent.length_field)


@dataclass(frozen=True)
class Extent:
    """Where a HEIF file holds an item's data, in bytes from its start, and where its length is written."""

    offset: int
    length: int
    length_field: slice


def primary_item(file: bytes) -> Extent:
    """The one extent of a HEIF file's primary item; ValueError if it has more  [ISO/IEC 14496-12 Sec. 8.11.4]."""
    meta = _boxes(file, 0, len(file))[b"meta"]
    boxes = _boxes(file, meta.start + _FULL_BOX_BYTES, meta.stop)
    pitm = _Reader(file, boxes[b"pitm"].start)
    version = pitm.full_box_version()
    extents = _item_locations(file, boxes[b"iloc"].start)[pitm.uint(4 if version else 2)]
    if len(extents) != 1:
        raise ValueError(f"file must hold its primary item in 1 extent, got {len(extents)}")
    return extents[0]


def _item_locations(file: bytes, start: int) -> dict[int, list[Extent]]:
    """Extents by item ID, from the body of an iloc box  [ISO/IEC 14496-12 Sec. 8.11.3]."""
    iloc = _Reader(file, start)
    version = iloc.full_box_version()
    offset_bytes, length_bytes = divmod(iloc.uint(1), 16)
    base_offset_bytes, index_bytes = divmod(iloc.uint(1), 16)
    id_bytes = 4 if version == 2 else 2
    locations = {}
    for _ in range(iloc.uint(id_bytes)):
        item_id = iloc.uint(id_bytes)
        iloc.uint(2 if version else 0)  # construction method
        iloc.uint(2)  # data reference
        base_offset = iloc.uint(base_offset_bytes)
        locations[item_id] = []
        for _ in range(iloc.uint(2)):
            iloc.uint(index_bytes if version else 0)
            offset = base_offset + iloc.uint(offset_bytes)
            length_field = slice(iloc.position, iloc.position + length_bytes)
            locations[item_id].append(Extent(offset, iloc.uint(length_bytes), length_field))
    return locations


def _boxes(file: bytes, start: int, end: int) -> dict[bytes, slice]:
    """Bodies of the boxes that fill file[start:end], by type  [ISO/IEC 14496-12 Sec. 4.2]."""
    bodies = {}
    while start < end:
        size = int.from_bytes(file[start : start + 4])
        if size < 8:
            raise ValueError(f"box size must be at least 8 bytes, got {size}")
        bodies[file[start + 4 : start + 8]] = slice(start + 8, start + size)
        start += size
    return bodies


class _Reader:
    """Big-endian integers of a box, one after the other."""

    def __init__(self, file: bytes, position: int) -> None:
        self.file = file
        self.position = position

    def uint(self, num_bytes: int) -> int:
        self.position += num_bytes
        return int.from_bytes(self.file[self.position - num_bytes : self.position])

    def full_box_version(self) -> int:
        return self.uint(_FULL_BOX_BYTES) >> 24
