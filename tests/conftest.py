"""One torch thread: the tests' models are so small that a second one costs more than it brings, much more on a busy machine."""

import torch

torch.set_num_threads(1)
