"""What a notebook imports is what its stage depends on; plumbing apart, which cannot change a result."""

import ast
import json
import subprocess
import sys

import pytest

from semcom_lib import paths
from semcom_lib.pipeline import imports, stages
from semcom_lib.pipeline.errors import PipelineError

NOTEBOOKS = sorted({stage.notebook for stage in stages.load()})
# Runs the import statements of every notebook, each in a process of its own, and prints the modules that are loaded then.
LOAD = """
import ast, json, os, sys
import matplotlib.pyplot, numba, pandas, seaborn, torch
for notebook in sys.argv[1:]:
    reading, writing = os.pipe()
    if os.fork() == 0:
        body = ast.parse(open(notebook).read()).body
        body = [node for node in body if isinstance(node, (ast.Import, ast.ImportFrom))]
        exec(compile(ast.Module(body, []), notebook, "exec"))
        files = [module.__file__ for name, module in sys.modules.items() if name.startswith("semcom_lib")]
        with open(writing, "w") as answer:
            json.dump([os.path.relpath(file) for file in files if not file.endswith("__init__.py")], answer)
        os._exit(0)
    os.close(writing)
    print(open(reading).read() or "null")
    os.wait()
"""


def test_python_loads_just_the_modules_that_were_computed():
    argv = [sys.executable, "-c", LOAD, *NOTEBOOKS]
    done = subprocess.run(argv, cwd=paths.ROOT, capture_output=True, text=True, check=True)
    loaded = {notebook: json.loads(line) for notebook, line in zip(NOTEBOOKS, done.stdout.splitlines(), strict=True)}
    assert None not in loaded.values(), done.stderr
    for notebook, modules in loaded.items():
        assert set(modules) - imports.PLUMBING.keys() == imports.closure(notebook, paths.ROOT), notebook


@pytest.fixture
def write(tmp_path):
    """A function that writes the modules of a small library and returns its root."""

    def write(**sources):
        for name, source in sources.items():
            file = tmp_path / name.replace("__", "/")
            file = file.with_name(f"{file.name}.py")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(source)
        return tmp_path

    return write


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("import numpy, semcom_lib.a.b", {"semcom_lib/a/b.py"}),
        ("import semcom_lib.a.b as b", {"semcom_lib/a/b.py"}),
        ("from semcom_lib.a import b", {"semcom_lib/a/b.py"}),
        ("from semcom_lib.a.b import VALUE", {"semcom_lib/a/b.py"}),
        ("def f():\n    from semcom_lib.a.b import VALUE", {"semcom_lib/a/b.py"}),
        ("# from semcom_lib.a import b", set()),
    ],
)
def test_every_way_of_importing_is_seen(write, line, found):
    root = write(semcom_lib__a__b="VALUE = 1", notebook=line)
    assert imports.imported("notebook.py", root) == found


def test_a_closure_goes_through_modules_and_circles(write):
    root = write(
        semcom_lib__a="import semcom_lib.b", semcom_lib__b="import semcom_lib.a, semcom_lib.paths",
        semcom_lib__paths="", notebook="import semcom_lib.a",
    )  # fmt: skip
    assert imports.closure("notebook.py", root) == {"semcom_lib/a.py", "semcom_lib/b.py"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("\nfrom semcom_lib.gone import x", "notebook.py, line 2: there is no module semcom_lib.gone"),
        ("from semcom_lib.a import gone", "notebook.py, line 1: there is no module semcom_lib.a.gone"),
        ("from . import a", "notebook.py, line 1: a relative import; it must name semcom_lib"),
        ("import", "notebook.py, line 1: "),
    ],
)
def test_an_import_that_leads_nowhere_is_named(write, line, message):
    root = write(semcom_lib__a__b="", notebook=line)
    with pytest.raises(PipelineError, match=message):
        imports.closure("notebook.py", root)


@pytest.mark.parametrize("module", imports.PLUMBING)
def test_plumbing_can_bring_no_number_into_a_result(module):
    """It imports the standard library and plumbing alone, its functions give back only paths, and it says why it is here."""
    tree = ast.parse((paths.ROOT / module).read_text())
    assert len(imports.PLUMBING[module]) > 20
    packages = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    packages |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in packages} <= sys.stdlib_module_names | {imports.PACKAGE}
    assert imports.imported(module, paths.ROOT) <= imports.PLUMBING.keys()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            assert ast.unparse(node.returns) in {"None", "Path", "Iterator[Path]"}, node.name


def test_only_stages_that_redraw_reports_import_what_draws():
    """Else a new colour would train a model again, or download the data."""
    for stage in stages.load():
        if stage.only_redraws:
            continue
        for file in sorted({stage.notebook} | imports.closure(stage.notebook, paths.ROOT)):
            tree = ast.parse((paths.ROOT / file).read_text())
            packages = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
            packages |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
            drawing = {name for name in packages if name.split(".")[0] in {"matplotlib", "seaborn"}}
            assert file != "semcom_lib/figures.py", f"{stage.name} imports figures.py"
            assert not drawing, f"{stage.name} imports {drawing} in {file}"
