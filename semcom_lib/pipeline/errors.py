"""What the pipeline's commands stop with."""

import shutil


class PipelineError(Exception):
    """Why a command stopped, in one line that names the file and the place in it."""


def in_words(error: OSError, otherwise: object) -> str:
    """What the system refused, in one line that names the file, or ``otherwise`` where it does not say which."""
    if isinstance(error, shutil.Error):  # a copy of a folder: (from, to, why) of each file
        _, file, why = error.args[0][0]
        return f"{file}: {why}"
    return f"{error.filename or otherwise}: {error.strerror or error}"
