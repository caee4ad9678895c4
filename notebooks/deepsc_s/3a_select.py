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
# # DeepSC-S, Fig. 6: one model for every channel
# **The paper trains** DeepSC-S over AWGN, Rayleigh and Rician channels at 8 dB, tests each over all three, and adopts the one
# trained under Rician channels as "a robust model that is capable of coping with various channel environments" (Sec. V-C).
#
# **We run** the same on two sets of clips: validation clips choose, test clips are what Fig. 6 shows. A model's regret is how
# many dB its MSE exceeds the least of the three at the same channel and SNR; the model with the least worst regret is chosen. No
# test clip is looked at for that.
# %% tags=["parameters"]
seed = 2026
k_factor = 2.0
snrs_db = [0.0, 4.0, 8.0, 12.0, 16.0, 20.0]
validation_clips = 64
test_clips = 100
# %%
import pandas as pd
import torch

from semcom_lib import draws, evaluation, paths, tables
from semcom_lib.deepsc_s import robust, systems
from semcom_lib.deepsc_s.settings import SETTINGS
from semcom_lib.deepsc_s.trained import CHANNELS, link_of, load_model
from semcom_lib.sources.speech import load_clips

torch.use_deterministic_algorithms(True)
setting = "telephone"
folder, rate_hz = paths.DATA / "deepsc_s" / setting, SETTINGS[setting].rate_hz
models = {trained: load_model(setting, "deepsc_s", trained) for trained in CHANNELS}


def measured(split, number):
    """The MSE (dB of full scale) of every model over every channel on one split's clips, and its bootstrap draws."""
    samples, groups, _ = load_clips(folder, split, number)
    return evaluation.sweep(
        {
            (trained, channel): systems.counted(
                systems.Learned(model, link_of(channel, k_factor)), samples, rate_hz, scores=()
            )
            for trained, model in models.items()
            for channel in CHANNELS
        },
        snrs_db,
        {"mse_db": robust.mse_db},
        keys=("trained", "channel"),
        groups=groups.tolist(),
        seed=seed,
        stage=f"deepsc_s select {split}",
    )


# %% [markdown]
# ## The choice, on validation clips
# %%
chosen_on, _ = measured("validation", validation_clips)
ranked = robust.ranking(chosen_on)
ranked["chosen"] = [1] + [0] * (len(ranked) - 1)
tables.write_table("deepsc_s", "robust", ranked)
ranked.round(2)
# %% [markdown]
# ## Fig. 6, on test clips
# %%
table, of_rows = measured("test", test_clips)
tables.write_table("deepsc_s", "mse", table)
draws.write_draws("deepsc_s", "mse", of_rows)
table.pivot(index=["channel", "trained"], columns="snr_db", values="value").reindex(
    pd.MultiIndex.from_product([CHANNELS, CHANNELS])
)
