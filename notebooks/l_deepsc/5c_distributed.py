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
# **We run** it where it has something to learn: the cloud's first model knows early sitting days and no fading, the devices speak
# later text over Rician fading through amplifiers that saturate, of which the cloud knows nothing but what comes in. Beside the
# paper's cloud, which learns from received features, stand one that never learns, one that trains on its simulated link alone, and
# one that has the agreed sentences' text but not their features. Every byte of the downlink and every channel use of the uplink is
# counted, and so are a missed broadcast, blocks with bit errors and an upload made with an old model.
#
# **We chose** how the cloud can know what was said: each device sends a few agreed sentences once as text, and their features in
# every round; those of held-out ones judge. An update is published only if it lowers the loss on held-out sentences. All clouds
# take equally many steps. Intervals are over sitting days, differences are paired: the same sentences, fades and noise.
# %% tags=["parameters"]
profile = "laptop"
# %%
import matplotlib.pyplot as plt
import pandas as pd

from semcom_lib import figures
from semcom_lib.l_deepsc.distributed.transport import CHECKSUM, share_intact
from semcom_lib.ledger import layout, paired, seen
from semcom_lib.ledger.names import decimals, measured, number
from semcom_lib.ledger.reference import load_reference
from semcom_lib.tables import read_table

names = load_reference("l_deepsc").names
data = read_table("l_deepsc", "corpus").corpus.iloc[0]
bleu = paired.read("l_deepsc", "distributed")
rounds, downlink, uplink = (read_table("l_deepsc", f"distributed_{name}") for name in ("rounds", "downlink", "uplink"))
bleu_1 = bleu.table[bleu.table.metric == "bleu_1"]
last = bleu_1["round"].max()
final = bleu_1[bleu_1["round"] == last].set_index("system").value
updates = bleu_1[bleu_1.decision.isin(["published", "kept"])]
conditions = f"Rician fading, one gain a sentence, {rounds.snr_db[0]:g} dB"
caption = figures.caption(
    profile, data, f"{conditions}; amplifiers {rounds.backoff_db[0]:g} dB below saturation (Rapp)"
)
# %% [markdown]
# ## Does the loop learn?
# BLEU-1 of the captured sentences if every device holds the newest version; on the right by how much it is above that of the
# cloud that never learns, on the same sentences, fades and noise. Saturation also takes from the symbols' mean power, against that
# of the pilots: what linear amplifiers would be worth is more than distortion alone.
# %%
clouds = bleu_1[bleu_1.system != "floor"]
above = pd.concat(
    bleu.difference({"system": system}, {"system": "frozen"}, along="round", metric="bleu_1").assign(system=system)
    for system in clouds.system.unique()
).reset_index()
figure, (axes, differences) = figures.new(
    f"{caption}; {bleu_1.trials.iloc[0]} captured sentences, 95 % bands over sitting days, right: of paired differences",
    2,
)
look = {"x": "round", "y": "value", "hue": "system", "order": list(clouds.system.unique()), "names": names.of("system")}
figures.draw_curves(axes, clouds, **look)
figures.draw_floor(axes, final["floor"], names.value("system", "floor"))
axes.set(xlabel="round", ylabel="BLEU (1-gram)", ylim=(0, 1))
axes.legend(loc="center", fontsize="small")
figures.draw_curves(differences, above[~above.system.isin(["frozen", "linear"])], **look)
figures.draw_floor(differences, 0.0)
differences.set(xlabel="round", ylabel="above the cloud that never learns")
figures.save(figure, "l_deepsc", "l_deepsc_distributed_bleu")
plt.show()


# %%
def difference(system, other):
    """By how much a cloud's last BLEU-1 is above another's, with its paired interval, and what that shows."""
    gap = bleu.difference({"system": system}, {"system": other}, along="round", metric="bleu_1").loc[last]
    verdict = "a gain" if gap.low > 0 else "a loss" if gap.high < 0 else "no difference that the interval would show"
    return f"{measured(gap.value, gap.low, gap.high)}, {verdict}"


published = updates[updates.decision == "published"].groupby("system").size()
counts = [
    f"{published.get(system, 0)} of {last - 1} ({names.value('system', system)})" for system in updates.system.unique()
]
seen.Sentences(
    f"With the first model the devices are received at a BLEU-1 of {decimals(final['frozen'])} (the floor is "
    f"{decimals(final['floor'])}); were their amplifiers linear, at {decimals(final['linear'])}.",
    f"By round {last} the cloud that trains on its simulated link has {decimals(final['simulated'])}, a difference of "
    f"{difference('simulated', 'frozen')}; agreed text of the later days, through the same simulated link, adds "
    f"{difference('agreed_text', 'simulated')}.",
    f"The features that really came in for it, in the place of that link, bring {decimals(final['features'])}: a difference of "
    f"{difference('features', 'agreed_text')} against agreed text, and {difference('features', 'frozen')} against the model that "
    "never learns.",
    f"Updates that were better and therefore published: {seen.listed(counts)}.",
)
# %% [markdown]
# ## Which updates were published
# The loss in nats a word of what the devices have and of what they would get: on features that came in for the cloud that learns
# from them, through the simulated link for the others.
# %%
layout.Table(
    pd.DataFrame(
        {
            "loss before": updates.loss_before.map(decimals),
            "loss after": updates.loss_after.map(decimals),
            "update": updates.decision,
            "broadcast (bytes)": updates.packet_bytes,
            "BLEU-1 then": [measured(row.value, row.low, row.high) for row in updates.itertuples()],
        }
    ).set_index([updates.system.map(names.of("system")).rename("cloud"), updates["round"]])
)
# %% [markdown]
# ## What an update costs
# The first broadcast brings the packed transmitter whole, a later one what changed. A round without a better model sends nothing.
# %%
whole, in_float = rounds.full_bytes[0], rounds.float32_bytes[0]
broadcasts = bleu_1.loc[bleu_1.packet_bytes > 0, ["round", "packet_bytes", "system"]]
unpacked = pd.DataFrame({"round": rounds["round"], "packet_bytes": in_float, "system": "float32"})
figure = figures.curves(
    pd.concat([broadcasts, unpacked]).assign(kb=lambda table: table.packet_bytes / 1e3),
    x="round",
    y="kb",
    hue="system",
    names={**names.of("system"), "float32": "transmitter, float32"},
    ylabel="broadcast (kB)",
    log_y=True,
    legend_outside=True,
    lines={"float32": "--"},
    caption=figures.caption(profile, data),
)
figures.save(figure, "l_deepsc", "l_deepsc_distributed_bytes")
plt.show()
# %%
later = broadcasts[broadcasts["round"] > 1]
air, block = downlink.iloc[0], int(downlink.payload_bits[0]) + CHECKSUM.num_parity_bits
repeated = downlink.groupby("devices").apply(lambda rows: rows.blocks_sent.sum() / rows.blocks.sum() - 1)
share = (
    f"{seen.span(100 * later.packet_bytes / whole, '{:.0f}')}\N{NO-BREAK SPACE}%" if len(later) else "never sent, none"
)
seen.Sentences(
    f"Packed, the transmitter has {number(whole)} bytes, {in_float / whole:.1f} times fewer than in float32; an update takes "
    f"{share} of that.",
    f"At a bit error rate of {seen.scientific(air.bit_error_rate)} a packet of that size under one checksum arrives with "
    f"probability {seen.scientific(share_intact(8 * int(whole), air.bit_error_rate))}; a block of {block} bits with "
    f"{share_intact(block, air.bit_error_rate):.3f}, so that {seen.percent(repeated.iloc[0], '{:.1f}')} of the blocks go again for "
    f"{repeated.index[0]} devices and {seen.percent(repeated.iloc[-1], '{:.1f}')} for {repeated.index[-1]}.",
    f"At {seen.point(air.snr_db)} the downlink carries {air.spectral_efficiency:g} bit/s/Hz, and a whole model takes "
    f"{downlink[downlink['round'] == 1].downlink_s.max():.1f} s of {air.bandwidth_hz / 1e3:g} kHz.",
)
# %% [markdown]
# ## The broadcasts to fleets of other sizes
# %%
layout.Table(
    pd.DataFrame(
        {
            "devices": downlink.devices,
            "broadcast (bytes)": downlink.packet_bytes,
            "blocks": downlink.blocks,
            "blocks sent": downlink.blocks_sent,
            "sendings": downlink.sendings,
            "answers (bits)": downlink.feedback_bits,
            "downlink (s)": downlink.downlink_s.map("{:.2f}".format),
        }
    ).set_index(["devices", downlink["round"]])
)
# %% [markdown]
# ## Features against text
# One round's captured sentences of a fleet, as features or as Huffman-coded text. Text takes the modulation and the code rate that
# carry most over this fading when a block that did not get through is repeated: it arrives without an error, at the price of
# waiting for the repeats (the answers, a bit a block, are not counted). Features go once.
# %%
link = uplink.iloc[0]
print(
    f"text: {names.value('modulation', link.modulation)} at rate {link.code_rate}, {link.outage:.1%} of the blocks repeated"
)
layout.Table(
    pd.DataFrame(
        {
            "channel uses": uplink.channel_uses,
            "uses a word": (uplink.channel_uses / uplink.words).map("{:.2f}".format),
            "uplink (s)": uplink.seconds.map("{:.2f}".format),
            "agreed features (uses a round)": uplink.agreed_uses,
            "agreed text (uses, once)": uplink.once_uses,
        }
    ).set_index([uplink.devices, uplink.sender.map(names.of("sender")).rename("sender")])
)
# %%
devices = rounds.uploads.max()
by_sender = uplink[uplink.devices == devices].set_index("sender")
features, words, letters = (by_sender.loc[sender] for sender in ("features", "word_huffman", "letter_huffman"))
run = downlink[downlink.devices == devices]
of_features = last * (features.channel_uses + features.agreed_uses) + features.once_uses
seconds = of_features / air.bandwidth_hz + run.downlink_s.sum()
cheaper = "fewer" if words.channel_uses < features.channel_uses else "more"
seen.Sentences(
    f"A word takes {features.channel_uses / features.words:.2f} channel uses as features, "
    f"{words.channel_uses / words.words:.2f} as text of a Huffman code over words and {letters.channel_uses / letters.words:.2f} "
    f"of one over letters: text of the shared vocabulary takes {cheaper} than features do, and arrives whole where features reach "
    f"a BLEU-1 of {decimals(final['features'])}.",
    f"Over all {last} rounds of {devices} devices the learning system's uplink takes {number(of_features)} uses, agreed sentences "
    f"included, and its downlink {run.downlink_s.sum():.1f} s: {seconds:.1f} s of the band together.",
    f"The same sentences as text over words take {number(last * words.channel_uses)} uses, {last * words.seconds:.1f} s, and no "
    "downlink.",
)
# %% [markdown]
# ## The rounds, with their incidents
# The cloud that learns from features and its devices. BLEU-1 is here of the uploads that were decoded, each by the receiver of the
# version that made it, over fades of the round's own; a rejected upload has none.
# %%
layout.Table(
    pd.DataFrame(
        {
            "version": rounds.version,
            "BLEU-1": [measured(row.value, row.low, row.high) for row in rounds.itertuples()],
            "packet": rounds.packet,
            "broadcast (bytes)": rounds.packet_bytes,
            "repairs (bytes)": rounds.repair_bytes,
            "blocks sent": [f"{row.blocks_sent} for {row.blocks}" for row in rounds.itertuples()],
            "downlink (s)": rounds.downlink_s.map("{:.2f}".format),
            "uplink (uses)": rounds.uplink_channel_uses,
            "uplink (s)": rounds.uplink_s.map("{:.2f}".format),
            "rejected uploads": [f"{row.rejected_uploads} of {row.uploads}" for row in rounds.itertuples()],
            "devices up to date": [f"{row.devices_updated} of {row.uploads}" for row in rounds.itertuples()],
        }
    ).set_index(rounds["round"])
)
# %% [markdown]
# ## Incidents
# A missed broadcast shows at the next delta, whose base the device does not hold, and costs a whole model for that device alone;
# blocks that came wrong are repeated; an upload with an older version is decoded by that version's receiver as long as the cloud
# keeps it, and rejected after that.
# %%
incidents = read_table("l_deepsc", "distributed_incidents")
kinds = incidents.incident.str.replace(r"(?<=[a-z])(?=[A-Z])", " ", regex=True).str.lower()  # some are names of errors
layout.Table(incidents.assign(incident=kinds).rename(columns={"what": "what happened"}).set_index(["round", "device"]))
