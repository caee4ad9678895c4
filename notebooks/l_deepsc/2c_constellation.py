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
profile = "demo"
# %%
import matplotlib.pyplot as plt
import pandas as pd

from semcom_lib import figures, paths

results = paths.RESULTS / "l_deepsc"
corpus = pd.read_csv(results / "corpus.csv")
bleu = pd.read_csv(results / "constellation.csv")
symbols = pd.read_csv(results / "symbols.csv")
training = pd.read_csv(results / "training.csv")
trials = int(bleu.trials.iloc[0])
data = corpus.corpus.iloc[0]
caption = figures.caption(profile, data, "AWGN", f"{trials} test sentences a point, 95 % bands")
# %% [markdown]
# ## Fig. 5: the learned constellation
# %%
points = {
    name: (rows.real + 1j * rows.imag).to_numpy()
    for name, rows in symbols.groupby("system", sort=False)
    if name in ("full", "4-bit")
}
figure = figures.scatter(
    {{"full": "full resolution", "4-bit": "4 bits"}[name]: x for name, x in points.items()},
    caption=figures.caption(profile, data, "symbols of test sentences, E|x|² = 1"),
)
figures.save(figure, "l_deepsc", "l_deepsc_fig05_constellation")
plt.show()
# %% [markdown]
# ## Fig. 6: BLEU against SNR
# BLEU-1 as the paper plots it, and BLEU-4, which also asks for the order of words.
# %%
names = {"full": "full resolution", "8-bit": "8-bit constellation", "4-bit": "4-bit constellation"}
for order in (1, 4):
    figure = figures.curves(
        bleu[bleu.metric == f"bleu_{order}"],
        x="snr_db",
        y="value",
        hue="system",
        names=names,
        ylabel=f"BLEU ({order}-gram)",
        ylim=(0, 1),
        caption=caption,
    )
    figures.save(figure, "l_deepsc", f"l_deepsc_fig06_bleu{order}_awgn")
    plt.show()
# %% [markdown]
# ## The numbers
# %%
table = bleu[bleu.metric == "bleu_1"].assign(
    bleu=lambda rows: rows.apply(lambda r: f"{r.value:.3f} [{r.low:.3f}, {r.high:.3f}]", axis=1)
)
table.pivot(index="snr_db", columns="system", values="bleu")[list(names)].rename(columns=names)
# %% [markdown]
# ## Against the paper
# The largest loss of a coarse constellation against full resolution, above 9 dB and below.
# %%
value = bleu[bleu.metric == "bleu_1"].pivot(index="snr_db", columns="system", values="value")
loss = value[["8-bit", "4-bit"]].rsub(value["full"], axis=0)
pd.DataFrame({"SNR > 9 dB": loss[loss.index > 9].max(), "SNR <= 9 dB": loss[loss.index <= 9].max()}).round(4)
# %% [markdown]
# ## What limits BLEU
# The vocabulary's coverage of the test text is the ceiling of BLEU-1; what is missing below it at high SNR is for more
# training to win. Cross-entropy per word in nats on held-out text, full vocabulary, SNR uniform in the training range.
# %%
print(f"test coverage {corpus.set_index('split').coverage['test']:.4f}")
print(f"best BLEU-1   {value['full'].max():.4f} at {value['full'].idxmax():.0f} dB")
figure = figures.curves(
    training.assign(curve="validation"),
    x="step",
    y="validation_loss",
    hue="curve",
    ylabel="cross-entropy (nats per word)",
    log_y=True,
    caption=figures.caption(profile, data, "AWGN"),
)
figures.save(figure, "l_deepsc", "l_deepsc_training_loss_awgn")
plt.show()
# %% [markdown]
# ## Sentences to read
# The same test sentences at every SNR, full resolution.
# %%
examples = pd.read_csv(results / "examples.csv", keep_default_na=False)
for sent, rows in examples.groupby("sent", sort=False):
    print(f"sent     {sent}")
    for row in rows.itertuples():
        print(f"{row.snr_db:5.0f} dB {row.received}")
    print()
