"""One run of the pipeline at a time in one folder."""

import contextlib
import fcntl
import os
import platform
import time
from collections.abc import Iterator
from pathlib import Path

from semcom_lib.pipeline.errors import PipelineError


@contextlib.contextmanager
def held(folder: Path) -> Iterator[int]:
    """Keep other runs out of ``folder`` while the body runs; the system frees it however a run ends.

    Yields the number of the open lock file: a process that inherits it keeps the lock should this one be killed. Raises
    PipelineError naming who is there already, or why ``folder`` cannot be written to.
    """
    file = folder / ".dvc" / "tmp" / "run.lock"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        opened = file.open("a+", encoding="utf-8")
    except OSError as error:
        raise PipelineError(f"{folder}: a run cannot write there ({error.strerror})") from None
    with opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            opened.seek(0)
            holder = opened.read().strip() or "a process that has just begun"
            raise PipelineError(f"{folder}: another run is at work there ({holder}); wait for it, or stop it") from None
        except OSError:  # a network file system without locks: what is left is that DVC guards each of its stages
            pass
        opened.truncate(0)
        opened.write(f"process {os.getpid()} on {platform.node()} since {time.strftime('%H:%M:%S')}\n")
        opened.flush()
        yield opened.fileno()
