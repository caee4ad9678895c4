"""Progress of long work, to the terminal and never into an executed notebook (which must stay byte-stable)."""

import os
import sys
import time

CHANNEL = "SEMCOM_PROGRESS"  # set by semcom_lib.run: the pipe that leads from the kernel to the terminal
_INTERVAL_S = 5.0


class Progress:
    """Reports ``done`` of ``total`` steps of a stage, with the time that is left, at most every five seconds."""

    def __init__(self, stage: str, total: int, start: int = 0):
        self.stage, self.total = stage, total
        self._start, self._began, self._reported = start, time.monotonic(), -_INTERVAL_S

    def update(self, done: int, **values: object) -> None:
        """Say where we are: ``update(step, epoch=1, loss=2.3)``. The last step is always reported."""
        now = time.monotonic()
        if now - self._reported < _INTERVAL_S and done < self.total:
            return
        self._reported = now
        elapsed = now - self._began
        eta = elapsed * (self.total - done) / max(1, done - self._start)
        shown = "".join(
            f"  {key} {value:.4g}" if isinstance(value, float) else f"  {key} {value}" for key, value in values.items()
        )
        say(f"{self.stage}  {done}/{self.total}{shown}  {elapsed:.0f} s  ETA {eta:.0f} s")


def say(line: str) -> None:
    """Write a line to the terminal, past the notebook that is being executed."""
    pipe = os.environ.get(CHANNEL)
    if pipe is None:
        sys.stderr.write(line + "\n")
        return
    with open(pipe, "a", encoding="utf-8") as file:
        file.write(line + "\n")
