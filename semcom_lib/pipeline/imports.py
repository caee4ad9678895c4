"""Which modules of semcom_lib a Python file imports: DVC does not look into code, so the stages' deps are computed here."""

import ast
from pathlib import Path

from semcom_lib.pipeline.errors import PipelineError

PACKAGE = "semcom_lib"
# What is no dep of any stage, and why a change of it cannot change what a stage makes.
PLUMBING = {
    "semcom_lib/interactive.py": "says in which folder files lie for a notebook that no stage runs",
    "semcom_lib/paths.py": "says where files lie and writes them whole: a mistake is a missing file, never another number",
    "semcom_lib/progress.py": "writes lines to the terminal and returns nothing that could reach a result",
}


def imported(file: str, root: Path) -> set[str]:
    """The modules of semcom_lib that ``file`` imports itself; paths relative to ``root``, as ``file`` is.

    Raises PipelineError for a module that is not there, a relative import, or a file that is no Python.
    """
    found = set()
    try:
        nodes = list(ast.walk(ast.parse((root / file).read_text(encoding="utf-8"))))
    except SyntaxError as error:
        raise PipelineError(f"{file}, line {error.lineno}: {error.msg}") from None
    for node in nodes:
        if isinstance(node, ast.Import):
            names = [(alias.name, None) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise PipelineError(f"{file}, line {node.lineno}: a relative import; it must name {PACKAGE}")
            names = [(node.module or "", alias.name) for alias in node.names]
        else:
            continue
        for module, name in names:
            if module.split(".")[0] == PACKAGE:
                found.add(_module_file(module, name, root, f"{file}, line {node.lineno}"))
    return found


def closure(file: str, root: Path) -> set[str]:
    """Every module of semcom_lib that ``file`` imports, through whatever it imports; without PLUMBING.

    Raises PipelineError as :func:`imported` does.
    """
    waiting, seen = imported(file, root), set()
    while waiting:
        module = waiting.pop()
        seen.add(module)
        waiting |= imported(module, root) - seen
    return seen - PLUMBING.keys()


def _module_file(module: str, name: str | None, root: Path, where: str) -> str:
    """The file behind ``import module`` (no name) or ``from module import name``."""
    wanted = [module] if name is None else [f"{module}.{name}", module]
    for dotted in wanted:
        file = Path(*dotted.split(".")).with_suffix(".py")
        if (root / file).is_file():
            return file.as_posix()
    is_package = name is not None and (root / Path(*module.split("."))).is_dir()
    raise PipelineError(f"{where}: there is no module {wanted[0] if is_package else module}")
