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
# # DeepSC-S: evaluation of a setting
# Monte Carlo for Figs. 8 and 9 (telephone) or 10 and 11 (multimedia): every test clip once at every SNR through every system. A
# clip has one gain, which its receiver knows. All systems meet the same gains and noise.
#
# | system | chain |
# |---|---|
# | DeepSC-S, CNN | trained over the channel that validation chose, at 8 dB, by equal steps |
# | traditional | PCM (A-law of 8 bits, or uniform of 16), turbo code 1/3 decoded by SOVA, 64-QAM: the paper's |
# | semi-traditional | the same behind the learned feature codec |
# | ADPCM, GSM | the paper lacks them: a speech codec of fewer bits, a stronger code (LDPC), QPSK, at DeepSC-S's channel uses |
# | floor | silence: what a receiver scores that hears nothing |
#
# PESQ is narrow-band at 8 kHz; clips of 44.1 kHz are resampled to 16 kHz and scored wide-band. Clips on which a score is
# undefined are counted: `pesq_defined` and `stoi_defined` are the shares that have a value. The bootstrap draws voice groups.
# %% tags=["parameters"]
seed = 2026
setting = "telephone"
channels = ["awgn", "rayleigh", "rician"]
k_factor = 2.0
snrs_db = [0.0, 4.0, 8.0, 12.0, 16.0, 20.0]
test_clips = 100
turbo_iterations = 5
shown_snrs_db = [0.0, 8.0, 16.0]
# %%
import pandas as pd
import torch

from semcom_lib import draws, evaluation, paths, seeds, tables
from semcom_lib.deepsc_s import systems
from semcom_lib.deepsc_s.compared import FLOOR, compared
from semcom_lib.deepsc_s.costs import channel_uses
from semcom_lib.deepsc_s.settings import SETTINGS
from semcom_lib.deepsc_s.sounds import write_sounds
from semcom_lib.sources.speech import load_clips

torch.use_deterministic_algorithms(True)
rate_hz = SETTINGS[setting].rate_hz
samples, groups, _ = load_clips(paths.DATA / "deepsc_s" / setting, "test", test_clips)
robust = tables.read_table("deepsc_s", "robust").trained.iloc[0]
named = {
    (name, channel): system
    for channel in channels
    for name, system in compared(
        setting, channel, robust=robust, k_factor=k_factor, iterations=turbo_iterations
    ).items()
}
print(f"{len(samples)} clips of {len(set(groups.tolist()))} voice groups at {rate_hz:,} Hz; trained over {robust}")
# %% [markdown]
# ## What a clip costs
# Equal channel uses, but for the tails of the turbo blocks, are asserted.
# %%
uses = channel_uses({name: named[name, channels[0]] for name, _ in named if name != FLOOR}, samples.shape[1])
own = int(uses.uses_per_clip[uses.system == "deepsc_s"].iloc[0])
assert ((uses.uses_per_clip - uses.tail_uses - own).abs() < 1).all(), "the systems' channel uses differ"
uses
# %% [markdown]
# ## Scores against SNR
# %%
table, of_rows = evaluation.sweep(
    {key: systems.counted(system, samples, rate_hz) for key, system in named.items()},
    snrs_db,
    systems.METRICS,
    keys=("system", "channel"),
    groups=groups.tolist(),
    seed=seed,
    stage=f"deepsc_s evaluate {setting}",
)
has_value = table.value.notna().to_numpy() & (table.metric != "mse").to_numpy()
table, of_rows = table[has_value].reset_index(drop=True), of_rows[has_value]
tables.write_table("deepsc_s", setting, table)
draws.write_draws("deepsc_s", setting, of_rows)
table[table.metric == "sdr_db"].pivot(index=["channel", "system"], columns="snr_db", values="value").round(2)
# %%
table[table.metric == "pesq"].pivot(index=["channel", "system"], columns="snr_db", values="value").round(2)
# %% [markdown]
# ## A clip to listen to
# The first test clip, over the channel of each figure that comes last, through every system.
# %%
heard = {"source": samples[0]}
for (name, channel), system in named.items():
    if channel != channels[-1] or name == FLOOR:
        continue
    for snr_db in shown_snrs_db:
        generator = seeds.torch_generator(seed, "listen", snr_db)
        heard[f"{name}@{snr_db:g}"] = system.receive(samples[:1], snr_db, generator=generator)[0]
write_sounds(f"heard_{setting}", heard)
pd.Series({key: len(sound) for key, sound in heard.items()}, name="samples")
