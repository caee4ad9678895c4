"""Run time of a compressed transmitter beside the dense float32 one, one JSON line each  [l_deepsc Table III].

    python benchmarks/compression.py                 print
    python benchmarks/compression.py --record        also write benchmarks/compression.jsonl, which the compression report shows

Table I's transmitter encodes one sentence of 20 words at a time, as an IoT device does, on one thread. Its dense layers are dense
float32 (the peer), sparse float32 (SciPy's compressed sparse rows, random places), or 8-bit integers (torch's FBGEMM kernels).
"""

import copy
import json
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import scipy.sparse
import torch
from torch import Tensor, nn

from semcom_lib import seeds
from semcom_lib.compression.pruning import apply_masks
from semcom_lib.l_deepsc.transceiver import DeepSCSizes, Transmitter

RECORD = Path(__file__).with_suffix(".jsonl")
VOCABULARY, WORDS, REPETITIONS = 10_376, 20, 60
SPARSITIES = (0.6, 0.9, 0.99)


class SparseLinear(nn.Module):
    """A dense layer whose zero weights are neither stored nor multiplied."""

    def __init__(self, layer: nn.Linear):
        super().__init__()
        self.weight = scipy.sparse.csr_array(layer.weight.detach().numpy())
        self.bias = layer.bias.detach()

    def forward(self, x: Tensor) -> Tensor:
        rows = x.reshape(-1, x.shape[-1]).numpy()
        return torch.from_numpy((self.weight @ rows.T).T).reshape(*x.shape[:-1], -1) + self.bias


class Int8Linear(nn.Module):
    """A dense layer with int8 weights; its inputs are quantised as they come."""

    def __init__(self, layer: nn.Linear):
        super().__init__()
        weight, bias = layer.weight.detach(), layer.bias.detach()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch says that these kernels will move to another package
            levels = torch.quantize_per_tensor(weight, float(weight.abs().max()) / 127, 0, torch.qint8)
        self.packed = torch.ops.quantized.linear_prepack(levels, bias)

    def forward(self, x: Tensor) -> Tensor:
        return torch.ops.quantized.linear_dynamic(x, self.packed, True)


def with_layers(model: Transmitter, make: Callable[[nn.Linear], nn.Module]) -> Transmitter:
    """A copy of the model with every dense layer replaced."""
    model = copy.deepcopy(model)
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Linear):
                setattr(module, name, make(child))
    return model


def compare(name: str, ours: Transmitter, peer: Transmitter, ids: Tensor) -> dict[str, object]:
    """Milliseconds a sentence of both, medians over repetitions taken in turn after a warm-up."""
    times: dict[Transmitter, list[float]] = {ours: [], peer: []}
    with torch.inference_mode():
        for repetition in range(REPETITIONS + 5):
            for model, taken in times.items():
                began = time.perf_counter()
                model(ids)
                if repetition >= 5:
                    taken.append(1e3 * (time.perf_counter() - began))
    fast, dense = statistics.median(times[ours]), statistics.median(times[peer])
    line = {"name": name, "ours": round(fast, 3), "peer": round(dense, 3), "ratio": round(dense / fast, 2)}
    return line | {"unit": "ms a sentence", "peer_name": "dense float32"}


def main() -> None:
    torch.set_num_threads(1)
    with seeds.initialising(1, "benchmark", "compression"):
        dense = Transmitter(VOCABULARY, DeepSCSizes()).eval()
    ids = torch.randint(4, VOCABULARY, (1, WORDS), generator=seeds.torch_generator(1, "benchmark", "ids"))
    lines = []
    for sparsity in SPARSITIES:
        pruned = copy.deepcopy(dense)
        generator = seeds.torch_generator(1, "benchmark", "places", sparsity)
        apply_masks(
            pruned,
            {
                f"{name}.weight": torch.rand(layer.weight.shape, generator=generator) >= sparsity
                for name, layer in pruned.named_modules()
                if isinstance(layer, nn.Linear)
            },
        )
        lines.append(compare(f"transmitter, sparsity {sparsity:g}", with_layers(pruned, SparseLinear), pruned, ids))
    lines.append(compare("transmitter, int8", with_layers(dense, Int8Linear), dense, ids))
    text = "".join(json.dumps(line) + "\n" for line in lines)
    print(text, end="")
    if "--record" in sys.argv[1:]:
        RECORD.write_text(text)


if __name__ == "__main__":
    main()
