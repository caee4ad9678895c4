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
# # L-DeepSC: the distributed system, run
# **The paper's system** (Sec. II, Fig. 2(a)): the cloud "first trains the semantic communication model by initial dataset. The
# trained model is updated in the subsequent iterations by the received semantic features from IoT devices"; it "broadcasts the
# trained DL model to each IoT device"; the devices upload semantic features of the text they capture.
#
# **We run** the case in which the iterations matter: a first model of early text and no fading, devices that speak later text over
# Rician fading, through cheap power amplifiers that saturate (Rapp's model). The cloud knows the law of the fading and can
# simulate it; of the amplifiers it knows nothing but what comes in. Four clouds begin with that same model: one never learns; one
# learns from its own early text through its simulated link; one learns, beside that, from agreed sentences of the devices, through
# the simulated link, too; one from these sentences' features as they really came in. All learners take equally many steps.
#
# **We chose** what the paper leaves open. *What the cloud knows*: agreed sentences are later text that each device sends once as
# text, free of errors and paid for; of what the devices capture, the cloud never sees the text. *Publication*: an update is
# published only if the model, as it would be sent, has a lower loss: on held-out features that really came in; through the
# simulated link on held-out agreed sentences, for the cloud without features; on held-out early ones, for the cloud without
# either. Otherwise the cloud goes back to what the devices have. *Versions*: masks and
# weight ranges are those of the first broadcast, so that a later one is a change of levels. *CSI*: the MMSE estimate of a gain from
# its pilots, which knows the fading's law. *Incidents* are scripted: who misses which broadcast, who hears one badly.
# %% tags=["parameters"]
seed = 2026
accelerator = "cpu"
first_late_day = "ep-99-01-01"
rounds = 5
devices = 4
missed = [[2, 1], [3, 2], [4, 2]]
damaged = [[3, 3]]
damaged_bit_error_rate = 0.001
bit_error_rate = 1e-05
payload_bits = 1000
kept_versions = 2
compressed_bits = 8
bandwidth_hz = 180000.0
downlink_snr_db = 10.0
k_factor = 2.0
num_pilots = 1
backoff_db = 0.0
smoothness = 2.0
snr_db = 12.0
captured_sentences = 256
calibration_sentences = 128
device_counts = [2, 4, 8]
steps = 150
learning_rate = 0.0005
tokens_per_batch = 960
calibration_tokens_per_batch = 600
num_negatives = 1500
snr_low_db = 0.0
snr_high_db = 20.0
validation_sentences = 256
# %%
import pandas as pd
import torch

from semcom_lib import paths, seeds, tables
from semcom_lib.coding.huffman import Huffman
from semcom_lib.coding.word_huffman import WordHuffman
from semcom_lib.draws import write_draws
from semcom_lib.evaluation import Swept, joined, summarise
from semcom_lib.l_deepsc.compressed import CompressedFolder
from semcom_lib.l_deepsc.distributed.cloud import Cloud
from semcom_lib.l_deepsc.distributed.device import Device
from semcom_lib.l_deepsc.distributed.links import Downlink, FeatureUplink, TextUplink, best_with_repeats
from semcom_lib.l_deepsc.distributed.periods import early_and_late
from semcom_lib.l_deepsc.distributed.simulation import Script, Simulation
from semcom_lib.l_deepsc.distributed.update import ReceivedFeatures, RoundTask, update
from semcom_lib.l_deepsc.floor import Floor
from semcom_lib.l_deepsc.task import TransceiverTask
from semcom_lib.l_deepsc.transmission import receive_sentences
from semcom_lib.learning import training
from semcom_lib.metrics.text import bleu_metrics, ngram_counts
from semcom_lib.physical_layer.amplifier import Rapp
from semcom_lib.physical_layer.csi import Csi
from semcom_lib.physical_layer.equalised_link import EqualisedLink
from semcom_lib.physical_layer.fading import Rician
from semcom_lib.sources import text

torch.use_deterministic_algorithms(True)
corpus = text.Corpus(paths.DATA / "l_deepsc")
encode = corpus.vocabulary.encode
purpose = ("l_deepsc", "distributed")
# %% [markdown]
# ## Who knows what
# %%
early, late = {}, {}
for split in text.SPLITS:
    dated = text.Dated(corpus.sentences(split), corpus.days(split))
    early[split], late[split] = early_and_late(dated, first_late_day)
chosen = seeds.numpy_generator(seed, *purpose, "agreed").permutation(len(late["train"].sentences))
agreed_text = [late["train"].sentences[i] for i in chosen[: devices * calibration_sentences]]
agreed = [encode(sentence) for sentence in agreed_text]
held_out_text = late["validation"].sentences[:validation_sentences]
held_out = [encode(sentence) for sentence in held_out_text]
captured, days = (part[: devices * captured_sentences] for part in late["test"])
print(f"{len(early['train'].sentences)} early sentences are the cloud's own")
print(f"{len(agreed)} agreed sentences to learn from, {len(held_out_text)} to judge by")
print(f"{len(captured)} captured sentences of {len(set(days))} days, whose text the cloud never sees")
# %% [markdown]
# ## The links
# Uplink: one gain a sentence, or a transport block of text. Text takes the scheme that carries most at the mean SNR, blocks that
# fade being repeated; headers and answers travel so, too, and no amplifier is in its way.
# %%
line_of_sight, scattered = (k_factor / (k_factor + 1)) ** 0.5, 1 / (k_factor + 1)
csi = Csi("mmse", num_pilots, mean=line_of_sight, variance=scattered)
link = EqualisedLink(Rician(k_factor), csi, Rapp(backoff_db, smoothness))
simulated_link = EqualisedLink(Rician(k_factor), csi)
control = best_with_repeats(snr_db, k_factor)
downlink = Downlink(bandwidth_hz, downlink_snr_db, bit_error_rate, payload_bits)
print(
    f"uplink: {control.mcs.modulation} at rate {control.mcs.code_rate}, {control.outage:.1%} of the blocks are repeated"
)
print(f"downlink: {downlink.scheme.modulation} at rate {downlink.scheme.code_rate}")
# %% [markdown]
# ## What a round learns from
# %%
early_task = TransceiverTask(
    text.LengthBuckets([encode(sentence) for sentence in early["train"].sentences], tokens_per_batch),
    [encode(sentence) for sentence in early["validation"].sentences[:validation_sentences]],
    simulated_link,
    seed,
    purpose,
    snr_low_db=snr_low_db,
    snr_high_db=snr_high_db,
    num_negatives=num_negatives,
)
agreed_task = TransceiverTask(
    text.LengthBuckets(agreed, calibration_tokens_per_batch),
    held_out,
    simulated_link,
    seed,
    (*purpose, "agreed"),
    snr_low_db=snr_low_db,
    snr_high_db=snr_high_db,
    num_negatives=num_negatives,
)
plan = training.Plan(steps=steps, learning_rate=learning_rate, warmup_steps=max(1, steps // 10), validate_every=steps)


def came_in(heard, what):
    """Agreed or held-out sentences and their symbols, to learn from or to judge by."""
    return ReceivedFeatures(
        [ids for ids, _ in heard],
        [x_hat for _, x_hat in heard],
        tokens_per_batch=calibration_tokens_per_batch,
        seed=seed,
        purpose=(*purpose, what),
        num_negatives=num_negatives,
    )


def task_of(system, number, collected):
    """What a cloud learns in a round, and by which sentences the result is judged."""
    if system == "simulated":
        return RoundTask(number, [early_task], early_task)
    if system == "agreed_text" or not (collected.agreed and collected.held_out):
        return RoundTask(number, [early_task, agreed_task], agreed_task)
    received = came_in(collected.agreed, "agreed")
    return RoundTask(number, [early_task, received], came_in(collected.held_out, "held_out"))


# %% [markdown]
# ## The measure
# The captured sentences through the link, the same fades and noise for every version of every cloud; draws of whole sitting days,
# the same for all. The floor hears nothing and answers with the likeliest words of early text.
# %%
encoded = [encode(sentence) for sentence in captured]


def scored(received):
    """BLEU of the captured sentences as they were received."""
    rng = seeds.numpy_generator(seed, "bootstrap")
    return summarise(ngram_counts(received, captured), bleu_metrics([1, 4]), groups=days, rng=rng)


def measured(version, through=link):
    """BLEU of a version that all devices have."""
    generator = seeds.torch_generator(seed, *purpose, "captured")
    received = receive_sentences(version.transceiver, encoded, corpus.vocabulary, through, snr_db, generator=generator)
    return scored(received)


# %% [markdown]
# ## Clouds and devices
# %%
stored = CompressedFolder(paths.CHECKPOINTS / "l_deepsc" / "distributed", corpus.vocabulary)


def make_cloud():
    """A cloud with the first model, which it has not published yet."""
    first = stored.load("first")
    return Cloud(first.model, first.masks, compressed_bits, kept_versions=kept_versions)


simulation = Simulation(
    make_cloud(),
    [Device.of(stored.load("first").model, number) for number in range(devices)],
    corpus.vocabulary,
    agreed,
    held_out,
    captured,
    link,
    snr_db,
    downlink,
    control,
    Script(missed, damaged, damaged_bit_error_rate),
    seed,
    purpose,
)
# %% [markdown]
# ## The rounds
# In each the newest version is broadcast, if there is a new one, and the devices upload; then the cloud learns for the next. The
# cloud that learns from features is played with its devices, their incidents and costs. Beside the clouds stand the floor and what
# the first model would reach if the amplifiers were linear.
# %%
early_text = early["train"].sentences
floor = Floor.from_sentences(early_text[:: max(1, len(early_text) // 10_000)])  # of all early days
heard_nothing = scored(floor.receive(captured, snr_db, generator=seeds.torch_generator(seed, *purpose, "floor")))
first = make_cloud()
first.publish()
beside = {"floor": heard_nothing, "linear": measured(first.published, simulated_link)}
parts, rows, packets = [], [], []
for system, bleu in beside.items():
    for number in range(1, rounds + 1):
        told = {"system": system, "round": number, "decision": "none", "packet_bytes": 0}
        parts.append(Swept(bleu.table.assign(**told), bleu.draws))
for system in ("frozen", "simulated", "agreed_text", "features"):
    cloud = simulation.cloud if system == "features" else make_cloud()
    packet, collected = cloud.publish(), None
    bleu, told = measured(cloud.published), {"decision": "first"}
    for number in range(1, rounds + 1):
        if number > 1 and system != "frozen":
            task = task_of(system, number, collected)
            before, after, packet = update(cloud, task, plan, name=system, accelerator=accelerator)
            told = {"decision": "published" if packet else "kept", "loss_before": before, "loss_after": after}
            bleu = measured(cloud.published) if packet else bleu
        elif number > 1:
            packet, told = None, {"decision": "frozen"}
        told["packet_bytes"] = len(packet.to_bytes()) if packet else 0
        parts.append(Swept(bleu.table.assign(system=system, round=number, **told), bleu.draws))
        if system == "features":
            row, collected = simulation.play(number, packet)
            rows.append(row)
            packets.append(packet)
swept = joined(parts)
columns = ["system", "round", "metric", "value", "low", "high", "trials", "decision", "packet_bytes"]
tables.write_table("l_deepsc", "distributed", swept.table[[*columns, "loss_before", "loss_after"]])
write_draws("l_deepsc", "distributed", swept.draws)
swept.table[swept.table.metric == "bleu_1"].pivot(index="round", columns="system", values="value").round(4)
# %%
table = pd.DataFrame(rows).assign(backoff_db=backoff_db)
tables.write_table("l_deepsc", "distributed_rounds", table)
table.set_index("round").T
# %% [markdown]
# ## Incidents
# %%
incidents = pd.DataFrame(simulation.incidents, columns=["round", "device", "incident", "what"])
tables.write_table("l_deepsc", "distributed_incidents", incidents)
pd.set_option("display.max_colwidth", None)
incidents
# %% [markdown]
# ## The same broadcasts to other fleets
# Without incidents: what bit errors alone do to the blocks.
# %%
fleets = sorted({*device_counts, devices})
rows = []
for count in fleets:
    for number, packet in enumerate(packets, 1):
        if packet is None:
            continue
        data = packet.to_bytes()
        generator = seeds.torch_generator(seed, *purpose, "downlink", count, number)
        transfer = downlink.send(data, count, generator=generator)
        rows.append(
            {
                "devices": count,
                "round": number,
                "packet_bytes": len(data),
                "blocks": transfer.blocks,
                "blocks_sent": transfer.blocks_sent,
                "sendings": transfer.sendings,
                "feedback_bits": transfer.feedback_bits,
                "downlink_s": downlink.latency_s(transfer.bits),
                "payload_bits": payload_bits,
                "bit_error_rate": bit_error_rate,
                "spectral_efficiency": downlink.scheme.spectral_efficiency,
                "bandwidth_hz": bandwidth_hz,
                "snr_db": downlink_snr_db,
            }
        )
table = pd.DataFrame(rows)
tables.write_table("l_deepsc", "distributed_downlink", table)
table.pivot(index="round", columns="devices", values=["blocks_sent", "downlink_s"]).round(3)
# %% [markdown]
# ## A round's uplink, as features and as text
# The captured sentences of a fleet. The codes are made from the cloud's early text; `agreed_uses` are the features in every round
# of the agreed sentences and of those held out to judge by, `once_uses` the text of both, before the first.
# %%
senders = {
    "features": FeatureUplink(simulation.cloud.model.sizes.symbols_per_word, control, num_pilots),
    "word_huffman": TextUplink(
        WordHuffman.from_sentences(early_text, corpus.vocabulary.words), control, num_pilots, payload_bits
    ),
    "letter_huffman": TextUplink(Huffman.from_text(early_text), control, num_pilots, payload_bits),
}


def fleet_uses(sender, sentences, count):
    """Complex symbols of so many devices' uploads, each with its share of the sentences."""
    return sum(senders[sender].count_channel_uses(sentences[device::count]) for device in range(count))


rows = []
for count in fleets:
    spoken = late["test"].sentences[: count * captured_sentences]
    learned_from = [late["train"].sentences[i] for i in chosen[: count * calibration_sentences]]
    for sender in senders:
        uses = fleet_uses(sender, spoken, count)
        is_learned = sender == "features"
        rows.append(
            {
                "devices": count,
                "sender": sender,
                "sentences": len(spoken),
                "words": sum(len(sentence.split()) for sentence in spoken),
                "channel_uses": uses,
                "seconds": uses / bandwidth_hz,
                "agreed_uses": fleet_uses(sender, learned_from + held_out_text, count) if is_learned else 0,
                "once_uses": fleet_uses("word_huffman", learned_from + held_out_text, count) if is_learned else 0,
                "modulation": control.mcs.modulation,
                "code_rate": str(control.mcs.code_rate),
                "outage": control.outage,
                "snr_db": snr_db,
            }
        )
table = pd.DataFrame(rows)
tables.write_table("l_deepsc", "distributed_uplink", table)
table.pivot(index="devices", columns="sender", values=["channel_uses", "seconds"]).round(1)
