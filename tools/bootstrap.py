"""Make .venv from requirements.lock. Runs on any Python 3, so that an old one gets words, not a SyntaxError."""

import os
import shutil
import subprocess
import sys

OLDEST, NEWEST = (3, 11), (3, 13)
NEEDED_GIB = 4
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")


def fail(message):
    sys.stderr.write("error: " + message + "\n")
    sys.exit(1)


def check_python(version):
    if not OLDEST <= tuple(version[:2]) <= NEWEST:
        fail(
            "Python %d.%d is not supported, 3.%d to 3.%d is needed; name another with make PYTHON=python3.11 ..."
            % (version[0], version[1], OLDEST[1], NEWEST[1])
        )


def check_disk(free_bytes):
    if free_bytes < NEEDED_GIB * 2**30:
        fail("the disk is too full: %.1f GiB free in %s, %d GiB needed" % (free_bytes / 2**30, ROOT, NEEDED_GIB))


def main():
    check_python(sys.version_info)
    check_disk(shutil.disk_usage(ROOT).free)
    sys.stderr.write("making .venv (once; about 2 GB)\n")
    python = os.path.join(VENV, "bin", "python")
    steps = [
        [sys.executable, "-m", "venv", "--clear", VENV],
        [python, "-m", "pip", "install", "--quiet", "--no-deps", "-r", os.path.join(ROOT, "requirements.lock")],
        [python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--editable", ROOT],
    ]
    for step in steps:
        if subprocess.call(step):
            fail("setting up .venv stopped at: " + " ".join(step[1:]) + " (no network, or the disk is full?)")
    open(os.path.join(VENV, ".complete"), "w").close()


if __name__ == "__main__":
    main()
