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
# # Mem-DeepSC: the system, piece by piece
# **The paper** sends the sentences of a story one by one, $x^c(k) = C_\beta(S_\alpha(s^c(k)))$ (eq. 1), detects them with the
# estimated gain (eq. 3), decodes them to features $\hat z^c(k)$ (eq. 4) and keeps the latest T of these in a queue Q (eqs. 5, 6),
# to which it adds what tells their order, $M = Q + T$ (eq. 7). A question comes the same way, and its answer follows from both,
# $\hat a = S_\varphi^{-1}([\hat z^q, M])$ (eq. 8).
#
# **We build** that. This notebook walks a story through the untrained model, counts its weights, draws Proposition 2, and shows by
# computation where the paper does not fit itself. The story is generated.
# %% tags=["parameters"]
seed = 2026
profile = "laptop"
# %%
import copy
import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from scipy.optimize import brentq

from semcom_lib import figures, seeds
from semcom_lib.coding.turbo import TurboCode
from semcom_lib.learning.blocks import EncoderLayer
from semcom_lib.ledger import claims, layout, seen
from semcom_lib.ledger.names import decimals
from semcom_lib.ledger.reference import load_reference
from semcom_lib.mem_deepsc import propositions
from semcom_lib.mem_deepsc.asked import EMPTY, tell
from semcom_lib.mem_deepsc.lengths import length_of_codewords, lengths_by_snr, log_num_codewords, required_length
from semcom_lib.mem_deepsc.lengths_figure import lengths_figure
from semcom_lib.mem_deepsc.masks import keep_most_important
from semcom_lib.mem_deepsc.model import MemDeepSC, MemDeepSCSizes
from semcom_lib.mem_deepsc.sentences import Sentences, num_word_ids
from semcom_lib.physical_layer import channels, fading
from semcom_lib.sources import embedded_stories
from semcom_lib.sources.stories import answer_classes, vocabulary

reference = load_reference("mem_deepsc")
names = reference.names
paper = {key: value.value for key, value in reference.values.items()}
sizes = MemDeepSCSizes(memory=6)  # a short one, so that a story outgrows it
told = embedded_stories.tell(2, 20, seed, "train")
words, classes = vocabulary(told), answer_classes(told)
with seeds.initialising(seed, "mem_deepsc", "system model"):
    model = MemDeepSC(num_word_ids(words), len(classes), sizes).eval()
# %% [markdown]
# ## A story
# Questions are asked in between; each stands after the sentence that was the last one then.
# %%
story = told[0]
for i, sentence in enumerate(story.sentences, 1):
    print(f"s^c({i:2d})  {sentence}")
    for question in story.questions:
        if question.num_sentences == i:
            print(f"s^q      {question.text} {question.answer}")
# %% [markdown]
# ## The queue
# It holds the newest sentences (eqs. 5, 6). What was said earlier than it reaches is dropped, and counted: `dropped` is in no
# system's hands any more. `needs` are the sentences from which the answer follows.
# %%
texts, asked = tell([story], classes, sizes.memory)
number = {
    i: k for k, i in enumerate((i for i, text in enumerate(texts) if not text.endswith("?")), 1)
}  # of a transmission, as a sentence
rows = []
for question, kept, dropped in zip(story.questions, asked.contexts, asked.num_dropped, strict=True):
    held = [number[i] for i in kept.tolist() if i != EMPTY]
    needs = [i + 1 for i in question.supporting]
    rows.append(
        {
            "asked after": question.num_sentences,
            "in the memory, newest first": ", ".join(map(str, held)),
            "dropped": int(dropped),
            "needs": ", ".join(map(str, needs)),
            "can be answered": "yes" if set(needs) <= set(held) else "no: too old",
        }
    )
layout.Table(pd.DataFrame(rows, index=pd.Index([question.text for question in story.questions], name="question")))
# %% [markdown]
# ## Through the link
# A sentence of any length becomes one feature, the sum over its words, and so many complex symbols of unit mean power.
# %%
sentences = Sentences(words, sizes.max_words)
indices = torch.tensor([sentences.index(text) for text in texts])
n0 = channels.snr_to_n0(12.0)
with torch.inference_mode():
    z = model.encode(sentences.ids)
    x = model.channel_encoder(z)
    y = channels.awgn(x[indices], n0, generator=seeds.torch_generator(seed, "system model"))
    z_hat = model.channel_decoder(y)
    contexts, questions = torch.from_numpy(asked.contexts), torch.from_numpy(asked.questions)
    logits = model.answer(z_hat, contexts, questions)
power = x.abs().square().mean(dim=1)
print(
    f"ids    {tuple(sentences.ids.shape)}: {len(sentences)} different texts, the longest of {sentences.ids.shape[1]} words"
)
print(f"z      {tuple(z.shape)}: each encoded once, however often it is sent")
print(f"x      {tuple(x.shape)}: mean power of a sentence {power.min():.6f} to {power.max():.6f}")
print(f"y      {tuple(y.shape)}: all {len(texts)} transmissions, of which {len(asked)} are questions")
print(f"z_hat  {tuple(z_hat.shape)}")
print(f"Q      {(len(asked), contexts.shape[1], sizes.width)}: a memory for each question")
print(f"a_hat  {tuple(logits.shape)}: scores of {len(classes)} answers, untrained")
# %% [markdown]
# ## The temporal code
# The paper asks for vectors with $\langle t_m, t_n \rangle = g(m - n)$ and takes the sinusoidal ones. Ours count from the newest
# sentence back, so that a sentence of one age has the same code whatever the story's length. That they are such vectors, and what
# they are for:
# %%
codes = model.semantic_decoder.of_age.double()
products = codes @ codes.T
spread = max(float(torch.diagonal(products, d).max() - torch.diagonal(products, d).min()) for d in range(len(codes)))
ROUNDING = 1e-5  # what is smaller is no number of the system's, and another on another machine
print(f"⟨t_m, t_n⟩ of equal m - n differ by less than {ROUNDING:g}: {spread < ROUNDING}")
without = copy.deepcopy(model)
without.semantic_decoder.of_age.zero_()
swapped = contexts[-1:, [1, 0, *range(2, contexts.shape[1])]]
with torch.inference_mode():
    for said, one in (("with the temporal code", model), ("without it", without)):
        change = one.answer(z_hat, swapped, questions[-1:]) - one.answer(z_hat, contexts[-1:], questions[-1:])
        largest = float(change.abs().max())
        words = f"at most {largest:.1e}" if largest > ROUNDING else f"less than {ROUNDING:g}"
        print(f"two sentences in another order change the scores {said} by {words}")
# %% [markdown]
# ## Weights
# For the words and answers of the official bAbI files. A universal Transformer applies one layer again and again: its weights are
# those of a single one.
# %%
BABI_WORDS, BABI_ANSWERS = 145, 60  # of the training files
full = MemDeepSC(BABI_WORDS + 2, BABI_ANSWERS, MemDeepSCSizes())


def count(part):
    """Weights of matrices, and all with biases and normalisations."""
    parameters = list(part.parameters())
    return {
        "weights": sum(p.numel() for p in parameters if p.dim() > 1),
        "with biases": sum(p.numel() for p in parameters),
    }


encoder, decoder = full.semantic_encoder, full.semantic_decoder
parts = {
    "embedding": encoder.embedding,
    f"semantic encoder: a layer, {full.sizes.encoder_steps} steps": encoder.transformer,
    "channel encoder": full.channel_encoder,
    "channel decoder": full.channel_decoder,
    f"semantic decoder: a layer, {full.sizes.decoder_steps} steps": decoder.transformer,
    "answer": decoder.answer,
    "all": full,
}
layout.Table(pd.DataFrame([count(part) for part in parts.values()], index=pd.Index(parts, name="part")))
# %%
layer = count(EncoderLayer(full.sizes.width, full.sizes.heads, full.sizes.feed_forward))["with biases"]
steps = full.sizes.encoder_steps + full.sizes.decoder_steps
print(f"a layer of its own for each of the {steps} steps would add {(steps - 2) * layer:,} weights")
# %% [markdown]
# ## Proposition 2: how many symbols are needed
# Codewords can be told apart from L symbols where only the model's own noise $\sigma_m^2$ blurs them, and from
#
# $$L_1 = L\,\frac{\log(1 + \mu_{max}^2 / \sigma_m^2)}{\log(1 + \mu_{max}^2 / (\sigma_m^2 + \sigma_n^2))}$$
#
# with the channel's $\sigma_n^2$ (eq. 15). Left the ratio against SNR, for the paper's $\sigma_m^2$ and others: without noise it
# tends to 1 (case 1), with much noise to infinity (case 2). Right L and $L_1$ of as many codewords, against $\sigma_m^2$: without
# model noise L tends to 0 and $L_1$ to that of eq. 16, dotted (case 3); with much of it both tend to infinity (case 4).
# %%
of_paper = {"mu_max": paper["mu_max"], "sigma_m2": paper["sigma_m2"]}
minimum, longest = float(paper["shortest"]), paper["longest"]
caption = figures.caption(profile, "none, eq. 15 by computation", f"μ_max = {paper['mu_max']:g}")
figure = lengths_figure(**of_paper, minimum=minimum, longest=longest, caption=caption)
figures.save(figure, "mem_deepsc", "mem_deepsc_prop2_lengths")
plt.show()
# %%
low, high = 0.0, 18.0
grows = {snr_db: float(required_length(1.0, channels.snr_to_n0(snr_db), **of_paper)) for snr_db in (low, high)}
twice = brentq(
    lambda snr_db: required_length(1.0, channels.snr_to_n0(snr_db), **of_paper) - longest / minimum, -30.0, 30.0
)
seen.Sentences(
    f"With the paper's numbers {seen.point(low)} ask for {decimals(grows[low])} times the symbols that no noise asks for, and "
    f"{seen.point(high)} for {decimals(grows[high])} times.",
    f"The ratio of {longest:g} to {minimum:g} symbols is that of {decimals(twice)} dB.",
    "The more noise the model has, the less the channel's matters: the curves of large σ_m² are the flattest.",
)
# %% [markdown]
# ## The propositions in the ledger
# The four cases at noises that stand for the limits, the gradients of Prop. 1, and eq. 34, on which Prop. 4 rests.
# %%
claims.show("mem_deepsc", exhibit="propositions")
# %% [markdown]
# ## What does not add up in the paper
# Each line is computed here.
#
# **The noise of the model is stronger than the symbols.** Eq. 11 has $x = r + n_{model}$, with $\sigma_m^2$ the variance of the
# second, and x "after the power normalization" of eq. 1 has unit mean power:
# %%
print(f"E|x|² = E|r|² + σ_m² ≥ {paper['sigma_m2']:g}, and E|x|² = 1")
# %% [markdown]
# **190 symbols** with "the block length is 256". One block of the turbo code of rate 1/3, with its tail and without, in symbols of
# 16-QAM, and the letters that it holds:
# %%
block = TurboCode(int(paper["block_bits"]), "1/3")
symbols_of_block, without_tail = block.n / 4, 3 * block.k / 4
print(
    f"{symbols_of_block:g} symbols, {without_tail:g} without the tail, for {block.k // 8} letters; longer sentences need two"
)
# %% [markdown]
# **"Only 4 %-16.8 % symbols"** of UTF-8 and turbo code with AMC. Its schemes are not listed; these shares are those of
# %%
chain, own = paper["chain_symbols"], paper["longest"]
for modulation, bits in {"16-QAM": 4, "QPSK": 2, "BPSK": 1}.items():
    uses = chain * 4 / bits
    print(f"{modulation:6s} at rate 1/3: {own:g} of {uses:g} symbols, {own / uses:.1%}")
# %% [markdown]
# so the adaptive chain, which Table II compares with, would never be faster than the fixed one of Fig. 5, whatever the SNR.
#
# **Eq. 15 never comes down to L.** Any noise asks for more than L, so rounded up for L + 1. What the paper's numbers ask for,
# where Table II has 32 to 16 symbols:
# %%
snrs_db = np.arange(-6.0, 31.0, 6.0)
kept = lengths_by_snr(snrs_db, **of_paper, minimum=minimum, shortest=int(minimum), longest=int(longest))
layout.Table(pd.DataFrame({f"{snr_db:g} dB": [n] for snr_db, n in zip(snrs_db, kept, strict=True)}, index=["symbols"]))
# %% [markdown]
# **Eq. 18 keeps one symbol too few.** The threshold "can be determined by the L_1-th element in the sorted importance rank with the
# descend order", and what exceeds it is kept:
# %%
importance = torch.rand(1, int(longest), generator=seeds.torch_generator(seed, "importance"))
threshold = importance.sort(dim=1, descending=True).values[:, int(minimum) - 1]
ours = keep_most_important(importance, torch.tensor([int(minimum)]))
print(f"L_1 = {minimum:g}: eq. 18 keeps {int((importance > threshold).sum())}, ours {int(ours.sum())}")
# %% [markdown]
# **Eq. 19 raises the power.** What is kept is sent as it is, "the only non-zero elements"; if importance goes by strength, a
# channel use has more than the unit power by which SNR is defined. The stronger half of Gaussian symbols:
# %%
x = channels.complex_normal(20_000, int(longest), generator=seeds.torch_generator(seed, "power")).abs().square()
print(f"mean power {float(x.sort(dim=1, descending=True).values[:, : int(minimum)].mean()):.2f} a symbol; ours is 1")
# %% [markdown]
# **Real and complex dimensions.** Eqs. 12 to 14 set the volumes of L real dimensions against the variances of complex symbols,
# which have 2 L. The capacity that eq. 16 is said to be has half the symbols; the ratio, eq. 15, is the same either way.
# At 10 dB:
# %%
codewords = log_num_codewords(minimum, paper["sigma_m2"], paper["mu_max"])
n0 = channels.snr_to_n0(10.0)
by_eq_16 = float(length_of_codewords(codewords, n0, paper["mu_max"]))
print(f"eq. 16: {by_eq_16:.3f} symbols; ln N / ln(1 + μ_max² / σ_n²): {float(codewords) / math.log1p(1 / n0):.3f}")
# %% [markdown]
# **Eq. 2 gives each symbol a gain of its own**, $h(k) \sim CN(\mu_h 1, \sigma_h^2 I_L)$; "the coherent time is set as the
# transmission time for each context" (Sec. V-A) gives all of them one. We take the latter. It is another channel: how often a
# sentence has less than a tenth of its mean power,
# %%
law = fading.Rician(paper["k_factor"])
gains = law.gain(20_000, int(longest), generator=seeds.torch_generator(seed, "gains")).abs().square()
for said, mean_gain in {"one gain a sentence": gains[:, 0], "a gain a symbol": gains.mean(dim=1)}.items():
    print(f"{said}: {float((mean_gain < 0.1).double().mean()):.2%}")
# %% [markdown]
# **Eq. 5 leaves a slot open.** Sentences are numbered from 1 (Algorithm 1), and "for k < 0" the queue holds zeros. With a queue of
# 4 after 2 sentences:
# %%
for k in range(2 - 4 + 1, 2 + 1):
    print(f"k = {k:2d}: {'zeros' if k < 0 else 'a sentence' if k >= 1 else 'neither'}")
# %% [markdown]
# **Eqs. 26 and 28 have the wrong sign**, since both losses fall as $p(\hat a)$ rises. The gradients where the right answer has a
# probability of 0.2:
# %%
p = 0.2
accuracy_gradient, entropy_gradient = propositions.gradients(p)
print(f"eq. 26 says {p * (1 - p):.2f}, it is {accuracy_gradient:.2f}".replace("-", "−"))
print(f"eq. 28 says {1 - p:.2f}, it is {entropy_gradient:.2f}".replace("-", "−"))
# %% [markdown]
# **Eq. 34**, $H(a | x) < E[\ln|a - \hat a|]$, does not follow from eq. 33, which bounds the logarithm of a mean, and misses
# $\ln(2 \pi e) / 2$. For a Gaussian error of variance 1:
# %%
entropy, bound = propositions.gaussian_entropy(), propositions.mean_log_error()
print(f"H = {entropy:.3f} nats, E ln|a - â| = {bound:.3f}".replace("-0", "−0"))
# %% [markdown]
# **Eq. 37** expands $\ln|a - \hat a|$ about 1; Prop. 4 uses it for $\hat a \to a$, where the two part:
# %%
for error in (1.0, 0.1, 0.001):
    print(f"|a - â| = {error:g}: ln {math.log(error):6.2f}, eq. 37 {error - 1:6.2f}".replace("-", "−"))
# %% [markdown]
# **Names.** Appendix B, "Proof of Proposition 2", proves Proposition 3, and Appendix C, "Proof of Proposition 3", proves
# Proposition 4: each ends with that number. Proposition 2 is derived in Sec. IV-A; there the noise sphere grows "to
# $\sqrt{L(\sigma_m^2 + \sigma_m^2)}$", where the second must be $\sigma_n^2$, as in eq. 14.
