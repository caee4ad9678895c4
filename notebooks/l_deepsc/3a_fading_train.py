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
# # L-DeepSC: training over a fading channel
# **The paper trains** the same transceiver over Rayleigh and over Rician fading (K = 2) "with perfect CSI, rough CSI by (14),
# refined CSI by (15) and without CSI" (Sec. IV-B); the received symbols are divided by what is known of the gain (eq. 12).
#
# **We run** every variant from the AWGN model's weights: what differs between them is the channel knowledge alone. L-DeepSC
# trains with its 4-bit constellation in place, straight through the rounding; DeepSC has the full resolution and perfect CSI.
#
# **We chose** what the paper leaves open: one gain a sentence and one pilot a gain; the LS estimates of 256 successive
# sentences make the 16 x 16 matrix that ADNet refines; one SNR a batch. ADNet is trained up to the highest SNR of the figures,
# not to the paper's 10 dB: beyond its training range it is worse than LS (see the physical layer's CSI notebook), and "refined"
# would be a misnomer.
# %% tags=["parameters"]
seed = 2026
accelerator = "cpu"
fading = "rician"
k_factor = 2.0
num_pilots = 1
bits = 4
calibration_correlation = 0.1
steps = 200
steps_without_csi = 400
learning_rate = 0.0007
warmup_steps = 10
tokens_per_batch = 2400
num_negatives = 1500
snr_low_db = 0.0
snr_high_db = 15.0
validation_sentences = 500
validate_every = 100
refiner_width = 16
refiner_steps = 1000
refiner_learning_rate = 0.005
refiner_matrices_per_batch = 32
refiner_snr_high_db = 20.0
# %%
import pandas as pd
import torch

from semcom_lib import paths, seeds, tables
from semcom_lib.l_deepsc.task import TransceiverTask
from semcom_lib.l_deepsc.transceiver import load_transceiver, to_checkpoint
from semcom_lib.l_deepsc.tuning import tune
from semcom_lib.l_deepsc.variants import CSI_KINDS, FULL_RESOLUTION, laws, load_link
from semcom_lib.learning import training
from semcom_lib.learning.checkpoints import save_checkpoint
from semcom_lib.physical_layer import adnet
from semcom_lib.physical_layer.adnet_training import RefinerTask, matrices_of_items
from semcom_lib.physical_layer.constellation import FiniteConstellation
from semcom_lib.sources import text

torch.use_deterministic_algorithms(True)
corpus = text.Corpus(paths.DATA / "l_deepsc")
checkpoints = paths.CHECKPOINTS / "l_deepsc" / fading
law = laws(k_factor)[fading]
# %% [markdown]
# ## The refiner
# ADNet on matrices of this channel's independent gains; every matrix has its own SNR.
# %%
with seeds.initialising(seed, "l_deepsc", fading, "refiner"):
    refiner = adnet.ADNet(refiner_width)
refiner_task = RefinerTask(
    matrices_of_items(law),
    num_pilots=num_pilots,
    snr_low_db=snr_low_db,
    snr_high_db=refiner_snr_high_db,
    matrices_per_batch=refiner_matrices_per_batch,
    validation_matrices=200,
    seed=seed,
    stage="l_deepsc refiner",
    channel=fading,
)
refiner_history = training.train(
    refiner,
    refiner_task.loss,
    training.Plan(
        steps=refiner_steps,
        learning_rate=refiner_learning_rate,
        warmup_steps=refiner_steps // 20,
        validate_every=max(1, refiner_steps // 4),
    ),
    validate=refiner_task.validate,
    resume=paths.CHECKPOINTS / "resume" / f"l_deepsc_{fading}_refiner.pt",
    stage=f"l_deepsc {fading} refiner",
    accelerator=accelerator,
)
save_checkpoint(checkpoints / "refiner.pt", adnet.to_checkpoint(refiner))
pd.DataFrame(refiner_history).round(3)
# %% [markdown]
# ## The transceivers
# All see the same sentences, SNRs, gains and noise, step by step. Without CSI there is more to learn, and more steps to do so.
# %%
buckets = text.LengthBuckets(corpus.encoded("train"), tokens_per_batch)
validation_ids = corpus.encoded("validation", validation_sentences)
rows = []
for system, kind in CSI_KINDS.items():
    model = load_transceiver(paths.CHECKPOINTS / "l_deepsc" / "awgn.pt", corpus.vocabulary)
    if system != FULL_RESOLUTION:
        model.transmitter.constellation = FiniteConstellation(bits, calibration_correlation)
    task = TransceiverTask(
        buckets,
        validation_ids,
        load_link(law, kind, num_pilots, checkpoints),
        seed,
        ("l_deepsc", fading),
        snr_low_db=snr_low_db,
        snr_high_db=snr_high_db,
        num_negatives=num_negatives,
        one_snr_a_batch=True,
    )
    plan = training.Plan(
        steps=steps_without_csi if kind == "none" else steps,
        learning_rate=learning_rate,
        warmup_steps=warmup_steps,
        validate_every=validate_every,
    )
    history = tune(model, task, plan, name=system, accelerator=accelerator)
    save_checkpoint(checkpoints / f"{system}.pt", to_checkpoint(model, corpus.vocabulary))
    rows += [{"channel": fading, "system": system, **row} for row in history]
history = pd.DataFrame(rows)
tables.write_table("l_deepsc", f"training_{fading}", history)
# %% [markdown]
# ## How the loss fell
# Cross-entropy per word in nats on held-out sentences, full vocabulary, SNR uniform in the training range.
# %%
history.pivot(index="step", columns="system", values="validation_loss")[list(CSI_KINDS)].round(4)
