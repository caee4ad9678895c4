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
# # Mem-DeepSC: evaluation of what need not be sent
# Monte Carlo for Fig. 6, Table II and Proposition 2: the test stories of Fig. 5 over each channel, with all symbols, with as many
# as the SNR asks for, and from models of other sizes.
#
# | system | symbols a sentence |
# |---|---|
# | no mask, 32 and 16 | trained in three steps each, and on by as many steps as the masks |
# | importance mask | as many as eq. 15 says, the most important of the 32; which, must be told beside |
# | consecutive mask | as many, the first; trained so |
# | random mask | as many, any: from the generator that both ends share |
# | UTF-8 + turbo, AMC | the paper's chain with the scheme that the mean SNR carries |
# | floor | the most frequent answer to this very question |
# %% tags=["parameters"]
seed = 2026
k_factor = 2.0
error_variance = 0.05
mu_max = 1.0
sigma_m2 = 1.44
minimum = 16.0
shortest = 16
longest = 32
snrs_db = [0.0, 3.0, 6.0, 9.0, 12.0, 15.0, 18.0]
test_questions = 200
turbo_iterations = 5
sizes = [4, 8, 16, 32]
margin = 0.02
# %%
from functools import partial

import pandas as pd
import torch

from semcom_lib import draws, evaluation, paths, tables
from semcom_lib.mem_deepsc import systems
from semcom_lib.mem_deepsc.asked import tell
from semcom_lib.mem_deepsc.chains import chains, word_code
from semcom_lib.mem_deepsc.corpus import OFFICIAL, Corpus
from semcom_lib.mem_deepsc.costs import Told, rate_of_words, symbols_per_sentence
from semcom_lib.mem_deepsc.floor import ByQuestion
from semcom_lib.mem_deepsc.lengths import fit_model_noise, lengths_by_snr, mu_max_of, shortest_length
from semcom_lib.mem_deepsc.masked import KINDS, Lengths
from semcom_lib.mem_deepsc.masks import position_bits
from semcom_lib.mem_deepsc.questions import sample
from semcom_lib.mem_deepsc.sentences import Sentences
from semcom_lib.mem_deepsc.trained import CHANNELS, link_of, load_model
from semcom_lib.mem_deepsc.trained_masks import load_masked
from semcom_lib.physical_layer.channels import snr_to_n0

torch.use_deterministic_algorithms(True)
corpus = Corpus(paths.DATA / "mem_deepsc")
answerer = load_model(corpus, "tuned_memory")
stories = sample(corpus.stories(OFFICIAL), test_questions, seed)
texts, asked = tell(stories, corpus.answers, answerer.sizes.memory)
sentences = Sentences(corpus.words, answerer.sizes.max_words)
lengths = Lengths(mu_max, sigma_m2, minimum, shortest, longest)
links = {channel: link_of(channel, k_factor, error_variance) for channel in CHANNELS}
# %% [markdown]
# ## The systems
# %%
code, told = word_code(corpus.stories("train")), Told.of(stories)
rate = rate_of_words(code, told, answerer.sizes.num_symbols)
floor = ByQuestion.from_stories(corpus.stories("train"))
named = {}
for channel, link in links.items():
    for num_symbols in (longest, shortest):
        suffix = "" if num_symbols == answerer.sizes.num_symbols else f"_{num_symbols}"
        model = load_model(corpus, f"unmasked_{channel}{suffix}")
        named[f"memory_{num_symbols}", channel] = systems.Learned(model, link)
    for kind in KINDS:
        masked = load_masked(corpus, channel, kind, lengths)
        named[kind, channel] = systems.Learned(masked.system, link, masked)
    adaptive = chains(code, link.law, link.csi, iterations=turbo_iterations, word_rate=rate)["utf8_turbo_amc"]
    named["utf8_turbo_amc", channel] = systems.Chained(answerer, adaptive)
    named["floor", channel] = systems.Guessing(floor, corpus.answers)
# %% [markdown]
# ## Table II: symbols a sentence
# `told` are the bits that say which symbols of a sentence an importance mask keeps; the paper does not count them.
# %%
amc = symbols_per_sentence({"utf8_turbo_amc": adaptive}, told, snrs_db).by_task
kept = lengths_by_snr(snrs_db, mu_max=mu_max, sigma_m2=sigma_m2, minimum=minimum, shortest=shortest, longest=longest)
uses = pd.DataFrame(
    {
        "snr_db": snrs_db,
        "no_mask": longest,
        "masked": kept,
        "told": [position_bits(answerer.sizes.num_symbols, int(count)) for count in kept],
        "utf8_turbo_amc": amc,
        "share": longest / amc,
    }
)
tables.write_table("mem_deepsc", "masked_symbols", uses)
uses.round(3)
# %% [markdown]
# ## Accuracy against SNR
# %%


def swept(systems_by_key, keys, name):
    """The accuracy of systems at every SNR, written with its bootstrap draws."""
    table, of_rows = evaluation.sweep(
        {key: partial(systems.counted, system, texts, asked, sentences) for key, system in systems_by_key.items()},
        snrs_db,
        {"accuracy": systems.accuracy},
        keys=keys,
        groups=asked.stories.tolist(),
        seed=seed,
        stage=f"mem_deepsc {name}",
    )
    tables.write_table("mem_deepsc", name, table)
    draws.write_draws("mem_deepsc", name, of_rows)
    return table


masked = swept(named, ("system", "channel"), "masks")
masked.pivot(index=["channel", "system"], columns="snr_db", values="value").reindex(
    pd.MultiIndex.from_tuples([(channel, name) for name, channel in named])
).round(3)
# %% [markdown]
# ## Proposition 2: how many symbols are enough
# Models of several sizes over AWGN: the smallest whose accuracy is within the margin of the best at that SNR. Eq. 15 fitted to
# these gives the noise of our models.
# %%
suffixes = {size: "" if size == answerer.sizes.num_symbols else f"_{size}" for size in sizes}
models = {size: load_model(corpus, f"joint_awgn_memory{suffix}") for size, suffix in suffixes.items()}
by_size = swept(
    {size: systems.Learned(model, links["awgn"]) for size, model in models.items()}, ("num_symbols",), "sizes"
)
# %%
accuracies = by_size.pivot(index="snr_db", columns="num_symbols", values="value")
enough = [shortest_length(row.to_dict(), margin) for _, row in accuracies.iterrows()]
with torch.inference_mode():
    indices = torch.tensor([sentences.index(text) for text in dict.fromkeys(texts)])
    largest = {
        size: mu_max_of(model.channel_encoder(model.encode(sentences.ids[indices]))) for size, model in models.items()
    }
fitted = fit_model_noise(enough, [snr_to_n0(snr_db) for snr_db in snrs_db], max(largest.values()))
needed = pd.DataFrame({"snr_db": snrs_db, "shortest": enough, "fitted": fitted.lengths})
needed["mu_max"], needed["sigma_m2"], needed["minimum"] = max(largest.values()), fitted.sigma_m2, fitted.minimum
needed["margin"] = margin
tables.write_table("mem_deepsc", "lengths", needed)
needed.round(3)
