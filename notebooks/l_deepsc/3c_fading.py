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
# **We run** every system over the same fades: one gain a sentence, known to the chains exactly and to the learned systems as
# their name says.
#
# **We add** what the paper lacks: the channel uses a sentence costs in each system, and chains that spend as many as L-DeepSC
# does. The paper's 64-QAM chain with Reed-Solomon spends fewer, its turbo chain more.
# %% tags=["parameters"]
profile = "laptop"
partial = False
# %%
import matplotlib.pyplot as plt

from semcom_lib import figures
from semcom_lib.l_deepsc import reports
from semcom_lib.ledger import claims, layout
from semcom_lib.ledger.reference import load_reference
from semcom_lib.tables import read_table

names = load_reference("l_deepsc").names
bleu = read_table("l_deepsc", "fading")
data = read_table("l_deepsc", "corpus").corpus.iloc[0]
trials = f"{bleu.trials.iloc[0]} test sentences a point, 95 % bands"


def caption(channel):
    fades = f"{names.of('channel')[channel]}, one gain a sentence"
    return figures.caption(profile, data, fades, trials, "channel uses differ: see the table")


def numbers(channel):
    """BLEU-1 with its 95 % interval."""
    rows = bleu[(bleu.metric == "bleu_1") & (bleu.channel == channel)]
    return layout.estimates(rows, rows=["snr_db"], columns="system", names=names)


# %% [markdown]
# ## Channel uses a sentence
# Complex symbols. Curves are to be compared with this table beside them.
# %%
uses = read_table("l_deepsc", "channel_uses").replace({column: names.of(column) for column in ("system", "modulation")})
uses["block_bits"] = uses.block_bits.str.replace("->", "→")
layout.Table(
    uses.set_index("system").rename(
        columns={"uses_per_sentence": "a sentence", "uses_per_word": "a word", "block_bits": "block (bits)"}
    )
)
# %% [markdown]
# ## Fig. 8: Rician fading
# %%
figure = reports.fading(bleu, "rician", 1, names, caption=caption("rician"))
figures.save(figure, "l_deepsc", "l_deepsc_fig08_bleu_rician")
plt.show()
# %%
reports.fading_seen(bleu, "rician", names)
# %%
numbers("rician")
# %%
claims.show("l_deepsc", exhibit="fig08", partial=partial)
# %% [markdown]
# ## Fig. 9: Rayleigh fading
# %%
figure = reports.fading(bleu, "rayleigh", 1, names, caption=caption("rayleigh"))
figures.save(figure, "l_deepsc", "l_deepsc_fig09_bleu_rayleigh")
plt.show()
# %%
reports.fading_seen(bleu, "rayleigh", names)
# %%
numbers("rayleigh")
# %%
claims.show("l_deepsc", exhibit="fig09", partial=partial)
# %% [markdown]
# ## Sentences to read
# The same test sentences through every system, over Rician fading; each sentence has its own gain, the same in all systems at
# an SNR.
# %%
sentences = read_table("l_deepsc", "sentences")
for _number, rows in sentences[sentences.channel == "rician"].groupby("sentence", sort=True):
    print(f"SENT  {rows.sent.iloc[0]}")
    for snr_db, received in rows.groupby("snr_db", sort=True):
        print(f"  {snr_db:.0f} dB")
        texts = received.set_index("system").received
        for system, name in names.of("system").items():
            if system in texts:
                same = "=" if texts[system] == rows.sent.iloc[0] else " "
                print(f"   {same} {name:38s} {texts[system][:150]!r}")
    print()
