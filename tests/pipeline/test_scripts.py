"""Notebooks as they stand in git: JupyterLab saves them as the same bytes, and they say what is run."""

import copy
import json
import warnings

import pytest

from semcom_lib import paths
from semcom_lib.pipeline import parameters, profiles, scripts, stages

NOTEBOOKS = sorted({stage.notebook for stage in stages.load()})
OF_A_RUN = {  # what JupyterLab adds to a cell that was run
    "execution_count": 3,
    "outputs": [{"output_type": "stream", "name": "stdout", "text": "hello\n"}],
}


@pytest.fixture(scope="module")
def contents():
    """JupyterLab's contents manager, as jupytext makes it for the project's folder."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from jupyter_server.services.contents.largefilemanager import LargeFileManager
        from jupytext.sync_contentsmanager import build_sync_jupytext_contents_manager_class

        return build_sync_jupytext_contents_manager_class(LargeFileManager)


@pytest.mark.parametrize("script", NOTEBOOKS)
def test_a_notebook_stands_as_make_pipeline_writes_it(script):
    assert (paths.ROOT / script).read_text(encoding="utf-8") == scripts.written()[script]


@pytest.mark.parametrize("script", NOTEBOOKS)
def test_its_parameters_are_those_of_the_laptop_profile(script):
    stage = next(stage for stage in stages.load() if stage.notebook == script)
    text = (paths.ROOT / script).read_text(encoding="utf-8")
    declared = parameters.declared_in(parameters.cell_in(text, script), script)
    params = profiles.params()
    given = parameters.overridden(f"{key}={value}" for key, value in stage.arguments)
    expected = params | parameters.section_of(params, stage.section) | given
    assert declared == {key: expected[key] for key in declared}
    assert declared.get("profile", "laptop") == "laptop"


@pytest.mark.parametrize("ran", [False, True], ids=["opened", "run all"])
@pytest.mark.parametrize("script", NOTEBOOKS)
def test_jupyterlab_saves_it_as_the_same_bytes(contents, tmp_path, script, ran):
    before = (paths.ROOT / script).read_bytes()
    (tmp_path / "notebook.py").write_bytes(before)
    manager = contents(root_dir=str(tmp_path))
    content = json.loads(json.dumps(manager.get("notebook.py", type="notebook", content=True)["content"]))
    if ran:
        kernel = {"name": "python3", "display_name": "Python 3.13 (another machine)", "language": "python"}
        content["metadata"]["kernelspec"] = kernel
        content["metadata"]["language_info"] = {"name": "python", "version": "3.13.9", "file_extension": ".py"}
        for cell in content["cells"]:
            cell["metadata"] |= {"trusted": True, "scrolled": True, "collapsed": False}
            if cell["cell_type"] == "code":
                cell |= copy.deepcopy(OF_A_RUN)
                cell["metadata"]["execution"] = {"iopub.status.busy": "2026-11-25T15:00:00Z"}
    manager.save({"type": "notebook", "format": "json", "content": content}, "notebook.py")
    assert (tmp_path / "notebook.py").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".ipynb"] == []


def test_a_changed_cell_is_saved(contents, tmp_path):
    (tmp_path / "notebook.py").write_bytes((paths.ROOT / NOTEBOOKS[0]).read_bytes())
    manager = contents(root_dir=str(tmp_path))
    model = manager.get("notebook.py", type="notebook", content=True)
    model["content"]["cells"][-1]["source"] += "\n# a note"
    manager.save({"type": "notebook", "format": "json", "content": model["content"]}, "notebook.py")
    assert (tmp_path / "notebook.py").read_text().endswith("# a note\n")
