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
# **We run** every system from the AWGN model's weights for equally many steps on the same sentences: what differs between them is
# the channel knowledge alone. L-DeepSC trains with its 4-bit constellation in place, straight through the rounding; DeepSC has
# the full resolution and perfect CSI. Further seeds repeat this training with other batches, SNRs, gains and noise.
#
# **We chose** what the paper leaves open: one gain a sentence and one pilot a gain (four where the system's name says so); an SNR
# of its own for each sentence, uniform in the range below. Refined CSI sees 256 sentences as one matrix at one SNR, so there
# all sentences of a batch share theirs. The rates were chosen on validation data: a high one forgets what training over AWGN
# learnt for high SNRs, a low one is too slow for the receiver without channel knowledge, which must learn another reading.
# %% tags=["parameters"]
seed = 2026
accelerator = "cpu"
channel = "rician"
system = "deepsc_perfect"
k_factor = 2.0
bits = 4
calibration_correlation = 0.1
steps = 1000
learning_rate = 0.0003
learning_rate_without_csi = 0.0007
warmup_steps = 50
weight_decay = 1e-05
tokens_per_batch = 960
num_negatives = 1500
snr_low_db = 0.0
snr_high_db = 20.0
validation_sentences = 500
validate_every = 250
# %%
import pandas as pd
import torch

from semcom_lib import paths, tables
from semcom_lib.l_deepsc.task import TransceiverTask
from semcom_lib.l_deepsc.trained import VARIANTS, link_of, system_file
from semcom_lib.l_deepsc.transceiver import load_transceiver, to_checkpoint
from semcom_lib.l_deepsc.tuning import tune
from semcom_lib.learning import training
from semcom_lib.learning.checkpoints import save_checkpoint
from semcom_lib.physical_layer.constellation import FiniteConstellation
from semcom_lib.sources import text

torch.use_deterministic_algorithms(True)
corpus = text.Corpus(paths.DATA / "l_deepsc")
folder = paths.CHECKPOINTS / "l_deepsc" / "fading"
variant = VARIANTS[system]
model = load_transceiver(paths.CHECKPOINTS / "l_deepsc" / "awgn.pt", corpus.vocabulary)
if not variant.full_resolution:
    model.transmitter.constellation = FiniteConstellation(bits, calibration_correlation)
task = TransceiverTask(
    text.LengthBuckets(corpus.encoded("train"), tokens_per_batch),
    corpus.encoded("validation", validation_sentences),
    link_of(folder, channel, system, k_factor),
    seed,
    ("l_deepsc", channel, variant.draw) if variant.draw else ("l_deepsc", channel),
    snr_low_db=snr_low_db,
    snr_high_db=snr_high_db,
    num_negatives=num_negatives,
    one_snr_a_batch=variant.csi_kind == "refined",
)
plan = training.Plan(
    steps=steps,
    learning_rate=learning_rate_without_csi if variant.csi_kind == "none" else learning_rate,
    warmup_steps=warmup_steps,
    weight_decay=weight_decay,
    validate_every=validate_every,
)
history = pd.DataFrame(tune(model, task, plan, name=system, accelerator=accelerator))
save_checkpoint(system_file(folder, channel, system), to_checkpoint(model, corpus.vocabulary))
history.insert(0, "channel", channel)
history.insert(1, "system", system)
tables.write_table("l_deepsc", f"training_{channel}_{system}", history)
# %% [markdown]
# ## How the loss fell
# Cross-entropy per word in nats on held-out sentences of all validation days, full vocabulary, SNR uniform in the training range.
# %%
history.round(4)
