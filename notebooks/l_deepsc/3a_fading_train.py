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
steps = 20
steps_without_csi = 40
learning_rate = 0.0005
warmup_steps = 10
tokens_per_batch = 500
num_negatives = 0
snr_low_db = 0.0
snr_high_db = 15.0
validation_sentences = 100
validate_every = 20
refiner_width = 16
refiner_steps = 40
refiner_learning_rate = 0.005
refiner_matrices_per_batch = 32
refiner_snr_high_db = 20.0
# %%
import pandas as pd
import torch

from semcom_lib import paths, seeds
from semcom_lib.l_deepsc.task import TransceiverTask
from semcom_lib.l_deepsc.transceiver import from_checkpoint, to_checkpoint
from semcom_lib.learning import training
from semcom_lib.physical_layer import adnet, csi
from semcom_lib.physical_layer.constellation import FiniteConstellation
from semcom_lib.physical_layer.equalised_link import MATRIX_SIDE, FadingLink
from semcom_lib.physical_layer.fading import Rayleigh, Rician
from semcom_lib.sources import text

torch.use_deterministic_algorithms(True)
law = {"rician": Rician(k_factor), "rayleigh": Rayleigh()}[fading]
folder = paths.DATA / "l_deepsc"
checkpoints = paths.CHECKPOINTS / "l_deepsc" / fading
vocabulary = text.load_vocabulary(folder)
train_ids = [vocabulary.encode(line) for line in text.load_sentences(folder, "train")]
validation_ids = [vocabulary.encode(line) for line in text.load_sentences(folder, "validation", validation_sentences)]
buckets = text.LengthBuckets(train_ids, tokens_per_batch)
awgn = paths.CHECKPOINTS / "l_deepsc" / "awgn.pt"


# %% [markdown]
# ## The refiner
# ADNet on matrices of this channel's independent gains; every matrix has its own SNR.
# %%
def draw_matrices(batch, generator):
    """Rough and exact matrices (batch, side, side), each matrix at its own SNR."""
    h = law.gain(batch * MATRIX_SIDE, MATRIX_SIDE, generator=generator).reshape(batch, MATRIX_SIDE, MATRIX_SIDE)
    snr_db = snr_low_db + (refiner_snr_high_db - snr_low_db) * torch.rand(batch, 1, 1, generator=generator)
    return csi.ls_estimate(h, 10 ** (-snr_db / 10), num_pilots, generator=generator), h


with seeds.initialising(seed, "l_deepsc", fading, "refiner"):
    refiner = adnet.ADNet(refiner_width)
refiner_history = training.train(
    refiner,
    lambda model, step: model.loss(
        *draw_matrices(refiner_matrices_per_batch, seeds.torch_generator(seed, "l_deepsc", fading, "refiner", step))
    ),
    training.Plan(
        steps=refiner_steps,
        learning_rate=refiner_learning_rate,
        warmup_steps=refiner_steps // 20,
        validate_every=max(1, refiner_steps // 4),
    ),
    validate=lambda model: float(
        model.loss(*draw_matrices(200, seeds.torch_generator(seed, "l_deepsc", fading, "refiner", "validate")))
    ),
    resume=paths.CHECKPOINTS / "resume" / f"l_deepsc_{fading}_refiner.pt",
    stage=f"l_deepsc train {fading} refiner",
)
training.save_checkpoint(checkpoints / "refiner.pt", adnet.to_checkpoint(refiner))
pd.DataFrame(refiner_history).round(3)


# %% [markdown]
# ## The transceivers
# %%
def train(system, kind, steps):
    """Fine-tune the AWGN model over one link and keep it: one row for every validation."""
    link = FadingLink(law, kind, num_pilots, refiner.refine)
    model = from_checkpoint(training.load_checkpoint(awgn), vocabulary, str(awgn))
    if system != "deepsc_perfect":
        model.constellation = FiniteConstellation(bits, calibration_correlation)

    task = TransceiverTask(
        buckets,
        validation_ids,
        link,
        seed,
        ("l_deepsc", fading),
        snr_low_db=snr_low_db,
        snr_high_db=snr_high_db,
        num_negatives=num_negatives,
        one_snr_a_batch=True,
    )
    history = training.train(
        model,
        task.loss,
        training.Plan(
            steps=steps, learning_rate=learning_rate, warmup_steps=warmup_steps, validate_every=validate_every
        ),
        validate=task.validate,
        resume=paths.CHECKPOINTS / "resume" / f"l_deepsc_{fading}_{system}.pt",
        stage=f"l_deepsc train {fading} {system}",
        accelerator=accelerator,
    )
    training.save_checkpoint(checkpoints / f"{system}.pt", to_checkpoint(model, vocabulary))
    return [{"channel": fading, "system": system, **row} for row in history]


systems = {"deepsc_perfect": "perfect", **{kind: kind for kind in ("perfect", "rough", "refined", "none")}}
history = pd.DataFrame(
    [
        row
        for system, kind in systems.items()
        for row in train(system, kind, steps_without_csi if kind == "none" else steps)
    ]
)
with paths.replacing(paths.RESULTS / "l_deepsc" / f"training_{fading}.csv") as temporary:
    history.to_csv(temporary, index=False)
# %% [markdown]
# ## How the loss fell
# Cross-entropy per word in nats on held-out sentences, full vocabulary, SNR uniform in the training range.
# %%
history.pivot(index="step", columns="system", values="validation_loss")[list(systems)].round(4)
