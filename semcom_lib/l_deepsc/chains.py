"""The chains of separate source and channel coding that L-DeepSC is compared with  [l_deepsc Sec. IV].

The paper's two have Huffman-coded letters and 64-QAM. The others take about as many channel uses as the learned systems' eight
symbols a word: two that code letters, too, and one that codes the words of the vocabulary that the learned systems share, over
the strongest code that fits, and over CSI of each kind.
"""

from collections.abc import Mapping, Sequence
from functools import cache

from semcom_lib import seeds
from semcom_lib.coding.hard_input import HardInput
from semcom_lib.coding.huffman import Huffman
from semcom_lib.coding.interleaver import RandomInterleaver
from semcom_lib.coding.joined import Joined
from semcom_lib.coding.ldpc import Ldpc5G
from semcom_lib.coding.reed_solomon import ReedSolomon
from semcom_lib.coding.turbo import TurboCode
from semcom_lib.coding.word_huffman import WordHuffman
from semcom_lib.physical_layer.coded import Coded
from semcom_lib.physical_layer.csi import Csi
from semcom_lib.physical_layer.fading import Fading
from semcom_lib.physical_layer.fitted_codes import fitted_ldpc, turbo_length
from semcom_lib.physical_layer.fitted_link import FittedLink
from semcom_lib.physical_layer.link import Link
from semcom_lib.physical_layer.modulation import Modulation

WORD_BLOCK_STEP = 8
"""The LDPC blocks' lengths are its multiples: so coarse that sentences share codes, so fine that they pad little."""


def letter_chains(
    letters: Huffman, *, turbo_iterations: int, ldpc_block_bits: int, ldpc_coded_bits: int, seed: int
) -> dict[str, Link | FittedLink]:
    """Huffman code and RS(7, 5) over GF(8) or a turbo code of rate 1/2, the paper's; RS and 5G LDPC with 16-QAM, the fair ones.

    A sentence is one turbo block, see :func:`turbo_chain`; the LDPC code is decoded as :func:`word_chain` has it. Raises ValueError
    as the codes do for their sizes.
    """
    reed_solomon = ReedSolomon(7, 5, 3)
    ldpc = Ldpc5G(ldpc_block_bits, ldpc_coded_bits, num_bits_per_symbol=4, schedule="layered")
    return {
        "huffman_rs": Link(letters, reed_solomon, Modulation("64qam")),
        "huffman_turbo": turbo_chain(letters, iterations=turbo_iterations, seed=seed),
        "huffman_rs_fair": Link(letters, reed_solomon, Modulation("16qam")),
        "huffman_ldpc_fair": Link(letters, ldpc, Modulation("16qam")),
    }


def turbo_chain(
    letters: Huffman, *, iterations: int, seed: int, interleaved: bool = True, hard_input: bool = False
) -> FittedLink:
    """Huffman code, turbo code of rate 1/2 (log-MAP), random interleaver over the coded bits, 64-QAM: the paper's chain.

    Differs from the paper, which has no block length: a sentence is one block, of the next of the standard's lengths, which the
    receiver knows by the number of symbols. With ``hard_input`` every bit is decided before the code is asked.
    """

    @cache
    def link_of_length(k: int) -> Link:
        code = TurboCode(k, "1/2", "log-map", iterations)
        coded = HardInput(code) if hard_input else code
        return Link(letters, coded, Modulation("64qam"), interleaver=_spread(code.n, seed) if interleaved else None)

    return FittedLink(letters, lambda num_bits: link_of_length(turbo_length(num_bits)))


def rs_chain(letters: Huffman, *, seed: int) -> FittedLink:
    """Huffman code, RS(7, 5) over GF(8), random interleaver over the coded bits of all blocks of a sentence, 64-QAM.

    The paper's chain of :func:`letter_chains`, given what may spread the errors of a faded symbol over its short blocks.
    """
    code = ReedSolomon(7, 5, 3)

    @cache
    def link_of_blocks(count: int) -> Link:
        joined = Joined(code, count)
        return Link(letters, joined, Modulation("64qam"), interleaver=_spread(joined.n, seed))

    return FittedLink(letters, lambda num_bits: link_of_blocks(max(1, -(-num_bits // code.k))))


def _spread(n: int, seed: int) -> RandomInterleaver:
    return RandomInterleaver(n, generator=seeds.numpy_generator(seed, "interleaver", n))


def word_chain(words: WordHuffman, rate: float) -> FittedLink:
    """Huffman code over words, 5G LDPC code of about this ``rate``, a block a sentence, QPSK.

    Raises ValueError as :func:`semcom_lib.physical_layer.fitted_codes.fitted_ldpc`.
    """
    return fitted_ldpc(words, rate, step=WORD_BLOCK_STEP)


def equal_uses_rate(words: WordHuffman, sentences: Sequence[str], symbols_per_word: int) -> float:
    """The code rate at which QPSK takes so many symbols a word, on average over sentences; padding counted.

    The LDPC code's own limits hold where text is so short of information, or so full of it, that no rate would do.
    """
    padded = sum(-(-len(words.encode(s)) // WORD_BLOCK_STEP) * WORD_BLOCK_STEP for s in sentences)
    symbols = symbols_per_word * sum(len(s.split()) for s in sentences)
    return min(max(padded / (2 * symbols), 0.2), 0.9)


def word_systems(chain: FittedLink, law: Fading, csi: Mapping[str, Csi]) -> dict[str, Coded]:
    """The word chain over ``law`` with CSI of each name, such as "rough": {"word_ldpc_rough": ...}; "perfect" is its own name."""
    return {
        "word_ldpc" if kind == "perfect" else f"word_ldpc_{kind}": Coded(chain, law, known)
        for kind, known in csi.items()
    }
