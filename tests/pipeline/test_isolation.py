"""What stands in a user's home, environment and folder reaches no notebook: with all of it planted, the bytes are the same."""

import contextlib
import os
import subprocess
import sys

import pytest

from semcom_lib import paths
from semcom_lib.pipeline import determinism, warm

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="there is a server on Linux only")
SHOWS = """
import builtins, locale, os, pathlib, sys, time
pathlib.Path("warm.txt").write_text(str("torch" in sys.modules))
import matplotlib
import matplotlib.pyplot as plt
print({name: matplotlib.rcParams[name] for name in ("lines.linewidth", "axes.facecolor", "savefig.facecolor")})
print(sorted(name for name in plt.style.library if name.startswith("planted")))
print(sorted(name for name in {*globals(), *vars(builtins)} if name.startswith("planted")))
print(locale.setlocale(locale.LC_ALL, ""), time.tzname, sys.flags.optimize, get_ipython().Completer.use_jedi)
print([name for name in sorted(os.environ) if name.startswith(("PYTHONWARN", "NUMBA_DIS", "KMP_", "NUMBA_OPT"))])
print(repr(os.environ["CUDA_VISIBLE_DEVICES"]))
plt.plot([1, 2])
plt.show()
# %%
len("no semicolon")
"""
STYLE = "lines.linewidth: 9\naxes.facecolor: red\nsavefig.facecolor: red\n"
KERNELSPEC = '{"argv": ["false"], "display_name": "planted", "language": "python"}'
# All that a user may have in the home directory; each would be seen in the notebook above, or keep it from running.
HOME = {
    ".config/matplotlib/matplotlibrc": STYLE,
    ".config/matplotlib/stylelib/planted.mplstyle": STYLE,
    ".matplotlib/matplotlibrc": STYLE,
    ".ipython/profile_default/startup/00.py": "planted_startup = 1\nprint('planted')\n",
    ".ipython/profile_default/ipython_config.py": "c.InteractiveShellApp.exec_lines = ['planted_config = 1']\n",
    ".ipython/profile_default/ipython_kernel_config.py": "c.InteractiveShell.ast_node_interactivity = 'none'\n",
    ".jupyter/jupyter_config.py": "c.KernelManager.transport = 'tcp'\n1 / 0\n",
    ".local/share/jupyter/kernels/python3/kernel.json": KERNELSPEC,
    "elsewhere/kernels/python3/kernel.json": KERNELSPEC,
    "startup.py": "planted_pythonstartup = 1\n",
    "packages/sitecustomize.py": "import builtins\nbuiltins.planted_sitecustomize = 1\n",
}
VARIABLES = {
    "PYTHONSTARTUP": "{home}/startup.py",
    "PYTHONWARNINGS": "always",
    "PYTHONOPTIMIZE": "1",
    "JUPYTER_PATH": "{home}/elsewhere",
    "JUPYTER_CONFIG_PATH": "{home}/.jupyter",
    "IPYTHONDIR": "{home}/.ipython",
    "MPLCONFIGDIR": "{home}/.config/matplotlib",
    "MATPLOTLIBRC": "{home}/.config/matplotlib",
    "MPLBACKEND": "svg",
    "NUMBA_DISABLE_JIT": "1",
    "KMP_AFFINITY": "none",
    "OMP_NUM_THREADS": "7",
    "LC_ALL": "C",
    "LANG": "de_DE.UTF-8",
    "TZ": "Asia/Kathmandu",
    "CUDA_VISIBLE_DEVICES": "0",
}


@pytest.fixture
def project(tmp_path):
    """A scratch project with the notebook above; returns its root and a function that runs it and gives the report's bytes."""
    root = tmp_path / "project"
    (root / "notebooks" / "paper").mkdir(parents=True)
    (root / "semcom_lib").symlink_to(paths.ROOT / "semcom_lib")
    (root / "params.yaml").write_text(
        "profile: x\nseed: 1\nthreads: 1\naccelerator: cpu\npartial: false\nportable: false\npaper: {a: {}}\n"
    )
    (root / "notebooks" / "paper" / "1_shows.py").write_text('# %% tags=["parameters"]\nseed = 1\n# %%' + SHOWS)
    (root / "go.py").write_text(
        "import pathlib, sys\nfrom semcom_lib import paths\nfrom semcom_lib.pipeline import execution\n"
        "paths.ROOT = pathlib.Path(__file__).parent\n"
        "paths.REPORTS = paths.ROOT / 'reports'\nsys.exit(execution.main(sys.argv[1:]))\n"
    )

    def bytes_of(environment):
        argv = [sys.executable, "-m", "semcom_lib.pipeline.warm", "go", "notebooks/paper/1_shows.py", "paper.a"]
        done = subprocess.run(argv, cwd=root, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return (root / "reports" / "paper" / "1_shows.ipynb").read_bytes()

    return root, bytes_of


@pytest.mark.parametrize("is_warm", [False, pytest.param(True, marks=LINUX)], ids=["cold", "warm"])
def test_settings_of_the_user_change_no_byte(project, tmp_path, is_warm):
    root, bytes_of = project
    clean = {**determinism.without_settings(os.environ), "PYTHONPATH": str(root), "HOME": str(tmp_path / "empty")}
    expected = bytes_of(clean)
    assert b"'lines.linewidth': 1.5" in expected
    assert b"image/png" in expected
    home = tmp_path / "home"
    for name, text in HOME.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
    (root / "matplotlibrc").write_text(STYLE)
    planted = {name: value.format(home=home) for name, value in VARIABLES.items()}
    search = os.pathsep.join([str(root), str(home / "packages")])
    environment = {**clean, **planted, "HOME": str(home), "PYTHONPATH": search, "PYTHONUSERBASE": str(home / ".local")}
    settings = determinism.variables({"threads": 1, "accelerator": "cpu"}, root)
    server = warm.started(root, determinism.without_settings(environment) | settings)
    with server if is_warm else contextlib.nullcontext({}) as address:
        assert bytes_of(environment | address) == expected
    assert (root / "warm.txt").read_text() == str(is_warm)
