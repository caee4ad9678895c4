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
# # L-DeepSC: the distributed system, run
# **The paper's system** (Sec. II, Fig. 2(a)): the cloud "first trains the semantic communication model by initial dataset. The
# trained model is updated in the subsequent iterations by the received semantic features from IoT devices"; it "broadcasts the
# trained DL model to each IoT device"; the devices upload semantic features of the text they capture.
#
# **We run** rounds of just that, from the small model of the compression stage. What a device transmits with came to it as
# bytes over the downlink, pruned and quantised: whole at first, later as the changes since the round before. Every upload says
# which version made it, and is decoded by that version's receiver or not at all.
#
# **We chose** what the paper leaves open. *Supervision*: the cloud has the text of its own corpus, and every upload begins with
# the same few sentences of that corpus, agreed beforehand; of all other uploaded sentences the cloud never sees the text.
# *Update*: each step sums the loss of the whole transceiver on the cloud's corpus through a simulated link, and the receiver's
# loss on the agreed sentences as they really came in from devices of the newest version. *Versions*: masks and weight ranges
# are those of the first broadcast, so that a later one is a change of levels. *Measure*: the captured sentences are test
# sentences, the same with the same fades and noise in every round: rounds differ by the models, and by
# whose upload is decoded. *Incidents* are scripted: who misses which broadcast, whose copy suffers bit errors.
# %% tags=["parameters"]
seed = 2026
accelerator = "cpu"
rounds = 5
devices = 4
missed = [[2, 1], [3, 2], [4, 2]]
damaged = [[3, 3]]
bit_error_rate = 0.0001
kept_versions = 2
bandwidth_hz = 180000.0
spectral_efficiency = 1.0
k_factor = 2.0
csi_kind = "rough"
num_pilots = 1
snr_db = 12.0
captured_sentences = 32
calibration_sentences = 8
steps = 3
learning_rate = 0.0003
tokens_per_batch = 500
calibration_tokens_per_batch = 100
num_negatives = 0
snr_low_db = 0.0
snr_high_db = 15.0
validation_sentences = 100
# %%
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import torch

from semcom_lib import evaluation, paths, seeds
from semcom_lib.compression.pruning import kept_at_zero
from semcom_lib.l_deepsc.distributed import broadcast
from semcom_lib.l_deepsc.distributed.cloud import Cloud
from semcom_lib.l_deepsc.distributed.device import Device, transmitter_part
from semcom_lib.l_deepsc.distributed.downlink import Downlink, flip_bits
from semcom_lib.l_deepsc.distributed.upload import Rejected, over_the_air
from semcom_lib.l_deepsc.task import TransceiverTask
from semcom_lib.l_deepsc.transceiver import from_checkpoint
from semcom_lib.learning import training
from semcom_lib.metrics.text import bleu, ngram_counts
from semcom_lib.physical_layer import adnet
from semcom_lib.physical_layer.equalised_link import FadingLink
from semcom_lib.physical_layer.fading import Rician
from semcom_lib.sources import text

torch.use_deterministic_algorithms(True)
folder = paths.DATA / "l_deepsc"
results = paths.RESULTS / "l_deepsc"
stored = paths.CHECKPOINTS / "l_deepsc"
vocabulary = text.load_vocabulary(folder)
train_ids = [vocabulary.encode(line) for line in text.load_sentences(folder, "train")]
validation_ids = [vocabulary.encode(line) for line in text.load_sentences(folder, "validation", validation_sentences)]
buckets = text.LengthBuckets(train_ids, tokens_per_batch)
refiner = adnet.from_checkpoint(training.load_checkpoint(stored / "rician" / "refiner.pt"))
link = FadingLink(Rician(k_factor), csi_kind, num_pilots, refiner.refine)
downlink = Downlink(bandwidth_hz, spectral_efficiency)

checkpoint = training.load_checkpoint(stored / "compression" / "compressed.pt")
model = from_checkpoint(checkpoint, vocabulary, "compressed.pt")
cloud = Cloud(model, checkpoint["masks"], checkpoint["settings"]["bits"], kept_versions=kept_versions)
fleet = [Device(number, len(vocabulary), model.sizes, checkpoint["bits"]) for number in range(devices)]
# %% [markdown]
# ## What is sent up
# %%
calibration_ids = train_ids[:calibration_sentences]  # on every device since it was built
captured = text.load_sentences(folder, "test", devices * captured_sentences)
captured_by = {device.number: captured[device.number :: devices] for device in fleet}
share = calibration_sentences / (calibration_sentences + captured_sentences)
print(f"{calibration_sentences} agreed and {captured_sentences} captured sentences an upload: {share:.1%} known text")


# %% [markdown]
# ## The update
# %%
task = TransceiverTask(
    buckets,
    validation_ids,
    link,
    seed,
    ("l_deepsc", "distributed"),
    snr_low_db=snr_low_db,
    snr_high_db=snr_high_db,
    num_negatives=num_negatives,
    one_snr_a_batch=True,
)


def draw_received(features, rng):
    """A batch of agreed sentences of one length, ids (batch, num_words), and some device's symbols of each."""
    groups = text.by_length(calibration_ids)
    words = np.array([ids.numel() for _, ids in groups.values()])
    indices, ids = groups[rng.choice(list(groups), p=words / words.sum())]
    rows = rng.integers(len(ids), size=max(1, calibration_tokens_per_batch // ids.shape[1]))
    senders = rng.integers(len(features), size=len(rows))
    x_hat = [features[sender][indices[row]] for sender, row in zip(senders, rows, strict=True)]
    return ids[torch.from_numpy(rows)], torch.stack(x_hat)


def update(number, features):
    """Train the cloud's model for a round; ``features`` are the agreed sentences' symbols, one tuple an upload."""

    cloud_task = replace(task, purpose=(*task.purpose, number))

    def loss(model, step):
        value = cloud_task.loss(model, step)
        if features:
            ids, x_hat = draw_received(features, seeds.numpy_generator(seed, *cloud_task.purpose, "received", step))
            x_hat = x_hat.to(model.device)
            value = value + model.loss(
                ids.to(model.device),
                lambda x, n0, generator: x_hat,
                None,
                num_negatives=num_negatives or None,
                generator=seeds.torch_generator(seed, *cloud_task.purpose, "negatives", step),
            )
        return value

    with kept_at_zero(cloud.model, cloud.masks):
        history = training.train(
            cloud.model,
            loss,
            training.Plan(
                steps=steps, learning_rate=learning_rate, warmup_steps=max(1, steps // 10), validate_every=steps
            ),
            validate=task.validate,
            resume=paths.CHECKPOINTS / "resume" / f"l_deepsc_distributed_{number}.pt",
            stage=f"l_deepsc distributed round {number}",
            accelerator=accelerator,
        )
    return history[-1]["validation_loss"]


# %% [markdown]
# ## The rounds
# %%
incidents = []


def note(number, device, incident, what):
    incidents.append({"round": number, "device": device.number, "incident": incident, "what": what})


def deliver(number, device, data):
    """Bring a device up to date: the broadcast, and what it asks for after it -> bytes sent to it alone."""
    arrived = data
    if [number, device.number] in missed:
        note(number, device, "missed", "the broadcast did not arrive")
        return 0
    if [number, device.number] in damaged:
        generator = seeds.torch_generator(seed, "l_deepsc", "distributed", number, "damage", device.number)
        arrived = flip_bits(data, bit_error_rate, generator=generator)
    try:
        device.receive(arrived)
        return 0
    except broadcast.Refused as refused:
        note(number, device, type(refused).__name__, f"{refused}; asks for: {device.asks_for}")
    repair = {"repeat": data, "full": cloud.full_packet().to_bytes()}[device.asks_for]
    device.receive(repair)
    note(number, device, "mended", f"version {device.version} after {len(repair)} bytes more")
    return len(repair)


def collect(number):
    """Every device uploads -> (received, sent) sentences, newest features of the agreed sentences, channel uses."""
    pairs, features, uses = [], [], 0
    for device in fleet:
        upload = device.upload(calibration_ids + [vocabulary.encode(line) for line in captured_by[device.number]])
        uses += upload.count_channel_uses(num_pilots, spectral_efficiency)
        generator = seeds.torch_generator(seed, "l_deepsc", "distributed", "uplink", device.number)
        arrived = over_the_air(upload, link, snr_db, generator=generator)
        try:
            decoded = cloud.decode(arrived)
        except Rejected as rejected:
            note(number, device, type(rejected).__name__, f"{rejected}; not decoded")
            continue
        if decoded.header.version == cloud.newest:
            features.append(arrived.symbols[:calibration_sentences])
        else:
            note(number, device, "older version", f"decoded by the receiver of version {decoded.header.version}")
        words = decoded.words[calibration_sentences:]
        pairs += [(vocabulary.decode(ids), s) for ids, s in zip(words, captured_by[device.number], strict=True)]
    return pairs, features, uses


# %%
num_parameters = sum(tensor.numel() for tensor in transmitter_part(dict(model.named_parameters())).values())
rows = []
for number in range(1, rounds + 1):
    packet = cloud.publish()
    data = packet.to_bytes()
    repair_bytes = sum(deliver(number, device, data) for device in fleet)
    rejected_before = cloud.rejected
    pairs, features, uses = collect(number)
    measured = evaluation.summarise(
        ngram_counts(*zip(*pairs, strict=True)),
        {"bleu_1": partial(bleu, order=1)},
        rng=seeds.numpy_generator(seed, "bootstrap", snr_db),
    )[0]
    rows.append(
        {
            "round": number,
            "version": cloud.newest,
            **measured,
            "snr_db": snr_db,
            "packet": packet.kind,
            "packet_bytes": len(data),
            "full_bytes": len(cloud.full_packet().to_bytes()),
            "float32_bytes": 4 * num_parameters,
            "repair_bytes": repair_bytes,
            "downlink_bytes": len(data) + repair_bytes,
            "latency_s": downlink.latency_s(len(data) + repair_bytes),
            "bandwidth_hz": bandwidth_hz,
            "spectral_efficiency": spectral_efficiency,
            "uplink_channel_uses": uses,
            "uploads": devices,
            "rejected_uploads": cloud.rejected - rejected_before,
            "devices_updated": sum(device.version == cloud.newest for device in fleet),
        }
    )
    if number < rounds:
        rows[-1]["validation_loss"] = update(number, features)
table = pd.DataFrame(rows)
with paths.replacing(results / "distributed.csv") as temporary:
    table.to_csv(temporary, index=False)
table.set_index("round").T
# %% [markdown]
# ## Incidents
# %%
with paths.replacing(results / "distributed_incidents.csv") as temporary:
    pd.DataFrame(incidents).to_csv(temporary, index=False)
pd.set_option("display.max_colwidth", None)
pd.DataFrame(incidents)
