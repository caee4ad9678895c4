"""Resolve requirements.in; write what every supported platform needs to requirements.lock and environment.yml.

What only one platform or one build of a package needs (NVIDIA's packages for torch on Linux) is left out: pip brings it
where it is needed, at the version that the package itself names. So the CPU and the CUDA build of torch give one lock.
"""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
PYTHONS = ("3.11", "3.12", "3.13")
PLATFORMS = (
    {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64"},
    {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "aarch64"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "arm64"},
)


def holds(requirement: Requirement, python: str, platform: dict[str, str], extra: str = "") -> bool:
    """Is it needed with that Python on that platform?"""
    version = {"python_version": python, "python_full_version": f"{python}.99"}
    environment = {**default_environment(), **version, **platform, "extra": extra}
    return requirement.marker is None or requirement.marker.evaluate(environment)


def needed_everywhere(requirement: Requirement, extra: str = "") -> bool:
    """Does every platform need it, with one supported Python at least?"""
    return any(all(holds(requirement, python, platform, extra) for platform in PLATFORMS) for python in PYTHONS)


def closure(asked: Iterable[Requirement], found: dict[str, dict]) -> set[str]:
    """Names in ``found`` (canonical name -> metadata) that the asked ones need on every platform, themselves included."""
    todo = [(requirement, "") for requirement in asked]
    seen: set[tuple[str, str]] = set()
    while todo:
        requirement, extra = todo.pop()
        name = canonicalize_name(requirement.name)
        if name not in found or not needed_everywhere(requirement, extra):
            continue
        for wanted in {"", *requirement.extras} - {e for n, e in seen if n == name}:
            seen.add((name, wanted))
            todo += [(Requirement(line), wanted) for line in found[name].get("requires_dist", [])]
    return {name for name, _ in seen}


def pin(metadata: dict) -> str:
    """``name==version`` without a local label; only for those Pythons that can have it, if not for all."""
    line = f"{metadata['name']}=={Version(metadata['version']).public}"
    pythons = SpecifierSet(metadata.get("requires_python") or "")
    if f"{PYTHONS[0]}.0" in pythons:
        return line
    bounds = [f'python_full_version {bound.operator} "{bound.version}"' for bound in sorted(pythons, key=str)]
    return f"{line} ; {' and '.join(bounds)}"


def pins(asked: Iterable[Requirement], report: dict) -> list[str]:
    """The lock's lines from pip's report of an installation."""
    found = {canonicalize_name(item["metadata"]["name"]): item["metadata"] for item in report["install"]}
    return sorted((pin(found[name]) for name in closure(asked, found)), key=str.lower)


def asked_lines() -> list[str]:
    """The lines of requirements.in that ask for something."""
    lines = (ROOT / "requirements.in").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def resolve(*options: str) -> dict:
    """pip's report on installing requirements.in from nothing; nothing is installed."""
    words = ["install", "--quiet", "--dry-run", "--ignore-installed", "--report", "-", *options]
    command = [sys.executable, "-m", "pip", *words, "--requirement", str(ROOT / "requirements.in")]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def write(lines: list[str]) -> None:
    """The same pins for pip and for conda, whose pip resolves them too and so brings what the torch wheel needs."""
    (ROOT / "requirements.lock").write_text("\n".join(lines) + "\n")
    head = "# conda users: conda env create -f environment.yml && conda activate semcom && pip install --no-deps -e .\n"
    body = f"name: semcom\nchannels: [conda-forge]\ndependencies:\n  - python={PYTHONS[0]}\n  - pip\n  - pip:\n"
    (ROOT / "environment.yml").write_text(head + body + "".join(f"      - {line}\n" for line in lines))


def main() -> int:
    if sys.version_info[:2] != tuple(map(int, PYTHONS[0].split("."))):
        print(f"error: make lock needs Python {PYTHONS[0]}, the oldest supported; what it can have, later ones can too")
        return 1
    write(pins(map(Requirement, asked_lines()), resolve()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
