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
# # DeepSC-S: listen
# One test clip at both rates: the source, and what each system's receiver plays at low, middle and high SNR, over Rician fading.
# All systems of a column met the same gain and noise. Sound is FLAC of 16 bits in the notebook itself: press play.
# %% tags=["parameters"]
profile = "laptop"
# %%
import matplotlib.pyplot as plt

from semcom_lib import figures
from semcom_lib.deepsc_s.listening import Players, spectrograms
from semcom_lib.deepsc_s.settings import SETTINGS
from semcom_lib.deepsc_s.sounds import read_sounds
from semcom_lib.ledger.reference import load_reference
from semcom_lib.tables import read_table

names = load_reference("deepsc_s").names
data = read_table("deepsc_s", "clips").corpus.iloc[0]


def heard(setting):
    """{system: {SNR: sound}}, the source first."""
    rows = {}
    for key, sound in read_sounds(f"heard_{setting}").items():
        name, _, snr_db = key.partition("@")
        row = rows.setdefault(names.of("system")[name], {})
        row[f"{snr_db} dB" if snr_db else "sent"] = sound
    return rows


def drawn(setting):
    """The spectrograms, saved."""
    rows, rate_hz = heard(setting), SETTINGS[setting].rate_hz
    caption = figures.caption(profile, data, names.of("channel")["rician"], "one gain for all systems of a column")
    figure = spectrograms(rows, rate_hz, title=names.of("setting")[setting], caption=caption)
    figures.save(figure, "deepsc_s", f"deepsc_s_spectrograms_{setting}")
    plt.show()


# %% [markdown]
# ## Telephone
# %%
Players(heard("telephone"), SETTINGS["telephone"].rate_hz)
# %%
drawn("telephone")
# %% [markdown]
# ## Multimedia
# %%
Players(heard("multimedia"), SETTINGS["multimedia"].rate_hz)
# %%
drawn("multimedia")
