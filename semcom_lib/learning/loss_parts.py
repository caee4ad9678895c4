"""The parts of a loss at every validation, beside the sum that the training loop keeps  [aesc_i Figs. 3, 9]."""

import json
from pathlib import Path

from semcom_lib import paths


class LossParts:
    """One row of numbers a validation, kept in ``file`` until the training is over.

    A resumed run repeats the validations behind its last checkpoint and writes the same rows again, so that killed and
    uninterrupted runs end with equal ones.
    """

    def __init__(self, file: Path):
        self._file = file
        self._rows: dict[str, dict[str, float]] = json.loads(file.read_text()) if file.is_file() else {}

    def record(self, step: int, **parts: float) -> None:
        """Keep the parts of the validation after ``step``."""
        self._rows[str(step)] = parts
        paths.write_text(self._file, json.dumps(self._rows))

    def finish(self, steps: list[int]) -> list[dict[str, float]]:
        """The rows {"step", *parts} of these steps, in their order; removes the file. Raises ValueError for a missing one."""
        if missing := [step for step in steps if str(step) not in self._rows]:
            raise ValueError(
                f"{self._file} has no parts for step {missing[0]}; remove the run's resume files and retrain"
            )
        self._file.unlink(missing_ok=True)
        return [{"step": step, **self._rows[str(step)]} for step in steps]
