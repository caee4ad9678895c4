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
# # Mem-DeepSC, Fig. 6, Table II, Prop. 2: fewer symbols
# **The paper claims** that "the proposed importance mask and consecutive mask keep the similar answer accuracy as the Mem-DeepSC
# with 32 symbols per sentence in all SNR regimes over the AWGN and the Rician channels", that "the random mask experiences
# significant answer accuracy loss in the high SNR regimes", that more symbols lead "to higher answer accuracy in low SNR regimes
# but the gain disappears as the SNR increases", and that UTF-8 and turbo code with adaptive modulation and coding "yield
# comparable answer accuracy" at many more symbols (Sec. V-C).
#
# **We run** as many symbols as eq. 15 says with the paper's $\mu_{max}$ and $\sigma_m^2$, the same for all masks; all systems had
# equal steps, with a mask or without.
#
# **We add** what it costs to tell the receiver which symbols an importance mask keeps, the floor, and Proposition 2 with the noise
# of our own models.
#
# **We deviate**: what is kept of a sentence has unit mean power; the schemes of the adaptive chain are ours, as the paper lists
# none.
# %% tags=["parameters"]
profile = "laptop"
partial = False
# %%
import matplotlib.pyplot as plt

from semcom_lib import figures
from semcom_lib.ledger import claims, layout, paired
from semcom_lib.ledger.reference import load_reference
from semcom_lib.mem_deepsc import mask_report
from semcom_lib.mem_deepsc.reports import floor_of
from semcom_lib.tables import read_table

reference = load_reference("mem_deepsc")
names = reference.names
paper = {key: value.value for key, value in reference.values.items()}
accuracy = paired.read("mem_deepsc", "masks")
uses = read_table("mem_deepsc", "masked_symbols")
data = read_table("mem_deepsc", "tasks").corpus.iloc[0]
trials = f"{accuracy.table.trials.iloc[0]:,} test questions a point, 95 % bands over stories"
mask_steps = int(read_table("mem_deepsc", "training_consecutive_awgn").step.max())


def numbers(channel):
    """The accuracy with its 95 % interval."""
    rows = accuracy.table[accuracy.table.channel == channel]
    return layout.estimates(rows, rows=["snr_db"], columns="system", names=names)


# %% [markdown]
# ## Table II: symbols a sentence
# As many as eq. 15 asks for. The sender must say which symbols an importance mask keeps, unless both ends know it: so many bits,
# and no fewer symbols than the capacity of AWGN lets carry them. `saved` is against no mask, without and with the positions.
# %%
mask_report.symbols_table(uses, names)
# %%
mask_report.symbols_seen(uses, paper["least_share"], paper["greatest_share"], paper["shortest"])
# %%
claims.show("mem_deepsc", exhibit="table2", partial=partial)
# %% [markdown]
# ## Fig. 6: accuracy against SNR
# %%
caption = figures.caption(profile, data, "one gain a sentence", trials, "channel uses differ: see Table II")
figures.save(
    mask_report.figure(accuracy.table, names, caption=caption), "mem_deepsc", "mem_deepsc_fig06_accuracy_masks"
)
plt.show()
# %%
mask_report.masks_seen(accuracy, names, mask_steps, paired.read("mem_deepsc", "accuracy"))
# %%
mask_report.lengths_seen(accuracy, names)
# %%
numbers("awgn")
# %%
numbers("rician")
# %%
numbers("rician_imperfect")
# %%
claims.show("mem_deepsc", exhibit="fig06", partial=partial)
# %% [markdown]
# ## Proposition 2: the noise of our own models
# Models of several sizes over AWGN, trained alike. At each SNR the shortest is sought whose accuracy is within a margin of the
# best; eq. 15 fitted to these lengths gives $\sigma_m^2$ and L, with the largest part of the symbols for $\mu_{max}$.
# %%
sizes, lengths = read_table("mem_deepsc", "sizes"), read_table("mem_deepsc", "lengths")
floor = floor_of(accuracy.table)
caption = figures.caption(profile, data, names.of("channel")["awgn"], trials)
figure = mask_report.models_figure(sizes, lengths, uses, floor=floor, caption=caption)
figures.save(figure, "mem_deepsc", "mem_deepsc_prop2_models")
plt.show()
# %%
mask_report.models_seen(lengths, paper["mu_max"], paper["sigma_m2"])
# %%
layout.Table(
    lengths.set_index("snr_db")[["shortest", "fitted"]]
    .rename(columns={"shortest": "shortest that does", "fitted": "eq. 15, fitted"})
    .rename_axis(names.heading("snr_db"))
)
# %%
claims.show("mem_deepsc", exhibit="prop2", partial=partial)
