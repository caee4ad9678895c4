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
# # Digital-SC: evaluation of the parts
# Monte Carlo for Table III, for quantisers and labels, and for the plane of bits and channels: the same test images over the same
# flips, or the same noise, for all systems.
#
# | case of Table III | channel | channels | loss |
# |---|---|---|---|
# | 1 | none | all | cross-entropy |
# | 2 | analog | all | cross-entropy |
# | 3 | analog | all | SLL |
# | 4 | analog | pruned | cross-entropy |
# | 5 | analog | pruned | SLL |
# | 6 | 2 bits | pruned | cross-entropy |
# | 7 | 2 bits | pruned | SLL |
#
# An analog system meets AWGN at the SNR at which uncoded QPSK has the BER. Cases 2 to 7 had equal steps; case 1 is the ideal
# network, or that trained on by as many steps, which of the two validation prefers.
# %% tags=["parameters"]
seed = 2026
split = 3
bits = [1, 2, 3, 4]
num_channels = [6, 13, 26]
compared_bits = 2
compared_channels = 13
bit_error_rate = 0.01
error_rates = [1e-05, 0.0001, 0.001, 0.01, 0.03, 0.1]
test_images = 10000
rate_images = 5000
quantised_images = 1000
# %%
import pandas as pd
import torch

from semcom_lib import draws, evaluation, paths, tables
from semcom_lib.digital_sc import recognition, systems
from semcom_lib.digital_sc.ideal import load_network
from semcom_lib.digital_sc.quantiser import BitLabels
from semcom_lib.digital_sc.trained import load_split
from semcom_lib.sources.images import load_images, to_tensor

torch.use_deterministic_algorithms(True)
torch.utils.deterministic.fill_uninitialized_memory = False  # a sixth of the time, for what is written anyway
folder = paths.DATA / "digital_sc"
images, labels = load_images(folder, "test", test_images)
_, train_labels = load_images(folder, "train")
of_network = (
    tables.read_table("digital_sc", "training_network").groupby("training").validation_loss.min()[["ideal", "tuned"]]
)
network = load_network(of_network.idxmin())
num_labels = network.num_classes


def swept(recognisers, points, keys, name, count):
    """The accuracy of ``recognisers`` by key on the first ``count`` images at BERs, written with its bootstrap draws."""
    table, of_rows = evaluation.sweep(
        {
            key: recognition.counted(recogniser, images[:count], labels[:count], num_labels)
            for key, recogniser in recognisers.items()
        },
        points,
        {"accuracy": recognition.accuracy},
        along="ber",
        keys=keys,
        seed=seed,
        stage=f"digital_sc {name}",
    )
    tables.write_table("digital_sc", name, table)
    draws.write_draws("digital_sc", name, of_rows)
    return table


# %% [markdown]
# ## Table III
# %%
analog = {2: "cross_entropy_whole", 3: "soft_whole", 4: "cross_entropy_pruned", 5: "soft_pruned"}
digital = {6: "cross_entropy", 7: f"split_{split}"}
models = {case: load_split(f"analog/{name}") for case, name in analog.items()}
models |= {case: load_split(f"splits/{name}") for case, name in digital.items()}
cases = {1: recognition.Ideal(network)}
cases |= {case: systems.over_ber(systems.Learned(models[case])) for case in analog}
cases |= {case: systems.Learned(models[case]) for case in digital}
cases[0] = recognition.Guessing.most_frequent(train_labels)
ablation = swept(dict(sorted(cases.items())), [bit_error_rate], ("case",), "ablation", test_images)
ablation.round(4)
# %% [markdown]
# ### Channels and channel uses of each case
# %%
costs = [
    {"case": case, "channels": model.block.pruning.num_kept, "channel_uses": model.channel_uses}
    for case, model in models.items()
]
costs = pd.DataFrame(costs).assign(split=split)
costs["share"] = costs.channels / network.feature_shape(split)[0]
tables.write_table("digital_sc", "ablation_costs", costs)
costs
# %% [markdown]
# ## Quantisers, labels, bits and channels
# `relabelled` is the system that was trained with natural labels, with Gray labels put in afterwards.
# %%
kinds = [("learned", "natural", q, z) for q in bits for z in num_channels]
kinds += [("even", "natural", q, compared_channels) for q in bits if q != compared_bits]
kinds += [("even", "natural", compared_bits, z) for z in num_channels]
kinds += [("range", "natural", compared_bits, compared_channels), ("learned", "gray", compared_bits, compared_channels)]
recognisers = {kind: systems.Learned(load_split("rates/" + "_".join(map(str, kind)))) for kind in kinds}
relabelled = load_split(f"rates/learned_natural_{compared_bits}_{compared_channels}")
relabelled.block.labels = BitLabels(compared_bits, "gray")
recognisers["learned", "relabelled", compared_bits, compared_channels] = systems.Learned(relabelled)
keys = ("quantiser", "labels", "bits", "num_channels")
rates = swept(recognisers, error_rates, keys, "rates", rate_images)
rates.pivot(index=list(keys), columns="ber", values="value").round(4)
# %% [markdown]
# ## What the quantisers do to the features
# The squared error of the hard levels over the features' energy, without a channel; features with their scaling, of the first test
# images.
# %%


def quantised(model):
    """The system that counts, for each image, the squared error of its levels and the energy of its features."""
    block = model.block

    @torch.inference_mode()
    def run(point, generator):
        error, energy = [], []
        for start in range(0, quantised_images, 500):
            x = to_tensor(images[start : min(start + 500, quantised_images)])
            sent = block.pruning(model.network.device(x, model.split))
            levels = block.quantiser.levels[block.quantiser.indices(sent)]
            error.append((levels - sent).square().sum(dim=(1, 2, 3)))
            energy.append(sent.square().sum(dim=(1, 2, 3)))
        return {"error": torch.cat(error).double().numpy(), "energy": torch.cat(energy).double().numpy()}

    return run


measured, of_rows = evaluation.sweep(
    {key: quantised(recogniser.model) for key, recogniser in recognisers.items() if key[1] == "natural"},
    [0.0],
    {"error": evaluation.ratio("error", "energy")},
    along="ber",
    keys=keys,
    seed=seed,
    stage="digital_sc quantisation",
)
tables.write_table("digital_sc", "quantisation", measured)
draws.write_draws("digital_sc", "quantisation", of_rows)
measured.round(4)
