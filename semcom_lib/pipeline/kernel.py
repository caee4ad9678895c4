"""The kernel of every executed notebook: IPython's, without anybody's settings.

python -m semcom_lib.pipeline.kernel -f CONNECTION_FILE
"""

import contextlib
import importlib.util
import sys
from pathlib import Path

from ipykernel.kernelapp import IPKernelApp


class Kernel(IPKernelApp):
    """Reads no configuration file: not the user's (the runner gives it an empty IPYTHONDIR), nor the machine's."""

    def load_config_file(self, *_: object, **__: object) -> None:
        """Load nothing."""


def import_matplotlib() -> None:
    """Import it with the style file that it brings along, the only one that is the same everywhere.

    It asks for one once, when it is imported, and first in the working directory, whatever the variables say.
    """
    package = importlib.util.find_spec("matplotlib")
    with contextlib.chdir(Path(package.submodule_search_locations[0]) / "mpl-data"):
        importlib.import_module("matplotlib")


if __name__ == "__main__":
    import_matplotlib()
    if sys.path[0] in ("", str(Path.cwd())):  # as in a kernel of Jupyter's: IPython puts it back
        del sys.path[0]
    Kernel.launch_instance()
