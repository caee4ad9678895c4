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
# # L-DeepSC: RS against turbo coding
# **The paper claims** that "RS coding is better than turbo coding in terms of BLEU score" (Sec. IV-B). Over our fading channels it
# is the other way round, and this notebook looks for what could turn it: the same Huffman-coded letters and 64-QAM
#
# * over AWGN, Rayleigh fading with one gain a sentence, and with a gain of its own for every symbol;
# * with and without a random interleaver over the coded bits of a sentence;
# * with the turbo decoder's soft input, and with the hard decisions that RS decoding gets: signs, and the mean error probability.
#
# RS(7, 5) over GF(8) against a turbo code of rate 1/2, as the paper has them; a sentence is one turbo block.
# %% tags=["parameters"]
seed = 2026
snrs_db = [9.0, 12.0, 15.0, 18.0, 21.0, 24.0]
test_sentences = 512
turbo_iterations = 5
# %%
from semcom_lib import draws, evaluation, paths, tables
from semcom_lib.coding.huffman import Huffman
from semcom_lib.coding.reed_solomon import ReedSolomon
from semcom_lib.l_deepsc.chains import Coded, rs_chain, turbo_chain
from semcom_lib.l_deepsc.systems import counted
from semcom_lib.metrics.text import bleu_metrics
from semcom_lib.physical_layer.fading import Awgn, Rayleigh
from semcom_lib.physical_layer.link import Link
from semcom_lib.physical_layer.modulation import Modulation
from semcom_lib.sources import text

corpus = text.Corpus(paths.DATA / "l_deepsc")
sentences = corpus.sentences("test", test_sentences)
letters = Huffman.from_text(corpus.sentences("train"))
chains = {
    ("huffman_rs", "hard", False): Link(letters, ReedSolomon(7, 5, 3), Modulation("64qam")),
    ("huffman_rs", "hard", True): rs_chain(letters, seed=seed),
}
for decisions in ("hard", "soft"):
    for interleaved in (False, True):
        chains["huffman_turbo", decisions, interleaved] = turbo_chain(
            letters,
            iterations=turbo_iterations,
            seed=seed,
            interleaved=interleaved,
            hard_input=decisions == "hard",
        )
laws = {"awgn": Awgn(), "rayleigh": Rayleigh(), "rayleigh_per_symbol": Rayleigh(block_length=1)}
# %%
table, of_rows = evaluation.sweep(
    {
        (*key, channel): counted(Coded(chain, law), sentences)
        for channel, law in laws.items()
        for key, chain in chains.items()
    },
    snrs_db,
    bleu_metrics((1, 4)),
    keys=("system", "decisions", "interleaved", "channel"),
    groups=corpus.days("test", test_sentences),
    seed=seed,
    stage="l_deepsc coding order",
)
tables.write_table("l_deepsc", "coding_order", table)
draws.write_draws("l_deepsc", "coding_order", of_rows)
table[table.metric == "bleu_1"].pivot(
    index=["channel", "system", "decisions", "interleaved"], columns="snr_db", values="value"
).round(3)
