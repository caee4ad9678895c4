"""Make .venv: what requirements.in asks for, at the versions of requirements.lock, and all that the torch wheel needs.

PyPI's torch for Linux needs NVIDIA's packages; its CPU build and macOS's need none of them. So requirements.lock limits
what pip may choose and does not list what to install. Runs on any Python 3, so that an old one gets words, not a
SyntaxError.

python tools/bootstrap.py            make .venv, unless it is complete
python tools/bootstrap.py imports    import all that requirements.in asks for; .venv's own Python runs this
"""

import fcntl
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import time

OLDEST, NEWEST = (3, 11), (3, 13)
CPU_GIB, CUDA_GIB = 4, 12  # .venv, the downloads beside it and pip's cache
DOWNLOAD = (
    "0.5 GB, or 3 GB with the CUDA build of torch (README, Two commands)" if sys.platform == "linux" else "0.4 GB"
)
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
MADE_FROM = ("requirements.in", "requirements.lock", os.path.join("tools", "bootstrap.py"))
INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
COMPILED = ("pesq",)
HEADERS = sysconfig.get_paths()["include"]
IMPORT_NAMES = {
    "ruamel.yaml.clib": "_ruamel_yaml",
    "pillow": "PIL",
    "scikit-image": "skimage",
    "sionna-no-rt": "sionna",
}


def say(message):
    sys.stderr.write(message + "\n")


def fail(message):
    say("error: " + message)
    sys.exit(1)


def check_python(version):
    if not OLDEST <= tuple(version[:2]) <= NEWEST:
        fail(
            "Python %d.%d is not supported, 3.%d to 3.%d is needed; name another with make PYTHON=python3.11 ..."
            % (version[0], version[1], OLDEST[1], NEWEST[1])
        )


def disk_needed():
    if sys.platform != "linux":
        return "%d GiB are needed" % CPU_GIB
    return "%d GiB are needed with the CPU build of torch, %d GiB with the CUDA build" % (CPU_GIB, CUDA_GIB)


def check_disk(free_bytes):
    """Which build of torch pip will choose cannot be known here: too little for the CUDA build is only a warning."""
    free = "%.1f GiB free for %s; %s" % (free_bytes / 2.0**30, VENV, disk_needed())
    if free_bytes < CPU_GIB * 2**30:
        fail("the disk is too full: " + free)
    if sys.platform == "linux" and free_bytes < CUDA_GIB * 2**30:
        say("warning: " + free)


def check_compiler(which=shutil.which, include=HEADERS):
    """What has no wheels is compiled while pip installs it; pip would tell after its downloads, in a page of words."""
    compiled = [name for name in asked() if name in COMPILED]
    missing = [] if any(map(which, ("cc", "gcc", "clang"))) else ["a C compiler"]
    missing += [] if os.path.exists(os.path.join(include, "Python.h")) else ["Python's headers"]
    if compiled and missing:
        fail(
            "%s must be compiled, and %s cannot be found (Debian: apt install gcc python3-dev; macOS: xcode-select "
            "--install; conda: c-compiler); or take its line out of requirements.in: without it PESQ is not measured"
            % (" and ".join(compiled), " and ".join(missing))
        )


def fingerprint(version):
    """What a complete .venv records of itself: its place (scripts name it), its Python and the files it was made from."""
    lines = [VENV, "Python %d.%d" % tuple(version[:2])]
    for name in MADE_FROM:
        with open(os.path.join(ROOT, name), "rb") as file:
            lines.append(hashlib.sha256(file.read()).hexdigest() + "  " + name)
    return "\n".join(lines) + "\n"


def is_complete(version):
    """Was .venv made to its end, here, from these files and for this Python, and does its own Python still run?"""
    ask = [os.path.join(VENV, "bin", "python"), "-I", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    try:
        with open(os.path.join(VENV, ".complete")) as file:
            recorded = file.read()
        found = subprocess.check_output(ask, stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        return False
    return recorded == fingerprint(version) and found.decode().strip() == "%d.%d" % tuple(version[:2])


def asked():
    """The distributions that requirements.in names."""
    with open(os.path.join(ROOT, "requirements.in")) as file:
        lines = [line.split("#")[0].strip() for line in file]
    return [re.match(r"[\w.-]+", line).group() for line in lines if line]


def import_name(name):
    return IMPORT_NAMES.get(name, name.replace("-", "_"))


def check_imports(names):
    """One line on each distribution that does not import; how many there are."""
    failed = 0
    for name in names:
        try:
            __import__(import_name(name))
        except Exception as error:
            failed += 1
            reason = (str(error).splitlines() or [""])[0]
            sys.stdout.write("%s does not import (%s: %s)\n" % (name, type(error).__name__, reason))
    return failed


def steps():
    """(what is done, the command that does it), in order."""
    base = sys.executable
    if base.startswith(VENV + os.sep):  # half cleared, a .venv would take itself for the Python to link to
        base = os.path.realpath(base)
    python = os.path.join(VENV, "bin", "python")
    pip = [python, "-m", "pip", "--disable-pip-version-check"]
    wanted = ["--requirement", os.path.join(ROOT, "requirements.in")]
    pinned = ["--constraint", os.path.join(ROOT, "requirements.lock")]
    this = ["--no-deps", "--no-build-isolation", "--editable", ROOT]  # its needs are installed: pip check tells
    return [
        ("clearing and making .venv", [base, "-m", "venv", "--clear", VENV]),
        ("downloading and installing packages", pip + ["install", "--quiet"] + wanted + pinned),
        ("installing semcom_lib", pip + ["install", "--quiet"] + this),
        ("checking that each package has what it needs", pip + ["check"]),
        ("importing each package", [python, "-I", "-X", "faulthandler", os.path.abspath(__file__), "imports"]),
    ]


def run(command, lock):
    """The command's exit status and standard output; an interrupt ends it together with all that it started.

    Temporary files go beside .venv's own: they need the same disk, and whatever is left of them is cleared with it.
    """
    temporary = os.path.join(VENV, "tmp")
    signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTS)  # until it is known what to end
    child = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        start_new_session=True,
        pass_fds=(lock,),
        preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPTS),
        env=dict(os.environ, TMPDIR=temporary) if os.path.isdir(temporary) else None,
    )
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPTS)
        output = child.communicate()[0]
    except KeyboardInterrupt:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        raise
    return child.returncode, output.decode(errors="replace")


def make(run):
    """Clear .venv and make it anew by ``run(command) -> (exit status, output)``; the last act is to call it complete."""
    began = time.time()
    complete, temporary = os.path.join(VENV, ".complete"), os.path.join(VENV, "tmp")
    if os.path.exists(complete):
        os.remove(complete)
    say("set-up with Python %d.%d.%d downloads about %s" % (tuple(sys.version_info[:3]) + (DOWNLOAD,)))
    for number, (what, command) in enumerate(steps()):
        say("  " + what)
        status, output = run(command)
        if status:
            guess = "see above; exit status %d; no network, or a full disk? %s" % (status, disk_needed())
            reason = " ".join(output.split()) or guess
            fail("set-up stopped at %s (%s); make setup starts it again" % (what, reason))
        if number == 0:
            check_disk(shutil.disk_usage(VENV).free)  # after an earlier .venv is gone
            os.mkdir(temporary)
    shutil.rmtree(temporary)
    with open(complete, "w") as file:
        file.write(fingerprint(sys.version_info))
    say("  .venv is complete (%d s)" % (time.time() - began))


def hold_others_off():
    """A descriptor that locks the checkout until this process and every step that inherits it have ended."""
    lock = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("waiting for another set-up of this checkout to end")
        fcntl.flock(lock, fcntl.LOCK_EX)
    except OSError:  # a file system without locks
        pass
    return lock


def interrupt(*_):
    raise KeyboardInterrupt


def set_up():
    """Make .venv unless it is complete, one set-up at a time."""
    check_python(sys.version_info)
    if is_complete(sys.version_info):
        return
    check_compiler()
    lock = hold_others_off()
    if not is_complete(sys.version_info):
        make(lambda command: run(command, lock))


def main(arguments):
    if arguments == ["imports"]:
        return 1 if check_imports(asked() + ["semcom_lib"]) else 0
    for name in INTERRUPTS:
        if signal.getsignal(name) == signal.SIG_DFL:
            signal.signal(name, interrupt)
    try:
        set_up()
    except KeyboardInterrupt:
        after_echo = "\n" if sys.stderr.isatty() else ""  # a terminal has just written ^C
        say(after_echo + "error: set-up was interrupted; make setup starts it again")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
