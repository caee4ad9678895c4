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
# # L-DeepSC, Figs. 8 and 9: BLEU over fading channels
# **The paper claims** that "all DL-enabled approaches are more competitive under the fading channels", that "RS coding is
# better than turbo coding in terms of BLEU score", that "the performance of L-DeepSC is very close to that of DeepSC", that
# "the system trained without CSI performs worse than those trained with CSI, especially under the Rayleigh fading channels",
# and that "when SNR is low, the system with perfect CSI or refined CSI outperforms that with rough CSI. As SNR increases, all
# these systems [...] converge to similar performance gradually" (Sec. IV-B).
#
# **We run** every system over the same fades: one gain a sentence, known to the chains of letters exactly and to the others as
# their names say.
#
# **We add** what the paper lacks: the channel uses and pilots that a sentence costs in each system; chains of letters that spend as
# many as L-DeepSC does; the chain of a classical sender with L-DeepSC's own side knowledge, which codes the words of the
# vocabulary that both ends share; the floor of a receiver that hears nothing; BLEU-4, in which that floor has nothing; correlated
# gains, where refining has something to learn from neighbours; three training seeds of one system; and what could turn the
# order of RS and turbo coding.
#
# **We deviate**: a sentence is one turbo block, whose length the paper does not state.
# %% tags=["parameters"]
profile = "laptop"
partial = False
# %%
import matplotlib.pyplot as plt

from semcom_lib import figures
from semcom_lib.l_deepsc import coding_order, fading_report
from semcom_lib.ledger import claims, layout, paired
from semcom_lib.ledger.reference import load_reference
from semcom_lib.tables import read_table

names = load_reference("l_deepsc").names
bleu = paired.read("l_deepsc", "fading")
data = read_table("l_deepsc", "corpus").corpus.iloc[0]
trials = f"{bleu.table.trials.iloc[0]} test sentences a point, 95 % bands over sitting days"


def draw(channel, name):
    """The figure of one channel, shown and saved."""
    fades = f"{names.of('channel')[channel]}, one gain a sentence"
    caption = figures.caption(profile, data, fades, trials, "channel uses differ: see the table")
    figures.save(fading_report.figure(bleu.table, channel, names, caption=caption), "l_deepsc", name)
    plt.show()


def numbers(channel, metric="bleu_1"):
    """BLEU with its 95 % interval."""
    rows = bleu.table[(bleu.table.metric == metric) & (bleu.table.channel == channel)]
    return layout.estimates(rows, rows=["snr_db"], columns="system", names=names)


# %% [markdown]
# ## Channel uses a sentence
# Complex symbols, and the pilots of a sentence's gain beside them where it is estimated. Curves are to be compared with this table
# beside them.
# %%
uses = read_table("l_deepsc", "channel_uses").replace({column: names.of(column) for column in ("system", "modulation")})
uses["block_bits"] = uses.block_bits.str.replace("->", "→")
layout.Table(
    uses.set_index("system").rename(
        columns={"uses_per_sentence": "a sentence", "total_per_word": "total a word", "block_bits": "block (bits)"}
    )
)
# %% [markdown]
# ## Fig. 8: Rician fading
# %%
draw("rician", "l_deepsc_fig08_bleu_rician")
# %%
fading_report.seen_over(bleu, "rician", names)
# %%
numbers("rician")
# %%
claims.show("l_deepsc", exhibit="fig08", partial=partial)
# %% [markdown]
# ### Another training seed
# The intervals above are over test sentences. What another training would give: L-DeepSC with refined CSI, trained with three
# seeds. Spread: the largest BLEU-1 less the smallest; interval: the width of the first training's.
# %%
seeds = fading_report.seeds_table(bleu)
layout.Table(seeds.rename(columns=names.of("system")).rename_axis("SNR (dB)").map("{:.3f}".format))
# %%
fading_report.seeds_seen(seeds)
# %% [markdown]
# ## Fig. 9: Rayleigh fading
# %%
draw("rayleigh", "l_deepsc_fig09_bleu_rayleigh")
# %%
fading_report.seen_over(bleu, "rayleigh", names)
# %%
numbers("rayleigh")
# %%
claims.show("l_deepsc", exhibit="fig09", partial=partial)
# %% [markdown]
# ## Correlated gains
# The paper refines the estimate of a channel *matrix*. Where each sentence's gain is independent of all others, a network can do no
# more with it than shrink the LS estimate, as the MMSE estimate does; here the gains of 256 successive sentences are a 16 x 16
# matrix whose neighbours are correlated along rows and columns, and the network sees them together. Few such matrices are
# drawn: the bands, which are over sitting days, say nothing of other matrices; the systems' differences, over the same gains, hold.
# %%
draw("rayleigh_correlated", "l_deepsc_fading_rayleigh_correlated")
# %%
fading_report.correlated_seen(bleu, names)
# %%
numbers("rayleigh_correlated")
# %% [markdown]
# ## RS against turbo coding
# The paper's two chains where the gain is the same for a sentence, where it is new for every symbol, and where there is none.
# %%
order = paired.read("l_deepsc", "coding_order")
caption = figures.caption(
    profile, data, "Huffman-coded letters, 64-QAM", f"{order.table.trials.iloc[0]} test sentences a point, 95 % bands"
)
figures.save(coding_order.figure(order, names, caption=caption), "l_deepsc", "l_deepsc_coding_order")
plt.show()
# %%
coding_order.order_seen(order, names)
# %% [markdown]
# ## Sentences to read
# The same test sentences through every system, over Rician fading; each sentence has its own gain, the same in all systems at
# an SNR.
# %%
sentences = read_table("l_deepsc", "sentences")
for _number, rows in sentences.groupby("sentence", sort=True):
    print(f"SENT  {rows.sent.iloc[0]}")
    for snr_db, received in rows.groupby("snr_db", sort=True):
        print(f"  {snr_db:.0f} dB")
        texts = received.set_index("system").received
        for system, name in names.of("system").items():
            if system in texts:
                same = "=" if texts[system] == rows.sent.iloc[0] else " "
                print(f"   {same} {name:38s} {texts[system][:150]!r}")
    print()
