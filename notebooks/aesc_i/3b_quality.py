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
# # AESC-I: what the images are worth without a channel
# **The paper compares** AESC-I and JPEG at compression ratios of the same name (Sec. IV), and says that AESC-I's images are
# recognised better where the channel is good.
#
# **We measure** what source codes and quantisation alone leave of the images: where every curve over a channel ends. Beside it,
# what the paper does not show:
#
# | table | question |
# |---|---|
# | no channel | what is each system worth, and a receiver that hears nothing (mean image, black image)? |
# | precision | what does quantising weights and latents lose? |
# | gammas | what does the weight of the semantic loss do, none (0) included? |
# | quality | how many bits does JPEG need for what AESC-I gives, with an entropy code for both? |
#
# Images arrive as they were sent, in sessions as over the channels: a session's latents share one range. Recognition is judged by
# a network that no autoencoder was trained with, and beside it by M, which the semantic loss knows.
# %% tags=["parameters"]
seed = 2026
images = "digits"
z_dims = [196, 98, 40]
ratios = [4, 8, 20]
qualities = [60, 18, 0]
gamma = 0.5
gammas = [0.0]
subsampling = "4:2:2"
weight_bits = 8
latent_bits = 8
quality_sweep = [0, 4, 8, 12, 18, 25, 35, 45, 60, 75, 90]
images_per_trial = 25
clean_images = 10000
compared_images = 2000
validation_images = 5000
perceptual = "lpips_squeeze"
# %%
import itertools
from functools import partial

import numpy as np
import pandas as pd
import torch

from semcom_lib import evaluation, paths, seeds, tables
from semcom_lib.aesc_i import classifiers, entropy, tradeoffs
from semcom_lib.aesc_i.autoencoders import load_autoencoder
from semcom_lib.aesc_i.scoring import QUALITY, Scorer
from semcom_lib.aesc_i.systems import AescI, DirectImages, FixedImage, JpegImages, floor_images
from semcom_lib.coding.jpeg import Jpeg, count_bits_with_own_tables
from semcom_lib.draws import write_draws
from semcom_lib.metrics.lpips import feature_distance, lpips_squeeze
from semcom_lib.progress import Progress
from semcom_lib.sources.images import load_images, to_tensor, to_uint8

torch.use_deterministic_algorithms(True)
torch.utils.deterministic.fill_uninitialized_memory = False
folder, checkpoints = paths.DATA / "aesc_i" / images, paths.CHECKPOINTS / "aesc_i"
train_images, _ = load_images(folder, "train")
test_images, test_labels = load_images(folder, "test")
validation = load_images(folder, "validation", validation_images)
shape = test_images.shape[1:]
judges = {
    "recognition_ratio": classifiers.load_classifier(checkpoints / f"judge_{images}.pt"),
    "recognition_ratio_m": classifiers.load_classifier(checkpoints / f"classifier_{images}.pt"),
}
distances = {
    "lpips_squeeze": lpips_squeeze,
    "feature_distance": lambda: feature_distance(judges["recognition_ratio_m"]),
}
distance = distances[perceptual]()


def in_trials(array):
    """(n, ...) -> (trials, images_per_trial, ...); what is left over is left out."""
    trials = len(array) // images_per_trial
    return array[: trials * images_per_trial].reshape(trials, images_per_trial, *array.shape[1:])


order = seeds.numpy_generator(seed, "aesc_i", images, "compared").permutation(len(test_images))
clean, compared = (
    (in_trials(test_images[chosen]), in_trials(test_labels[chosen]))
    for chosen in (np.arange(clean_images), order[:compared_images])
)
sets = {"clean": clean, "compared": compared, "validation": tuple(map(in_trials, validation))}
scorers = {name: Scorer(judges, distance, *images_and_labels) for name, images_and_labels in sets.items()}
trials = {name: len(trial_images) for name, (trial_images, _) in sets.items()}
print(
    f"{images_per_trial} images a trial; trials of {', '.join(f'{name} {number}' for name, number in trials.items())}"
)


# %%
def arrived(system_of, session):
    """A session's images as they arrive, uint8: of a system that is made for it, so that no streams pile up."""
    system = system_of(session[None])
    return system.images(0, system.stream(0))


@torch.inference_mode()
def unquantised(model, session):
    """A session's images through the autoencoder, its numbers as they are."""
    return to_uint8(model(to_tensor(session)))


def measured(receive, name, at):
    """Every metric of what ``receive(session)`` makes of the sessions of a set, rows that begin with ``at``."""
    sessions, _ = sets[name]
    counted = []
    for number, session in enumerate(sessions):
        counted.append(scorers[name].counts(number, receive(session)))
        progress.update(next(trial))
    counts = {count: np.array([row[count] for row in counted]) for count in counted[0]}
    rows, draws = evaluation.summarise(
        counts, QUALITY, rng=seeds.numpy_generator(seed, "aesc_i", images, name, "bootstrap")
    )
    rows = rows.assign(images=sessions.shape[0] * sessions.shape[1], perceptual=perceptual)
    return evaluation.Swept(pd.DataFrame([at | row for row in rows.to_dict("records")]), draws)


def written(name, parts):
    """All parts' table, as it is written with its draws."""
    swept = evaluation.joined(parts)
    tables.write_table("aesc_i", f"{name}_{images}", swept.table)
    write_draws("aesc_i", f"{name}_{images}", swept.draws)
    return swept.table


# %% [markdown]
# ## The systems
# "pixels" is AESC-I's network of the highest ratio trained without the semantic loss: a learned codec of equal bits.
# %%
numbers = weight_bits, latent_bits
last = ratios[-1]
models = {ratio: load_autoencoder(checkpoints / images / f"z{z}.pt") for ratio, z in zip(ratios, z_dims, strict=True)}
by_gamma = {gamma: models[last]} | {
    other: load_autoencoder(checkpoints / f"{images}_gammas" / f"gamma{other:g}.pt")
    for other in gammas
    if other != gamma
}
learned = {("aesc", ratio): model for ratio, model in models.items()} | {("pixels", last): by_gamma[0.0]}
systems = {
    **{key: partial(AescI, model, *numbers) for key, model in learned.items()},
    **{
        ("jpeg", ratio): partial(JpegImages, Jpeg(quality, shape, subsampling))
        for ratio, quality in zip(ratios, qualities, strict=True)
    },
    ("direct", 1): DirectImages,
    **{(name, 0): partial(FixedImage, image) for name, image in floor_images(train_images).items()},
}
precisions = [(0, 0), (8, 8), (16, 8), (16, 16)]  # bits of a weight and of a latent, 0 for floats
times_measured = {
    "clean": len(systems),
    "compared": len(models) * len(precisions) + len(by_gamma) + len(learned) + len(quality_sweep),
    "validation": len(by_gamma),
}
progress = Progress(f"aesc_i quality {images}", sum(trials[name] * times for name, times in times_measured.items()))
trial = itertools.count(1)
print(f"a weight of {weight_bits} bits, a latent of {latent_bits}")
# %% [markdown]
# ## Without a channel
# All systems and floors, on all test images.
# %%
table = written(
    "no_channel",
    [
        measured(partial(arrived, system), "clean", {"system": name, "ratio": ratio})
        for (name, ratio), system in systems.items()
    ],
)
table.pivot(index="metric", columns=["system", "ratio"], values="value").round(3)
# %% [markdown]
# ## What quantisation loses
# Floats (0 bits) beside 8 and 16 bits; the paper has 8 and 8 for digits, 16 for the weights of pictures.
# %%
table = written(
    "precision",
    [
        measured(
            partial(arrived, partial(AescI, model, *bits)) if any(bits) else partial(unquantised, model),
            "compared",
            {"ratio": ratio, "weight_bits": bits[0], "latent_bits": bits[1]},
        )
        for ratio, model in models.items()
        for bits in precisions
    ],
)
table.pivot(index="metric", columns=["ratio", "weight_bits", "latent_bits"], values="value").round(4)
# %% [markdown]
# ## The weight of the semantic loss
# The highest ratio, trained with equal steps and batches; quantised as the system is. Which weight the systems should have is for
# the validation images to say, by what the judge recognises of them; the test images are for the second table.


# %%
def with_gammas(name):
    """What images of a set are worth that arrive from the networks of each gamma."""
    return [
        measured(partial(arrived, partial(AescI, by_gamma[value], *numbers)), name, {"gamma": value})
        for value in sorted(by_gamma)
    ]


on_validation = written("gammas_validation", with_gammas("validation"))
recognised = on_validation[on_validation.metric == "recognition_ratio"].set_index("gamma").value
print(f"best on validation: gamma = {recognised.idxmax():g}; the systems are trained with gamma = {gamma:g}")
on_validation.pivot(index="metric", columns="gamma", values="value").round(4)
# %%
table = written("gammas", with_gammas("compared"))
table.pivot(index="metric", columns="gamma", values="value").round(4)
# %% [markdown]
# ## Bits and quality
# JPEG along its qualities, AESC-I at its ratios. Each in two codes that give the same images: "fixed" is a fixed number of bits a
# latent and the standard's Huffman tables, "entropy" a Huffman code of each latent channel and tables of JPEG's own. Both are
# fitted to training images and known to the receiver, as JPEG's header is.
# %%
fitted_to = train_images[: min(clean_images, len(train_images))]
compared_flat = compared[0].reshape(-1, *shape)
parts = []
for (name, ratio), model in learned.items():
    rule = AescI(model, *numbers, compared[0][:1]).rule
    code = entropy.fitted(entropy.levels_of(model, in_trials(fitted_to), latent_bits), latent_bits)
    coded = entropy.image_bits(code, entropy.levels_of(model, compared[0], latent_bits))
    at = {
        "system": name,
        "setting": f"ratio {ratio}",
        "ratio": ratio,
        "quality": np.nan,
        "decoder_bits": rule.decoder_bits,
    }
    swept = measured(partial(arrived, systems[name, ratio]), "compared", at)
    parts += [
        swept.table.assign(code="fixed", bits=rule.image_bits),
        swept.table.assign(code="entropy", bits=coded.mean()),
    ]
for quality in quality_sweep:
    jpeg = Jpeg(quality, shape, subsampling)
    sizes = {
        "fixed": np.mean([jpeg.encode(image).size for image in compared_flat]),
        "entropy": count_bits_with_own_tables(jpeg, compared_flat, fitted_to=fitted_to).mean(),
    }
    at = {"system": "jpeg", "setting": f"quality {quality}", "ratio": np.nan, "quality": quality, "decoder_bits": 0}
    swept = measured(partial(arrived, partial(JpegImages, jpeg)), "compared", at)
    parts += [swept.table.assign(code=code, bits=size) for code, size in sizes.items()]
kept = ["system", "setting", "ratio", "quality", "code", "bits", "decoder_bits"]
quality_table = pd.concat(parts, ignore_index=True)
quality_table = quality_table[kept + [column for column in quality_table if column not in kept]].round({"bits": 2})
tables.write_table("aesc_i", f"quality_{images}", quality_table)
quality_table.pivot(index=["system", "setting", "code", "bits"], columns="metric", values="value").round(3)
# %% [markdown]
# ## JPEG's bits at equal quality
# `jpeg_bits` is what JPEG needs for the value that a system has, with the same kind of code; `reached` says whether it lies
# "within" the sweep, or JPEG is as good at its fewest bits ("cheapest") or at none ("never"). From `break_even` images on the
# decoder with all latents takes fewer bits.
# %%
pd.concat([tradeoffs.at_equal_quality(quality_table, metric) for metric in ("recognition_ratio", "perceptual")]).round(
    3
)
# %% [markdown]
# ## JPEG's colours
# The paper does not say how JPEG samples chroma: its compression ratio in bits at the paper's qualities, by subsampling, over all
# test images. Grey images have no chroma.
# %%
if images == "pictures":
    sampled = [
        {"subsampling": name, "quality": quality, "ratio": ratio, "bits": bits, "in_bits": 8 * np.prod(shape) / bits}
        for name in ("4:2:0", "4:2:2", "4:4:4")
        for ratio, quality in zip(ratios, qualities, strict=True)
        for bits in [np.mean([Jpeg(quality, shape, name).encode(image).size for image in test_images])]
    ]
    sampled = pd.DataFrame(sampled).round({"bits": 2, "in_bits": 4})
    tables.write_table("aesc_i", "jpeg_subsampling_pictures", sampled)
    print(sampled.pivot(index="subsampling", columns="ratio", values="in_bits").round(2).to_string())
