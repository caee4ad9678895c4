"""How far a run of the whole pipeline is: "stage 7 of 34, about 3 min left" above the lines with which DVC begins a stage."""

import contextlib
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from semcom_lib.pipeline import durations

BEGINS = re.compile(r"Running stage '([\w-]+)'")
SKIPPED = re.compile(r"Stage '([\w-]+)' (?:didn't change|is cached)")
PATIENCE = 5.0  # seconds for the last lines, should a process that was left over hold the pipe


class Overall:
    """Reads DVC's lines in turn; ``last`` are the seconds that stages took before, by name, ``jobs`` of them at a time."""

    def __init__(
        self,
        names: Sequence[str],
        last: Mapping[str, float],
        jobs: int = 1,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.waiting = dict.fromkeys(names)
        self.total, self.last, self.jobs, self.clock = len(names), last, jobs, clock
        self.began: float | None = None
        self.took: list[float] = []

    def heading(self, line: str) -> str | None:
        """What to say before ``line``: how far the run is, if a stage begins there."""
        skipped = SKIPPED.match(line)
        begins = BEGINS.match(line)
        if not (skipped or begins):
            return None
        if self.began is not None:
            self.took.append(self.clock() - self.began)
        self.began = self.clock() if begins else None
        name = (skipped or begins)[1]
        left = self._left()
        self.waiting.pop(name, None)
        if not begins:
            return None
        return f"stage {self.total - len(self.waiting)} of {self.total}" + (f", about {left} left" if left else "")

    def _left(self) -> str:
        """How long those that wait may take: as they last did, others as it took in this run from one to the next."""
        mean = sum(self.took) / len(self.took) if self.took else None
        seconds = [self.last[name] / self.jobs if name in self.last else mean for name in self.waiting]
        return "" if None in seconds else durations.in_words(sum(seconds))


@contextlib.contextmanager
def forwarded(names: Sequence[str], last: Mapping[str, float], jobs: int = 1) -> Iterator[int]:
    """A pipe for DVC's output, whose lines go to standard output, each stage's first below how far the run is."""
    overall = Overall(names, last, jobs)
    end, pipe = os.pipe()

    def forward() -> None:
        # Whoever read them may leave, as `head` does; then DVC finds the pipe closed and ends, too.
        with open(end, encoding="utf-8", errors="replace") as lines, contextlib.suppress(BrokenPipeError):
            for line in lines:
                if (heading := overall.heading(line)) is not None:
                    print(heading)
                print(line, end="", flush=True)

    reader = threading.Thread(target=forward, daemon=True)
    reader.start()
    try:
        yield pipe
    finally:
        os.close(pipe)
        reader.join(PATIENCE)
        sys.stdout.flush()
