"""Whoever installs the companion, wherever and whichever way, gets the pinned versions and all that a wheel needs."""

import email
import importlib.util
import itertools
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from semcom_lib import paths


def tool(name):
    """A module of tools/, which is no package."""
    spec = importlib.util.spec_from_file_location(name, paths.ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


bootstrap, lock = tool("bootstrap"), tool("lock")
LINES = (paths.ROOT / "requirements.lock").read_text().splitlines()
ASKED = [Requirement(line) for line in lock.asked_lines()]
PINS = {canonicalize_name(pin.name): pin for pin in map(Requirement, LINES)}
PROJECT = tomllib.loads((paths.ROOT / "pyproject.toml").read_text())["project"]
# Of the wheel for Linux x86-64 on PyPI; those for Linux arm64 and macOS name the same requirements.
TORCH = email.message_from_string((paths.ROOT / "tests" / "fixtures" / "torch-2.13.0.METADATA").read_text())


def version(pin):
    """The one version that a pin of the lock allows."""
    (only,) = pin.specifier
    assert only.operator == "=="
    return only.version


def needs(platform, python="3.11"):
    """What PyPI's torch needs there."""
    requirements = [Requirement(line) for line in TORCH.get_all("Requires-Dist")]
    return [r for r in requirements if lock.holds(r, python, platform)]


def out_of_reach(requirements, install, pins):
    """The requirements that pip, run with the words ``install``, would leave out, or meet only against a pin."""
    pinned = {r.name: pins[canonicalize_name(r.name)] for r in requirements if canonicalize_name(r.name) in pins}
    refused = {r.name for r in requirements if r.name in pinned and version(pinned[r.name]) not in r.specifier}
    asked = {canonicalize_name(r.name) for r in ASKED}
    left_out = {r.name for r in requirements if canonicalize_name(r.name) not in asked}
    return refused | (left_out if "--no-deps" in install else set())


@pytest.fixture
def install():
    """The words of the step that installs the dependencies."""
    (words,) = [command for _, command in bootstrap.steps() if "--requirement" in command]
    return words


@pytest.mark.parametrize("python", lock.PYTHONS)
@pytest.mark.parametrize("platform", lock.PLATFORMS, ids=lambda platform: "-".join(platform.values()))
def test_pip_can_bring_all_that_the_public_torch_wheel_needs(platform, python, install):
    assert TORCH["Version"] == version(PINS["torch"])
    requirements = needs(platform, python)
    assert any(r.name.startswith("nvidia-") for r in requirements) == (platform["platform_system"] == "Linux")
    assert not out_of_reach(requirements, install, PINS)


def test_an_installation_without_dependencies_or_a_wrong_pin_would_be_noticed(install):
    linux = needs(lock.PLATFORMS[0])
    assert {"nvidia-cudnn-cu13", "cuda-toolkit", "triton"} <= out_of_reach(linux, [*install, "--no-deps"], PINS)
    assert out_of_reach(linux, install, PINS | {"triton": Requirement("triton==3.0.0")}) == {"triton"}
    assert out_of_reach(linux, install, PINS | {"sympy": Requirement("sympy==1.12")}) == {"sympy"}


def test_what_is_installed_is_limited_by_the_lock_and_checked(install):
    options = dict(itertools.pairwise(install))
    assert options["--requirement"] == str(paths.ROOT / "requirements.in")
    assert options["--constraint"] == str(paths.ROOT / "requirements.lock")
    *_, check, imports = [command for _, command in bootstrap.steps()]
    assert check[-1] == "check"
    assert imports[-1] == "imports"


def test_everything_asked_for_is_locked_as_asked():
    for asked in ASKED:
        assert version(PINS[canonicalize_name(asked.name)]) in asked.specifier


def test_the_package_needs_nothing_that_is_not_locked():
    for needed in map(Requirement, PROJECT["dependencies"]):
        assert version(PINS[canonicalize_name(needed.name)]) in needed.specifier


def test_one_range_of_pythons_is_named_everywhere():
    supported = SpecifierSet(PROJECT["requires-python"])
    assert [f"3.{minor}" for minor in range(30) if f"3.{minor}" in supported] == list(lock.PYTHONS)
    assert [f"{major}.{minor}" for major, minor in (bootstrap.OLDEST, bootstrap.NEWEST)] == [
        lock.PYTHONS[0],
        lock.PYTHONS[-1],
    ]


def test_conda_and_pip_users_get_the_same_versions():
    conda = yaml.safe_load((paths.ROOT / "environment.yml").read_text())["dependencies"]
    assert next(entry["pip"] for entry in conda if isinstance(entry, dict)) == LINES
    assert sorted(LINES, key=str.lower) == LINES


def report(**packages):
    """pip's report of packages given as name=(version, requirement, ...)."""
    return {
        "install": [
            {"metadata": {"name": name, "version": version, "requires_dist": list(requirements)}}
            for name, (version, *requirements) in packages.items()
        ]
    }


def test_the_lock_holds_what_every_platform_needs_and_nothing_that_one_wheel_needs():
    found = report(
        torch=("2.13.0+cpu", "sympy>=1", 'nvidia_nccl==2; platform_system == "Linux"', 'optree; extra == "optree"'),
        nvidia_nccl=("2",),
        optree=("1",),
        sympy=("1.14", 'appnope; sys_platform == "darwin"', 'overrides; python_version < "3.12"', "jinja[i18n]"),
        appnope=("1",),
        overrides=("7",),
        jinja=("3", 'babel; extra == "i18n"', "sympy"),
        babel=("2",),
    )
    asked = [Requirement("torch==2.13.0")]
    expected = ["babel==2", "jinja==3", "overrides==7", "sympy==1.14", "torch==2.13.0"]
    assert lock.pins(asked, found) == expected
    del found["install"][1]  # the CPU build does without
    assert lock.pins(asked, found) == expected


def test_a_pin_that_an_old_micro_release_cannot_have_is_for_the_others_only():
    later = {"name": "soupsieve", "version": "4.1.2", "requires_python": ">=3.11.5"}
    assert lock.pin(later) == 'soupsieve==4.1.2 ; python_full_version >= "3.11.5"'
    assert lock.pin(later | {"requires_python": "<4,>=3.10"}) == "soupsieve==4.1.2"
    assert lock.pin(later | {"requires_python": None}) == "soupsieve==4.1.2"
