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
# # DeepSC-S, Figs. 10 and 11: multimedia
# **The paper claims** that over AWGN "the SDR score of the traditional communication system shows a sharp increase when SNR is
# higher than 8 dB" and is "over 80 in high SNRs due to the high PCM quantization accuracy", and that "DeepSC-S outperforms the
# semi-traditional system and the traditional system under the Rician channels, as well as the AWGN channels in the low SNR
# regime" (Sec. V-D).
#
# **We run** clips at 44.1 kHz through systems of twice the channel filters and PCM of 16 bits, over AWGN and Rician channels.
#
# The recordings have 16 kHz, the paper's too, so that there is nothing above 8 kHz.
#
# **We deviate**: another speech set, fewer modules, shorter trainings. A clip lasts 0.37 s, on which STOI is undefined; PESQ is
# wide-band after resampling to 16 kHz, as it is not defined at 44.1 kHz; the paper does not say what it scored.
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
scores = paired.read("deepsc_s", "multimedia")
trials = f"{scores.table.trials.iloc[0]:,} test clips a point, 95 % bands over voice groups"
caption = figures.caption(profile, data, "44.1 kHz", "one gain a clip", trials)


def numbers(metric):
    """A score with its 95 % interval."""
    rows = scores.table[scores.table.metric == metric]
    return layout.estimates(rows, rows=["channel", "snr_db"], columns="system", names=names)


# %% [markdown]
# ## Channel uses
# %%
shown = names.of("system")
uses = read_table("deepsc_s", "channel_uses").query("setting == 'multimedia'").drop(columns="setting")
layout.Table(uses.assign(system=uses.system.map(shown)).set_index("system"))
# %% [markdown]
# ## Fig. 10: SDR
# %%
figure = reports.panels(scores.table, "sdr_db", names, ylabel="SDR (dB)", caption=caption)
figures.save(figure, "deepsc_s", "deepsc_s_fig10_sdr_multimedia")
plt.show()
# %%
reports.systems_seen(scores, "sdr_db", names, "dB")
# %%
reports.ceilings_seen(scores.table, names)
# %%
numbers("sdr_db")
# %%
claims.show("deepsc_s", exhibit="fig10", partial=partial)
# %% [markdown]
# ## The other reading of SDR
# The energies of all clips together, where the noise of the lost clips decides; outages rarer than one in as many gains as there
# are clips are not seen.
# %%
figure = reports.panels(scores.table, "sdr_pooled_db", names, ylabel="SDR of all clips (dB)", caption=caption)
figures.save(figure, "deepsc_s", "deepsc_s_sdr_pooled_multimedia")
plt.show()
# %%
reports.systems_seen(scores, "sdr_pooled_db", names, "dB")
# %%
numbers("sdr_pooled_db")
# %% [markdown]
# ## Fig. 11: PESQ
# %%
figure = reports.panels(scores.table, "pesq", names, ylabel="PESQ (MOS-LQO, wide-band)", caption=caption)
figures.save(figure, "deepsc_s", "deepsc_s_fig11_pesq_multimedia")
plt.show()
# %%
reports.systems_seen(scores, "pesq", names)
# %%
reports.undefined_seen(scores.table, "pesq", names)
# %%
numbers("pesq")
# %%
claims.show("deepsc_s", exhibit="fig11", partial=partial)
# %% [markdown]
# ## The trainings
# %%
trainings = {
    shown[system]: read_table("deepsc_s", f"training_multimedia_{system}_robust") for system in reports.LEARNED
}
figure = reports.training_figure(trainings, caption=figures.caption(profile, data, "44.1 kHz", "held-out clips"))
figures.save(figure, "deepsc_s", "deepsc_s_training_multimedia")
plt.show()
# %%
reports.training_seen(trainings)
