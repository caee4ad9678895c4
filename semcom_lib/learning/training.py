"""The only training loop: Lightning Fabric, any model, any loss, resumable after a kill."""

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from semcom_lib.learning.checkpoints import fingerprint, load_checkpoint, save_checkpoint
from semcom_lib.progress import Progress, say

EXPERIMENT = "SEMCOM_EXPERIMENT"  # the variable in which semcom_lib.run says what else decides a training

Identity = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """How long and how fast to train.

    ``schedule``: "linear" rises over ``warmup_steps`` to ``learning_rate`` and falls linearly to zero at ``steps``;
    "noam" is width^-0.5 min(step^-0.5, step warmup_steps^-1.5) times ``learning_rate`` [l_deepsc Sec. IV] with
    ``width`` = 128. ``weight_decay`` is the L2 regularisation, ``clip_norm`` the bound on the gradient's norm.
    """

    steps: int
    learning_rate: float
    schedule: str = "linear"
    warmup_steps: int = 0
    weight_decay: float = 0.0
    clip_norm: float = 1.0
    betas: tuple[float, float] = (0.9, 0.98)
    epsilon: float = 1e-8
    width: int = 128
    validate_every: int = 500
    checkpoint_every: int = 100

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ValueError(f"steps = {self.steps} must be at least 1")
        if self.schedule not in ("linear", "noam"):
            raise ValueError(f"schedule = {self.schedule!r} is unknown; one of: linear, noam")

    def rate(self, step: int) -> float:
        """The learning rate of step 1, 2, ..., steps."""
        if self.schedule == "noam":
            return self.learning_rate * self.width**-0.5 * min(step**-0.5, step * max(1, self.warmup_steps) ** -1.5)
        if step <= self.warmup_steps:
            return self.learning_rate * step / self.warmup_steps
        return self.learning_rate * (self.steps - step + 1) / max(1, self.steps - self.warmup_steps)


def train(
    model: nn.Module,
    loss: Callable[[nn.Module, int], Tensor],
    plan: Plan,
    *,
    validate: Callable[[nn.Module], Mapping[str, float]],
    resume: Path,
    stage: str,
    epoch_steps: int | None = None,
    accelerator: str = "cpu",
    precision: str = "32-true",
) -> list[dict[str, float]]:
    """Train ``model`` in place and leave it with the weights that validated best.

    ``loss(model, step)`` draws step's batch and noise from generators derived from the step, so that a resumed run is
    the same run. ``validate(model)`` measures the model in evaluation mode and returns numbers by name, of which
    ``validation_loss``, the loss on held-out data, chooses the weights that are kept. Both get the model that Fabric has set
    up for ``accelerator`` and ``precision``; its ``device`` is where inputs must be.

    The state is kept in ``resume`` every ``checkpoint_every`` steps and taken up from there by the same training: same plan, same
    first weights, and under the runner the same notebook, parameters, library and data (its fingerprint is in EXPERIMENT). A
    file of another one, or a damaged one, is set aside with a line that says so. Where the variable is not set nothing
    vouches for code and data, and a training starts anew. The file is removed at the end.

    Returns one row for every validation: step, train_loss (the mean since the last), and what ``validate`` returned.
    Raises FloatingPointError when the loss is no longer finite.
    """
    from lightning_fabric import Fabric  # a second that stages which only load a checkpoint do without

    fabric = Fabric(accelerator=accelerator, devices=1, precision=precision)
    optimizer = torch.optim.Adam(
        model.parameters(), lr=plan.learning_rate, betas=plan.betas, eps=plan.epsilon, weight_decay=plan.weight_decay
    )
    model, optimizer = fabric.setup(model, optimizer)
    if hasattr(model.module, "loss"):
        model.mark_forward_method("loss")
    identity = _identity(plan, model.module)
    run = _Run.resume_or_start(resume, identity, model.module, optimizer)
    progress = Progress(stage, plan.steps, run.step)
    model.train()
    while run.step < plan.steps:
        step = run.step + 1
        for group in optimizer.param_groups:
            group["lr"] = plan.rate(step)
        optimizer.zero_grad()
        value = loss(model, step)
        run.took(step, float(value.detach()))
        fabric.backward(value)
        fabric.clip_gradients(model, optimizer, max_norm=plan.clip_norm)
        optimizer.step()
        epoch = {} if epoch_steps is None else {"epoch": 1 + (step - 1) // epoch_steps}
        progress.update(step, **epoch, loss=run.recent_loss)
        if step % plan.validate_every == 0 or step == plan.steps:
            model.eval()
            with torch.no_grad():
                run.validated(validate(model), model.module)
            model.train()
        if step % plan.checkpoint_every == 0:
            run.save(resume, identity, model.module, optimizer)
    model.module.load_state_dict(run.best)
    model.eval()
    resume.unlink(missing_ok=True)
    return run.history


class _Run:
    """What a training run must remember to go on after a kill."""

    def __init__(self) -> None:
        self.step = 0
        self.losses: list[float] = []  # since the last validation
        self.history: list[dict[str, float]] = []
        self.best: dict[str, Tensor] = {}
        self.best_loss = math.inf

    @property
    def recent_loss(self) -> float:
        recent = self.losses[-50:]
        return sum(recent) / max(1, len(recent))

    def took(self, step: int, value: float) -> None:
        if not math.isfinite(value):
            raise FloatingPointError(f"the training loss is {value} at step {step}; lower learning_rate or clip_norm")
        self.step = step
        self.losses.append(value)

    def validated(self, measured: Mapping[str, float], model: nn.Module) -> None:
        self.history.append({"step": self.step, "train_loss": sum(self.losses) / len(self.losses), **measured})
        self.losses = []
        if measured["validation_loss"] < self.best_loss:
            self.best_loss = measured["validation_loss"]
            self.best = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}

    def save(self, path: Path, identity: Identity, model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        kept = {"run": vars(self), "model": model.state_dict(), "optimizer": optimizer.state_dict()}
        save_checkpoint(path, {"identity": identity, **kept})

    @classmethod
    def resume_or_start(
        cls, path: Path, identity: Identity, model: nn.Module, optimizer: torch.optim.Optimizer
    ) -> "_Run":
        run = cls()
        if identity["experiment"] is None or not path.is_file():
            return run
        try:
            saved = load_checkpoint(path, "identity", "run", "model", "optimizer")
        except ValueError as error:
            _set_aside(path, str(error).partition(";")[0])
            return run
        if saved["identity"] != identity:
            differing = ", ".join(key for key, value in identity.items() if saved["identity"].get(key) != value)
            _set_aside(path, f"{path} is of another training ({differing} differ)")
            return run
        vars(run).update(saved["run"])
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        return run


def _identity(plan: Plan, model: nn.Module) -> Identity:
    """What decides a training: the plan, the first weights, and the runner's fingerprint of all else."""
    return {
        "plan": asdict(plan),
        "first weights": fingerprint(model.state_dict()),
        "experiment": os.environ.get(EXPERIMENT),
    }


def _set_aside(path: Path, why: str) -> None:
    """Keep a resume file that must not be used under another name, and say so."""
    aside = path.with_suffix(f"{path.suffix}.aside")
    path.replace(aside)
    say(f"{why}: set aside as {aside.name}, the training starts anew")
