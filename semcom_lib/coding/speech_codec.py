"""Speech codecs with a fixed number of bits, whose decoders make sound of any bits: libsndfile's, through soundfile.

Both are source codes of a link: clips float32 (num_samples,) in [-1, 1] to bits uint8 and back. Neither has headers, checksums or
variable-length codes, in which one wrong bit would spoil all that follows.
"""

import io
import struct
from dataclasses import dataclass

import numpy as np
import soundfile

from semcom_lib.arguments import describe
from semcom_lib.coding.blocks import bit_row

GSM_FRAME_SAMPLES, GSM_FRAME_BYTES = 160, 33
_ADPCM_BLOCK_BYTES = 60  # libsndfile codes 120 samples at a time
_AU_ENCODING = 23  # of G.721 in a .au file
_ANY_RATE_HZ = 8_000  # the codecs do not look at it


@dataclass(frozen=True)
class Adpcm:
    """Adaptive differential PCM, 4 bits a sample: 32 kbit/s at 8 kHz  [ITU-T G.721, now G.726]."""

    def encode(self, clip: np.ndarray) -> np.ndarray:
        """clip -> bits uint8 (4 num_samples, to whole bytes,). Raises ValueError for what is no clip."""
        content = io.BytesIO()
        soundfile.write(content, _checked(clip), _ANY_RATE_HZ, format="AU", subtype="G721_32")
        coded = np.frombuffer(content.getvalue()[len(_au_header(0)) :], np.uint8)
        return np.unpackbits(coded[: -(-len(clip) // 2)])

    def decode(self, bits: np.ndarray) -> np.ndarray:
        """bits -> clip float32 (len(bits) // 4,); never raises on corrupted bits."""
        row = bit_row("bits", bits)
        num_samples = len(row) // 4
        coded = np.packbits(row).tobytes()
        coded += bytes(-len(coded) % _ADPCM_BLOCK_BYTES)
        return _read(_au_header(len(coded)) + coded, num_samples)


@dataclass(frozen=True)
class Gsm:
    """GSM full rate, regular pulse excitation with long-term prediction: 13.2 kbit/s at 8 kHz, 264 bits for 160 samples
    [ETSI GSM 06.10].
    """

    def encode(self, clip: np.ndarray) -> np.ndarray:
        """clip -> bits uint8 (264 ceil(num_samples / 160),), a last part of a frame filled up. Raises ValueError for no clip."""
        filled = np.pad(_checked(clip), (0, -len(clip) % GSM_FRAME_SAMPLES))
        content = io.BytesIO()
        soundfile.write(content, filled, _ANY_RATE_HZ, format="RAW", subtype="GSM610")
        return np.unpackbits(np.frombuffer(content.getvalue(), np.uint8))

    def decode(self, bits: np.ndarray) -> np.ndarray:
        """bits -> clip float32 (160 len(bits) // 264,), whole frames; never raises on corrupted bits."""
        row = bit_row("bits", bits)
        num_frames = len(row) // (8 * GSM_FRAME_BYTES)
        frames = np.packbits(row[: num_frames * 8 * GSM_FRAME_BYTES]).reshape(num_frames, GSM_FRAME_BYTES)
        frames[:, :1] = frames[:, :1] & 0x0F | 0xD0  # a frame's first four bits say that it is one
        raw = {"samplerate": _ANY_RATE_HZ, "channels": 1, "format": "RAW", "subtype": "GSM610"}
        return _read(frames.tobytes(), num_frames * GSM_FRAME_SAMPLES, **raw)


def _read(content: bytes, num_samples: int, **raw: object) -> np.ndarray:
    if not num_samples:
        return np.zeros(0, np.float32)
    return soundfile.read(io.BytesIO(content), frames=num_samples, dtype="float32", **raw)[0]


def _au_header(num_bytes: int) -> bytes:
    return struct.pack(">4s5I", b".snd", 24, num_bytes, _AU_ENCODING, _ANY_RATE_HZ, 1)


def _checked(clip: np.ndarray) -> np.ndarray:
    if not isinstance(clip, np.ndarray) or clip.ndim != 1 or clip.dtype.kind != "f":
        raise ValueError(f"clip is {describe(clip)}: it must be floats of shape (num_samples,)")
    peak = np.abs(clip).max(initial=0)
    if not peak <= 1 or not len(clip):
        raise ValueError(f"clip has {len(clip)} samples and a peak of {peak}: it must have some, in [-1, 1]")
    return clip
