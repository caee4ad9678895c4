"""The kernel of every executed notebook: IPython's, without anybody's settings.

python -m semcom_lib.pipeline.kernel -f CONNECTION_FILE
"""

import contextlib
import importlib
import sys
from pathlib import Path

from ipykernel.kernelapp import IPKernelApp

from semcom_lib.pipeline import warm


class Kernel(IPKernelApp):
    """Reads no configuration file: not the user's (the runner gives it an empty IPYTHONDIR), nor the machine's."""

    def load_config_file(self, *_: object, **__: object) -> None:
        """Load nothing."""


if __name__ == "__main__":
    with contextlib.chdir(warm.matplotlibs_settings()):
        importlib.import_module("matplotlib")
    if sys.path[0] in ("", str(Path.cwd())):  # as in a kernel of Jupyter's: IPython puts it back
        del sys.path[0]
    Kernel.launch_instance()
