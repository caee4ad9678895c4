# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---
# %% [markdown]
# # L-DeepSC: evaluation over fading channels
# Monte Carlo for Figs. 8 and 9: every test sentence once at every SNR, through every system; one gain a sentence, the same gains
# for all systems of an SNR. The learned systems know the gain as their name says; the chains know it exactly.
#
# | system | chain |
# |---|---|
# | DeepSC | full resolution, perfect CSI |
# | L-DeepSC | 4-bit constellation; perfect, rough (LS), refined (ADNet) or no CSI |
# | Huffman + RS | letters' Huffman code, RS(7, 5) over GF(8), hard decisions, 64-QAM: the paper's |
# | Huffman + turbo | letters' Huffman code, turbo code of rate 1/2, log-MAP, 5 iterations, 64-QAM: the paper's |
# | fair chains | as many channel uses as L-DeepSC (the table below): RS with 16-QAM, 5G LDPC with 16-QAM |
#
# **We chose** what the paper leaves open: the turbo and LDPC block sizes (short blocks, since a sentence fills few of them and
# pays for the last); a random interleaver over the turbo block's coded bits (the LDPC code has the standard's own, RS needs
# none).
# %% tags=["parameters"]
seed = 2026
k_factor = 2.0
num_pilots = 1
snrs_db = [0.0, 6.0, 12.0, 18.0]
test_sentences = 256
turbo_block_bits = 128
turbo_iterations = 5
ldpc_block_bits = 96
ldpc_coded_bits = 120
shown_sentences = 5
shown_snrs_db = [0.0, 6.0, 12.0, 18.0]
# %%
from functools import partial

import numpy as np
import pandas as pd
import torch

from semcom_lib import evaluation, paths, seeds
from semcom_lib.coding.huffman import Huffman
from semcom_lib.coding.interleaver import RandomInterleaver
from semcom_lib.coding.ldpc import Ldpc5G
from semcom_lib.coding.reed_solomon import ReedSolomon
from semcom_lib.coding.turbo import TurboCode
from semcom_lib.l_deepsc.transceiver import from_checkpoint
from semcom_lib.l_deepsc.transmission import receive_sentences
from semcom_lib.learning import training
from semcom_lib.metrics.text import bleu, ngram_counts
from semcom_lib.physical_layer import adnet
from semcom_lib.physical_layer.channels import snr_to_n0
from semcom_lib.physical_layer.equalised_link import FadingLink
from semcom_lib.physical_layer.fading import Rayleigh, Rician
from semcom_lib.physical_layer.link import Link
from semcom_lib.physical_layer.modulation import Modulation
from semcom_lib.sources import text

torch.use_deterministic_algorithms(True)
folder = paths.DATA / "l_deepsc"
results = paths.RESULTS / "l_deepsc"
vocabulary = text.load_vocabulary(folder)
sentences = text.load_sentences(folder, "test", test_sentences)
test_ids = [vocabulary.encode(line) for line in sentences]
laws = {"rician": Rician(k_factor), "rayleigh": Rayleigh()}
learned = {"deepsc_perfect": "perfect", **{kind: kind for kind in ("perfect", "rough", "refined", "none")}}
# %% [markdown]
# ## The classical chains
# The Huffman code counts the letters and punctuation marks of the training text.
# %%
huffman = Huffman.from_text(text.load_sentences(folder, "train"))
codes = {
    "huffman_rs": (ReedSolomon(7, 5, 3), "64qam"),
    "huffman_turbo": (TurboCode(turbo_block_bits, "1/2", "log-map", turbo_iterations), "64qam"),
    "huffman_rs_fair": (ReedSolomon(7, 5, 3), "16qam"),
    "huffman_ldpc_fair": (Ldpc5G(ldpc_block_bits, ldpc_coded_bits, num_bits_per_symbol=4), "16qam"),
}


turbo_code = codes["huffman_turbo"][0]
interleaver = RandomInterleaver(turbo_code.n, generator=seeds.numpy_generator(seed, "interleaver"))
chains = {
    name: Link(huffman, code, Modulation(modulation), interleaver=interleaver if code is turbo_code else None)
    for name, (code, modulation) in codes.items()
}


# %% [markdown]
# ## What a sentence costs
# Complex symbols a sentence and a word. 4-bit constellation or not, a word is 8 symbols for the learned systems.
# %%
def count_uses(name):
    if name in learned:
        return np.array([8 * len(ids) for ids in test_ids])
    bits = np.array([len(huffman.encode(sentence)) for sentence in sentences])
    return chains[name].count_channel_uses(bits)


words = sum(map(len, test_ids))
channel_uses = pd.DataFrame(
    [
        {
            "system": name,
            "uses_per_sentence": round(count_uses(name).sum() / len(sentences), 2),
            "uses_per_word": round(count_uses(name).sum() / words, 3),
            "block_bits": "" if name in learned else f"{chains[name].code.k} -> {chains[name].code.n}",
            "modulation": "learned" if name in learned else chains[name].modulation.name,
        }
        for name in [*learned, *chains]
    ]
)
with paths.replacing(results / "channel_uses.csv") as temporary:
    channel_uses.to_csv(temporary, index=False)
channel_uses


# %% [markdown]
# ## The systems
# %%
def learned_system(channel, name):
    """(sentences, snr_db, generator) -> received sentences."""
    stored = paths.CHECKPOINTS / "l_deepsc" / channel
    model = from_checkpoint(training.load_checkpoint(stored / f"{name}.pt"), vocabulary, f"{channel}/{name}.pt")
    refiner = adnet.from_checkpoint(training.load_checkpoint(stored / "refiner.pt"))
    link = FadingLink(laws[channel], learned[name], num_pilots, refiner.refine)
    return lambda sentences, snr_db, generator: receive_sentences(
        model, list(map(vocabulary.encode, sentences)), vocabulary, link, snr_db, generator=generator
    )


def classical_system(channel, name):
    """(sentences, snr_db, generator) -> received sentences."""
    return lambda sentences, snr_db, generator: (
        chains[name].send(sentences, laws[channel], snr_to_n0(snr_db), generator=generator).items_hat
    )


systems = {
    channel: {name: learned_system(channel, name) for name in learned}
    | {name: classical_system(channel, name) for name in chains}
    for channel in laws
}
# %% [markdown]
# ## BLEU against SNR
# %%
bleu_metrics = {f"bleu_{order}": partial(bleu, order=order) for order in (1, 2, 3, 4)}


def counts_of(system):
    return lambda snr_db, generator: ngram_counts(system(sentences, snr_db, generator), sentences)


table = pd.concat(
    [
        evaluation.sweep(
            {name: counts_of(system) for name, system in systems[channel].items()},
            snrs_db,
            bleu_metrics,
            seed=seed,
            stage=f"l_deepsc evaluate {channel}",
        ).assign(channel=channel)
        for channel in laws
    ],
    ignore_index=True,
)
with paths.replacing(results / "fading.csv") as temporary:
    table.to_csv(temporary, index=False)
table[table.metric == "bleu_1"].pivot(index=["channel", "snr_db"], columns="system", values="value")[
    [*learned, *chains]
].round(3)
# %% [markdown]
# ## Sentences to read
# The first test sentences through every system, each SNR with its own gains.
# %%
shown = sentences[:shown_sentences]
rows = [
    {"channel": channel, "snr_db": snr_db, "system": name, "sentence": number, "sent": sent, "received": received}
    for channel in laws
    for snr_db in shown_snrs_db
    for name, system in systems[channel].items()
    for number, (sent, received) in enumerate(
        zip(shown, system(shown, snr_db, seeds.torch_generator(seed, "shown", snr_db)), strict=True)
    )
]
examples = pd.DataFrame(rows)
with paths.replacing(results / "sentences.csv") as temporary:
    examples.to_csv(temporary, index=False)
print(f"{len(examples)} received sentences kept")
