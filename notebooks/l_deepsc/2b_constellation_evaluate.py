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
# # L-DeepSC: evaluation over AWGN
# Monte Carlo for Figs. 5 and 6: the same trained model with its constellation at full resolution and quantised to a
# few bits a real dimension (eqs. 20-24). Every test sentence is sent once at every SNR; all constellations meet the same noise.
#
# Beside them the floor: a receiver that hears nothing, knows the number of words, and answers the likeliest list of frequent ones.
#
# The reference of BLEU is the *original* sentence: a word that the vocabulary lacks is sent as `<unk>` and counts as an error.
# The constellation's range is calibrated on training sentences; nothing is chosen on the test part.
# %% tags=["parameters"]
seed = 2026
snrs_db = [0.0, 3.0, 6.0, 9.0, 12.0, 15.0, 18.0]
bits = [8, 4]
calibration_batches = 20
calibration_correlation = 0.1
test_sentences = 2000
shown_sentences = 5
shown_symbols = 4000
# %%
import copy

import numpy as np
import pandas as pd
import torch

from semcom_lib import draws, evaluation, paths, seeds, tables
from semcom_lib.l_deepsc.floor import Floor
from semcom_lib.l_deepsc.systems import Learned, counted
from semcom_lib.l_deepsc.transceiver import load_transceiver
from semcom_lib.metrics.text import bleu_metrics
from semcom_lib.physical_layer.constellation import FiniteConstellation
from semcom_lib.physical_layer.equalised_link import EqualisedLink
from semcom_lib.physical_layer.fading import Awgn
from semcom_lib.sources import text

torch.use_deterministic_algorithms(True)
corpus = text.Corpus(paths.DATA / "l_deepsc")
sentences = corpus.sentences("test", test_sentences)
full = load_transceiver(paths.CHECKPOINTS / "l_deepsc" / "awgn.pt", corpus.vocabulary)
# %% [markdown]
# ## Finite constellations
# %%
models = {"full": full}
buckets = text.LengthBuckets(corpus.encoded("train"), 4096)
for m in bits:
    models[f"{m}-bit"] = model = copy.deepcopy(full)
    constellation = FiniteConstellation(m, calibration_correlation)
    with torch.inference_mode():
        for batch in range(calibration_batches):
            ids = buckets.draw(seeds.numpy_generator(seed, "calibrate", batch))
            constellation.calibrate(model.transmitter(ids))
    model.transmitter.constellation = constellation
    print(f"{m} bits: range {constellation.x_min:.3f} .. {constellation.x_max:.3f} a real dimension")
training = corpus.sentences("train")
floor = Floor.from_sentences(training[:: max(1, len(training) // 10_000)])  # of all training days
systems = {name: Learned(model, corpus.vocabulary, EqualisedLink(Awgn())) for name, model in models.items()}
# %% [markdown]
# ## BLEU against SNR
# %%
table, of_rows = evaluation.sweep(
    {name: counted(system, sentences) for name, system in {**systems, "floor": floor}.items()},
    snrs_db,
    bleu_metrics(),
    groups=corpus.days("test", test_sentences),
    seed=seed,
    stage="l_deepsc evaluate awgn",
)
tables.write_table("l_deepsc", "constellation", table)
draws.write_draws("l_deepsc", "constellation", of_rows)
table[table.metric == "bleu_1"].pivot(index="snr_db", columns="system", values="value")[[*models, "floor"]].round(3)
# %% [markdown]
# ## What is sent, and with which power
# The mean power over the test part, which must be 1 for SNR to mean what it says.
# %%
test_ids = corpus.encoded("test", test_sentences)
symbols = {}
power = {}
with torch.inference_mode():
    for name, model in models.items():
        x = torch.cat([model.transmitter(ids).flatten() for _, ids in text.in_batches(test_ids, 512)])
        symbols[name] = x[:: max(1, len(x) // shown_symbols)][:shown_symbols].numpy()
        power[name] = round(float(x.abs().square().mean()), 4)
points = pd.concat(
    [pd.DataFrame({"system": name, "real": x.real, "imag": x.imag}) for name, x in symbols.items()], ignore_index=True
)
tables.write_table("l_deepsc", "symbols", points, float_format="%.5f")
pd.Series(power, name="mean power")
# %% [markdown]
# ## Sentences to read
# %%
shown = sentences[:shown_sentences]
examples = pd.DataFrame(
    [
        {"snr_db": snr_db, "sent": sent, "received": received}
        for snr_db in snrs_db
        for sent, received in zip(
            shown,
            systems["full"].receive(shown, snr_db, generator=seeds.torch_generator(seed, "channel", snr_db)),
            strict=True,
        )
    ]
)
tables.write_table("l_deepsc", "examples", examples)
print(f"{len(sentences)} sentences, {np.mean([len(s.split()) for s in sentences]):.1f} words on average")
