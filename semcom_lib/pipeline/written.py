"""Did a stage write all that it makes? DVC leaves what is in git in place, so that an old file could pass for a new one."""

from collections.abc import Iterator
from pathlib import Path

from semcom_lib.pipeline import experiment
from semcom_lib.pipeline.errors import PipelineError


class Outs:
    """The files in git that the stage of ``notebook`` and ``section`` makes beside its report ``name``, before it runs."""

    def __init__(self, notebook: str, section: str, name: str, root: Path) -> None:
        self._root = root
        entry = experiment.declared(notebook, section, name, root) or {}
        self._before = {path: self._state(path) for path in _kept(entry) if not path.endswith(".ipynb")}

    def check(self) -> None:
        """Raises PipelineError for a file that has not been written since."""
        for path, state in self._before.items():
            if (now := self._state(path)) is None or now == state:
                what = "is missing" if now is None else "is of an earlier run"
                raise PipelineError(f"{path}: {what}: the stage has ended without writing it")

    def _state(self, path: str) -> tuple[int, int, int] | None:
        try:
            state = (self._root / path).stat()
        except FileNotFoundError:
            return None
        return state.st_ino, state.st_mtime_ns, state.st_ctime_ns


def _kept(entry: dict) -> Iterator[str]:
    for kind in ("outs", "metrics", "plots"):
        for out in entry.get(kind, []):
            if isinstance(out, dict):
                yield from (path for path, flags in out.items() if flags.get("persist"))
