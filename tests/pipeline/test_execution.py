"""The runner: parameters, errors in one line, nothing half-written, equal bytes."""

import json
import os
import subprocess
import sys

import nbformat
import pytest

from semcom_lib import paths
from semcom_lib.pipeline import execution

HEAD = '# %% tags=["parameters"]\nseed = 1\nname = "x"\n# %%\n'


@pytest.fixture
def project(tmp_path):
    """A scratch project with one notebook; returns a function that writes its body and runs it."""
    (tmp_path / "semcom_lib").symlink_to(paths.ROOT / "semcom_lib")
    (tmp_path / "notebooks" / "paper").mkdir(parents=True)
    (tmp_path / "params.yaml").write_text(
        "profile: x\nseed: 5\nthreads: 1\naccelerator: cpu\npartial: false\nportable: false\n"
        "paper:\n  a: {name: ada}\n  b: {nme: ada}\n"
    )
    # runs the real module with this folder as the project's root
    (tmp_path / "go.py").write_text(
        "import sys, pathlib\nfrom semcom_lib import paths\nfrom semcom_lib.pipeline import execution\n"
        "root = pathlib.Path(sys.argv.pop(1))\n"
        "paths.ROOT, paths.REPORTS = root, root / 'reports'\nsys.exit(execution.main(sys.argv[1:]))\n"
    )

    def go(body, *arguments, head=HEAD):
        (tmp_path / "notebooks" / "paper" / "1_test.py").write_text(head + body)
        argv = [sys.executable, "go.py", str(tmp_path), "notebooks/paper/1_test.py", *(arguments or ["paper.a"])]
        environment = {**os.environ, "PYTHONPATH": str(paths.ROOT), "PYTHONWARNINGS": "default"}
        done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, env=environment)
        report = tmp_path / "reports" / "paper" / "1_test.ipynb"
        return done, json.loads(report.read_text()) if report.exists() else None

    return go


def printed(report):
    return "".join(
        "".join(output["text"]) for cell in report["cells"] for output in cell.get("outputs", []) if "text" in output
    )


def test_a_notebook_gets_its_section_the_common_values_and_overrides(project):
    done, report = project("print(seed, name)")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "reports/paper/1_test.ipynb"
    assert printed(report) == "5 ada\n"
    done, report = project("print(seed, name)", "paper.a", "name=grace", "seed=12")
    assert printed(report) == "12 grace\n"


def test_parameters_stand_once_with_the_values_that_were_given(project):
    head = '# %% [markdown]\n# # Title\n# %% tags=["parameters"]\nname = "x"  # whose\nseed = 1\n# %%\n'
    _, report = project("print(seed, name)", head=head)
    cells = [(cell["cell_type"], "".join(cell["source"])) for cell in report["cells"]]
    assert cells == [
        ("markdown", "# Title"),
        ("code", "name = 'ada'  # whose\nseed = 5"),
        ("code", "print(seed, name)"),
    ]
    assert [cell["metadata"] for cell in report["cells"]] == [{}, {"tags": ["parameters"]}, {}]
    assert printed(report) == "5 ada\n"


def test_two_runs_are_equal_byte_for_byte(project, tmp_path):
    body = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\n# %%\n{'b': 1, 'a': 2}"
    project(body)
    report = tmp_path / "reports" / "paper" / "1_test.ipynb"
    first = report.read_bytes()
    project(body)
    assert report.read_bytes() == first
    assert b"image/png" in first


def test_progress_goes_to_the_terminal_and_not_into_the_notebook(project):
    body = "from semcom_lib.progress import Progress\nProgress('my stage', 4).update(4, loss=0.5)"
    done, report = project(body)
    assert "my stage  4/4  loss 0.5" in done.stderr
    assert printed(report) == ""


@pytest.mark.parametrize(
    ("body", "arguments", "message"),
    [
        ("1 / 0", (), "1_test.py, cell '1 / 0': ZeroDivisionError: division by zero"),
        ("import sys; sys.stderr.write('careful')", (), "wrote to stderr: careful"),
        ("import os; os._exit(1)", (), "1_test.py: DeadKernelError"),
        (
            "",
            ("paper.b",),
            "params.yaml: paper.b.nme: notebooks/paper/1_test.py does not declare it; it has: seed, name",
        ),
        ("", ("paper.a", "nam=1"), "command line: nam: notebooks/paper/1_test.py does not declare it"),
        ("", ("paper.a", "name=3"), "command line: name: must be a text, is 3"),
        ("", ("paper.a", "seed=-1"), "command line: seed: must be a whole number >= 0 and < 4294967296, is -1"),
        ("", ("paper.a", "seed=1", "seed=2"), "command line: seed: is there twice"),
        ("", ("paper.a", "seed=["), "command line: seed, line 1: while parsing a flow node"),
        (
            "",
            ("paper.a", "--as", "../1_test"),
            "--as: must be a file name of letters, digits, _, - and ., is '../1_test'",
        ),
        ("", ("paper.a", "--as", "/tmp/1_test"), "--as: must be a file name"),
        ("", ("paper.a", "--as", ""), "--as: must be a file name"),
        ("", ("paper.a", "--as", ".."), "--as: must be a file name"),
        ("", ("paper.z",), "params.yaml has no section 'paper.z'"),
        ("", ("paper.a", "name"), "command line: 'name' is not of the form key=value"),
    ],
)
def test_a_failure_is_one_line_that_names_the_place_and_leaves_the_old_report(
    project, tmp_path, body, arguments, message
):
    project("print('before')")
    report = tmp_path / "reports" / "paper" / "1_test.ipynb"
    before = report.read_bytes()
    done, _ = project(body, *arguments)
    assert done.returncode == 1
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert message in errors[0]
    assert "Traceback" not in done.stderr
    assert report.read_bytes() == before
    assert [path.name for path in report.parent.iterdir()] == ["1_test.ipynb"]


def test_a_notebook_without_a_parameters_cell_is_named(project):
    done, report = project("1", head="# %%\n")
    assert 'no cell is tagged "parameters"' in done.stderr
    assert report is None


def test_a_missing_notebook_is_named(capsys):
    assert execution.main(["notebooks/none.py", "l_deepsc.data"]) == 1
    assert capsys.readouterr().err == "error: notebooks/none.py: no such notebook\n"


def test_too_few_arguments_show_the_usage(capsys):
    assert execution.main(["notebooks/none.py"]) == 2
    assert "usage: python -m semcom_lib.run NOTEBOOK SECTION" in capsys.readouterr().err


def test_a_report_can_take_another_name_than_its_notebook(project, tmp_path):
    done, report = project("print(name)", "paper.a", "--as", "1_test_ada")
    assert done.stdout.strip() == "reports/paper/1_test_ada.ipynb"
    assert report is None
    assert printed(json.loads((tmp_path / "reports" / "paper" / "1_test_ada.ipynb").read_text())) == "ada\n"


def test_an_interrupt_is_one_line(monkeypatch, capsys):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(execution, "run", interrupted)
    assert execution.main(["notebooks/some.py", "paper.a"]) == 130
    assert capsys.readouterr().err == "error: notebooks/some.py: interrupted\n"


def test_what_is_printed_in_a_row_is_one_output_whenever_the_kernel_sent_it():
    def printed(*pieces):
        image = nbformat.v4.new_output("display_data", {"text/plain": "x"})
        outputs = [
            image if piece is None else nbformat.v4.new_output("stream", name=piece[0], text=piece[1])
            for piece in pieces
        ]
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("", outputs=outputs)])
        return [(output.get("name"), output.get("text")) for output in execution.normalise(notebook).cells[0].outputs]

    cut = printed(("stdout", "a"), ("stdout", "b\n"), None, ("stdout", "c"), ("stderr", "d"), ("stderr", "e"))
    assert cut == [("stdout", "ab\n"), (None, None), ("stdout", "c"), ("stderr", "de")]
    assert printed() == []
