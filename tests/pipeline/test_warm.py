"""Processes forked from a warm server: the same as cold ones, and never left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from semcom_lib import paths
from semcom_lib.pipeline import determinism, warm

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is a server on Linux only")

MODULE = """
import json, os, sys, time
if sys.argv[1] == "report":
    state = {
        "arguments": sys.argv[1:], "name": __name__, "folder": os.getcwd(), "color": os.environ.get("COLOR"),
        "typed": sys.stdin.read(), "warm": "torch" in sys.modules,
        "without_url_grammar": sys.modules.get("rfc3987_syntax", ...) is None and "lark" not in sys.modules,
        "library": sorted(name for name in sys.modules if name.startswith("semcom_lib")),
    }
    print(json.dumps(state))
    print("careful", file=sys.stderr)
    sys.exit(3)
if sys.argv[1] == "fail":
    raise ValueError("no such thing")
if sys.argv[1] == "sleep":
    try:
        print(os.getpid(), flush=True)
        time.sleep(60)
    except KeyboardInterrupt:
        sys.exit(5)
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A folder with the module above and this library."""
    folder = tmp_path_factory.mktemp("warm")
    (folder / "semcom_lib").symlink_to(paths.ROOT / "semcom_lib")
    (folder / "told.py").write_text(MODULE)
    return folder


@pytest.fixture(scope="module")
def server(project):
    with warm.started(project, environment(project)) as address:
        yield address


def environment(project, **variables):
    settings = {"threads": 1, "portable": False}
    return {**os.environ, "PYTHONWARNINGS": "ignore", **determinism.variables(settings, project), **variables}


def begin(project, server, *arguments, **variables):
    argv = [sys.executable, "-m", "semcom_lib.pipeline.warm", "told", *arguments]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(argv, cwd=project, env=environment(project, **server, **variables), text=True, **pipes)


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def gone_within(seconds, pid):
    end = time.monotonic() + seconds
    while is_alive(pid) and time.monotonic() < end:
        time.sleep(0.05)
    return not is_alive(pid)


def test_a_child_has_all_that_its_client_gave_and_the_packages_but_no_module_of_the_library(project, server):
    client = begin(project, server, "report", "two words", COLOR="green")
    out, err = client.communicate("typed text")
    assert json.loads(out) == {
        "arguments": ["report", "two words"], "name": "__main__", "folder": str(project), "color": "green",
        "typed": "typed text", "warm": True, "without_url_grammar": True, "library": ["semcom_lib", "semcom_lib.pipeline"],
    }  # fmt: skip
    assert err == "careful\n"
    assert client.returncode == 3


def test_importing_it_takes_no_package_from_the_importer(project):
    argv = [sys.executable, "-c", "import sys, semcom_lib.pipeline.warm; print('rfc3987_syntax' in sys.modules)"]
    done = subprocess.run(argv, cwd=project, env=environment(project), capture_output=True, text=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize("variables", [{"OMP_NUM_THREADS": "3"}, {warm.ADDRESS: "/no/such/socket"}])
def test_where_the_server_cannot_help_the_client_runs_the_module_itself(project, server, variables):
    client = begin(project, {}, "report", **{**server, **variables})
    out, err = client.communicate("")
    assert json.loads(out)["warm"] is False
    assert json.loads(out)["without_url_grammar"] is True
    assert (err, client.returncode) == ("careful\n", 3)


def test_an_error_is_the_clients(project, server):
    client = begin(project, server, "fail")
    _, err = client.communicate()
    assert err.endswith("ValueError: no such thing\n")
    assert client.returncode == 1


def test_an_interrupt_reaches_the_child(project, server):
    client = begin(project, server, "sleep")
    client.stdout.readline()
    client.send_signal(signal.SIGINT)
    client.communicate()
    assert client.returncode == 5


def test_the_child_of_a_killed_client_is_killed(project, server):
    client = begin(project, server, "sleep")
    child = int(client.stdout.readline())
    assert is_alive(child)
    client.kill()
    assert gone_within(5, child)
    client.communicate()


def test_a_killed_child_is_an_error(project, server):
    client = begin(project, server, "sleep")
    os.kill(int(client.stdout.readline()), signal.SIGKILL)
    client.communicate()
    assert client.returncode == 128 + signal.SIGKILL


def test_children_do_not_outlive_the_server(project):
    with warm.started(project, environment(project)) as address:
        client = begin(project, address, "sleep")
        child = int(client.stdout.readline())
    assert gone_within(5, child)
    client.communicate()
    assert client.returncode == 1


def test_a_notebook_is_the_same_bytes_from_a_warm_and_from_a_cold_kernel(project, server):
    (project / "params.yaml").write_text(
        "profile: x\nseed: 1\nthreads: 1\naccelerator: cpu\npartial: false\nportable: false\npaper: {a: {columns: 40}}\n"
    )
    (project / "notebooks" / "paper").mkdir(parents=True)
    (project / "notebooks" / "paper" / "1_wide.py").write_text(
        '# %% tags=["parameters"]\ncolumns = 4\n# %%\nimport pathlib, sys\n'
        "pathlib.Path('warm.txt').write_text(str('torch' in sys.modules))\n"
        "import matplotlib.pyplot as plt\nimport numpy as np\nimport pandas as pd\nimport torch\n"
        "torch.use_deterministic_algorithms(True)\nplt.plot([1, 2])\nplt.show()\n# %%\n"
        "print(pd.DataFrame(np.ones((3, columns))), torch.get_num_threads())\n# %%\n"
        "pd.DataFrame(np.random.default_rng(1).random((3, columns)))\n"
    )
    (project / "go.py").write_text(
        "import pathlib, sys\nfrom semcom_lib import paths\nfrom semcom_lib.pipeline import execution\n"
        "paths.ROOT = pathlib.Path.cwd()\n"
        "paths.REPORTS = paths.ROOT / 'reports'\nsys.exit(execution.main(sys.argv[1:]))\n"
    )
    reports = []
    for address, is_warm in ((server, "True"), ({}, "False")):
        argv = [sys.executable, "-m", "semcom_lib.pipeline.warm", "go", "notebooks/paper/1_wide.py", "paper.a"]
        given = {k: v for k, v in environment(project).items() if k != "MPLBACKEND"}
        done = subprocess.run(argv, cwd=project, env=given | address, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert (project / "warm.txt").read_text() == is_warm
        reports.append((project / "reports" / "paper" / "1_wide.ipynb").read_bytes())
    assert reports[0] == reports[1]
    assert b"image/png" in reports[0]
