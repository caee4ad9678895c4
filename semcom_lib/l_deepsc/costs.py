"""What a sentence costs each text system: channel uses, pilots, the blocks that its code has."""

from collections.abc import Mapping, Sequence

import pandas as pd

from semcom_lib.l_deepsc.systems import TextSystem
from semcom_lib.physical_layer.coded import Coded
from semcom_lib.physical_layer.fitted_link import FittedLink


def channel_uses(systems: Mapping[str, TextSystem], sentences: Sequence[str]) -> pd.DataFrame:
    """A row a system: complex symbols a sentence, pilots, their total, total a word, blocks and modulation.

    ``uses_per_sentence`` counts padding and tails, and no pilots; a block that fits has its mean rate.
    """
    num_words = sum(len(sentence.split()) for sentence in sentences)
    rows = []
    for name, system in systems.items():
        uses = float(system.count_channel_uses(sentences).mean())
        blocks, modulation = _coding(system, sentences)
        rows.append(
            {
                "system": name,
                "uses_per_sentence": round(uses, 2),
                "pilots": system.pilots,
                "total": round(uses + system.pilots, 2),
                "total_per_word": round((uses + system.pilots) * len(sentences) / num_words, 3),
                "block_bits": blocks,
                "modulation": modulation,
            }
        )
    return pd.DataFrame(rows)


def _coding(system: TextSystem, sentences: Sequence[str]) -> tuple[str, str]:
    """Information and coded bits of a block in words, and the modulation's name."""
    if not isinstance(system, Coded):
        return "", "learned" if system.count_channel_uses(sentences).any() else "none"
    chain = system.chain
    if not isinstance(chain, FittedLink):
        return f"{chain.code.k} -> {chain.code.n}", chain.modulation.name
    links = [chain.link_of(len(chain.source.encode(sentence))) for sentence in sentences]
    k, n = (sum(size) / len(links) for size in zip(*((link.code.k, link.code.n) for link in links), strict=True))
    return f"a sentence: {k:.0f} -> {n:.0f}", links[0].modulation.name
