"""The pipeline holds together: stages depend on what their notebooks import, profiles and environments agree."""

import ast
from pathlib import Path

import jupytext
import pytest
import yaml

from semcom_lib import paths
from semcom_lib.pipeline import execution, repro

STAGES = yaml.safe_load((paths.ROOT / "dvc.yaml").read_text())["stages"]
PARAMS = yaml.safe_load((paths.ROOT / "params.yaml").read_text())
PROFILES = sorted((paths.ROOT / "profiles").glob("*.yaml"))


def words(stage):
    """notebook, section of the stage's command."""
    command = STAGES[stage]["cmd"].split()
    assert command[:3] == ["python", "-m", "semcom_lib.run"], f"{stage} does not use the one runner"
    return command[3], command[4]


def report_name(stage):
    """The name of the stage's executed notebook: --as, or the notebook's own."""
    command = STAGES[stage]["cmd"].split()
    return command[6] if command[5:6] == ["--as"] else Path(command[3]).stem


def paths_of(entries):
    return [entry if isinstance(entry, str) else next(iter(entry)) for entry in entries]


def imported_modules(source):
    """Files of semcom_lib that a Python source imports directly, relative to the root."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        files = [Path(*name.split(".")).with_suffix(".py") for name in names if name.split(".")[0] == "semcom_lib"]
        found |= {file.as_posix() for file in files if (paths.ROOT / file).is_file()}
    return found


def closure(notebook):
    """Every file of semcom_lib that the notebook imports, through whatever it imports."""
    code = "\n".join(cell.source for cell in jupytext.read(paths.ROOT / notebook).cells if cell.cell_type == "code")
    todo, seen = imported_modules(code), set()
    while todo:
        module = todo.pop()
        seen.add(module)
        todo |= imported_modules((paths.ROOT / module).read_text()) - seen
    return seen


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_all_that_its_notebook_imports_and_on_nothing_else(stage):
    notebook, _ = words(stage)
    dependencies = paths_of(STAGES[stage]["deps"])
    assert notebook in dependencies
    assert {path for path in dependencies if path.startswith("semcom_lib") and path.endswith(".py")} == closure(
        notebook
    )
    assert dependencies == sorted(dependencies)


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_reads_its_own_section_and_every_common_value_that_its_notebook_declares(stage):
    notebook, section = words(stage)
    declared = execution.declared_parameters(jupytext.read(paths.ROOT / notebook), Path(notebook))
    common = {key for key, value in PARAMS.items() if not isinstance(value, dict)}
    assert set(STAGES[stage]["params"]) == {section, "threads", "portable"} | (common & set(declared))


@pytest.mark.parametrize("stage", STAGES)
def test_a_notebook_declares_exactly_the_parameters_that_it_gets(stage):
    notebook, section = words(stage)
    source = jupytext.read(paths.ROOT / notebook)
    declared = execution.declared_parameters(source, Path(notebook))
    given = execution.choose_parameters(source, execution.load_settings(section), {}, Path(notebook), section)
    assert sorted(given) == sorted(declared)


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_owns_its_executed_notebook(stage):
    notebook = Path(words(stage)[0])
    report = f"reports/{notebook.parent.name}/{report_name(stage)}.ipynb"
    assert report in paths_of(STAGES[stage]["outs"])
    assert [other for other in STAGES if report in paths_of(STAGES[other]["outs"])] == [stage]


def test_every_notebook_is_a_stage_and_none_is_executed_in_place():
    scripts = {path.relative_to(paths.ROOT).as_posix() for path in paths.NOTEBOOKS.rglob("*.py")}
    assert scripts == {words(stage)[0] for stage in STAGES}
    assert not list(paths.NOTEBOOKS.rglob("*.ipynb"))


@pytest.mark.parametrize("profile", PROFILES, ids=lambda path: path.stem)
def test_a_profile_changes_values_and_never_keys(profile):
    overlay = yaml.safe_load(profile.read_text())
    assert overlay["profile"] == profile.stem

    def keys(tree, place=""):
        for key, value in tree.items():
            yield from keys(value, f"{place}{key}.") if isinstance(value, dict) else [f"{place}{key}"]

    merged = repro.overlaid(PARAMS, overlay, profile.name)
    assert list(keys(merged)) == list(keys(PARAMS))


def test_an_unknown_key_of_a_profile_is_named():
    with pytest.raises(repro.ProfileError, match=r"demo\.yaml: l_deepsc\.train\.stepz is not in params\.yaml"):
        repro.overlaid(PARAMS, {"l_deepsc": {"train": {"stepz": 1}}}, "demo.yaml")
    with pytest.raises(repro.ProfileError, match=r"l_deepsc must be a section"):
        repro.overlaid(PARAMS, {"l_deepsc": 3}, "demo.yaml")


def test_conda_and_pip_users_get_the_same_versions():
    lock = (paths.ROOT / "requirements.lock").read_text().split()
    conda = yaml.safe_load((paths.ROOT / "environment.yml").read_text())["dependencies"]
    assert next(entry["pip"] for entry in conda if isinstance(entry, dict)) == lock
    assert all(line.count("==") == 1 for line in lock)


def test_everything_asked_for_is_locked_as_asked():
    lock = set((paths.ROOT / "requirements.lock").read_text().split())
    asked = [line for line in (paths.ROOT / "requirements.in").read_text().splitlines() if not line.startswith("#")]
    assert {line for line in asked if "==" in line} <= lock
    assert {line for line in asked if "==" not in line} <= {pin.split("==")[0] for pin in lock}
