"""The chains of separate source and channel coding that L-DeepSC is compared with  [l_deepsc Sec. IV].

The paper's two have Huffman-coded letters and 64-QAM. The fair ones take about as many channel uses as the learned systems'
eight symbols a word.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from semcom_lib.coding.huffman import Huffman
from semcom_lib.coding.interleaver import RandomInterleaver
from semcom_lib.coding.ldpc import Ldpc5G
from semcom_lib.coding.reed_solomon import ReedSolomon
from semcom_lib.coding.turbo import TurboCode
from semcom_lib.physical_layer.channels import snr_to_n0
from semcom_lib.physical_layer.fading import Fading
from semcom_lib.physical_layer.link import Link
from semcom_lib.physical_layer.modulation import Modulation


@dataclass(frozen=True, eq=False)
class Coded:
    """A chain over a fading channel whose gains its receiver knows exactly; a ``semcom_lib.l_deepsc.systems.TextSystem``."""

    chain: Link
    law: Fading

    def receive(self, sentences: Sequence[str], snr_db: float, *, generator: torch.Generator) -> list[str]:
        """As :meth:`semcom_lib.physical_layer.link.Link.send`."""
        return self.chain.send(sentences, self.law, snr_to_n0(snr_db), generator=generator).items_hat

    def count_channel_uses(self, sentences: Sequence[str]) -> np.ndarray:
        """Complex symbols of each sentence, padding included, int64 (n,)."""
        bits = [len(self.chain.source.encode(sentence)) for sentence in sentences]
        return self.chain.count_channel_uses(np.array(bits, np.int64))


def huffman_chains(
    huffman: Huffman,
    *,
    turbo_block_bits: int,
    turbo_iterations: int,
    ldpc_block_bits: int,
    ldpc_coded_bits: int,
    rng: np.random.Generator,
) -> dict[str, Link]:
    """Huffman code and RS(7, 5) over GF(8) or a turbo code of rate 1/2, the paper's; RS and 5G LDPC with 16-QAM, the fair ones.

    ``rng`` draws the permutation of the turbo code's interleaver; the LDPC code has the standard's own, RS needs none. Raises
    ValueError as the codes do for their sizes.
    """
    reed_solomon = ReedSolomon(7, 5, 3)
    turbo = TurboCode(turbo_block_bits, "1/2", "log-map", turbo_iterations)
    ldpc = Ldpc5G(ldpc_block_bits, ldpc_coded_bits, num_bits_per_symbol=4)
    qam16, qam64 = Modulation("16qam"), Modulation("64qam")
    return {
        "huffman_rs": Link(huffman, reed_solomon, qam64),
        "huffman_turbo": Link(huffman, turbo, qam64, interleaver=RandomInterleaver(turbo.n, generator=rng)),
        "huffman_rs_fair": Link(huffman, reed_solomon, qam16),
        "huffman_ldpc_fair": Link(huffman, ldpc, qam16),
    }
