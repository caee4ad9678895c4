"""Executed means executed: a report has its script's cells, and those that have not are listed as of an older run."""

import jupytext
import nbformat
import pytest

from semcom_lib import paths
from semcom_lib.pipeline import reports
from semcom_lib.pipeline.errors import PipelineError

SCRIPT = '# %% [markdown]\n# # Title\n# %% tags=["parameters"]\nseed = 1  # all\n# %%\nprint(seed)\n# %%\n1 + 1\n'


def test_the_list_of_older_reports_is_what_is_computed():
    """A report that is older and not listed misleads its readers; one that is listed and current belongs off the list."""
    listed = (paths.ROOT / reports.LIST).read_text()
    assert listed == reports.listed(reports.of_older_run()), "python -m semcom_lib.pipeline.reports writes it"


@pytest.fixture
def project(tmp_path):
    """A function that writes a project of one stage, whose report has ``executed`` in place of the script's text."""

    def project(executed=SCRIPT, name="1_test"):
        (tmp_path / "notebooks" / "paper").mkdir(parents=True)
        (tmp_path / "reports" / "paper").mkdir(parents=True)
        (tmp_path / "notebooks" / "paper" / "1_test.py").write_text(SCRIPT)
        (tmp_path / "stages.yaml").write_text("paper: {test: {notebook: 1_test.py}}\n")
        nbformat.write(jupytext.reads(executed, "py:percent"), tmp_path / "reports" / "paper" / f"{name}.ipynb")
        return tmp_path

    return project


@pytest.mark.parametrize("executed", [SCRIPT, SCRIPT.replace("seed = 1", "seed = [2, 'x']")])
def test_a_report_with_other_values_is_an_execution(project, executed):
    assert reports.of_older_run(project(executed)) == []


@pytest.mark.parametrize(
    "executed",
    [
        SCRIPT.replace("Title", "Titel"),
        SCRIPT.replace("# all", "# some"),
        SCRIPT.replace("print(seed)", "print(seed )"),
        SCRIPT.replace("# %%\n1 + 1\n", "# %% [markdown]\n# 1 + 1\n"),
        SCRIPT.replace("# %%\nprint(seed)\n# %%\n1 + 1\n", "# %%\n1 + 1\n# %%\nprint(seed)\n"),
        SCRIPT.replace("# %%\n1 + 1\n", ""),
        SCRIPT.replace("# %%\nprint", '# %% tags=["injected-parameters"]\nseed = 2\n# %%\nprint'),
        SCRIPT.replace(' tags=["parameters"]', ""),
    ],
)
def test_a_report_with_other_cells_is_of_an_older_run(project, executed):
    assert executed != SCRIPT
    assert reports.of_older_run(project(executed)) == ["reports/paper/1_test.ipynb"]


def test_a_report_that_no_stage_makes_is_named(project):
    with pytest.raises(PipelineError, match=r"reports/paper/2_test\.ipynb: no stage of stages\.yaml makes it"):
        reports.of_older_run(project(name="2_test"))
