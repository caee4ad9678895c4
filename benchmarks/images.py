"""Images a second in training AESC-I on pictures, beside two other ways to write its network, one JSON line each.

All have Table II's layers and equal weights. One peer keeps torch's default memory format; the other writes the transposed
convolution 15 -> 32, the slowest layer, as four convolutions of 2 x 2 weights and a pixel shuffle. They take Adam steps on equal
batches; medians of steps taken in turn.
"""

import copy
import json
import statistics
import time

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semcom_lib.aesc_i.linear_start import linear_start
from semcom_lib.sources.embedded_images import textures
from semcom_lib.sources.images import to_tensor

Z_DIMS, IMAGES_PER_BATCH, STEPS = 8, 8, 25
SLOWEST = 6  # of the decoder's layers: 15 -> 32


class FourPhases(nn.Module):
    """A transposed convolution of 4 x 4 weights at a stride of 2: each phase of its output is a convolution of 2 x 2 of them."""

    def __init__(self, layer: nn.ConvTranspose2d):
        super().__init__()
        inputs, outputs = layer.weight.shape[:2]
        taps = layer.weight.detach().view(inputs, outputs, 2, 2, 2, 2)  # of rows: tap, phase; of columns: tap, phase
        taps = taps.flip(2, 4).permute(1, 3, 5, 0, 2, 4).reshape(4 * outputs, inputs, 2, 2)
        self.weight = nn.Parameter(taps.contiguous(memory_format=torch.channels_last))
        self.bias = nn.Parameter(layer.bias.detach().repeat_interleave(4))

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, H, W) -> (n, outputs, 2 H + 2, 2 W + 2)."""
        return F.pixel_shuffle(F.conv2d(x, self.weight, self.bias, padding=1), 2)


def main() -> None:
    torch.set_num_threads(2)
    images = to_tensor(textures(IMAGES_PER_BATCH, 1, "train")[0])
    ours = linear_start(Z_DIMS, seed=1)
    default = copy.deepcopy(ours).to(memory_format=torch.contiguous_format)
    phases = copy.deepcopy(ours)
    phases.decoder[SLOWEST] = FourPhases(ours.decoder[SLOWEST])
    peers = {
        "torch's default memory format": default,
        "its slowest layer as four 2 x 2 convolutions and a pixel shuffle": phases,
    }
    with torch.inference_mode():
        for peer in peers.values():
            torch.testing.assert_close(peer(images), ours(images))
    optimizers = {model: torch.optim.Adam(model.parameters(), lr=3e-4) for model in (ours, *peers.values())}
    rates: dict[nn.Module, list[float]] = {model: [] for model in optimizers}
    for step in range(STEPS + 3):
        for model, optimizer in optimizers.items():
            began = time.perf_counter()
            value = model.pixel_loss(images, model(images))
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            if step >= 3:  # after the warm-up
                rates[model].append(IMAGES_PER_BATCH / (time.perf_counter() - began))
    fast = statistics.median(rates[ours])
    for name, peer in peers.items():
        plain = statistics.median(rates[peer])
        line = {"name": "AESC-I training, pictures", "ours": round(fast, 1), "peer": round(plain, 1)}
        print(json.dumps(line | {"ratio": round(fast / plain, 2), "unit": "images/s", "peer_name": name}))


if __name__ == "__main__":
    main()
