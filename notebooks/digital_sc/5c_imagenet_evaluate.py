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
# # Digital-SC: evaluation on ImageNet
# Monte Carlo for Fig. 8: the same test images over the same flips, or the same noise, through the digital system, analog ones, and
# HEVC intra with an ideal code at the digital system's channel uses, which the paper has in Fig. 7 alone.
# %% tags=["parameters"]
seed = 2026
snrs_db = [0.0, 3.0, 6.0, 9.0, 12.0]
test_images = 500
# %%
import torch

from semcom_lib import draws, evaluation, paths, tables
from semcom_lib.digital_sc import recognition, systems
from semcom_lib.digital_sc.chains import pictures_within
from semcom_lib.digital_sc.efficientnet import features_of, load_efficientnet, load_server
from semcom_lib.physical_layer.theory import capacity_awgn
from semcom_lib.sources.images import load_images

torch.use_deterministic_algorithms(True)
torch.utils.deterministic.fill_uninitialized_memory = False  # a sixth of the time, for what is written anyway
folder = paths.DATA / "digital_sc_imagenet"
images, labels = load_images(folder, "test", test_images)
_, train_labels = load_images(folder, "train")
ideal, split = load_server("imagenet/ideal")
num_labels = 1 + int(train_labels.max())
network = load_efficientnet(range(num_labels), images.shape[1])
features = torch.from_numpy(features_of(network, split, images))
models = {name: load_server(f"imagenet/{name}")[0] for name in ("proposed", "analog", "analog_channels")}
# %% [markdown]
# ## The pictures that an ideal code carries
# %%
budgets = [models["proposed"].channel_uses * float(capacity_awgn(snr_db)) for snr_db in snrs_db]
pictures = pictures_within(images, budgets)
kept = {
    snr_db: torch.from_numpy(features_of(network, split, of_budget))
    for snr_db, of_budget in zip(snrs_db, pictures, strict=True)
}
{f"{snr_db:g} dB": f"{budget:,.0f} bits an image" for snr_db, budget in zip(snrs_db, budgets, strict=True)}
# %% [markdown]
# ## Fig. 8: accuracy against SNR
# %%
recognisers = {
    "proposed": systems.over_snr(systems.Learned(models["proposed"])),
    "analog": systems.Learned(models["analog"]),
    "analog_channels": systems.Learned(models["analog_channels"]),
    "no_channel": recognition.Ideal(ideal.network),
    "floor": recognition.Guessing.most_frequent(train_labels),
}


def counted(recogniser, features_at):
    """The system of a recogniser that gets the features ``features_at`` an SNR."""

    def run(snr_db, generator):
        with torch.inference_mode():
            guessed = recogniser.recognise(features_at(snr_db), snr_db, generator=generator)
        return recognition.count_right(guessed.numpy(), labels, num_labels)

    return run


named = {name: counted(recogniser, lambda snr_db: features) for name, recogniser in recognisers.items()}
named["bpg_capacity"] = counted(recognition.Ideal(ideal.network), kept.get)
table, of_rows = evaluation.sweep(
    named, snrs_db, {"accuracy": recognition.accuracy}, seed=seed, stage="digital_sc imagenet"
)
tables.write_table("digital_sc", "imagenet", table)
draws.write_draws("digital_sc", "imagenet", of_rows)
table.pivot(index="system", columns="snr_db", values="value").round(4)
