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
# # L-DeepSC, Figs. 5 and 6: the constellation can be coarse
# **The paper claims** that with full-resolution, 8-bit and 4-bit constellations "all of them could achieve very similar
# performance when SNR > 9 dB", and that "full resolution and 8-bits constellations perform slightly better than 4-bits
# constellation when SNR is low" (Sec. IV-A). Of Fig. 5 it says that "the 4-bits constellation keeps a similar distribution
# with the full-resolution constellation".
#
# **We run** one checkpoint trained over AWGN; its constellation is quantised after training (eqs. 22 and 24, ranges by eqs. 20
# and 21). Bits are per real dimension, so 4 bits are 16 levels in phase and 16 in quadrature.
#
# **We deviate**: eq. 22's clamp is to [0, 2^m - 1] (the paper's [-T, T] does not fit its own unsigned grid), and the points
# are scaled so that what is sent has unit mean power.
# %% tags=["parameters"]
profile = "laptop"
# %%
import matplotlib.pyplot as plt

from semcom_lib import figures
from semcom_lib.l_deepsc import fading_report, reports
from semcom_lib.ledger import claims, layout, seen
from semcom_lib.ledger.names import decimals
from semcom_lib.ledger.reference import load_reference
from semcom_lib.tables import read_table

names = load_reference("l_deepsc").names
corpus = read_table("l_deepsc", "corpus")
bleu = read_table("l_deepsc", "constellation")
symbols = read_table("l_deepsc", "symbols")
data = corpus.corpus.iloc[0]
caption = figures.caption(profile, data, "AWGN", f"{bleu.trials.iloc[0]} test sentences a point, 95 % bands over days")
# %% [markdown]
# ## Fig. 5: the learned constellation
# %%
figure = reports.constellations(
    symbols, names, caption=figures.caption(profile, data, "symbols of test sentences, E|x|² = 1")
)
figures.save(figure, "l_deepsc", "l_deepsc_fig05_constellation")
plt.show()
# %%
reports.constellations_seen(symbols)
# %%
claims.show("l_deepsc", exhibit="fig05")
# %% [markdown]
# ## Fig. 6: BLEU against SNR
# BLEU-1 as the paper plots it, and BLEU-4, which also asks for the order of words. The grey line is the floor: what a receiver
# scores that hears nothing, but knows the number of words and answers frequent ones.
# %%
for order in (1, 4):
    rows = bleu[bleu.metric == f"bleu_{order}"]
    figure = figures.curves(
        rows[rows.system != "floor"],
        x="snr_db",
        y="value",
        hue="system",
        names=names.of("system"),
        ylabel=f"BLEU ({order}-gram)",
        ylim=(0, 1),
        floor=fading_report.floor_of(rows),
        caption=caption,
    )
    figures.save(figure, "l_deepsc", f"l_deepsc_fig06_bleu{order}_awgn")
    plt.show()
# %%
alike_above_db = 9  # where the paper has all constellations alike, Sec. IV-A
value = {
    metric: bleu[bleu.metric == metric].pivot(index="snr_db", columns="system", values="value")
    for metric in ("bleu_1", "bleu_4")
}
loss = {metric: table[["8-bit", "4-bit"]].rsub(table["full"], axis=0) for metric, table in value.items()}
high = loss["bleu_1"].index > alike_above_db
worst_at = loss["bleu_1"]["4-bit"].idxmax()
lowest = value["bleu_1"].index[0]
at_lowest = {metric: table.loc[lowest] for metric, table in value.items()}
best, coverage = value["bleu_1"]["full"].max(), corpus.set_index("split").coverage["test"]
seen.Sentences(
    f"Above {seen.point(alike_above_db)} the coarse constellations are within "
    f"{decimals(loss['bleu_1'][high].abs().max().max())} of full resolution in BLEU-1, where the paper has them alike, and within "
    f"{decimals(loss['bleu_4'][high].abs().max().max())} in BLEU-4.",
    f"Below, 8 bits stay within {decimals(loss['bleu_1']['8-bit'].abs().max())} and 4 bits lose up to "
    f"{decimals(loss['bleu_1']['4-bit'].max())}, at {seen.point(worst_at)}; in BLEU-4, which the paper does not show, up to "
    f"{decimals(loss['bleu_4']['4-bit'].max())}. At {seen.point(lowest)} full resolution has "
    f"{decimals(at_lowest['bleu_1']['full'])} in BLEU-1 where the floor has "
    f"{decimals(at_lowest['bleu_1']['floor'])} without a channel, and "
    f"{decimals(at_lowest['bleu_4']['full'])} in BLEU-4 where the floor has {decimals(at_lowest['bleu_4']['floor'])}.",
    f"The curves end at {decimals(best)}, {decimals(coverage - best)} below the share of the test text that the vocabulary "
    f"covers ({decimals(coverage)}), so that no constellation could add much.",
)
# %%
layout.estimates(bleu[bleu.metric == "bleu_1"], rows=["snr_db"], columns="system", names=names)
# %%
claims.show("l_deepsc", exhibit="fig06")
# %% [markdown]
# ## What limits BLEU
# The vocabulary's coverage of the test text is the ceiling of BLEU-1; what is missing below it at high SNR is for more
# training to win. Cross-entropy per word in nats on held-out text, full vocabulary, SNR uniform in the training range.
# %%
training = read_table("l_deepsc", "training")
figure = figures.curves(
    training.assign(curve="validation"),
    x="step",
    y="validation_loss",
    hue="curve",
    ylabel="cross-entropy (nats per word)",
    caption=figures.caption(profile, data, "AWGN"),
)
figure.axes[0].set_ylim(bottom=0)
figures.save(figure, "l_deepsc", "l_deepsc_training_loss_awgn")
plt.show()
# %%
first, before, last = (training.iloc[i] for i in (0, -2, -1))
seen.Sentences(
    f"The loss on held-out text falls from {decimals(first.validation_loss)} nats a word after {first.step:,.0f} steps to "
    f"{decimals(last.validation_loss)} after {last.step:,.0f}.",
    f"The last {last.step - before.step:,.0f} steps take "
    f"{seen.percent(1 - last.validation_loss / before.validation_loss, '{:.1f}')} off it.",
    f"The model is therefore "
    f"{'not trained to its end' if last.validation_loss < before.validation_loss else 'at its best or past it'}, "
    "and every BLEU above is a lower bound of what this architecture can reach.",
)
# %% [markdown]
# ## Sentences to read
# The same test sentences at every SNR, full resolution.
# %%
for sent, rows in read_table("l_deepsc", "examples").groupby("sent", sort=False):
    print(f"sent     {sent}")
    for row in rows.itertuples():
        print(f"{row.snr_db:5.0f} dB {row.received}")
    print()
