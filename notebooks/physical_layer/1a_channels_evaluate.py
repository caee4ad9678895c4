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
# # The physical layer: measuring the channels
# Monte Carlo for the channels that all five papers share (`semcom_lib/physical_layer/channels.py`): amplitudes of the fading
# gains, outage, and the uncoded bit error rate of every constellation. The report `1b_channels` draws the closed forms over them.
# %% tags=["parameters"]
seed = 2026
k_factor = 2.0
num_gains = 400000
outage_rates = [1.0, 2.0, 4.0]
outage_snrs_db = [0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0]
modulations = ["bpsk", "qpsk", "16qam", "64qam", "256qam"]
snrs_db = [0.0, 4.0, 8.0, 12.0, 16.0, 20.0, 24.0, 28.0]
num_rows = 1000
bits_per_row = 960
# %%
import numpy as np
import pandas as pd
import torch

from semcom_lib import evaluation, seeds, tables
from semcom_lib.physical_layer import channels
from semcom_lib.physical_layer.fading import Awgn, Rayleigh, transmit
from semcom_lib.physical_layer.modulation import Modulation

# %% [markdown]
# ## Fading gains
# The density of |h|, and the mean power, which must be 1.
# %%
generator = seeds.torch_generator(seed, "physical_layer", "gains")
gains = {
    "rayleigh": channels.rayleigh_gain(num_gains, generator=generator)[:, 0],
    "rician": channels.rician_gain(num_gains, k_factor=k_factor, generator=generator)[:, 0],
}
edges = np.linspace(0.0, 3.0, 31)
density = []
for name, h in gains.items():
    counts, _ = np.histogram(h.abs().numpy(), bins=edges)
    centres = (edges[:-1] + edges[1:]) / 2
    share = counts / num_gains
    half = 1.96 * np.sqrt(share * (1 - share) / num_gains)
    width = edges[1] - edges[0]
    density.append(
        pd.DataFrame(
            {
                "fading": name,
                "k_factor": {"rayleigh": 0.0, "rician": k_factor}[name],
                "amplitude": centres.round(6),
                "density": share / width,
                "low": (share - half) / width,
                "high": (share + half) / width,
                "trials": num_gains,
            }
        )
    )
tables.write_table("physical_layer", "fading", pd.concat(density, ignore_index=True))
pd.Series({name: float(h.abs().square().mean()) for name, h in gains.items()}, name="E|h|²").round(4)


# %% [markdown]
# ## Outage
# How often log2(1 + |h|² SNR) is below the rate.
# %%
def outage(h, rate):
    """One gain a trial: whether it carries less than ``rate`` bits a symbol."""

    def system(snr_db, generator):
        information = torch.log2(1 + h.abs().square() / channels.snr_to_n0(snr_db))
        below = (information < rate).numpy().astype(np.int64)
        return {"outages": below, "gains": np.ones_like(below)}

    return system


few = {name: h[:4_000] for name, h in gains.items()}
measured = evaluation.sweep(
    {f"{name} {rate:g}": outage(h, rate) for name, h in few.items() for rate in outage_rates},
    outage_snrs_db,
    {"outage": evaluation.ratio("outages", "gains")},
    seed=seed,
    stage="physical_layer outage",
).table
tables.write_table("physical_layer", "outage", measured)


# %% [markdown]
# ## Uncoded bit error rate
# Over Rayleigh fading every symbol meets its own gain here, and the receiver knows it.
# %%
def uncoded(modulation, law):
    """One row of bits a trial, decided symbol by symbol."""

    def system(snr_db, generator):
        bits = torch.randint(0, 2, (num_rows, bits_per_row), generator=generator, dtype=torch.uint8)
        x = modulation.modulate(bits)  # (num_rows, num_symbols)
        num_symbols = torch.full((num_rows,), x.shape[1])
        received = transmit(x.flatten(), num_symbols, law, channels.snr_to_n0(snr_db), generator=generator)
        errors = (modulation.hard(received.x_hat.view_as(x)) != bits).sum(dim=1).numpy()
        return {"errors": errors, "bits": np.full_like(errors, bits_per_row)}

    return system


measured = evaluation.sweep(
    {
        f"{name} {channel}": uncoded(Modulation(name), law)
        for name in modulations
        for channel, law in {"awgn": Awgn(), "rayleigh": Rayleigh(block_length=1)}.items()
    },
    snrs_db,
    {"ber": evaluation.ratio("errors", "bits")},
    seed=seed,
    stage="physical_layer uncoded",
).table
tables.write_table("physical_layer", "uncoded", measured)
