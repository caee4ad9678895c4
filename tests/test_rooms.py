"""The laws of the house: which room may import which, how large a module may be, what none may be called."""

from collections import defaultdict
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path

import pytest

from semcom_lib import paths
from semcom_lib.pipeline import imports

SHARED = {"sources", "coding", "compression", "metrics", "physical_layer", "learning", "pipeline", "ledger"}
PAPERS = {"l_deepsc", "aesc_i", "mem_deepsc", "deepsc_s", "digital_sc"}
LINES = 290  # two codes of the coding room need nearly so many; about 250 is what a reader takes in
NO_CONCEPT = {"utils", "util", "misc", "helpers", "common"}
MODULES = sorted(path.relative_to(paths.ROOT).as_posix() for path in paths.ROOT.glob("semcom_lib/**/*.py"))


def room(module):
    """The folder of semcom_lib that holds a module; a module at the top is a room of its own."""
    parts = Path(module).parts
    return parts[1] if len(parts) > 2 else Path(parts[1]).stem


@pytest.fixture(scope="module")
def neighbours():
    """{room: {another room that it imports: the first of its modules that does}}."""
    graph = defaultdict(dict)
    for module in MODULES:
        for other in sorted(imports.imported(module, paths.ROOT)):
            if room(other) != room(module):
                graph[room(module)].setdefault(room(other), module)
    return graph


def test_every_folder_is_a_room_that_the_plan_knows():
    folders = {path.name for path in (paths.ROOT / "semcom_lib").iterdir() if path.is_dir() and path.name[0] != "_"}
    assert folders - SHARED - PAPERS == set()


def test_a_shared_room_imports_no_paper(neighbours):
    wrong = {
        (key, paper): neighbours[key][paper]
        for key in neighbours
        if key not in PAPERS
        for paper in PAPERS & neighbours[key].keys()
    }
    assert wrong == {}


def test_a_paper_imports_no_other_paper(neighbours):
    wrong = {
        (key, paper): neighbours[key][paper]
        for key in PAPERS & neighbours.keys()
        for paper in PAPERS & neighbours[key].keys()
    }
    assert wrong == {}


def test_rooms_do_not_import_each_other_in_a_circle(neighbours):
    try:
        TopologicalSorter({key: others.keys() for key, others in neighbours.items()}).prepare()
    except CycleError as error:
        circle = error.args[1]
        steps = [neighbours[b][a] for a, b in pairwise(circle)]
        pytest.fail(f"{' <- '.join(circle)}, by {', '.join(steps)}")


@pytest.mark.parametrize("module", MODULES)
def test_a_module_holds_one_concept(module):
    file = paths.ROOT / module
    assert file.stem not in NO_CONCEPT, "a name that says nothing of what is in it"
    assert len(file.read_text().splitlines()) <= LINES


def test_a_package_is_empty_so_that_who_imports_one_module_of_it_depends_on_no_other():
    assert [path for path in paths.ROOT.glob("semcom_lib/**/__init__.py") if path.read_text()] == []
