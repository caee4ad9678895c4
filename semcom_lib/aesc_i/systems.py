"""What is compared: sessions of images as one bit stream each, and back  [aesc_i Sec. IV].

    AescI          the decoder, then the latents of the session's images
    JpegImages     the images' scans
    DirectImages   the pixels

A stream is cut into code blocks without regard to where an image ends. The receiver knows the number of images and, as JPEG's
header, the lengths of JPEG's scans; everything that comes is error-tolerant. Sessions are images uint8 (num_sessions, num_images,
H, W[, 3]).
"""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import torch

from semcom_lib.aesc_i.autoencoders import Autoencoder
from semcom_lib.aesc_i.splicing import SplicingRule
from semcom_lib.coding.bit_stream import Bits
from semcom_lib.coding.jpeg import Jpeg
from semcom_lib.sources.images import to_tensor, to_uint8


class ImageSystem(Protocol):
    """How sessions of images become streams and come back."""

    def stream(self, session: int) -> Bits:
        """The bits of a session, uint8 (num_bits,)."""
        ...

    def images(self, session: int, stream: Bits) -> np.ndarray:
        """The session's images, uint8, of bits with any errors; never raises for a stream of the right length."""
        ...

    def bits_by_part(self) -> dict[str, float]:
        """Bits of an "image", a mean over all sessions, and where there is one of the "decoder", sent once a session."""
        ...


class AescI:
    """Decoder and latents, spliced, ``bits`` a number."""

    def __init__(self, model: Autoencoder, bits: int, sessions: np.ndarray):
        self.model, self.sessions = model, sessions
        self.rule = SplicingRule.of(model.decoder, model.latent_shape, bits)

    @torch.inference_mode()
    def stream(self, session: int) -> Bits:
        """X = SR(l, beta)  [aesc_i eq. 2]."""
        latents = self.model.encode(to_tensor(self.sessions[session]))
        return self.rule.join(self.model.decoder.state_dict(), latents)

    @torch.inference_mode()
    def images(self, session: int, stream: Bits) -> np.ndarray:
        """The received latents through the received decoder  [aesc_i eqs. 6, 7]."""
        state, latents = self.rule.split(stream)
        return to_uint8(self.model.received_decoder(state)(latents))

    def bits_by_part(self) -> dict[str, float]:
        """The latents of an image; weights, biases and all copies of the ranges."""
        return {"image": self.rule.latent_bits, "decoder": self.rule.decoder_bits}


class JpegImages:
    """The scans of all images, one after the other; their lengths are known to the receiver."""

    def __init__(self, code: Jpeg, sessions: np.ndarray):
        self.code = code
        self._scans = [[code.encode(image) for image in images] for images in sessions]

    def stream(self, session: int) -> Bits:
        """The scans' bits."""
        return np.concatenate(self._scans[session])

    def images(self, session: int, stream: Bits) -> np.ndarray:
        """Each image of its own piece of the stream."""
        ends = np.cumsum([len(scan) for scan in self._scans[session]])
        return np.stack([self.code.decode(scan) for scan in np.split(stream, ends[:-1])])

    def bits_by_part(self) -> dict[str, float]:
        """The mean scan."""
        return {"image": float(np.mean([len(scan) for scans in self._scans for scan in scans]))}


class DirectImages:
    """Pixels of 8 bits, "no processing at the source, except quantization and LDPC coding"  [aesc_i Sec. IV-A2]."""

    def __init__(self, sessions: np.ndarray):
        self._sessions = sessions

    def stream(self, session: int) -> Bits:
        """The pixels' bits."""
        return np.unpackbits(self._sessions[session].ravel())

    def images(self, session: int, stream: Bits) -> np.ndarray:
        """The pixels again."""
        return np.packbits(stream).reshape(self._sessions[session].shape)

    def bits_by_part(self) -> dict[str, float]:
        """8 bits a pixel and colour."""
        return {"image": 8 * self._sessions[0, 0].size}


def all_systems(
    models: Mapping[int, Autoencoder], qualities: Mapping[int, int], bits: int, sessions: np.ndarray
) -> dict[tuple[str, int], ImageSystem]:
    """Every system by its name and compression ratio: "aesc" and "jpeg" at the ratios given, and "direct" at ratio 1.

    ``models`` and JPEG's ``qualities`` are by ratio. Images go to JPEG as they are.
    """
    shape = sessions.shape[2:]
    return {
        **{("aesc", ratio): AescI(model, bits, sessions) for ratio, model in models.items()},
        **{("jpeg", ratio): JpegImages(Jpeg(quality, shape), sessions) for ratio, quality in qualities.items()},
        ("direct", 1): DirectImages(sessions),
    }
