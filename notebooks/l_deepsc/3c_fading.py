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
# # L-DeepSC, Figs. 8 and 9: BLEU over fading channels
# **The paper claims** that "all DL-enabled approaches are more competitive under the fading channels", that "RS coding is
# better than turbo coding in terms of BLEU score", that "the performance of L-DeepSC is very close to that of DeepSC", that
# "the system trained without CSI performs worse than those trained with CSI, especially under the Rayleigh fading channels",
# and that "when SNR is low, the system with perfect CSI or refined CSI outperforms that with rough CSI. As SNR increases, all
# these systems [...] converge to similar performance gradually" (Sec. IV-B).
#
# **We run** every system over the same fades: one gain a sentence, known to the chains exactly and to the learned systems as
# their name says.
#
# **We add** what the paper lacks: the channel uses a sentence costs in each system, and chains that spend as many as L-DeepSC
# does. The paper's 64-QAM chain with Reed-Solomon spends fewer, its turbo chain more.
# %% tags=["parameters"]
profile = "demo"
partial = True
# %%
import matplotlib.pyplot as plt
import pandas as pd

from semcom_lib import figures, paths
from semcom_lib.ledger import claims

results = paths.RESULTS / "l_deepsc"
corpus = pd.read_csv(results / "corpus.csv")
bleu = pd.read_csv(results / "fading.csv")
uses = pd.read_csv(results / "channel_uses.csv", keep_default_na=False)
sentences = pd.read_csv(results / "sentences.csv", keep_default_na=False)
data = corpus.corpus.iloc[0]
trials = int(bleu.trials.iloc[0])
names = {
    "deepsc_perfect": "DeepSC, perfect CSI",
    "perfect": "L-DeepSC, perfect CSI",
    "refined": "L-DeepSC, refined CSI",
    "rough": "L-DeepSC, rough CSI",
    "none": "L-DeepSC, no CSI",
    "huffman_rs": "Huffman, RS(7,5), 64-QAM",
    "huffman_turbo": "Huffman, turbo 1/2, 64-QAM",
    "huffman_rs_fair": "Huffman, RS(7,5), 16-QAM (equal uses)",
    "huffman_ldpc_fair": "Huffman, LDPC, 16-QAM (equal uses)",
}
channel_names = {"rician": "Rician", "rayleigh": "Rayleigh"}
FIGURES = {"rician": "l_deepsc_fig08_bleu_rician", "rayleigh": "l_deepsc_fig09_bleu_rayleigh"}


def draw(channel, order):
    """BLEU of every system against SNR over one channel."""
    rows = bleu[(bleu.channel == channel) & (bleu.metric == f"bleu_{order}")]
    rows = rows.set_index("system").loc[list(names)].reset_index()
    return figures.curves(
        rows,
        x="snr_db",
        y="value",
        hue="system",
        names=names,
        ylabel=f"BLEU ({order}-gram)",
        ylim=(0, 1),
        legend_outside=True,
        caption=figures.caption(
            profile,
            data,
            f"{channel_names[channel]} fading, one gain a sentence",
            f"{trials} test sentences a point, 95 % bands; channel uses differ: see the table",
        ),
    )


# %% [markdown]
# ## Channel uses a sentence
# Complex symbols. Curves are to be compared with this table beside them.
# %%
uses.assign(system=uses.system.map(names)).rename(
    columns={
        "uses_per_sentence": "uses a sentence",
        "uses_per_word": "uses a word",
        "block_bits": "block (bits)",
    }
)
# %% [markdown]
# ## Fig. 8: Rician fading
# %%
figures.save(draw("rician", 1), "l_deepsc", FIGURES["rician"])
plt.show()
# %% [markdown]
# ## Fig. 9: Rayleigh fading
# %%
figures.save(draw("rayleigh", 1), "l_deepsc", FIGURES["rayleigh"])
plt.show()
# %% [markdown]
# ## The numbers
# BLEU-1 with its 95 % interval.
# %%
table = bleu[bleu.metric == "bleu_1"].assign(
    bleu=lambda rows: [f"{r.value:.3f} [{r.low:.3f}, {r.high:.3f}]" for r in rows.itertuples()],
    system=lambda rows: rows.system.map(names),
)
table.pivot(index=["channel", "system"], columns="snr_db", values="bleu").reindex(
    pd.MultiIndex.from_product([channel_names, names.values()], names=["channel", "system"])
)
# %% [markdown]
# ## Against the paper
# %%
claims.show("l_deepsc", exhibit="fig08", partial=partial)
# %%
claims.show("l_deepsc", exhibit="fig09", partial=partial)
# %% [markdown]
# ## Sentences to read
# The same test sentences through every system, over Rician fading; each sentence has its own gain, the same in all systems at
# an SNR.
# %%
shown = sentences[sentences.channel == "rician"]
for _number, rows in shown.groupby("sentence", sort=True):
    print(f"SENT  {rows.sent.iloc[0]}")
    for snr_db, received in rows.groupby("snr_db", sort=True):
        print(f"  {snr_db:.0f} dB")
        for row in received.set_index("system").loc[list(names)].reset_index().itertuples():
            same = "=" if row.received == row.sent else " "
            print(f"   {same} {names[row.system]:38s} {row.received[:150]!r}")
    print()
