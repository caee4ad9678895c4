"""Set-up says in one line what is in the way, and a second try after a broken one starts clean."""

import ast
import fcntl
import importlib.metadata
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from packaging.utils import canonicalize_name

from semcom_lib import paths

SPEC = importlib.util.spec_from_file_location("bootstrap", paths.ROOT / "tools" / "bootstrap.py")
bootstrap = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(bootstrap)
MADE_FROM = ["requirements.in", "requirements.lock", "tools/bootstrap.py"]


@pytest.mark.parametrize("version", [(2, 7), (3, 10), (3, 14)])
def test_an_unsupported_python_is_told_what_is_needed(version, capsys):
    with pytest.raises(SystemExit):
        bootstrap.check_python(version)
    assert f"Python {version[0]}.{version[1]} is not supported, 3.11 to 3.13 is needed" in capsys.readouterr().err


@pytest.mark.parametrize("version", [(3, 11), (3, 13, 2)])
def test_a_supported_python_passes(version):
    bootstrap.check_python(version)


def test_bootstrap_has_no_syntax_that_python_2_cannot_read():
    newer = (
        ast.JoinedStr,
        ast.NamedExpr,
        ast.AnnAssign,
        ast.AsyncFunctionDef,
        ast.YieldFrom,
        ast.MatMult,
        ast.Nonlocal,
    )
    for node in ast.walk(ast.parse((paths.ROOT / "tools" / "bootstrap.py").read_text())):
        assert not isinstance(node, newer)
        if isinstance(node, ast.FunctionDef):
            assert node.returns is None
            assert not node.args.kwonlyargs
        if isinstance(node, ast.List | ast.Tuple):
            assert not any(isinstance(element, ast.Starred) for element in node.elts)


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_a_full_disk_is_told_how_much_is_needed(platform, capsys, monkeypatch):
    monkeypatch.setattr(sys, "platform", platform)
    with pytest.raises(SystemExit):
        bootstrap.check_disk(2**30)
    told = capsys.readouterr().err
    assert "error: the disk is too full: 1.0 GiB free" in told
    assert ("4 GiB are needed with the CPU build of torch, 12 GiB with the CUDA build" in told) == (platform == "linux")
    bootstrap.check_disk(6 * 2**30)
    assert ("warning: 6.0 GiB free" in capsys.readouterr().err) == (platform == "linux")
    bootstrap.check_disk(2**40)
    assert not capsys.readouterr().err


def test_a_package_that_does_not_import_is_named_with_its_reason(tmp_path, capsys, monkeypatch):
    (tmp_path / "lame_duck.py").write_text("raise OSError('libcudnn.so.9: cannot open shared object file')")
    monkeypatch.syspath_prepend(tmp_path)
    assert bootstrap.check_imports(["numpy", "lame-duck", "no-such-thing"]) == 2
    assert capsys.readouterr().out.splitlines() == [
        "lame-duck does not import (OSError: libcudnn.so.9: cannot open shared object file)",
        "no-such-thing does not import (ModuleNotFoundError: No module named 'no_such_thing')",
    ]


def test_each_package_asked_for_is_imported_by_a_name_of_its_own():
    distributions = importlib.metadata.packages_distributions()
    for name in bootstrap.asked():
        owners = distributions[bootstrap.import_name(name)]
        assert canonicalize_name(name) in map(canonicalize_name, owners)


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A copy of what set-up reads."""
    for name in MADE_FROM:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(paths.ROOT / name, tmp_path / name)
    monkeypatch.setattr(bootstrap, "ROOT", str(tmp_path))
    monkeypatch.setattr(bootstrap, "VENV", str(tmp_path / ".venv"))
    monkeypatch.setattr(bootstrap, "check_disk", lambda free: None)
    return tmp_path


class Steps:
    """Plays the commands, but for the one numbered ``broken``, which does as ``how``."""

    def __init__(self, checkout, broken=None, how=lambda: (1, "")):
        self.venv, self.broken, self.how, self.commands = checkout / ".venv", broken, how, []

    def __call__(self, command, lock=None):
        assert not (self.venv / ".complete").exists(), "called complete before the end"
        self.commands.append(command)
        if len(self.commands) - 1 == self.broken:
            return self.how()
        if "venv" in command:
            shutil.rmtree(self.venv, ignore_errors=True)
            (self.venv / "bin").mkdir(parents=True)
            (self.venv / "bin" / "python").symlink_to(sys.executable)
        return 0, ""


def interrupted():
    raise KeyboardInterrupt


@pytest.fixture
def complete(checkout):
    """A .venv that was made to its end."""
    bootstrap.make(Steps(checkout))
    assert bootstrap.is_complete(sys.version_info)
    return checkout


@pytest.mark.parametrize("broken", range(5))
def test_after_a_failed_step_set_up_starts_again_from_nothing(broken, complete, capsys):
    capsys.readouterr()
    failing = Steps(complete, broken, lambda: (1, "torch 2.13.0 requires triton,\nwhich is not installed.\n"))
    with pytest.raises(SystemExit):
        bootstrap.make(failing)
    last = capsys.readouterr().err.splitlines()[-1]
    what = bootstrap.steps()[broken][0]
    reason = "torch 2.13.0 requires triton, which is not installed."
    assert last == f"error: set-up stopped at {what} ({reason}); make setup starts it again"
    assert not bootstrap.is_complete(sys.version_info)
    (complete / ".venv" / "bin" / "half-written").touch()
    again = Steps(complete)
    bootstrap.make(again)
    assert again.commands == [command for _, command in bootstrap.steps()]
    assert not (complete / ".venv" / "bin" / "half-written").exists()
    assert not (complete / ".venv" / "tmp").exists()
    assert bootstrap.is_complete(sys.version_info)


@pytest.mark.parametrize("broken", range(5))
def test_an_interrupted_set_up_says_so_in_one_line_and_is_not_complete(broken, checkout, capsys, monkeypatch):
    monkeypatch.setattr(bootstrap, "run", Steps(checkout, broken, interrupted))
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    assert bootstrap.main([]) == 130
    assert capsys.readouterr().err.splitlines()[-1] == "error: set-up was interrupted; make setup starts it again"
    assert not bootstrap.is_complete(sys.version_info)


def test_a_complete_environment_is_left_alone(complete, monkeypatch):
    monkeypatch.setattr(bootstrap, "run", Steps(complete))
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    assert bootstrap.main([]) == 0
    assert not bootstrap.run.commands


@pytest.mark.parametrize("name", MADE_FROM)
def test_changed_requirements_make_an_environment_anew(name, complete):
    with (complete / name).open("a") as file:
        file.write("# changed\n")
    assert not bootstrap.is_complete(sys.version_info)


def test_another_python_a_lost_one_and_a_moved_checkout_make_an_environment_anew(complete, monkeypatch):
    python = complete / ".venv" / "bin" / "python"
    assert not bootstrap.is_complete((3, 30, 1))
    python.unlink()
    python.symlink_to("/no/such/python")
    assert not bootstrap.is_complete(sys.version_info)
    python.unlink()
    python.write_text("#!/bin/sh\necho 3.30\n")  # what the link leads to is newer now
    python.chmod(0o755)
    assert not bootstrap.is_complete(sys.version_info)
    python.unlink()
    python.symlink_to(sys.executable)
    assert bootstrap.is_complete(sys.version_info)
    moved = complete.rename(complete.with_name("moved"))
    monkeypatch.setattr(bootstrap, "ROOT", str(moved))
    monkeypatch.setattr(bootstrap, "VENV", str(moved / ".venv"))
    assert not bootstrap.is_complete(sys.version_info)


def test_an_environment_is_never_made_of_itself(checkout, monkeypatch):
    inside = checkout / ".venv" / "bin" / "python"
    inside.parent.mkdir(parents=True)
    inside.symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(inside))
    assert bootstrap.steps()[0][1][0] == os.path.realpath(inside)


WORKER = """
import signal, sys
sys.path.insert(0, {tools!r})
import bootstrap
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job starts with it ignored
bootstrap.ROOT, bootstrap.VENV = {root!r}, {root!r} + "/.venv"
step = ["sh", "-c", "sleep 60 & echo $! > {root}/half; mv {root}/half {root}/child; wait"]
bootstrap.set_up = lambda: bootstrap.run(step, bootstrap.hold_others_off())
sys.exit(bootstrap.main([]))
"""


@pytest.fixture
def working(tmp_path):
    """A set-up whose step has started a process of its own: (set-up, process number of that process)."""
    code = WORKER.format(tools=str(paths.ROOT / "tools"), root=str(tmp_path))
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 30
    while not (tmp_path / "child").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    child = int((tmp_path / "child").read_text())
    yield process, child
    if runs(child):
        os.kill(child, signal.SIGKILL)
    process.kill()
    process.wait()
    process.stderr.close()


def runs(number):
    """Is the process still there, and no zombie?"""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(number)], capture_output=True, text=True).stdout
    return bool(state) and not state.startswith("Z")


def is_locked(folder):
    """Would another set-up of this checkout have to wait?"""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_an_interrupt_takes_along_all_that_set_up_started_and_prints_one_line(name, working, tmp_path):
    process, child = working
    assert is_locked(tmp_path)
    process.send_signal(signal.Signals[name])
    assert process.communicate(timeout=30)[1] == "error: set-up was interrupted; make setup starts it again\n"
    assert process.returncode == 130
    assert not runs(child)
    assert not is_locked(tmp_path)


def test_a_killed_set_up_holds_the_next_one_off_until_what_it_started_has_ended(working, tmp_path):
    process, child = working
    process.kill()
    process.wait()
    assert runs(child)
    assert is_locked(tmp_path)
    os.kill(child, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while is_locked(tmp_path):
        assert time.monotonic() < deadline
        time.sleep(0.01)
