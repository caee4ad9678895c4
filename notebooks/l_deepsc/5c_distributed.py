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
profile = "laptop"
# %%
import matplotlib.pyplot as plt
import pandas as pd

from semcom_lib import figures
from semcom_lib.ledger import layout, seen
from semcom_lib.ledger.names import decimals, measured
from semcom_lib.tables import read_table

data = read_table("l_deepsc", "corpus").corpus.iloc[0]
rounds = read_table("l_deepsc", "distributed")
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
axes.set(xlabel="round", ylabel="BLEU (1-gram)", ylim=(0, 1))
axes.legend()
figures.save(figure, "l_deepsc", "l_deepsc_distributed_bleu")
plt.show()
# %%
worst, best = rounds.loc[rounds.value.idxmin()], rounds.loc[rounds.value.idxmax()]
losses = rounds.validation_loss.dropna()
overlap = "overlap" if worst.high >= best.low else "do not overlap"
seen.Sentences(
    f"Over {len(rounds)} rounds BLEU-1 lies between {decimals(worst.value)} (round {worst['round']}) and {decimals(best.value)} "
    f"(round {best['round']}), whose intervals {overlap}.",
    f"The validation loss of the cloud's model goes from {decimals(losses.iloc[0])} to {decimals(losses.iloc[-1])} nats a word: "
    f"the updates {'improve' if losses.iloc[-1] < losses.iloc[0] else 'do not improve'} it.",
    f"Of {rounds.uploads.sum()} uploads {rounds.rejected_uploads.sum()} came from a model whose receiver the cloud no longer had; "
    "what they lost is not in the curve.",
)
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
figures.save(figure, "l_deepsc", "l_deepsc_distributed_bytes")
plt.show()
# %%
deltas = rounds[rounds.packet == "delta"]
repaired = rounds[rounds.repair_bytes > 0]
smaller = seen.span(deltas.full_bytes / deltas.packet_bytes, "{:.1f}") if len(deltas) else "never"
worst = rounds.loc[rounds.downlink_bytes.idxmax()]
seen.Sentences(
    f"Packed, the transmitter is {first.float32_bytes / first.full_bytes:.1f} times smaller than in float32, and what changed from "
    f"round to round another {smaller} times.",
    f"Repairs are what the downlink then pays for: {len(repaired)} of {len(rounds)} rounds have them, "
    f"{seen.percent(rounds.repair_bytes.sum() / rounds.downlink_bytes.sum())} of all bytes.",
    f"The dearest round ({worst['round']}) takes {worst.downlink_bytes / worst.full_bytes:.2f} times the bytes of a whole packed "
    f"model and {seen.percent(worst.downlink_bytes / worst.float32_bytes, '{:.1f}')} of a float32 one.",
)
# %% [markdown]
# ## The rounds
# Latency is the downlink's alone, bits over bandwidth times spectral efficiency; uplink channel uses are complex symbols, with
# pilots and headers.
# %%
print(f"{first.bandwidth_hz / 1e3:g} kHz at {first.spectral_efficiency:g} bit/s/Hz")
unpacked = first.float32_bytes * 8 / (first.bandwidth_hz * first.spectral_efficiency)
print(f"in float32 a broadcast would take {unpacked:.1f} s")
layout.Table(
    pd.DataFrame(
        {
            "version": rounds.version,
            "BLEU-1": [measured(row.value, row.low, row.high) for row in rounds.itertuples()],
            "packet": rounds.packet,
            "broadcast (bytes)": rounds.packet_bytes,
            "repairs (bytes)": rounds.repair_bytes,
            "latency (s)": rounds.latency_s.map("{:.2f}".format),
            "uplink (uses)": rounds.uplink_channel_uses,
            "rejected uploads": [f"{row.rejected_uploads} of {row.uploads}" for row in rounds.itertuples()],
            "devices up to date": [f"{row.devices_updated} of {row.uploads}" for row in rounds.itertuples()],
        }
    ).set_index(rounds["round"])
)
# %% [markdown]
# ## Incidents
# A missed broadcast shows at the next delta, whose base the device does not hold; a damaged packet by its checksum, and the
# device keeps the model that it has; an upload with an older version is decoded by that version's receiver as long as the cloud
# keeps it, and rejected after that.
# %%
incidents = read_table("l_deepsc", "distributed_incidents")
kinds = incidents.incident.str.replace(r"(?<=[a-z])(?=[A-Z])", " ", regex=True).str.lower()  # some are names of errors
layout.Table(incidents.assign(incident=kinds).rename(columns={"what": "what happened"}).set_index(["round", "device"]))
