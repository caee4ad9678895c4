"""Run one notebook: percent script + parameters -> executed, byte-stable notebook under reports/.

    python -m semcom_lib.run NOTEBOOK SECTION [--as NAME] [key=value ...]
    python -m semcom_lib.run --list         every stage: its section, its notebook, how long it last took
    python -m semcom_lib.run --help

SECTION is a section of params.yaml such as ``l_deepsc.train``; it gives every parameter that the notebook declares in its
cell tagged "parameters". The top-level keys of params.yaml that hold plain values (seed, threads, profile, ...) reach every
notebook that declares them. ``key=value`` overrides one parameter. The report is reports/<paper>/<notebook>.ipynb, or NAME.ipynb,
which lets one notebook run once for each dataset or channel. On failure one line names the place, the exit code is not
zero, and the report of an earlier run stays as it was.
"""

import sys
import time

from semcom_lib.pipeline import durations, process, warm


def main(arguments: list[str]) -> int:
    """Explain, list, or run the notebook. Returns the exit code."""
    if arguments in (["--help"], ["-h"]):
        print(__doc__)
        return 0
    if arguments == ["--list"]:
        return durations.main()
    began = time.monotonic()
    code = warm.run_module("semcom_lib.pipeline.execution", arguments)
    if code == 0:
        durations.record(arguments, time.monotonic() - began)
    return code


if __name__ == "__main__":
    process.set_up()
    sys.exit(main(sys.argv[1:]))
