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
# # L-DeepSC: evaluation of the small models
# Monte Carlo for Figs. 10, 11 and Tables II, III: Rician fading, refined CSI, 4-bit constellation; the same fades and noise for
# every model. Models are packed into the bytes that a broadcast would carry; what is evaluated is what comes out of those
# bytes.
# %% tags=["parameters"]
seed = 2026
k_factor = 2.0
num_pilots = 1
snrs_db = [0.0, 12.0]
untuned_snrs_db = [12.0]
test_sentences = 256
sparsities = [0.0, 0.6, 0.9, 0.99]
bits = [2, 4, 8, 16]
table_sparsities = [0.0, 0.6, 0.9]
table_bits = [4, 8, 32]
table_snr_db = 12.0
calibration_batches = 4
# %%
from functools import cache, partial

import pandas as pd
import torch

from semcom_lib import evaluation, paths, seeds
from semcom_lib.compression.activations import calibrating, linear_quantisers, quantised_activations
from semcom_lib.compression.packing import pack, psi, unpack
from semcom_lib.compression.pruning import apply_masks, magnitude_masks
from semcom_lib.compression.quantisation import FULL_BITS, quantise_weights
from semcom_lib.l_deepsc.transceiver import count_weights, from_checkpoint
from semcom_lib.l_deepsc.transmission import receive_sentences
from semcom_lib.learning import training
from semcom_lib.metrics.text import bleu, ngram_counts
from semcom_lib.physical_layer import adnet
from semcom_lib.physical_layer.equalised_link import FadingLink
from semcom_lib.physical_layer.fading import Rician
from semcom_lib.sources import text

torch.use_deterministic_algorithms(True)
folder = paths.DATA / "l_deepsc"
results = paths.RESULTS / "l_deepsc"
stored = paths.CHECKPOINTS / "l_deepsc" / "compression"
vocabulary = text.load_vocabulary(folder)
sentences = text.load_sentences(folder, "test", test_sentences)
test_ids = [vocabulary.encode(line) for line in sentences]
refiner = adnet.from_checkpoint(training.load_checkpoint(paths.CHECKPOINTS / "l_deepsc" / "rician" / "refiner.pt"))
link = FadingLink(Rician(k_factor), "refined", num_pilots, refiner.refine)


# %%
def load(name):
    """A tuned model and its masks."""
    checkpoint = training.load_checkpoint(stored / f"{name}.pt")
    return from_checkpoint(checkpoint, vocabulary, f"{name}.pt"), checkpoint["masks"]


def system(make):
    """A model, made when its turn comes first, as the evaluator wants it."""
    make_once = cache(make)

    def run(snr_db, generator):
        received = receive_sentences(make_once(), test_ids, vocabulary, link, snr_db, generator=generator)
        return ngram_counts(received, sentences)

    return run


def evaluate(systems, snrs_db, stage):
    """One row for each (key, ...) of systems, SNR and metric; the key's parts are columns that ``columns`` names."""
    metrics = {f"bleu_{order}": partial(bleu, order=order) for order in (1, 4)}
    return evaluation.sweep(systems, snrs_db, metrics, seed=seed, stage=f"l_deepsc evaluate {stage}")


def save(table, name):
    with paths.replacing(results / name) as temporary:
        table.to_csv(temporary, index=False)


# %% [markdown]
# ## Fig. 10: sparsity
# Three ways: the paper's one threshold for all matrices, without tuning; magnitudes times their sensitivity, without tuning;
# the latter, tuned. A tuned model is one of the train stage's chain.
# %%
sensitivity = training.load_checkpoint(stored / "pruned_0.pt")["sensitivity"]


def pruned(sparsity, rule):
    def make():
        if rule == "tuned":
            return load(f"pruned_{sparsity:g}")[0]
        model, _ = load("pruned_0")
        apply_masks(model, magnitude_masks(model, sparsity, sensitivity=sensitivity if rule == "sensitive" else None))
        return model

    return make


tuned_sparsities = [s for s in sparsities if s == 0 or (stored / f"pruned_{s:g}.pt").is_file()]
untuned = {(s, rule): system(pruned(s, rule)) for rule in ("common", "sensitive") for s in sparsities}
tuned = {(s, "tuned"): system(pruned(s, "tuned")) for s in tuned_sparsities}
table = pd.concat(
    [evaluate(untuned, untuned_snrs_db, "sparsity, untuned"), evaluate(tuned, snrs_db, "sparsity, tuned")],
    ignore_index=True,
)
table.insert(0, "rule", table.system.str[1])
table.insert(0, "sparsity", table.pop("system").str[0])
save(table, "sparsity.csv")
table[table.metric == "bleu_1"].pivot(index=["rule", "sparsity"], columns="snr_db", values="value").round(3)


# %% [markdown]
# ## Fig. 11: bits a weight
# %%
def quantised(bits, tuned):
    def make():
        if tuned:
            return load(f"pruned_0_bits_{bits}")[0]
        model, masks = load("pruned_0")
        quantise_weights(model, masks, bits)
        return model

    return make


keys = [(m, False) for m in bits] + [(m, True) for m in bits if (stored / f"pruned_0_bits_{m}.pt").is_file()]
table = evaluate({key: system(quantised(*key)) for key in keys}, snrs_db, "bits")
table.insert(0, "tuned", table.system.str[1])
table.insert(0, "bits", table.pop("system").str[0])
save(table, "weight_bits.csv")
table[table.metric == "bleu_1"].pivot(index=["tuned", "bits"], columns="snr_db", values="value").round(3)


# %% [markdown]
# ## Table II: sparsity and bits together, and the bytes
# psi by eq. (25) counts the kept weights' bits alone; `psi_bytes` compares the float32 weights with the really packed model, in
# which biases, ranges and the places of the kept weights are included.
# %%
def packed(sparsity, bits):
    """The bytes of the tuned model at this sparsity and number of bits."""
    coarse = stored / f"pruned_{sparsity:g}_bits_{bits}.pt"
    model, masks = load(coarse.stem if coarse.is_file() else f"pruned_{sparsity:g}")
    return pack(model.state_dict(), bits, masks)


def unpacked(data):
    """The model that a receiver of the bytes has."""
    model, _ = load("pruned_0")
    model.load_state_dict(unpack(data).state)
    return model


packs = {(sparsity, m): packed(sparsity, m) for sparsity in table_sparsities for m in table_bits}
table = evaluate(
    {key: system(partial(unpacked, data)) for key, data in packs.items()}, [table_snr_db], "sparsity and bits"
)
table = table[table.metric == "bleu_1"].drop(columns="metric").reset_index(drop=True)
table.insert(0, "bits", table.system.str[1])
table.insert(0, "sparsity", table.pop("system").str[0])
num_weights = count_weights(load("pruned_0")[0])
table["num_weights"] = num_weights
table["kept"] = [
    sum(int(mask.sum()) for mask in unpack(packs[row.sparsity, row.bits]).masks.values()) for row in table.itertuples()
]
table["psi"] = [psi(num_weights, row.kept, row.bits) for row in table.itertuples()]
table["bytes"] = [len(packs[row.sparsity, row.bits]) for row in table.itertuples()]
table["psi_bytes"] = FULL_BITS / 8 * num_weights / table.bytes
save(table, "compression.csv")
table.round(4)
# %% [markdown]
# ## Activations too
# Algorithm 2's second phase on the model that the devices get: the outputs of all dense layers at the weights' number of bits,
# ranges calibrated on training sentences (eqs. 20-22).
# %%
buckets = text.LengthBuckets([vocabulary.encode(line) for line in text.load_sentences(folder, "train")], 2048)
checkpoint = training.load_checkpoint(stored / "compressed.pt")
device_bits = checkpoint["settings"]["bits"]
compressed = from_checkpoint(checkpoint, vocabulary, "compressed.pt")
quantisers = linear_quantisers(compressed, device_bits)
with torch.inference_mode(), calibrating(compressed, quantisers):
    for batch in range(calibration_batches):
        compressed.greedy(compressed.transmit(buckets.draw(seeds.numpy_generator(seed, "calibrate", batch))))


def with_quantised_activations(snr_db, generator):
    with quantised_activations(compressed, quantisers):
        return system(lambda: compressed)(snr_db, generator)


table = evaluate(
    {"weights": system(lambda: compressed), "weights and activations": with_quantised_activations},
    [table_snr_db],
    "activations",
)
table.insert(0, "bits", device_bits)
table.insert(0, "sparsity", checkpoint["settings"]["sparsity"])
save(table, "activations.csv")
table[table.metric == "bleu_1"].pivot(index="system", columns="snr_db", values="value").round(3)
