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
# # L-DeepSC, Figs. 10, 11, Tables II, III: the small model
# **The paper claims** that "L-DeepSC achieves almost the same BLEU scores when the γ increases from 0 to 0.9", that at 0.99
# they "still drop slightly", that "the performance with m = 8 to m = 20 is similar" and "decreases dramatically from m = 4 to m
# = 2", and that the model can be compressed 20 and even 40 times without losing BLEU (Sec. IV-C, Table II).
#
# **We run** the same on our refined-CSI model over Rician fading. What is evaluated has been packed into the bytes of a
# broadcast and unpacked.
#
# **We deviate** in the pruning rule: magnitude times the loss's sensitivity to the weight. The paper's common threshold is
# shown beside it, without tuning.
# %% tags=["parameters"]
profile = "demo"
partial = True
# %%
import json

import matplotlib.pyplot as plt
import pandas as pd

from semcom_lib import figures, paths
from semcom_lib.ledger import claims

results = paths.RESULTS / "l_deepsc"
data = pd.read_csv(results / "corpus.csv").corpus.iloc[0]
sparsity = pd.read_csv(results / "sparsity.csv")
weight_bits = pd.read_csv(results / "weight_bits.csv")
compression = pd.read_csv(results / "compression.csv")
activations = pd.read_csv(results / "activations.csv")
trials = int(sparsity.trials.iloc[0])
caption = figures.caption(
    profile, data, "Rician fading, refined CSI, 4-bit constellation", f"{trials} test sentences a point, 95 % bands"
)


def panels_of_snr(table, x, xlabel, rules, name):
    """BLEU-1 against x, a panel a rule (a mask of rows), a curve an SNR."""
    figure, axes = figures.new(caption, columns=len(rules))
    snrs_db = sorted(table.snr_db.unique())
    names = {snr_db: f"{snr_db:g} dB" for snr_db in snrs_db}
    for ax, (title, rows) in zip(axes, rules.items(), strict=True):
        chosen = table[rows & (table.metric == "bleu_1")].sort_values(["snr_db", x])
        figures.draw_curves(ax, chosen, x=x, y="value", hue="snr_db", names=names, order=snrs_db)
        ax.set(xlabel=xlabel, title=title, ylim=(0, 1))
        ax.legend(loc="lower left" if x == "sparsity" else "lower right")
    axes[0].set_ylabel("BLEU (1-gram)")
    figures.save(figure, "l_deepsc", name)


# %% [markdown]
# ## Fig. 10: how sparse
# Left the rule of the paper's eq. (17), one threshold for all matrices; in the middle magnitudes times their sensitivity; both
# pruned directly. Right the latter, fine-tuned: each sparsity from the one before, so that the sparser models have been trained for
# longer than the dense one, and may pass it.
# %%
panels_of_snr(
    sparsity,
    "sparsity",
    "sparsity γ",
    {
        "common threshold": sparsity.rule == "common",
        "times sensitivity": sparsity.rule == "sensitive",
        "times sensitivity, fine-tuned": sparsity.rule == "tuned",
    },
    "l_deepsc_fig10_bleu_sparsity",
)
plt.show()
# %%
claims.show("l_deepsc", exhibit="fig10", partial=partial)
# %% [markdown]
# ## Fig. 11: how many bits a weight
# %%
panels_of_snr(
    weight_bits,
    "bits",
    "bits a weight m",
    {"quantised directly": ~weight_bits.tuned, "trained straight through": weight_bits.tuned},
    "l_deepsc_fig11_bleu_weight_bits",
)
plt.show()
# %%
claims.show("l_deepsc", exhibit="fig11", partial=partial)
# %% [markdown]
# ## Table II: both together
# BLEU-1 at the SNR printed; ψ by eq. (25), and ψ from the bytes of the really packed model, with biases, ranges and the places
# of the kept weights.
# %%
print(f"{compression.snr_db.iloc[0]:g} dB, {compression.trials.iloc[0]} test sentences")
table = compression.assign(
    cell=[f"{r.value:.4f} (ψ {r.psi:.3f}, bytes {r.psi_bytes:.2f})" for r in compression.itertuples()]
)
table.pivot(index="sparsity", columns="bits", values="cell").rename_axis(index="γ", columns="m")
# %%
claims.show("l_deepsc", exhibit="table2", partial=partial)
# %% [markdown]
# ## Table III: what it costs
# Parameters, bytes and BLEU of the dense float32 model and of the model that the paper compares it with. "weights alone" is the
# paper's count: kept weights times bits; "packed" is the file.
# %%
dense = compression[(compression.sparsity == 0) & (compression.bits == 32)].iloc[0]
lite = compression[(compression.sparsity == 0.6) & (compression.bits == 8)].iloc[0]
pd.DataFrame(
    [
        {
            "model": f"γ = {row.sparsity:g}, m = {row.bits:.0f}",
            "weights": f"{row.kept:,.0f}",
            "weights alone (MiB)": round(row.kept * row.bits / 8 / 2**20, 2),
            "packed (MiB)": round(row.bytes / 2**20, 2),
            "BLEU-1": f"{row.value:.4f} [{row.low:.4f}, {row.high:.4f}]",
        }
        for row in (dense, lite)
    ]
)
# %% [markdown]
# Run time depends on the machine, so it is measured by a benchmark of its own (`make bench`, recorded in
# `benchmarks/compression.jsonl`), as ratios in one run: the transmitter with dense float32 layers, with really sparse layers,
# and with 8-bit integer layers.
# %%
runs = [json.loads(line) for line in (paths.ROOT / "benchmarks" / "compression.jsonl").read_text().splitlines()]
pd.DataFrame(runs)[["name", "ours", "peer", "ratio", "unit", "peer_name"]]
# %%
claims.show("l_deepsc", exhibit="table3", partial=partial)
# %% [markdown]
# ## Activations too
# The device's model with its dense layers' outputs at as many bits as its weights.
# %%
activations[activations.metric == "bleu_1"].pivot(index="system", columns="snr_db", values="value").round(4)
