"""An entropy code of AESC-I's latents: what "latent_bits a number" leaves on the table  [a baseline that the paper lacks].

The levels that the splicing rule sends are coded losslessly, each latent channel (Z maps of 6 x 6 of a picture, Z numbers of a
digit) with a Huffman code of its own, of order 0. The codes are fitted to training images and known to the receiver, as JPEG's own
tables are; ranges are sent as they are without the code. Images are the same, only their bits are fewer.
"""

import numpy as np
import torch
from torch import Tensor

from semcom_lib.aesc_i.autoencoders import Autoencoder
from semcom_lib.coding.level_huffman import LevelHuffman
from semcom_lib.coding.prefix_code import MAX_CODE_LENGTH
from semcom_lib.compression.uniform_quantiser import to_levels
from semcom_lib.sources.images import to_tensor


def session_levels(latents: Tensor, latent_bits: int) -> np.ndarray:
    """Latents of a session (n, *latent_shape) -> the levels that the splicing rule sends: uint16 (n, channels, places).

    All latents of a session share one range, their own. Raises ValueError for bits outside 1..16 or no image.
    """
    if latent_bits > 16 or not len(latents):
        raise ValueError(
            f"latent_bits = {latent_bits} must be in 1..16, and there must be an image, got {len(latents)}"
        )
    low, high = latents.float().aminmax()
    levels = to_levels(latents.double(), low.double(), high.double(), latent_bits)
    return levels.reshape(*latents.shape[:2], -1).numpy().astype(np.uint16)


@torch.inference_mode()
def levels_of(model: Autoencoder, sessions: np.ndarray, latent_bits: int) -> np.ndarray:
    """Images uint8 (num_sessions, num_images, H, W[, 3]) -> their levels uint16 (num_sessions num_images, channels, places)."""
    return np.concatenate([session_levels(model.encode(to_tensor(images)), latent_bits) for images in sessions])


def fitted(levels: np.ndarray, latent_bits: int) -> LevelHuffman:
    """The code of training images' levels (n, channels, places); each level counts once more than it occurs in its channel.

    Raises ValueError as :meth:`LevelHuffman.from_maps`, which takes at most 12 bits.
    """
    enough = MAX_CODE_LENGTH * levels[0].size if len(levels) else 1  # nothing is cut off
    return LevelHuffman.from_maps(levels, 2**latent_bits, run=1, max_bits=enough)


def image_bits(code: LevelHuffman, levels: np.ndarray) -> np.ndarray:
    """Bits of each image's levels (n, channels, places): int64 (n,). Raises ValueError as :meth:`LevelHuffman.num_bits`."""
    return np.array([code.num_bits(image) for image in levels], np.int64)
