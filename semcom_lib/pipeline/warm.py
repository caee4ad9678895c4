"""Processes that begin with the large packages imported: what ``python -m MODULE`` does, some three seconds sooner.

A pipeline of many short stages spends more time on importing torch, pandas and seaborn than on its work. A server imports them
once (``started``); for every ``run_module`` it forks, and the child becomes ``python -m MODULE ARGUMENTS`` with the caller's
arguments, environment, folder, input and output. The server holds packages only, nothing of this library, so that every
stage reads the code as it stands. Where it cannot help (none was started, it is gone, the caller has set a variable that a
package reads when it is imported, and otherwise than the server), the caller runs the module itself: same result, later.

    python -m semcom_lib.pipeline.warm MODULE ...       by the server whose address is in SEMCOM_WARM
    python -m semcom_lib.pipeline.warm --serve FILE     the server; FILE is the number of its listening socket
"""

import contextlib
import gc
import importlib.util
import json
import math
import os
import runpy
import select
import signal
import socket
import struct
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ADDRESS = "SEMCOM_WARM"  # the variable that leads from a pipeline's processes to its server
# What notebooks and the runner import; not what looks for its notebook at that moment (matplotlib_inline), pandas' width apart.
PACKAGES = (
    *("numpy", "pandas", "scipy.stats", "numba", "matplotlib.pyplot", "seaborn", "PIL.Image"),
    *("torch", "torch._inductor.config", "lightning_fabric"),  # the second for torch.use_deterministic_algorithms
    *("yaml", "pydantic.type_adapter", "jupytext", "papermill", "ipykernel.kernelapp", "ipykernel.debugger"),
)
# How the names of those variables begin that an interpreter or a package reads only once.
READ_ONCE = (
    *("PYTHON", "MALLOC_", "GLIBC_", "OMP_", "GOMP_", "MKL_", "ATEN_", "ONEDNN_", "OPENBLAS_", "NPY_", "NUMBA_"),
    "MPL",
)
PARENT_CHECK = 1.0  # seconds between two looks whether the parent still lives
GRACE = 3.0  # seconds
NUMBER = struct.Struct("!i")  # of a child (0: none), then its exit code


@contextlib.contextmanager
def started(folder: Path, environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Keep a server while the body runs. Yields the variables that let the body's processes find it.

    ``folder``: where those processes work. ``environment``: the server's, with what theirs hold of READ_ONCE. There is no
    server, and nothing to find, except on Linux: Windows has no fork, and macOS none that is safe after frameworks are loaded.
    """
    if sys.platform != "linux":
        yield {}
        return
    from semcom_lib.pipeline import process, scratch  # here: what a server imports, its children have in an old state

    with scratch.folder() as place:
        address = str(place / "warm")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(address)
            listener.listen()
            number = listener.fileno()
            argv = [sys.executable, "-Xfrozen_modules=off", "-m", "semcom_lib.pipeline.warm", "--serve", str(number)]
            settings = {"cwd": folder, "env": environment, "pass_fds": [number]}
            # A session of its own: an interrupt from the keyboard is for the pipeline, which then leaves the body.
            with process.heeding_interrupts():
                server = subprocess.Popen(argv, start_new_session=True, **settings)
        try:
            yield {ADDRESS: address}
        finally:
            server.terminate()
            server.wait()


def matplotlibs_settings() -> Path:
    """The folder of the settings file that matplotlib brings along, the only one that is the same everywhere.

    matplotlib reads one file, once, when it is imported; it looks first in the working directory, whatever the variables say.
    """
    return Path(importlib.util.find_spec("matplotlib").submodule_search_locations[0]) / "mpl-data"


def run_module(module: str, arguments: Sequence[str]) -> int:
    """``python -m module arguments`` in a child of the server, or else in this process. Returns its exit code."""
    address = os.environ.get(ADDRESS)
    code = _run_in_server(address, module, arguments) if address else None
    return _exec(module, arguments) if code is None else code


def _exec(module: str, arguments: Sequence[str]) -> int:
    _skip_url_grammar()
    sys.argv[1:] = arguments
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _skip_url_grammar() -> None:
    """Let jsonschema, which jupytext and papermill import, do without a package that takes two seconds.

    It is the grammar of a format of URLs, which no notebook's schema asks for; jsonschema takes it for not installed.
    """
    sys.modules["rfc3987_syntax"] = None


def _run_in_server(address: str, module: str, arguments: Sequence[str]) -> int | None:
    """The exit code of the server's child; None if the server has none for this process."""
    request = {"module": module, "arguments": [*arguments], "environment": {**os.environ}, "folder": os.getcwd()}
    message = json.dumps(request).encode()
    parent = os.getppid()
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(address)
            socket.send_fds(connection, [NUMBER.pack(len(message))], [0, 1, 2])
            connection.sendall(message)
            child = _receive_number(connection, 0)
        except OSError:
            return None
        while child:
            try:
                if select.select([connection], [], [], PARENT_CHECK)[0]:
                    return _receive_number(connection, 1)
            except KeyboardInterrupt:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGINT)
            if os.getppid() != parent:
                return 1  # whoever wanted this is gone; the server sees that we are gone, too
    return None


def _receive_number(connection: socket.socket, otherwise: int) -> int:
    received = connection.recv(NUMBER.size, socket.MSG_WAITALL)
    return NUMBER.unpack(received)[0] if len(received) == NUMBER.size else otherwise


class _Server:
    """Forks for every request, and tells the client how the child ended; the child of a client that is gone is killed."""

    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        self.began_with = dict(os.environ)
        self.parent = os.getppid()
        self.clients: dict[int, socket.socket] = {}  # of each child
        self.wakes, self.woken = socket.socketpair()  # a byte whenever a child has ended
        self.wakes.setblocking(False)
        signal.set_wakeup_fd(self.wakes.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        self.end = math.inf

    def serve(self) -> dict[str, Any]:
        """Serve until told to end, or the parent is gone. Returns in a child only: what it has to become, its ``streams``."""
        _skip_url_grammar()
        with contextlib.chdir(matplotlibs_settings()):
            for name in PACKAGES:
                importlib.import_module(name)
        sys.modules["pandas"].set_option("display.max_columns", 20)  # what it chooses itself where a kernel imports it
        sys.modules["nbformat"].v4.new_markdown_cell()  # compiles the schema of a notebook, and keeps it
        gc.collect()
        gc.freeze()
        signal.signal(signal.SIGTERM, self._close)
        try:
            while os.getppid() == self.parent and (
                self.end == math.inf or (self.clients and time.monotonic() < self.end)
            ):
                waiting = [self.listener, self.woken, *self.clients.values()]
                ready, _, _ = select.select(waiting, [], [], PARENT_CHECK)
                if self.woken in ready:
                    self.woken.recv(4096)
                self._reap(ready)
                if self.listener in ready and (request := self._accept()):
                    return request
            sys.exit(0)
        finally:
            for child in self.clients:
                os.kill(child, signal.SIGKILL)

    def _close(self, *_: object) -> None:
        """Give the children that are left the time to clean up, which an interrupted one needs."""
        self.end = time.monotonic() + GRACE

    def _accept(self) -> dict[str, Any] | None:
        """Fork for the next client; the request in the child, nothing in the server."""
        client, _ = self.listener.accept()
        streams: list[int] = []
        try:
            length, streams, _, _ = socket.recv_fds(client, NUMBER.size, 3)
            request = json.loads(client.recv(*NUMBER.unpack(length), socket.MSG_WAITALL))
        except (OSError, ValueError, struct.error):  # the client was killed while it asked
            request = None
        child = os.fork() if request and self._suits(request["environment"]) else None
        if child == 0:
            self._detach()
            client.close()
            return {**request, "streams": streams}
        for stream in streams:
            os.close(stream)
        with contextlib.suppress(OSError):
            client.sendall(NUMBER.pack(child or 0))
        if child:
            self.clients[child] = client
        else:
            client.close()
        return None

    def _suits(self, environment: Mapping[str, str]) -> bool:
        return all(self.began_with.get(k) == v for k, v in environment.items() if k.startswith(READ_ONCE))

    def _reap(self, ready: Sequence[socket.socket]) -> None:
        """Kill the children whose clients are in ``ready`` (they hung up), and answer the clients of all that have ended."""
        for child, client in list(self.clients.items()):
            if client in ready:
                os.kill(child, signal.SIGKILL)
            ended, status = os.waitpid(child, 0 if client in ready else os.WNOHANG)
            if ended:
                code = os.waitstatus_to_exitcode(status)
                with contextlib.suppress(OSError):
                    client.sendall(NUMBER.pack(code if code >= 0 else 128 - code))
                client.close()
                del self.clients[child]

    def _detach(self) -> None:
        """In a child: be no server any more."""
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        for end in (self.listener, self.wakes, self.woken, *self.clients.values()):
            end.close()
        self.clients.clear()


def _main(argv: list[str]) -> int:
    if argv[0] != "--serve":
        return run_module(argv[0], argv[1:])
    request = _Server(socket.socket(fileno=int(argv[1]))).serve()
    for target, stream in enumerate(request["streams"]):
        os.dup2(stream, target)
        os.close(stream)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    sys.path[0] = request["folder"]
    try:
        code = _exec(request["module"], request["arguments"])
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # as multiprocessing's children do: to take torch apart would need half a second


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
