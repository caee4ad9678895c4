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
# # L-DeepSC: evaluation over AWGN
# Monte Carlo for Figs. 5 and 6: the same trained model with its constellation at full resolution and quantised to a
# few bits a real dimension (eqs. 20-24). Every test sentence is sent once at every SNR; all constellations meet the same noise.
#
# The reference of BLEU is the *original* sentence: a word that the vocabulary lacks is sent as `<unk>` and counts as an error.
# The constellation's range is calibrated on training sentences; nothing is chosen on the test part.
# %% tags=["parameters"]
seed = 2026
snrs_db = [0.0, 6.0, 12.0, 18.0]
bits = [8, 4]
calibration_batches = 20
calibration_correlation = 0.1
test_sentences = 200
shown_sentences = 5
shown_symbols = 1500
# %%
import copy
from functools import partial

import numpy as np
import pandas as pd
import torch

from semcom_lib import evaluation, paths, seeds
from semcom_lib.l_deepsc.transceiver import from_checkpoint
from semcom_lib.l_deepsc.transmission import receive_sentences
from semcom_lib.learning import training
from semcom_lib.metrics.text import bleu, ngram_counts
from semcom_lib.physical_layer.constellation import FiniteConstellation
from semcom_lib.physical_layer.equalised_link import FadingLink
from semcom_lib.physical_layer.fading import Awgn
from semcom_lib.sources import text

torch.use_deterministic_algorithms(True)
folder = paths.DATA / "l_deepsc"
results = paths.RESULTS / "l_deepsc"
vocabulary = text.load_vocabulary(folder)
checkpoint = paths.CHECKPOINTS / "l_deepsc" / "awgn.pt"
full = from_checkpoint(training.load_checkpoint(checkpoint), vocabulary, str(checkpoint))
sentences = text.load_sentences(folder, "test", test_sentences)
test_ids = [vocabulary.encode(line) for line in sentences]
# %% [markdown]
# ## Finite constellations
# %%
models = {"full": full}
buckets = text.LengthBuckets([vocabulary.encode(line) for line in text.load_sentences(folder, "train")], 4096)
for m in bits:
    models[f"{m}-bit"] = model = copy.deepcopy(full)
    constellation = FiniteConstellation(m, calibration_correlation)
    with torch.inference_mode():
        for batch in range(calibration_batches):
            constellation.calibrate(model.transmit(buckets.draw(seeds.numpy_generator(seed, "calibrate", batch))))
    model.constellation = constellation
    print(f"{m} bits: range {constellation.x_min:.3f} .. {constellation.x_max:.3f} a real dimension")


# %%
link = FadingLink(Awgn(), "perfect")


def receive(model, encoded, snr_db, generator):
    """Every encoded sentence once through the channel: the received sentences, in the order of the sent ones."""
    return receive_sentences(model, encoded, vocabulary, link, snr_db, generator=generator)


def system(model):
    return lambda snr_db, generator: ngram_counts(receive(model, test_ids, snr_db, generator), sentences)


# %% [markdown]
# ## BLEU against SNR
# %%
table = evaluation.sweep(
    {name: system(model) for name, model in models.items()},
    snrs_db,
    {f"bleu_{order}": partial(bleu, order=order) for order in (1, 2, 3, 4)},
    seed=seed,
    stage="l_deepsc evaluate awgn",
)
with paths.replacing(results / "constellation.csv") as temporary:
    table.to_csv(temporary, index=False)
table[table.metric == "bleu_1"].pivot(index="snr_db", columns="system", values="value")[list(models)].round(3)
# %% [markdown]
# ## What is sent, and with which power
# The mean power over the test part, which must be 1 for SNR to mean what it says.
# %%
symbols = {}
power = {}
with torch.inference_mode():
    for name, model in models.items():
        x = torch.cat([model.transmit(ids).flatten() for _, ids in text.in_batches(test_ids, 512)])
        symbols[name] = x[:: max(1, len(x) // shown_symbols)][:shown_symbols].numpy()
        power[name] = round(float(x.abs().square().mean()), 4)
points = pd.concat(
    [pd.DataFrame({"system": name, "real": x.real, "imag": x.imag}) for name, x in symbols.items()], ignore_index=True
)
with paths.replacing(results / "symbols.csv") as temporary:
    points.to_csv(temporary, index=False, float_format="%.5f")
pd.Series(power, name="mean power")
# %% [markdown]
# ## Sentences to read
# %%
shown = slice(shown_sentences)
examples = pd.DataFrame(
    [
        {"snr_db": snr_db, "sent": sent, "received": received}
        for snr_db in snrs_db
        for sent, received in zip(
            sentences[shown],
            receive(full, test_ids[shown], snr_db, seeds.torch_generator(seed, "channel", snr_db)),
            strict=True,
        )
    ]
)
with paths.replacing(results / "examples.csv") as temporary:
    examples.to_csv(temporary, index=False)
print(f"{len(sentences)} sentences, {np.mean([len(s.split()) for s in sentences]):.1f} words on average")
