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
# # DeepSC-S, Figs. 6 to 9: speech over the telephone
# **The paper claims** that "DeepSC-S trained under the Rician channels is adopted as a robust model", that "the CNN-based system
# and DeepSC-S obtain higher SDR score than the other two systems under the Rayleigh channels and the Rician channels, as well as
# the AWGN channels over most SNR regions", and that DeepSC-S "achieves 10.92% average ascent over the CNN-based system in terms
# of the SDR performance" and a "7.34% average increase [...] in terms of the PESQ performance" (Sec. V-C).
#
# **We run** all systems over the same clips, gains and noise, one gain a clip; DeepSC-S and the CNN system had equal steps.
#
# **We add** STOI, the floor of silence, and two chains of a real speech codec that take as many channel uses.
#
# **We deviate**: another speech set, fewer modules and shorter trainings (Fig. 7 says whether the losses still fell), at a rate
# that was chosen on validation clips for DeepSC-S over Rician fading and that the CNN system was given, too.
# %% tags=["parameters"]
profile = "laptop"
partial = False
# %%
import matplotlib.pyplot as plt

from semcom_lib import figures
from semcom_lib.deepsc_s import reports
from semcom_lib.ledger import claims, layout, paired
from semcom_lib.ledger.reference import load_reference
from semcom_lib.tables import read_table

names = load_reference("deepsc_s").names
data = read_table("deepsc_s", "clips").corpus.iloc[0]
scores, mse = paired.read("deepsc_s", "telephone"), paired.read("deepsc_s", "mse")
trials = f"{scores.table.trials.iloc[0]:,} test clips a point, 95 % bands over voice groups"


def numbers(metric):
    """A score with its 95 % interval."""
    rows = scores.table[scores.table.metric == metric]
    return layout.estimates(rows, rows=["channel", "snr_db"], columns="system", names=names)


# %% [markdown]
# ## Fig. 6: which channel to train over
# %%
caption = figures.caption(profile, data, "trained at 8 dB", f"{mse.table.trials.iloc[0]:,} test clips a point")
figures.save(reports.robust_figure(mse.table, names, caption=caption), "deepsc_s", "deepsc_s_fig06_mse")
plt.show()
# %%
reports.robust_seen(read_table("deepsc_s", "robust"), mse, names)
# %%
claims.show("deepsc_s", exhibit="fig06", partial=partial)
# %% [markdown]
# ## Fig. 7: the trainings
# %%
shown, channel_names = names.of("system"), names.of("channel")
trainings = {
    f"{shown['deepsc_s']}, {channel_names[channel]}": read_table("deepsc_s", f"training_telephone_deepsc_s_{channel}")
    for channel in channel_names
}
cnn = read_table("deepsc_s", "training_telephone_cnn_robust")
trainings[f"{shown['cnn']}, {channel_names[cnn.channel.iloc[0]]}"] = cnn
figure = reports.training_figure(trainings, caption=figures.caption(profile, data, "held-out clips"))
figures.save(figure, "deepsc_s", "deepsc_s_fig07_training")
plt.show()
# %%
reports.training_seen(trainings)
# %%
claims.show("deepsc_s", exhibit="fig07", partial=partial)
# %% [markdown]
# ## Channel uses
# %%
uses = read_table("deepsc_s", "channel_uses").query("setting == 'telephone'").drop(columns="setting")
layout.Table(uses.assign(system=uses.system.map(shown)).set_index("system"))
# %% [markdown]
# ## Fig. 8: SDR
# %%
caption = figures.caption(profile, data, "one gain a clip", trials)
figure = reports.panels(scores.table, "sdr_db", names, ylabel="SDR (dB)", caption=caption)
figures.save(figure, "deepsc_s", "deepsc_s_fig08_sdr")
plt.show()
# %%
reports.systems_seen(scores, "sdr_db", names, "dB")
# %%
reports.ceilings_seen(scores.table, names)
# %%
numbers("sdr_db")
# %%
claims.show("deepsc_s", exhibit="fig08", partial=partial)
# %% [markdown]
# ## The other reading of SDR
# Eq. 6 is of one sequence, and the paper does not say how it averages. Above is the mean of the clips' dB, in which no lost clip
# costs more than another. Below are the energies of all clips together: there the noise of the lost clips decides, and PCM of
# wrong bits is loud. A point over fading has met as many gains as it has clips: an outage that is rarer is not seen, and the
# bands, drawn from these same gains, do not say so.
# %%
figure = reports.panels(scores.table, "sdr_pooled_db", names, ylabel="SDR of all clips (dB)", caption=caption)
figures.save(figure, "deepsc_s", "deepsc_s_sdr_pooled_telephone")
plt.show()
# %%
reports.systems_seen(scores, "sdr_pooled_db", names, "dB")
# %%
numbers("sdr_pooled_db")
# %% [markdown]
# ## Fig. 9: PESQ
# Narrow-band, as the listening score (P.862.1).
# %%
figure = reports.panels(scores.table, "pesq", names, ylabel="PESQ (MOS-LQO)", caption=caption)
figures.save(figure, "deepsc_s", "deepsc_s_fig09_pesq")
plt.show()
# %%
reports.systems_seen(scores, "pesq", names)
# %%
reports.undefined_seen(scores.table, "pesq", names)
# %%
numbers("pesq")
# %%
claims.show("deepsc_s", exhibit="fig09", partial=partial)
# %% [markdown]
# ## STOI
# The paper lacks it.
# %%
figure = reports.panels(scores.table, "stoi", names, ylabel="STOI", caption=caption)
figures.save(figure, "deepsc_s", "deepsc_s_stoi_telephone")
plt.show()
# %%
reports.systems_seen(scores, "stoi", names)
# %%
reports.undefined_seen(scores.table, "stoi", names)
