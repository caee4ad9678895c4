"""Parameters stand once: in their cell, with the values that were given."""

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcom_lib.pipeline import parameters
from semcom_lib.pipeline.errors import PipelineError

NOTEBOOK = Path("paper/1_test.py")
CELL = """\
seed = 1  # é: no draw without it
snrs_db = [
    0.0,  # lost
    6.0,
]
name = "x"
# the end"""
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def test_values_take_the_place_of_the_scripts_and_the_rest_stays():
    written = parameters.with_values(CELL, {"name": "ü", "snrs_db": [0.0, 3.5]}, NOTEBOOK)
    assert written == "seed = 1  # é: no draw without it\nsnrs_db = [0.0, 3.5]\nname = 'ü'\n# the end"


@given(VALUES, VALUES, VALUES)
def test_the_cell_gives_back_the_values_that_were_written_into_it(seed, snrs_db, name):
    values = {"seed": seed, "snrs_db": snrs_db, "name": name}
    written = parameters.with_values(CELL, values, NOTEBOOK)
    assigned = [(node.targets[0].id, ast.literal_eval(node.value)) for node in ast.parse(written).body]
    assert assigned == list(values.items())
    assert parameters.without_values(written) == parameters.without_values(CELL)


@pytest.mark.parametrize("value", [float("inf"), float("nan"), [float("-inf")]])
def test_a_value_that_is_no_literal_is_named(value):
    with pytest.raises(PipelineError, match=r"paper/1_test\.py: seed = .*; must be a finite number"):
        parameters.with_values(CELL, {"seed": value}, NOTEBOOK)


@pytest.mark.parametrize(
    "other",
    [
        CELL.replace("seed", "seeds"),
        CELL.replace('name = "x"\n', ""),
        CELL.replace("the end", "the start"),
        CELL.replace('name = "x"\n# the end', '# the end\nname = "x"'),
    ],
)
def test_cells_that_differ_in_more_than_values_stay_apart(other):
    assert parameters.without_values(other) != parameters.without_values(CELL)


def test_an_override_that_does_not_go_with_the_sections_values_is_named_with_both():
    declared = {"snr_low_db": 0.0, "snr_high_db": 15.0}
    overrides = parameters.overridden(["snr_low_db=2e1"])
    with pytest.raises(
        PipelineError, match=r"^params\.yaml and command line: paper\.a\.snr_low_db: must not be above .* is 20\.0"
    ):
        parameters.choose(declared, {"section": declared}, overrides, NOTEBOOK, "paper.a")
