# ---
# jupyter:
#   jupytext:
#     cell_metadata_filter: tags,-all
#     notebook_metadata_filter: -kernelspec,-jupytext.text_representation.jupytext_version
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
# ---

# %% [markdown]
# # L-DeepSC: evaluation over fading channels
# Monte Carlo for Figs. 8 and 9, and for a third channel: every test sentence once at every SNR, through every system; one gain a
# sentence, the same gains and noise for all systems of an SNR. Over `rayleigh_correlated` the gains of 256 successive sentences
# are a matrix whose neighbours are correlated: the case that the paper's channel matrix means.
#
# | system | chain |
# |---|---|
# | DeepSC | full resolution, perfect CSI |
# | L-DeepSC | 4-bit constellation; perfect, rough (LS), refined (ADNet) or no CSI; over Rician fading three training seeds |
# | Huffman + RS | letters' Huffman code, RS(7, 5) over GF(8), hard decisions, 64-QAM: the paper's |
# | Huffman + turbo | letters' Huffman code, turbo code of rate 1/2, log-MAP, 5 iterations, 64-QAM: the paper's |
# | fair chains of letters | as many channel uses as L-DeepSC: RS with 16-QAM, 5G LDPC with 16-QAM |
# | fair chain of words | as many channel uses: Huffman code over the shared vocabulary, 5G LDPC, QPSK; CSI of three kinds |
# | floor | hears nothing, knows the number of words, answers the likeliest list of frequent words |
#
# The chains of letters know the gain exactly; rough and refined CSI of the chain of words are L-DeepSC's own. That chain learns
# where a sentence ends from an end symbol that is sent and counted, spells words outside the vocabulary, and reckons with the
# error that its CSI states.
#
# **We chose** what the paper leaves open. A sentence is one block of the turbo code, of the next of its standard's lengths, and one
# of the word chain's LDPC code, whose rate makes it take as many symbols as L-DeepSC for the sentences sent; the letters' LDPC code
# has short blocks. A random interleaver permutes the turbo block's coded bits (the LDPC code has the standard's own, RS none).
# Test sentences are a sample of all sitting days, and the bootstrap draws whole days.
# %% tags=["parameters"]
seed = 2026
k_factor = 2.0
snrs_db = [0.0, 3.0, 6.0, 9.0, 12.0, 15.0, 18.0]
test_sentences = 1024
turbo_iterations = 5
ldpc_block_bits = 96
ldpc_coded_bits = 120
shown_sentences = 5
shown_snrs_db = [0.0, 6.0, 12.0, 18.0]
# %%
import pandas as pd
import torch

from semcom_lib import draws, evaluation, paths, seeds, tables
from semcom_lib.coding.huffman import Huffman
from semcom_lib.coding.word_huffman import WordHuffman
from semcom_lib.l_deepsc.chains import Coded, equal_uses_rate, letter_chains, word_chain, word_systems
from semcom_lib.l_deepsc.costs import channel_uses
from semcom_lib.l_deepsc.floor import Floor
from semcom_lib.l_deepsc.systems import counted, load_learned
from semcom_lib.l_deepsc.variants import laws
from semcom_lib.metrics.text import bleu_metrics
from semcom_lib.physical_layer.csi import PERFECT
from semcom_lib.sources import text

torch.use_deterministic_algorithms(True)
corpus = text.Corpus(paths.DATA / "l_deepsc")
sentences = corpus.sentences("test", test_sentences)
training = corpus.sentences("train")
# %% [markdown]
# ## The systems
# The Huffman codes count the letters, and the words, of the training text; the floor is chosen on it.
# %%
letters = letter_chains(
    Huffman.from_text(training),
    turbo_iterations=turbo_iterations,
    ldpc_block_bits=ldpc_block_bits,
    ldpc_coded_bits=ldpc_coded_bits,
    seed=seed,
)
learned = load_learned(corpus.vocabulary, paths.CHECKPOINTS / "l_deepsc" / "fading", k_factor)
words = WordHuffman.from_sentences(training, corpus.vocabulary.words)
symbols_per_word = learned["refined", "rician"].model.sizes.symbols_per_word
rate = equal_uses_rate(words, sentences, symbols_per_word)  # equal costs on what is sent; no outcome is looked at
chain_of_words = word_chain(words, rate)
floor = Floor.from_sentences(training[:: max(1, len(training) // 10_000)])  # of all training days
systems = {}
for channel, law in laws(k_factor).items():
    correlated = channel == "rayleigh_correlated"
    csi = {kind: learned[kind, channel].link.csi for kind in ("rough", "refined")}
    named = {"floor": floor}
    named |= {name: system for (name, of), system in learned.items() if of == channel}
    if not correlated:  # to a receiver that knows each gain, correlated gains are gains as any
        named |= {name: Coded(chain, law) for name, chain in letters.items()}
        csi = {"perfect": PERFECT} | csi
    named |= word_systems(chain_of_words, law, csi)
    systems |= {(name, channel): system for name, system in named.items()}
print(f"{words.mean_length:.2f} bits a word or end of sentence, LDPC rate {rate:.3f}")
# %% [markdown]
# ## What a sentence costs
# Complex symbols a sentence; pilots, one or four for a sentence's gain, where CSI is estimated. Perfect CSI is given, not paid for.
# %%
uses = channel_uses({name: system for (name, _), system in systems.items()}, sentences)
tables.write_table("l_deepsc", "channel_uses", uses)
uses
# %% [markdown]
# ## BLEU against SNR
# %%
table, of_rows = evaluation.sweep(
    {key: counted(system, sentences) for key, system in systems.items()},
    snrs_db,
    bleu_metrics((1, 4)),
    keys=("system", "channel"),
    groups=corpus.days("test", test_sentences),
    seed=seed,
    stage="l_deepsc evaluate fading",
)
table["channel"] = table.pop("channel")  # the last column
tables.write_table("l_deepsc", "fading", table)
draws.write_draws("l_deepsc", "fading", of_rows)
bleu_1 = table[table.metric == "bleu_1"]
bleu_1.pivot(index=["channel", "system"], columns="snr_db", values="value").reindex(
    pd.MultiIndex.from_tuples([(channel, name) for name, channel in systems])
).round(3)
# %% [markdown]
# ## Sentences to read
# The first test sentences through every system over Rician fading, each SNR with its own gains.
# %%
shown = sentences[:shown_sentences]
rows = []
for (name, channel), system in systems.items():
    if channel != "rician" or "seed" in name:
        continue
    for snr_db in shown_snrs_db:
        received = system.receive(shown, snr_db, generator=seeds.torch_generator(seed, "shown", snr_db))
        at = {"channel": channel, "snr_db": snr_db, "system": name}
        rows += [
            at | {"sentence": number, "sent": s, "received": s_hat}
            for number, (s, s_hat) in enumerate(zip(shown, received, strict=True))
        ]
examples = pd.DataFrame(rows)
tables.write_table("l_deepsc", "sentences", examples)
print(f"{len(examples)} received sentences kept")
