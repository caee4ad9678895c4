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
# # L-DeepSC: evaluation of the small models
# Monte Carlo for Figs. 10, 11 and Tables II, III: Rician fading, refined CSI, 4-bit constellation; the same fades and noise for
# every model. Models are packed into the bytes that a broadcast would carry; what is evaluated is what comes out of those
# bytes.
# %% tags=["parameters"]
seed = 2026
k_factor = 2.0
snrs_db = [0.0, 6.0, 12.0, 18.0]
validation_sentences = 1000
test_sentences = 768
sparsities = [0.0, 0.3, 0.6, 0.9, 0.95, 0.99]
bits = [2, 3, 4, 6, 8, 12, 20]
table_sparsities = [0.0, 0.3, 0.6, 0.9, 0.95]
table_bits = [4, 8, 12, 16, 32]
table_snr_db = 12.0
compressed_sparsity = 0.6
compressed_bits = 8
calibration_batches = 20
# %%
import torch

from semcom_lib import draws, evaluation, paths, seeds, tables
from semcom_lib.compression.activations import calibrating, linear_quantisers, quantised_activations
from semcom_lib.compression.packing import pack, psi, unpack
from semcom_lib.compression.pruning import apply_masks, magnitude_masks
from semcom_lib.compression.quantisation import quantise_weights
from semcom_lib.compression.uniform_quantiser import FULL_BITS
from semcom_lib.l_deepsc.compressed import CompressedFolder, name_of
from semcom_lib.l_deepsc.systems import Learned, counted
from semcom_lib.l_deepsc.trained import link_of
from semcom_lib.l_deepsc.transceiver import count_weights
from semcom_lib.metrics.text import bleu_metrics
from semcom_lib.sources import text

torch.use_deterministic_algorithms(True)
corpus = text.Corpus(paths.DATA / "l_deepsc")
sentences = corpus.sentences("test", test_sentences)
days = corpus.days("test", test_sentences)
checkpoints = paths.CHECKPOINTS / "l_deepsc"
common, sensitive, stepwise, coarse = (
    CompressedFolder(checkpoints / name, corpus.vocabulary)
    for name in ("pruned_common", "pruned_sensitive", "pruned_sensitive_stepwise", "coarse")
)
link = link_of(checkpoints / "fading", "rician", "refined", k_factor)


def counted_by(model, sentences=sentences):
    """A model as the evaluator wants it."""
    return counted(Learned(model, corpus.vocabulary, link), sentences)


def evaluate(models, snrs_db, keys):
    """One row for each model, SNR and metric, and its draws; a model's key fills the columns ``keys``."""
    systems = {key: counted_by(model) for key, model in models.items()}
    stage = f"l_deepsc evaluate {' and '.join(keys)}"
    return evaluation.sweep(systems, snrs_db, bleu_metrics([1, 4]), keys=keys, groups=days, seed=seed, stage=stage)


# %% [markdown]
# ## The dense model
# All are compared with it. To train it on for as many steps as the pruned models can harm it, at a rate made for models that have
# much to learn again, and beside a harmed model all compression looks free. So it is the model that pruning starts from or the
# same trained on: the one with the higher BLEU-1 on validation sentences.
# %%
candidates = {"as_trained": lambda: sensitive.load("untuned"), "trained_on": lambda: common.load(name_of(0))}
held_out = corpus.sentences("validation", validation_sentences)
table, _ = evaluation.sweep(
    {name: counted_by(load().model, held_out) for name, load in candidates.items()},
    [table_snr_db],
    bleu_metrics([1]),
    keys=("dense",),
    groups=corpus.days("validation", validation_sentences),
    seed=seed,
    stage="l_deepsc evaluate dense",
)
chosen = table.dense[table.value.idxmax()]
load_dense = candidates[chosen]
table["chosen"] = table.dense == chosen
tables.write_table("l_deepsc", "dense", table)
table.round(4)
# %% [markdown]
# ## Fig. 10: sparsity
# | rule | pruned by | then |
# |---|---|---|
# | common | magnitude, one threshold for all matrices: the paper's | nothing |
# | sensitive | magnitude times sensitivity: ours | nothing |
# | tuned | magnitude, one threshold: the paper's Algorithm 1 | equally many steps; sparsity 0 is the dense model |
# | sensitive_tuned | magnitude times sensitivity | as many steps; at the highest sparsity a stage of its own, with more |
#
# What is not tuned is pruned from the dense model.
# %%
sensitivity = {"common": None, "sensitive": sensitive.load("untuned").sensitivity}


def pruned(sparsity, rule):
    """The dense model, pruned and not tuned."""
    model = load_dense().model
    apply_masks(model, magnitude_masks(model, sparsity, sensitivity=sensitivity[rule]))
    return model


def tuned_ones(rule, *folders):
    """{key: model} of the sparsities that the folders have; where several have one, the first's."""
    found = {s: [folder for folder in folders if name_of(s) in folder] for s in sparsities}
    return {(s, rule): having[0].load(name_of(s)).model for s, having in found.items() if having}


models = {(s, rule): pruned(s, rule) for rule in sensitivity for s in sparsities}
models |= tuned_ones("tuned", common) | tuned_ones("sensitive_tuned", sensitive, stepwise)
models[0.0, "tuned"] = load_dense().model
table, of_rows = evaluate(models, snrs_db, ("sparsity", "rule"))
tables.write_table("l_deepsc", "sparsity", table)
draws.write_draws("l_deepsc", "sparsity", of_rows)
table[table.metric == "bleu_1"].pivot(index=["rule", "sparsity"], columns="snr_db", values="value").round(3)


# %% [markdown]
# ## Fig. 11: bits a weight
# Rounded and nothing else, as the paper does it for 4 bits and more; and trained straight through the rounding.
# %%
def quantised(bits):
    """The dense model, quantised and not tuned."""
    dense = load_dense()
    quantise_weights(dense.model, dense.masks, bits)
    return dense.model


models = {(m, False): quantised(m) for m in bits}
models |= {(m, True): coarse.load(name_of(0, m)).model for m in bits if name_of(0, m) in coarse}
table, of_rows = evaluate(models, snrs_db, ("bits", "tuned"))
tables.write_table("l_deepsc", "weight_bits", table)
draws.write_draws("l_deepsc", "weight_bits", of_rows)
table[table.metric == "bleu_1"].pivot(index=["tuned", "bits"], columns="snr_db", values="value").round(3)


# %% [markdown]
# ## Table II: sparsity and bits together, and the bytes
# Pruned and tuned by Algorithm 1, then rounded. psi by eq. (25) counts the kept weights' bits alone, and so does `weights_mib`;
# `bytes` is the really packed model, in which biases, ranges and the places of the kept weights are included.
# %%
def packed(sparsity, bits):
    """The bytes of the tuned model of this sparsity, of the dense one at 0, at so many bits a weight."""
    tuned = common.load(name_of(sparsity)) if sparsity else load_dense()
    return pack(tuned.model.state_dict(), bits, tuned.masks)


def unpacked(data):
    """The model that a receiver of the bytes has."""
    model = load_dense().model
    model.load_state_dict(unpack(data).state)
    return model


packs = {(sparsity, m): packed(sparsity, m) for sparsity in table_sparsities for m in table_bits}
table, of_rows = evaluate({key: unpacked(data) for key, data in packs.items()}, [table_snr_db], ("sparsity", "bits"))
bleu_1 = table.metric == "bleu_1"
draws.write_draws("l_deepsc", "compression", of_rows[bleu_1])
table = table[bleu_1].drop(columns="metric").reset_index(drop=True)
sent = [packs[row.sparsity, row.bits] for row in table.itertuples()]
num_weights = count_weights(load_dense().model)
table["num_weights"] = num_weights
table["kept"] = [sum(int(mask.sum()) for mask in unpack(data).masks.values()) for data in sent]
table["psi"] = [psi(num_weights, row.kept, row.bits) for row in table.itertuples()]
table["weights_mib"] = table.kept * table.bits / 8 / 2**20
table["bytes"] = [len(data) for data in sent]
table["psi_bytes"] = FULL_BITS / 8 * num_weights / table.bytes
tables.write_table("l_deepsc", "compression", table)
table.round(4)
# %% [markdown]
# ## Activations too
# Algorithm 2's second phase on the model of Table III: the outputs of all dense layers at the weights' number of bits, ranges
# calibrated on training sentences (eqs. 20-22).
# %%
buckets = text.LengthBuckets(corpus.encoded("train"), 2048)
model = unpacked(packed(compressed_sparsity, compressed_bits))
quantisers = linear_quantisers(model, compressed_bits)
with torch.inference_mode(), calibrating(model, quantisers):
    for batch in range(calibration_batches):
        model.receiver.greedy(model.transmitter(buckets.draw(seeds.numpy_generator(seed, "calibrate", batch))))


def with_quantised_activations(snr_db, generator):
    with quantised_activations(model, quantisers):
        return counted_by(model)(snr_db, generator)


made = (compressed_sparsity, compressed_bits)
table, of_rows = evaluation.sweep(
    {(*made, "weights"): counted_by(model), (*made, "weights and activations"): with_quantised_activations},
    [table_snr_db],
    bleu_metrics([1, 4]),
    keys=("sparsity", "bits", "system"),
    groups=days,
    seed=seed,
    stage="l_deepsc evaluate activations",
)
tables.write_table("l_deepsc", "activations", table)
draws.write_draws("l_deepsc", "activations", of_rows)
table[table.metric == "bleu_1"].pivot(index="system", columns="snr_db", values="value").round(3)
