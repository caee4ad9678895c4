"""``python -m dvc`` for scratch copies, sooner done: several stages at a time, and little work between them.

DVC reads and writes dvc.lock after every stage, for all stages: here as JSON, which is YAML as well; of the demo's 134 stages it
takes 15 ms, YAML in C 1.4 s. DVC parses params.yaml three times a stage: here once, as nobody edits a scratch copy's while its
pipeline runs.

    python -m semcom_lib.pipeline.quick_dvc JOBS repro
"""

import functools
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from dvc.cli import main
from dvc.dependency import param
from dvc.utils.serialize import _yaml

from semcom_lib.pipeline import side_by_side


def lock_in_json() -> None:
    """Have DVC keep its lock file in JSON; it goes on with one that it has written in YAML."""
    in_yaml = {"parse": _yaml.parse_yaml_for_update, "dump": _yaml._dump}

    def parse(text: str, path: str) -> Any:
        is_json = Path(path).name == "dvc.lock" and text.startswith("{")
        return json.loads(text) if is_json else in_yaml["parse"](text, path)

    def dump(data: Any, stream: TextIO) -> None:
        if isinstance(data, Mapping) and "schema" in data:
            stream.write(json.dumps(data, allow_nan=False))
        else:  # a dvc.yaml, with its comments
            in_yaml["dump"](data, stream)

    _yaml.parse_yaml_for_update, _yaml._dump = parse, dump


def read_params_once() -> None:
    """Have DVC keep what it has read of files of parameters."""
    param.load_path = functools.cache(param.load_path)


if __name__ == "__main__":
    lock_in_json()
    read_params_once()
    side_by_side.use(int(sys.argv.pop(1)))
    sys.exit(main())
