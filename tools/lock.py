"""Resolve requirements.in in a fresh environment; write the result to requirements.lock and environment.yml."""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOT_LOCKED = ("pip", "wheel")


def resolve() -> list[str]:
    """``name==version`` of everything that requirements.in needs, local version labels dropped, sorted."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        python = f"{folder}/bin/python"
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", ROOT / "requirements.in"], check=True)
        frozen = subprocess.run([python, "-m", "pip", "freeze", "--all"], check=True, capture_output=True, text=True)
    pins = [line.split("+")[0] for line in frozen.stdout.splitlines()]
    return sorted((pin for pin in pins if pin.split("==")[0] not in NOT_LOCKED), key=str.lower)


def write(pins: list[str]) -> None:
    """The same pins for pip and for conda."""
    (ROOT / "requirements.lock").write_text("\n".join(pins) + "\n")
    head = "# conda users: conda env create -f environment.yml && conda activate semcom && pip install --no-deps -e .\n"
    body = "name: semcom\nchannels: [conda-forge]\ndependencies:\n  - python=3.11\n  - pip\n  - pip:\n"
    (ROOT / "environment.yml").write_text(head + body + "".join(f"      - {pin}\n" for pin in pins))


if __name__ == "__main__":
    write(resolve())
