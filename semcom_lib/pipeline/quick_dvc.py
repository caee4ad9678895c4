"""``python -m dvc`` whose dvc.lock is read and written in C: DVC does both after every stage, for all stages.

It holds the same, but breaks long commands elsewhere; so it is for scratch copies, whose dvc.lock nobody compares with another.

    python -m semcom_lib.pipeline.quick_dvc repro
"""

import io
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from dvc.cli import main
from dvc.utils.serialize import _yaml
from ruamel.yaml import YAML


def use_c() -> None:
    """Have DVC read its lock file for updating, and write it, by ruamel's C parser and emitter."""
    in_python = {"parse": _yaml.parse_yaml_for_update, "dump": _yaml._dump}

    def parse(text: str, path: str) -> Any:
        return _yaml.parse_yaml(text, path) if Path(path).name == "dvc.lock" else in_python["parse"](text, path)

    def dump(data: Any, stream: TextIO) -> None:
        if not isinstance(data, Mapping) or "schema" not in data:  # a dvc.yaml, with its comments
            in_python["dump"](data, stream)
            return
        yaml, written = YAML(typ="safe"), io.BytesIO()
        yaml.default_flow_style, yaml.sort_base_mapping_type_on_output = False, False
        yaml.dump(data, written)
        stream.write(written.getvalue().decode())

    _yaml.parse_yaml_for_update, _yaml._dump = parse, dump


if __name__ == "__main__":
    use_c()
    sys.exit(main())
