"""The first two steps of Algorithm 1 at one split point, from a copy of the ideal network  [digital_sc Sec. III-E].

    joint     step 1: all channels are sent                                       L_se              [eq. 25]
    sparse    step 2: from there the scaling vector becomes sparse                L_se + gamma L_c  [eq. 26]
    tuned     pruned to a number of channels, and trained on                      L_se

Differs from the paper: it prunes after step 2 and is done. Ours trains on, since with few steps the l1 norm does not bring the
channels that are cut to zero. A system that is not pruned takes as many steps, of the first loss throughout. Before each
validation, batch normalisation's statistics are taken anew: the moving averages of a short training lag behind its weights, by a
point of accuracy as a rule and by thirty at one bit a feature.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn

from semcom_lib import paths
from semcom_lib.arguments import check_integer
from semcom_lib.digital_sc.ideal import Labelled, TrainingImages, device_of
from semcom_lib.digital_sc.network import SplitNetwork
from semcom_lib.digital_sc.split import Block, SplitClassifier
from semcom_lib.digital_sc.task import SplitTask
from semcom_lib.learning import training
from semcom_lib.sources.images import ShuffledBatches, to_tensor

STARTED_WITH = 500  # images whose features place the levels, or the amplitude
COUNTED_BATCHES = 16  # of training images, from which batch normalisation takes its statistics


@dataclass(frozen=True)
class Steps:
    """How many steps each part of a split's training has."""

    joint: int
    sparse: int
    tuned: int


@dataclass(frozen=True)
class Settings:
    """What all trainings of a notebook share.

    ``ce_weight`` is lambda and ``soft_temperature`` T_se of eq. 17, ``sparsity_weight`` gamma of eq. 26; the rest is as in
    ``training.Plan`` and ``TrainingImages``.
    """

    ce_weight: float
    soft_temperature: float
    sparsity_weight: float
    learning_rate: float
    warmup_steps: int
    images_per_batch: int
    crop_margin: int
    flip: bool
    validate_every: int
    seed: int
    accelerator: str = "cpu"


@dataclass(frozen=True, eq=False)
class Trainer:
    """Trains splits of ``ideal``, which stays as it is; ``histories`` are the rows of all validations so far."""

    ideal: SplitNetwork
    train: Labelled
    validation: Labelled
    settings: Settings
    histories: list[pd.DataFrame] = field(default_factory=list)

    def cut(self, split: int, block: Block) -> SplitClassifier:
        """The ideal network's copy, cut behind block ``split``, its ``block`` fitted to features of training images."""
        model = SplitClassifier(copy.deepcopy(self.ideal), split, block)
        self.start(model)
        return model

    def start(self, model: SplitClassifier) -> None:
        """Fit the block of ``model`` to features of the first training images."""
        model.eval().start(to_tensor(self.train[0][:STARTED_WITH]))

    def run(
        self,
        model: SplitClassifier,
        name: str,
        step: str,
        steps: int,
        *,
        quality: float,
        with_soft_targets: bool = True,
        sparse: bool = False,
    ) -> SplitClassifier:
        """Train ``model`` in place, over a channel of this ``quality``, and return it in evaluation mode.

        ``name`` and ``step`` say which training it is, in its file to resume from and in the histories; batches, augmentation
        and noise are those of ``step``, the same for all systems. Without soft targets the loss is cross-entropy alone.
        """
        given = self.settings
        purpose = ("digital_sc", "split", step)
        images = TrainingImages(
            *self.train,
            ShuffledBatches(len(self.train[0]), given.images_per_batch, given.seed, *purpose),
            crop_margin=given.crop_margin,
            flip=given.flip,
            seed=given.seed,
            purpose=purpose,
        )
        task = SplitTask(
            images,
            self.validation,
            self.ideal if with_soft_targets else None,
            quality=quality,
            ce_weight=given.ce_weight if with_soft_targets else 1.0,
            soft_temperature=given.soft_temperature,
            sparsity_weight=given.sparsity_weight if sparse else 0.0,
            steps=steps,
        )
        history = training.train(
            model,
            task.loss,
            training.Plan(
                steps=steps,
                learning_rate=given.learning_rate,
                warmup_steps=given.warmup_steps,
                validate_every=given.validate_every,
            ),
            validate=lambda model: _validated(model, task),
            resume=paths.CHECKPOINTS / "resume" / f"digital_sc_{name}_{step}.pt",
            stage=f"digital_sc {name} {step}",
            accelerator=given.accelerator,
        )
        self.histories.append(pd.DataFrame(history).assign(system=name, training=step))
        return model.cpu()

    def algorithm_1(
        self, model: SplitClassifier, name: str, steps: Steps, num_channels: int, *, quality: float, soft: bool = True
    ) -> SplitClassifier:
        """All three trainings of a cut model; of its channels ``num_channels`` are left."""
        how = {"quality": quality, "with_soft_targets": soft}
        self.run(model, name, "joint", steps.joint, **how)
        self.run(model, name, "sparse", steps.sparse, sparse=True, **how)
        model.block.pruning.prune(num_channels)
        return self.run(model, name, "tuned", steps.tuned, **how)


def estimate_statistics(model: nn.Module, task: SplitTask, num_batches: int = COUNTED_BATCHES) -> None:
    """Give the batch normalisations of ``model`` the means and variances of training images, sent with hard levels.

    They are those of the task's first batches over a channel of its quality, each batch with equal weight, and always the same.
    Nothing else in the model changes. Raises ValueError for a model in training mode.
    """
    check_integer("num_batches", num_batches, 1)
    if model.training:
        raise ValueError("model is in training mode; it must be in evaluation mode, which it stays in")
    update_bn(range(1, num_batches + 1), _Sending(model, task))


class _Sending(nn.Module):
    """A step's number -> the logits of its images, sent as they are in use."""

    def __init__(self, model: nn.Module, task: SplitTask):
        super().__init__()
        self.model, self.task, self.training = model, task, False

    def train(self, mode: bool = True) -> "_Sending":
        """Of the model the batch normalisations alone: in training mode the range of eq. 8's quantiser would move, too."""
        self.training = mode
        for layer in self.model.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.train(mode)
        return self

    def forward(self, step: int) -> Tensor:
        train = self.task.train
        x, _ = train.at(step, device_of(self.model))
        return self.model(x, self.task.quality, generator=train.generator("statistics", step))


def _validated(model: nn.Module, task: SplitTask) -> dict[str, float]:
    estimate_statistics(model, task)
    return task.validate(model)


def with_block(model: SplitClassifier, block: Block, num_channels: int) -> SplitClassifier:
    """A copy of ``model`` with another ``block`` in the place of its own, which sends the ``num_channels`` of largest scaling.

    Its levels or amplitude are still to be started. Raises ValueError for a block of another number of channels, or a number of
    them outside 1..z.
    """
    other = SplitClassifier(copy.deepcopy(model.network), model.split, block)
    block.pruning.load_state_dict(model.block.pruning.state_dict())
    block.pruning.prune(num_channels)
    return other


def equal_channels(network: SplitNetwork, split: int, reference: int, num_channels: int) -> int:
    """Channels behind ``split`` that have as many features as ``num_channels`` behind ``reference``, or a few less; at least one.

    Raises ValueError for split points past the network, or fewer than one channel.
    """
    check_integer("num_channels", num_channels, 1)
    available, height, width = network.feature_shape(split)
    _, reference_height, reference_width = network.feature_shape(reference)
    return min(available, max(1, num_channels * reference_height * reference_width // (height * width)))


def splits_frame(models: Sequence[SplitClassifier]) -> pd.DataFrame:
    """What each digital split asks of the device and of the channel, a row a model  [digital_sc eqs. 4, 6].

    split, channels (z), height, width, num_channels (sent), bits and channel_uses of an image, device_flops, device_parameters,
    and device_share, of the whole network's FLOPs.
    """
    rows = []
    for model in models:
        network, split = model.network, model.split
        channels, height, width = network.feature_shape(split)
        flops = network.device_flops(split)
        rows.append(
            {
                "split": split,
                "channels": channels,
                "height": height,
                "width": width,
                "num_channels": model.block.pruning.num_kept,
                "bits": model.block.count_bits(height, width),
                "channel_uses": model.channel_uses,
                "device_flops": flops,
                "device_parameters": network.device_parameters(split),
                "device_share": flops / network.device_flops(network.num_blocks),
            }
        )
    return pd.DataFrame(rows)
