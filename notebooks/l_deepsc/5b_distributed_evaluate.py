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
csi_kind = "refined"
num_pilots = 1
snr_db = 12.0
captured_sentences = 256
calibration_sentences = 64
steps = 30
learning_rate = 0.0003
tokens_per_batch = 2400
calibration_tokens_per_batch = 600
num_negatives = 1500
snr_low_db = 0.0
snr_high_db = 15.0
validation_sentences = 500
# %%
import pandas as pd
import torch

from semcom_lib import paths, tables
from semcom_lib.l_deepsc.compressed import CompressedFolder
from semcom_lib.l_deepsc.distributed.cloud import Cloud
from semcom_lib.l_deepsc.distributed.device import Device
from semcom_lib.l_deepsc.distributed.downlink import Downlink
from semcom_lib.l_deepsc.distributed.simulation import Script, Simulation
from semcom_lib.l_deepsc.distributed.update import UpdateTask, update
from semcom_lib.l_deepsc.task import TransceiverTask
from semcom_lib.l_deepsc.variants import laws, load_link
from semcom_lib.learning import training
from semcom_lib.sources import text

torch.use_deterministic_algorithms(True)
corpus = text.Corpus(paths.DATA / "l_deepsc")
checkpoints = paths.CHECKPOINTS / "l_deepsc"
link = load_link(laws(k_factor)["rician"], csi_kind, num_pilots, checkpoints / "rician")
# %% [markdown]
# ## Cloud and devices
# %%
compressed = CompressedFolder(checkpoints / "compression", corpus.vocabulary).load("compressed")
model = compressed.model
cloud = Cloud(model, compressed.masks, compressed.bits, kept_versions=kept_versions)
constellation_bits = model.transmitter.constellation.bits
fleet = [Device(number, len(corpus.vocabulary), model.sizes, constellation_bits) for number in range(devices)]
# %% [markdown]
# ## What is sent up
# Every upload begins with the agreed sentences; the captured ones follow.
# %%
agreed = corpus.encoded("train", calibration_sentences)  # on every device since it was built
simulation = Simulation(
    cloud,
    fleet,
    corpus.vocabulary,
    agreed,
    captured=corpus.sentences("test", devices * captured_sentences),
    link=link,
    snr_db=snr_db,
    downlink=Downlink(bandwidth_hz, spectral_efficiency),
    script=Script(missed, damaged, bit_error_rate),
    seed=seed,
)
share = calibration_sentences / (calibration_sentences + captured_sentences)
print(f"{calibration_sentences} agreed and {captured_sentences} captured sentences an upload: {share:.1%} known text")
# %% [markdown]
# ## What the cloud learns in a round
# Its own corpus through the simulated link; to that the update adds, round by round, the agreed sentences as they came in.
# %%
corpus_task = TransceiverTask(
    text.LengthBuckets(corpus.encoded("train"), tokens_per_batch),
    corpus.encoded("validation", validation_sentences),
    link,
    seed,
    ("l_deepsc", "distributed"),
    snr_low_db=snr_low_db,
    snr_high_db=snr_high_db,
    num_negatives=num_negatives,
    one_snr_a_batch=True,
)
plan = training.Plan(steps=steps, learning_rate=learning_rate, warmup_steps=max(1, steps // 10), validate_every=steps)
# %% [markdown]
# ## The rounds
# The cloud publishes, the packet is delivered, the devices upload, the cloud decodes and measures; then it learns for the next
# round (`validation_loss`).
# %%
rows = []
for number in range(1, rounds + 1):
    row, collected = simulation.play(number)
    if number < rounds:
        task = UpdateTask(
            corpus_task, agreed, collected.features, number=number, tokens_per_batch=calibration_tokens_per_batch
        )
        row["validation_loss"] = update(cloud, task, plan, accelerator=accelerator)
    rows.append(row)
table = pd.DataFrame(rows)
tables.write_table("l_deepsc", "distributed", table)
table.set_index("round").T
# %% [markdown]
# ## Incidents
# %%
incidents = pd.DataFrame(simulation.incidents, columns=["round", "device", "incident", "what"])
tables.write_table("l_deepsc", "distributed_incidents", incidents)
pd.set_option("display.max_colwidth", None)
incidents
