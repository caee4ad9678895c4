"""What is compared: sessions of images as one bit stream each, and back  [aesc_i Sec. IV].

    AescI          the decoder, then the latents of the session's images
    JpegImages     the images' scans
    DirectImages   the pixels
    FixedImage     nothing: what a receiver shows that hears nothing

The receiver knows the number of images and, as JPEG's header, the lengths of JPEG's scans; everything that comes is
error-tolerant. Sessions are images uint8 (num_sessions, num_images, H, W[, 3]).
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

    def spans(self, session: int) -> dict[str, list[slice]]:
        """Where in the session's stream its parts lie."""
        ...

    def bits_by_part(self) -> dict[str, float]:
        """Bits of an "image", a mean over all sessions, and where there is one of the "decoder", sent once a session."""
        ...


class AescI:
    """Decoder and latents, spliced, of ``weight_bits`` and ``latent_bits`` a number."""

    def __init__(self, model: Autoencoder, weight_bits: int, latent_bits: int, sessions: np.ndarray):
        self.model, self.sessions = model, sessions
        self.rule = SplicingRule.of(model.decoder, model.latent_shape, weight_bits, latent_bits)
        self._streams: dict[int, np.ndarray] = {}  # packed: all channels carry the same ones

    @torch.inference_mode()
    def stream(self, session: int) -> Bits:
        """X = SR(l, beta)  [aesc_i eq. 2]."""
        if session not in self._streams:
            latents = self.model.encode(to_tensor(self.sessions[session]))
            self._streams[session] = np.packbits(self.rule.join(self.model.decoder.state_dict(), latents))
        return np.unpackbits(self._streams[session], count=self.rule.num_bits(len(self.sessions[session])))

    @torch.inference_mode()
    def images(self, session: int, stream: Bits) -> np.ndarray:
        """The received latents through the received decoder  [aesc_i eqs. 6, 7]."""
        state, latents = self.rule.split(stream)
        return to_uint8(self.model.received_decoder(state)(latents))

    def spans(self, session: int) -> dict[str, list[slice]]:
        """The "decoder", ranges included, and the "latents"."""
        return self.rule.spans(len(self.sessions[session]))

    def bits_by_part(self) -> dict[str, float]:
        """The latents of an image; weights, biases and all copies of the ranges."""
        return {"image": self.rule.image_bits, "decoder": self.rule.decoder_bits}


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

    def spans(self, session: int) -> dict[str, list[slice]]:
        """The "scans"."""
        return {"scans": [slice(0, sum(len(scan) for scan in self._scans[session]))]}

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

    def spans(self, session: int) -> dict[str, list[slice]]:
        """The "pixels"."""
        return {"pixels": [slice(0, 8 * self._sessions[session].size)]}

    def bits_by_part(self) -> dict[str, float]:
        """8 bits a pixel and colour."""
        return {"image": 8 * self._sessions[0, 0].size}


class FixedImage:
    """A floor: one image uint8 (H, W[, 3]) for all, whatever was to be sent, and no bits. See :func:`floor_images`."""

    def __init__(self, image: np.ndarray, sessions: np.ndarray):
        self._image, self._sessions = image, sessions

    def stream(self, session: int) -> Bits:
        """No bits."""
        return np.empty(0, np.uint8)

    def images(self, session: int, stream: Bits) -> np.ndarray:
        """The image, as many times as the session has images."""
        return np.repeat(self._image[None], len(self._sessions[session]), axis=0)

    def spans(self, session: int) -> dict[str, list[slice]]:
        """No parts."""
        return {}

    def bits_by_part(self) -> dict[str, float]:
        """Nothing is sent."""
        return {"image": 0}


def floor_images(train: np.ndarray) -> dict[str, np.ndarray]:
    """ "mean_image" of the training set uint8 (n, H, W[, 3]), rounded, and "black_image", each uint8 (H, W[, 3])."""
    mean = train.mean(axis=0, dtype=np.float64).round().astype(np.uint8)
    return {"mean_image": mean, "black_image": np.zeros_like(mean)}


def all_systems(
    models: Mapping[int, Autoencoder],
    qualities: Mapping[int, int],
    sessions: np.ndarray,
    *,
    weight_bits: int,
    latent_bits: int,
    subsampling: str,
) -> dict[tuple[str, int], ImageSystem]:
    """Every system that sends, by its name and compression ratio: "aesc" and "jpeg" at the ratios given, "direct" at ratio 1.

    ``models`` and JPEG's ``qualities`` are by ratio. Images go to JPEG as they are; ``subsampling`` is of their chroma, if they
    have any.
    """
    shape = sessions.shape[2:]
    return {
        **{("aesc", ratio): AescI(model, weight_bits, latent_bits, sessions) for ratio, model in models.items()},
        **{("jpeg", ratio): JpegImages(Jpeg(q, shape, subsampling), sessions) for ratio, q in qualities.items()},
        ("direct", 1): DirectImages(sessions),
    }
