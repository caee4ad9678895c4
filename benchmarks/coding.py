"""Throughput of the channel codes and demappers beside a named peer in the same run, one JSON line each.

    python benchmarks/coding.py                 print
    python benchmarks/coding.py --record        also write benchmarks/coding.jsonl, which the coding report shows

Medians of several repetitions, ours and the peer in turn, with the same inputs and number of threads.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import galois
import numpy as np
import torch
from sionna.phy.fec.turbo import TurboDecoder, TurboEncoder
from sionna.phy.mapping import Constellation, Demapper

from semcom_lib import paths, seeds
from semcom_lib.coding.reed_solomon import ReedSolomon
from semcom_lib.coding.turbo import TurboCode
from semcom_lib.physical_layer import channels
from semcom_lib.physical_layer.modulation import Modulation

RECORD = Path(__file__).with_suffix(".jsonl")
REPETITIONS = 3
K = 512


def seconds(function: Callable[[], object]) -> float:
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def compare(
    name: str, ours: Callable[[], object], our_bits: int, peer: Callable[[], object], peer_bits: int, peer_name: str
) -> dict[str, object]:
    """Mbit/s of both, medians over repetitions taken in turn after a warm-up."""
    ours(), peer()
    times = [(seconds(ours), seconds(peer)) for _ in range(REPETITIONS)]
    our_rate = our_bits / statistics.median(t for t, _ in times) / 1e6
    peer_rate = peer_bits / statistics.median(t for _, t in times) / 1e6
    return {
        "name": name,
        "ours": round(our_rate, 4),
        "peer": round(peer_rate, 4),
        "ratio": round(our_rate / peer_rate, 2),
        "unit": "Mbit/s",
        "peer_name": peer_name,
    }


def turbo(algorithm: str, sionna_algorithm: str) -> dict[str, object]:
    """Rate 1/3, K = 512, 5 iterations, no early stop, LLRs at 1 dB Es/N0 of BPSK."""
    code = TurboCode(K, "1/3", algorithm, iterations=5, early_stop=False)
    encoder = TurboEncoder(rate=1 / 3, constraint_length=4, terminate=True, device="cpu")
    decoder = TurboDecoder(encoder, num_iter=5, algorithm=sionna_algorithm, hard_out=True, device="cpu")
    generator = seeds.torch_generator(1, "benchmark")
    blocks, peer_blocks = 2_000, 100
    bits = torch.randint(0, 2, (blocks, K), generator=generator, dtype=torch.uint8)
    coded = torch.from_numpy(code.encode(bits.numpy()))
    noise = torch.randn(coded.shape, generator=generator) * 0.8
    llr = (2 * coded - 1 + noise) * 2 / 0.64
    return compare(
        f"turbo 1/3 {algorithm}, K=512, 5 iterations",
        lambda: code.decode(llr.numpy()),
        blocks * K,
        lambda: decoder(llr[:peer_blocks]),
        peer_blocks * K,
        f"sionna TurboDecoder ({sionna_algorithm})",
    )


def reed_solomon() -> dict[str, object]:
    ours, peer = ReedSolomon(7, 5, 3), galois.ReedSolomon(7, 5)
    rng = seeds.numpy_generator(1, "benchmark")
    blocks, peer_blocks = 200_000, 20_000
    received = rng.integers(0, 2, (blocks, ours.n), dtype=np.uint8)
    llr = (2.0 * received - 1.0).astype(np.float32)
    symbols = peer.field(rng.integers(0, 8, (peer_blocks, 7)))
    return compare(
        "RS(7,5) decoding",
        lambda: ours.decode(llr),
        blocks * 15,
        lambda: peer.decode(symbols),
        peer_blocks * 15,
        "galois",
    )


def demapper(method: str, sionna_method: str) -> dict[str, object]:
    modulation = Modulation("64qam")
    peer = Demapper(sionna_method, constellation=Constellation("qam", 6, device="cpu"), device="cpu")
    generator = seeds.torch_generator(1, "benchmark")
    y = channels.complex_normal(1, 200_000, generator=generator)
    few = y[:, :20_000]
    return compare(
        f"64-QAM LLRs, {method}",
        lambda: modulation.llr(y, 0.1, method=method),
        y.numel() * 6,
        lambda: peer(few, torch.tensor(0.1)),
        few.numel() * 6,
        f"sionna Demapper ({sionna_method})",
    )


def main(arguments: list[str]) -> None:
    torch.set_num_threads(2)
    lines = []
    cases = [
        lambda: turbo("log-map", "map"),
        lambda: turbo("max-log", "maxlog"),
        lambda: turbo("sova", "maxlog"),
        reed_solomon,
        lambda: demapper("exact", "app"),
        lambda: demapper("max-log", "maxlog"),
    ]
    for case in cases:
        lines.append(json.dumps(case()))
        print(lines[-1], flush=True)
    if "--record" in arguments:
        paths.write_text(RECORD, "\n".join(lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
