"""The table of channel uses: what is sent, pilots beside it, blocks as they are."""

import numpy as np

from semcom_lib.coding.huffman import Huffman
from semcom_lib.coding.word_huffman import WordHuffman
from semcom_lib.l_deepsc.chains import letter_chains, word_chain
from semcom_lib.l_deepsc.costs import channel_uses
from semcom_lib.l_deepsc.floor import Floor
from semcom_lib.l_deepsc.systems import Learned
from semcom_lib.physical_layer.coded import Coded
from semcom_lib.physical_layer.csi import Csi
from semcom_lib.physical_layer.equalised_link import EqualisedLink
from semcom_lib.physical_layer.fading import Rayleigh

from .conftest import VOCABULARY

SENTENCES = ["we must act now", "act now", "we act now or later"]


def test_pilots_are_beside_the_uses_and_in_the_total(trained):
    letters = letter_chains(
        Huffman.from_text(SENTENCES), turbo_iterations=1, ldpc_block_bits=40, ldpc_coded_bits=60, seed=1
    )
    words = WordHuffman.from_sentences(SENTENCES, ["act", "now"])
    systems = {
        "floor": Floor.from_sentences(SENTENCES),
        "rough": Learned(trained, VOCABULARY, EqualisedLink(Rayleigh(), Csi("rough", 4))),
        "huffman_rs": Coded(letters["huffman_rs"], Rayleigh()),
        "word_ldpc_rough": Coded(word_chain(words, 0.5), Rayleigh(), Csi("rough", 1)),
    }
    table = channel_uses(systems, SENTENCES).set_index("system")
    per_word = systems["rough"].model.sizes.symbols_per_word
    assert table.loc["floor"].tolist() == [0, 0, 0, 0, "", "none"]
    assert table.loc["rough"].tolist() == [
        round(per_word * 11 / 3, 2), 4, round(per_word * 11 / 3 + 4, 2), round(per_word + 12 / 11, 3), "", "learned",
    ]  # fmt: skip
    assert table.loc["huffman_rs"].block_bits == "15 -> 21"
    ks = [len(words.encode(s)) for s in SENTENCES]
    ks = [max(16, -(-k // 8) * 8) for k in ks]
    assert table.loc["word_ldpc_rough"].block_bits == f"a sentence: {np.mean(ks):.0f} -> {2 * np.mean(ks):.0f}"
    assert table.loc["word_ldpc_rough"].uses_per_sentence == round(np.mean(ks), 2)  # 2 k bits in QPSK
    assert table.loc["word_ldpc_rough"].total == round(np.mean(ks) + 1, 2)
    assert table.modulation.tolist() == ["none", "learned", "64qam", "qpsk"]
