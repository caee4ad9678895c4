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
# # L-DeepSC, Fig. 2(a): the distributed system
# **The paper proposes** a cloud that trains, broadcasts the compressed transmitter to IoT devices, and updates the model "in
# the subsequent iterations by the received semantic features" (Sec. II); compression "reduces the latency of model
# transmission" (Sec. II-B). It draws this system and evaluates its parts, not the system.
#
# **We run** it: several rounds of broadcast, upload and update, with every byte of the downlink and every channel use of the
# uplink counted, and with what goes wrong in such a system: a broadcast missed, a packet with bit errors, an upload made with
# an old model.
#
# **We chose** how the cloud learns: from its own corpus, and from a few agreed sentences at the start of each upload, whose
# text it knows. The same captured (test) sentences meet the same fades in every round, so that
# rounds differ by the models, and by whose upload is decoded.
# %% tags=["parameters"]
profile = "demo"
# %%
import matplotlib.pyplot as plt
import pandas as pd

from semcom_lib import figures, paths

results = paths.RESULTS / "l_deepsc"
data = pd.read_csv(results / "corpus.csv").corpus.iloc[0]
rounds = pd.read_csv(results / "distributed.csv")
incidents = pd.read_csv(results / "distributed_incidents.csv")
first = rounds.iloc[0]
caption = figures.caption(profile, data, f"Rician fading, one gain a sentence, {first.snr_db:g} dB")
# %% [markdown]
# ## BLEU a round
# Of the uploads that were decoded, each by the receiver of the version that made it; a rejected upload has no BLEU and is
# counted in the table below.
# %%
figure, (axes,) = figures.new(
    f"{caption}; {rounds.trials.min()} to {rounds.trials.max()} sentences a round, 95 % bands"
)
figures.draw_curves(axes, rounds.assign(system="decoded uploads"), x="round", y="value", hue="system")
axes.set(xlabel="round", ylabel="BLEU (1-gram)", ylim=(0, 1), xticks=rounds["round"])
axes.legend()
figures.save(figure, "l_deepsc", "l_deepsc_distributed_bleu")
plt.show()
# %% [markdown]
# ## Bytes a round
# One broadcast serves all devices. The first brings the packed transmitter whole, the later ones what changed since the round
# before. Devices that missed a round get a full packet of their own.
# %%
names = {
    "float32_bytes": "transmitter, float32",
    "full_bytes": "packed, whole",
    "packet_bytes": "broadcast",
    "downlink_bytes": "broadcast and repairs",
}
sizes = rounds.melt("round", list(names), var_name="what", value_name="bytes").assign(
    kb=lambda table: table.bytes / 1e3
)
figure = figures.curves(
    sizes,
    x="round",
    y="kb",
    hue="what",
    names=names,
    ylabel="downlink (kB)",
    log_y=True,
    legend_outside=True,
    caption=figures.caption(profile, data),
)
figure.axes[0].set(xticks=rounds["round"])
figures.save(figure, "l_deepsc", "l_deepsc_distributed_bytes")
plt.show()
# %%
deltas = rounds[rounds.packet == "delta"]
print(f"packed, the transmitter is {first.float32_bytes / first.full_bytes:.1f} times smaller than in float32")
if len(deltas):
    ratios = deltas.full_bytes / deltas.packet_bytes
    print(f"as changes, {ratios.min():.1f} to {ratios.max():.1f} times smaller again ({len(deltas)} rounds)")
# %% [markdown]
# ## The rounds
# Latency is the downlink's alone, bits over bandwidth times spectral efficiency; uplink channel uses are complex symbols, with
# pilots and headers.
# %%
print(f"{first.bandwidth_hz / 1e3:g} kHz at {first.spectral_efficiency:g} bit/s/Hz")
unpacked = first.float32_bytes * 8 / (first.bandwidth_hz * first.spectral_efficiency)
print(f"in float32 a broadcast would take {unpacked:.1f} s")
pd.DataFrame(
    {
        "round": rounds["round"],
        "version": rounds.version,
        "BLEU-1": [f"{row.value:.3f} [{row.low:.3f}, {row.high:.3f}]" for row in rounds.itertuples()],
        "packet": rounds.packet,
        "broadcast (bytes)": rounds.packet_bytes,
        "repairs (bytes)": rounds.repair_bytes,
        "latency (s)": rounds.latency_s.round(2),
        "uplink (uses)": rounds.uplink_channel_uses,
        "rejected uploads": [f"{row.rejected_uploads} of {row.uploads}" for row in rounds.itertuples()],
        "devices up to date": [f"{row.devices_updated} of {row.uploads}" for row in rounds.itertuples()],
    }
).set_index("round")
# %% [markdown]
# ## Incidents
# A missed broadcast shows at the next delta, whose base the device does not hold; a damaged packet by its checksum, and the
# device keeps the model that it has; an upload with an older version is decoded by that version's receiver as long as the cloud
# keeps it, and rejected after that.
# %%
pd.set_option("display.max_colwidth", None)
incidents.set_index("round")
