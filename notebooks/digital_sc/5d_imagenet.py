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
# # Digital-SC, Fig. 8: ImageNet
# **The paper claims**, of CIFAR-10 and ImageNet together, that the digital system "closely approaches the performance of analog
# semantic communication systems" (Sec. I); Fig. 8 has no number in the text.
#
# **We run** both on a network with ImageNet weights, of which the server learns, in equal channel uses and with equal channels.
#
# **We add** HEVC intra with an ideal code at as many channel uses, and the floor.
#
# **We deviate**: the network and, on a laptop, the set are other ones (caption).
#
# **Read with care**: the network has seen almost all of the laptop's test images when it was pretrained.
# %% tags=["parameters"]
profile = "laptop"
partial = False
# %%
import matplotlib.pyplot as plt
import pandas as pd

from semcom_lib import figures
from semcom_lib.digital_sc import accuracy_report, reports
from semcom_lib.ledger import claims, layout, paired, seen
from semcom_lib.ledger.reference import load_reference
from semcom_lib.tables import read_table

names = load_reference("digital_sc").names
accuracy = paired.read("digital_sc", "imagenet")
uses, history = (read_table("digital_sc", name) for name in ("imagenet_uses", "training_imagenet"))
sets = read_table("digital_sc", "datasets_imagenet").set_index("split")
data = sets.caption.iloc[0]
where = uses.iloc[0]
network = f"EfficientNet-Lite0, split behind block {where.split}"
# %% [markdown]
# ## Channels and channel uses
# Complex symbols an image.
# %%
layout.Table(
    pd.DataFrame({"channels": uses.channels, "symbols": uses.channel_uses}).set_axis(
        pd.Index(uses.system.map(names.of("system")), name="system")
    )
)
# %%
seen.Sentences(
    f"The device computes {seen.percent(where.device_share)} of the network, which has {where.available} channels there."
)
# %% [markdown]
# ## Fig. 8: accuracy against SNR
# %%
caption = figures.caption(
    profile,
    data,
    network,
    f"{seen.percent(sets.seen.test)} of the test images seen in pretraining",
    f"{accuracy.table.trials.iloc[0]:,} test images a point, 95 % bands",
    "channel uses: see the table",
)
figure = reports.against_snr(
    accuracy.table,
    accuracy_report.IMAGENET_SYSTEMS,
    names,
    bound=accuracy_report.BOUND,
    lines=accuracy_report.LINES,
    caption=caption,
)
figures.save(figure, "digital_sc", "digital_sc_fig08_accuracy_imagenet")
plt.show()
# %%
accuracy_report.imagenet_seen(accuracy, names)
# %%
layout.estimates(accuracy.table, rows=["snr_db"], columns="system", names=names)
# %%
claims.show("digital_sc", exhibit="fig08", partial=partial)
# %% [markdown]
# ## The trainings
# Accuracy on validation images over the training's channel.
# %%
of_splits = history[history.training != "head"]
figure = reports.training_figure(
    of_splits, ["sparse", "server"], names, caption=figures.caption(profile, data, network)
)
figures.save(figure, "digital_sc", "digital_sc_training_imagenet")
plt.show()
# %%
reports.training_seen(of_splits, names)
