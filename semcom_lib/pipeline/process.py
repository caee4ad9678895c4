"""What a command sets up before anything else, so that it ends as its caller expects."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator


def set_up() -> None:
    """Take a request to end for an interrupt, and have input, output and errors open, if only to nowhere."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # not under nohup
            signal.signal(number, _interrupt)
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # closed by the caller: the next file that is opened would take its place
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
            os.set_inheritable(number, True)
    sys.stdin = sys.stdin or os.fdopen(0, closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)


@contextlib.contextmanager
def heeding_interrupts() -> Iterator[None]:
    """Children begun here end at an interrupt: in the background of a shell script it is ignored, and that is inherited."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
