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
# Monte Carlo for Figs. 8 and 9: every test sentence once at every SNR, through every system; one gain a sentence, the same gains
# and noise for all systems of an SNR. The learned systems know the gain as their name says; the chains know it exactly.
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
snrs_db = [0.0, 3.0, 6.0, 9.0, 12.0, 15.0, 18.0]
test_sentences = 1024
turbo_block_bits = 128
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
from semcom_lib.l_deepsc.chains import Coded, huffman_chains
from semcom_lib.l_deepsc.systems import counted, load_learned
from semcom_lib.l_deepsc.variants import CSI_KINDS, laws
from semcom_lib.metrics.text import bleu_metrics
from semcom_lib.sources import text

torch.use_deterministic_algorithms(True)
corpus = text.Corpus(paths.DATA / "l_deepsc")
sentences = corpus.sentences("test", test_sentences)
# %% [markdown]
# ## The systems
# The Huffman code counts the letters and punctuation marks of the training text.
# %%
chains = huffman_chains(
    Huffman.from_text(corpus.sentences("train")),
    turbo_block_bits=turbo_block_bits,
    turbo_iterations=turbo_iterations,
    ldpc_block_bits=ldpc_block_bits,
    ldpc_coded_bits=ldpc_coded_bits,
    rng=seeds.numpy_generator(seed, "interleaver"),
)
systems = {}
for channel, law in laws(k_factor).items():
    learned = load_learned(law, num_pilots, corpus.vocabulary, paths.CHECKPOINTS / "l_deepsc" / channel)
    coded = {name: Coded(chain, law) for name, chain in chains.items()}
    systems |= {(name, channel): system for name, system in {**learned, **coded}.items()}
# %% [markdown]
# ## What a sentence costs
# Complex symbols a sentence and a word. 4-bit constellation or not, a word is 8 symbols for the learned systems.
# %%
num_words = sum(len(sentence.split()) for sentence in sentences)
names = [*CSI_KINDS, *chains]
uses = {name: systems[name, "rician"].count_channel_uses(sentences).sum() for name in names}
channel_uses = pd.DataFrame(
    [
        {
            "system": name,
            "uses_per_sentence": round(uses[name] / len(sentences), 2),
            "uses_per_word": round(uses[name] / num_words, 3),
            "block_bits": f"{chains[name].code.k} -> {chains[name].code.n}" if name in chains else "",
            "modulation": chains[name].modulation.name if name in chains else "learned",
        }
        for name in names
    ]
)
tables.write_table("l_deepsc", "channel_uses", channel_uses)
channel_uses
# %% [markdown]
# ## BLEU against SNR
# %%
table, of_rows = evaluation.sweep(
    {key: counted(system, sentences) for key, system in systems.items()},
    snrs_db,
    bleu_metrics(),
    keys=("system", "channel"),
    groups=corpus.days("test", test_sentences),
    seed=seed,
    stage="l_deepsc evaluate fading",
)
table["channel"] = table.pop("channel")  # the last column
tables.write_table("l_deepsc", "fading", table)
draws.write_draws("l_deepsc", "fading", of_rows)
bleu_1 = table[table.metric == "bleu_1"]
bleu_1.pivot(index=["channel", "snr_db"], columns="system", values="value")[names].round(3)
# %% [markdown]
# ## Sentences to read
# The first test sentences through every system, each SNR with its own gains.
# %%
shown = sentences[:shown_sentences]
rows = []
for (name, channel), system in systems.items():
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
