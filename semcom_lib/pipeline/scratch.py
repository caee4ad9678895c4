"""A folder of a command's own for as long as it runs: its sockets and temporary files lie there, never in the project."""

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from semcom_lib.pipeline.errors import PipelineError

PREFIX = "semcom-"
LONGEST_SOCKET = 103 if sys.platform == "darwin" else 107  # bytes of a path that the system binds a socket to
_LONGEST_NAME = len(f"/{PREFIX}12345678/kernel-12")


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A new folder, for this user only, whose path leaves room for the names of sockets; removed afterwards.

    It lies in TMPDIR if that is short enough and can be written to. Raises PipelineError where no such place is found.
    """
    place = _made()
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _made() -> Path:
    given = [os.environ.get(name, "") for name in ("TMPDIR", "TEMP", "TMP", "XDG_RUNTIME_DIR")]
    for parent in [*filter(os.path.isabs, given), "/tmp", "/var/tmp", "/dev/shm"]:
        if len(os.fsencode(parent)) + _LONGEST_NAME <= LONGEST_SOCKET:
            with contextlib.suppress(OSError):
                return Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    raise PipelineError(
        f"TMPDIR: no folder for temporary files can be made, neither there nor in /tmp (its path must have at most "
        f"{LONGEST_SOCKET - _LONGEST_NAME} bytes)"
    )
