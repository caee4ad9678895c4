"""Everything that must hold before a change lands; prints one line a check and ends in ``N passed, N failed``.

python tools/check.py                    lint, unit tests, the demo with warm and with cold kernels, its golden checksums, nbval
python tools/check.py --record-golden    run the demo once and record its checksums
"""

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
GOLDEN = ROOT / "tests" / "golden" / "demo.sha256"
RUNS = (ROOT / "build" / "check-1", ROOT / "build" / "check-2")
OUTPUTS = (
    "results/**/*.csv",
    "results/**/*.npz",
    "reports/**/*.ipynb",
    "reports/**/*.csv",
    "reports/**/*.json",
    "reports/**/*.svg",
    "reports/**/*.png",
    "checkpoints/**/*.pt",
)


def command(*argv: object, cwd: Path = ROOT, env: dict[str, str] | None = None) -> bool:
    """Run a command with this interpreter's tools; did it succeed?"""
    binaries = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return (
        subprocess.run(
            [str(part) for part in argv], cwd=cwd, env={**os.environ, "PATH": binaries, **(env or {})}
        ).returncode
        == 0
    )


def demo(into: Path) -> bool:
    """The demo pipeline from nothing."""
    subprocess.run(["rm", "-rf", str(into)], check=True)
    return command(sys.executable, "-m", "semcom_lib.pipeline.repro", "demo", "--into", into)


def plain_demo(into: Path) -> bool:
    """The demo pipeline from nothing by a bare ``dvc repro``: no warm server, every kernel imports its packages itself."""
    from semcom_lib.pipeline import dvc_process, repro

    subprocess.run(["rm", "-rf", str(into)], check=True)
    repro.prepare("demo", into)
    return command(sys.executable, "-m", "dvc", "repro", cwd=into, env=dvc_process.environment(into))


def checksums(where: Path) -> str:
    """SHA-256 of every output of a pipeline run, a line each, sorted by path."""
    files = sorted({file for pattern in OUTPUTS for file in where.glob(pattern) if "resume" not in file.parts})
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(where)}" for file in files]
    return "\n".join(lines) + "\n"


def same(expected: str, found: str, what: str) -> bool:
    """Compare two lists of checksums and name every file that differs."""
    different = sorted({line.split("  ")[1] for line in set(expected.splitlines()) ^ set(found.splitlines())})
    for path in different:
        print(f"  {what}: {path} differs")
    return not different


def reading_notebooks() -> list[str]:
    """Executed notebooks of the stages that only redraw reports, which any clone can execute again."""
    from semcom_lib.pipeline import stages

    return [stage.report for stage in stages.redrawing(stages.load(ROOT))]


def nbval(where: Path) -> bool:
    """Execute the reading notebooks under ``where`` again and compare every output, strictly."""
    from semcom_lib.pipeline import determinism

    settings = yaml.safe_load((where / "params.yaml").read_text())
    variables = determinism.variables(settings, where)
    argv = [
        "-m",
        "pytest",
        "--nbval",
        "-q",
        "-p",
        "no:cacheprovider",
        "-o",
        "addopts=",
        "-o",
        "filterwarnings=default",
    ]
    notebooks = [where / name for name in reading_notebooks()]
    for missing in [notebook for notebook in notebooks if not notebook.is_file()]:
        print(f"  not executed yet at this profile: {missing.relative_to(where)}")
    return command(sys.executable, *argv, *filter(Path.is_file, notebooks), env=variables)


def main(arguments: list[str]) -> int:
    if arguments == ["--record-golden"]:
        if not demo(RUNS[0]):
            return 1
        GOLDEN.write_text(checksums(RUNS[0]))
        print(f"recorded {GOLDEN.relative_to(ROOT)}")
        return 0
    checks: dict[str, Callable[[], bool]] = {
        "ruff check": lambda: command("ruff", "check", "."),
        "ruff format": lambda: command("ruff", "format", "--check", "."),
        "unit tests": lambda: command(sys.executable, "-m", "pytest", "--durations", "10"),
        "demo, first run": lambda: demo(RUNS[0]),
        "demo, second run": lambda: plain_demo(RUNS[1]),
        "two runs, equal bytes": lambda: same(checksums(RUNS[0]), checksums(RUNS[1]), "two runs"),
        "golden checksums": lambda: same(GOLDEN.read_text(), checksums(RUNS[0]), "golden"),
        "nbval, demo notebooks": lambda: nbval(RUNS[0]),
        "nbval, committed notebooks": lambda: nbval(ROOT),
    }
    results = {}
    for name, check in checks.items():
        began = time.monotonic()
        print(f"== {name}", flush=True)
        results[name] = check()
        print(f"== {name}: {'ok' if results[name] else 'FAILED'} ({time.monotonic() - began:.0f} s)", flush=True)
    print("\nfailed: " + ", ".join(name for name, ok in results.items() if not ok) if not all(results.values()) else "")
    print(f"{sum(results.values())} passed, {len(results) - sum(results.values())} failed")
    return 0 if all(results.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
