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
# # Digital-SC: what the paper's own numbers give
# Without images and without a training: the soft targets of Table I, how far the soft quantiser of Fig. 5 is off the ideal one,
# and what each split of the paper's ResNet-56 asks of the device and of the channel. The notebook of the system shows them.
# %% tags=["parameters"]
seed = 2026
# %%
import pandas as pd

from semcom_lib import seeds, tables
from semcom_lib.digital_sc.algorithm import equal_channels, splits_frame
from semcom_lib.digital_sc.bottleneck import DigitalBlock
from semcom_lib.digital_sc.computed import LEVELS, SHARPNESS, quantiser_error, soft_targets_frame
from semcom_lib.digital_sc.network import SplitResNet
from semcom_lib.digital_sc.split import SplitClassifier
from semcom_lib.ledger.reference import load_reference

paper = {key: value.value for key, value in load_reference("digital_sc").values.items()}
# %% [markdown]
# ## Table I
# Of the paper's five outputs of the ideal network. The limits 0 and infinity stand for T = 0.01 and a million.
# %%
logits = {key.removeprefix("logit_"): value for key, value in paper.items() if key.startswith("logit_")}
targets = soft_targets_frame(logits)
tables.write_table("digital_sc", "soft_targets", targets)
targets.pivot(index="temperature", columns="class", values="value").round(4)
# %% [markdown]
# ## The soft quantiser
# The mean error between the first and the last level.
# %%
errors = pd.DataFrame(
    [{"temperature": temperature, "value": quantiser_error(LEVELS, temperature)} for temperature in SHARPNESS]
)
tables.write_table("digital_sc", "quantiser_errors", errors)
errors.round(4)
# %% [markdown]
# ## What each split asks for
# Of the paper's network, with as many features as 13 channels behind block 9 have, or a few less.
# %%
split, z, bits = int(paper["split"]), int(paper["pruned_channels"]), int(paper["bits"])
with seeds.initialising(seed, "digital_sc", "computation"):
    network = SplitResNet((int(paper["depth"]) - 2) // 9).eval()
asked = []
for point in range(3, network.num_blocks + 1, 3):
    block = DigitalBlock(network.feature_shape(point)[0], bits)
    block.pruning.prune(equal_channels(network, point, split, z))
    asked.append(SplitClassifier(network, point, block))
asked = splits_frame(asked)
tables.write_table("digital_sc", "paper_splits", asked)
asked.round(3)
