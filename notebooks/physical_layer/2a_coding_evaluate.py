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
# # The physical layer: measuring the channel codes
# Bit and block error rates of every code of the classical chains over AWGN with QPSK, from the same information bits and noise.
# The report `2b_coding` draws them against the capacity limits.
# %% tags=["parameters"]
seed = 2026
block_bits = 512
snrs_db = [
    -4.0,
    -3.5,
    -3.0,
    -2.5,
    -2.0,
    -1.5,
    -1.25,
    -1.0,
    -0.75,
    -0.5,
    -0.25,
    0.0,
    0.5,
    1.0,
    1.5,
    2.0,
    2.5,
    3.0,
    4.0,
    6.0,
    8.0,
    10.0,
]
num_blocks = 1000
iterations = 5
# %%
import torch

from semcom_lib import evaluation, tables
from semcom_lib.coding.bit_stream import BitStream
from semcom_lib.coding.ldpc import Ldpc5G
from semcom_lib.coding.reed_solomon import ReedSolomon
from semcom_lib.coding.turbo import TurboCode
from semcom_lib.physical_layer import channels
from semcom_lib.physical_layer.fading import Awgn
from semcom_lib.physical_layer.link import Link, Uncoded
from semcom_lib.physical_layer.modulation import Modulation

codes = {"uncoded": Uncoded(block_bits), "RS(7,5)": ReedSolomon(7, 5, 3)}
for rate in ("1/2", "1/3"):
    for algorithm in ("log-map", "max-log", "sova"):
        codes[f"turbo {rate} {algorithm}"] = TurboCode(block_bits, rate, algorithm, iterations)
codes["LDPC 1/2"] = Ldpc5G(block_bits, 2 * block_bits)


def system(code):
    """The same information bits for every code, ``block_bits`` a trial, in as many code blocks as they need."""
    link = Link(BitStream(), code, Modulation("qpsk"))

    def measure(snr_db, generator):
        bits = torch.randint(0, 2, (num_blocks, block_bits), generator=generator, dtype=torch.uint8).numpy()
        result = link.send(list(bits), Awgn(), channels.snr_to_n0(snr_db), generator=generator)
        return {
            "bit_errors": result.bit_errors,
            "bits": result.source_bits,
            "block_errors": result.block_errors,
            "blocks": result.num_blocks,
        }

    return measure


table = evaluation.sweep(
    {name: system(code) for name, code in codes.items()},
    snrs_db,
    {"ber": evaluation.ratio("bit_errors", "bits"), "bler": evaluation.ratio("block_errors", "blocks")},
    seed=seed,
    stage="physical_layer coding",
).table
table["code_rate"] = table.system.map({name: code.k / code.n for name, code in codes.items()}).round(6)
table["block_bits"] = table.system.map({name: code.k for name, code in codes.items()})
tables.write_table("physical_layer", "coding", table)
# %% [markdown]
# ## Rates
# As sent, with the turbo code's tail bits.
# %%
table.groupby("system", sort=False)[["code_rate", "block_bits"]].first().round(4)
