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
# # The physical layer: measuring the channel codes
# Bit and block error rates of every code of the classical chains over AWGN with QPSK, from the same information bits and noise.
# The report `coding` draws them against the capacity limits.
# %% tags=["parameters"]
seed = 2026
block_bits = 512
snrs_db = [-4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0]
num_blocks = 400
iterations = 5
# %%
import numpy as np
import torch

from semcom_lib import evaluation, paths
from semcom_lib.coding.ldpc import Ldpc5G
from semcom_lib.coding.reed_solomon import ReedSolomon
from semcom_lib.coding.turbo import TurboCode
from semcom_lib.physical_layer import channels
from semcom_lib.physical_layer.modulation import Modulation

qpsk = Modulation("qpsk")
codes = {"uncoded": None, "RS(7,5)": ReedSolomon(7, 5, 3)}
for rate in ("1/2", "1/3"):
    for algorithm in ("log-map", "max-log", "sova"):
        codes[f"turbo {rate} {algorithm}"] = TurboCode(block_bits, rate, algorithm, iterations)
codes["LDPC 1/2"] = Ldpc5G(block_bits, 2 * block_bits)


def system(code):
    """Blocks through QPSK and AWGN: a row a block, its bit errors, its bits, whether it is wrong, one."""

    def measure(snr_db, generator):
        k = block_bits if code is None else code.k
        bits = torch.randint(0, 2, (num_blocks * block_bits // k, k), generator=generator, dtype=torch.uint8).numpy()
        coded = bits if code is None else code.encode(bits)
        padded = np.pad(coded, ((0, 0), (0, coded.shape[1] % 2)))
        n0 = channels.snr_to_n0(snr_db)
        y = channels.awgn(qpsk.modulate(padded), n0, generator=generator)
        llr = qpsk.llr(y, n0).numpy()[:, : coded.shape[1]]
        bits_hat = (llr > 0).astype(np.uint8) if code is None else code.decode(np.ascontiguousarray(llr))
        errors = (bits_hat != bits).sum(axis=1)
        return np.stack([errors, np.full_like(errors, k), errors > 0, np.ones_like(errors)], axis=1)

    return measure


table = evaluation.sweep(
    {name: system(code) for name, code in codes.items()},
    snrs_db,
    {"ber": lambda c: c[..., 0] / c[..., 1], "bler": lambda c: c[..., 2] / c[..., 3]},
    seed=seed,
    stage="physical_layer coding",
)
rates = {name: 1.0 if code is None else code.k / code.n for name, code in codes.items()}
blocks = {name: block_bits if code is None else code.k for name, code in codes.items()}
table["code_rate"] = table.system.map(rates).round(6)
table["block_bits"] = table.system.map(blocks)
with paths.replacing(paths.RESULTS / "physical_layer" / "coding.csv") as temporary:
    table.to_csv(temporary, index=False)
# %% [markdown]
# ## Rates
# As sent, with the turbo code's tail bits.
# %%
table.groupby("system", sort=False)[["code_rate", "block_bits"]].first().round(4)
