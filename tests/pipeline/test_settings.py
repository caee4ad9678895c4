"""Parameters: every name has one type and range, and a value outside of them is told both."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcom_lib import paths
from semcom_lib.pipeline import parameters, profiles, settings, stages
from semcom_lib.pipeline.errors import PipelineError

SECTIONS = {
    f"{paper}.{key}": values
    for paper, sections in profiles.params().items()
    if isinstance(sections, dict)
    for key, values in sections.items()
}
SHIPPED = {name: value for values in SECTIONS.values() for name, value in values.items()}
SHIPPED |= {name: profiles.params()[name] for name in settings.COMMON}
SHIPPED = {name: value for stage in stages.load() for name, value in stage.arguments} | SHIPPED
MAY_BE_NEGATIVE = {"backoff_db", "decay"} | {name for name, kind in settings.KINDS.items() if kind == settings.Decibels}
WRONG_OF_EVERY_TYPE = ({}, None, "4e-3x", math.nan, math.inf, -math.inf, -1.5, [[]], ["", 1])


def test_every_parameter_of_the_project_is_declared_and_nothing_else_is():
    assert set(SHIPPED) == set(settings.KINDS)


def test_no_name_is_declared_twice():
    names = " ".join(names for _, names in settings.DECLARED).split()
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("stage", stages.load(), ids=lambda stage: stage.name)
def test_a_notebooks_own_values_are_valid_as_well(stage):
    cell = parameters.cell_in((paths.ROOT / stage.notebook).read_text(encoding="utf-8"), stage.notebook)
    declared = parameters.declared_in(cell, stage.notebook)
    values = {name: settings.checked(name, value, "", value) for name, value in declared.items()}
    settings.check_relations(values, "")


@pytest.mark.parametrize("wrong", WRONG_OF_EVERY_TYPE, ids=repr)
@pytest.mark.parametrize("name", sorted(settings.KINDS))
def test_no_parameter_takes_what_is_of_no_use(name, wrong):
    if wrong == -1.5 and name in MAY_BE_NEGATIVE:
        assert settings.checked(name, wrong, "") == wrong
        return
    with pytest.raises(PipelineError, match=rf"^here\.{name}(, entry \d)*: must be .*, is ") as caught:
        settings.checked(name, wrong, "here.")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("steps", 0, "steps: must be a whole number >= 1, is 0"),
        ("steps", 3.0, "steps: must be a whole number >= 1, is 3.0"),
        ("steps", True, "steps: must be a whole number >= 1, is True"),
        ("steps", [10, "x"], "steps, entry 2: must be a whole number >= 1, is 'x'"),
        ("steps", [], "steps: must be a list, not empty, each entry a whole number >= 1, is []"),
        ("threads", 0, "threads: must be a whole number >= 1 and <= 1024, is 0"),
        ("learning_rate", 0, "learning_rate: must be a finite number > 0 and <= 100, is 0"),
        ("learning_rate", "4e-3", "learning_rate: must be a finite number > 0 and <= 100, is '4e-3'"),
        ("flip", "no", "flip: must be true or false, is 'no'"),
        ("flip", 0, "flip: must be true or false, is 0"),
        ("modulation", "8psk", "modulation: must be one of bpsk, qpsk, 16qam, 64qam, 256qam, is '8psk'"),
        ("profile", "a/b", "profile: must be a name of a-z, 0-9 and _, is 'a/b'"),
        ("first_late_day", "1999", "first_late_day: must be a sitting day such as ep-99-01-01, is '1999'"),
        ("snrs_db", [0.0, 3, 0], "snrs_db: must not have an entry twice, has 0.0 twice"),
        ("missed", [[1]], "missed, entry 1: must be a list of 2, each entry a whole number >= 0, is [1]"),
        ("papers", ["x" * 99 + "!"], f"papers, entry 1: must be a name of a-z, 0-9 and _, is '{'x' * 56}..."),
    ],
)
def test_a_value_out_of_range_is_told_the_range(name, value, message):
    with pytest.raises(PipelineError) as caught:
        settings.checked(name, value, "")
    assert str(caught.value) == message


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_what_is_valid_stays_as_it_is(name):
    value = SHIPPED[name]
    assert json.dumps(settings.checked(name, value, "")) == json.dumps(value)


def test_a_whole_number_of_decibels_is_the_same_float():
    """Random numbers are derived from it: 3 and 3.0 would be two experiments."""
    assert repr(settings.checked("snrs_db", [0, 3], "")) == "[0.0, 3.0]"


@pytest.mark.parametrize(
    ("default", "value", "message"),
    [
        ([1, 2], 3, "steps: must be a list, not empty, each entry a whole number >= 1, is 3"),
        (1, [1, 2], r"steps: must be a whole number >= 1, is \[1, 2\]"),
    ],
)
def test_the_notebooks_own_value_says_whether_a_list_is_wanted(default, value, message):
    assert settings.checked("steps", default, "", default) == default
    with pytest.raises(PipelineError, match=message):
        settings.checked("steps", value, "", default)


@pytest.mark.parametrize(
    ("default", "right", "wrong"),
    [(True, False, 1), (1, 2, 2.5), (0.5, 2, "x"), ("a", "b", 3), ([1], [2, 3], ["x"]), ([], ["x"], 3)],
)
def test_a_name_that_is_not_declared_has_the_type_of_the_notebooks_own_value(default, right, wrong):
    assert settings.checked("of_a_reader", right, "", default) == right
    with pytest.raises(PipelineError, match=r"^of_a_reader(, entry 1)?: must be "):
        settings.checked("of_a_reader", wrong, "", default)


RELATED = {
    "l_deepsc.train": [("snr_low_db", 21, "snr_low_db: must not be above snr_high_db = 20.0, is 21")],
    "l_deepsc.data": [
        ("min_words", 31, "min_words: must not be above max_words = 30, is 31"),
        ("test_share", 0.97, "test_share: must leave a part for training, with validation_share it is 1 or more"),
    ],
    "l_deepsc.compression_evaluate": [
        ("compressed_sparsity", 0.5, "compressed_sparsity: must be among table_sparsities = [0.0, 0.3, 0.6, 0.9, 0.95], is 0.5"),
    ],
    "l_deepsc.fading_evaluate": [
        ("ldpc_block_bits", 121, "ldpc_block_bits: must not be above ldpc_coded_bits = 120, is 121"),
    ],
    "l_deepsc.distributed_evaluate": [
        ("missed", [[7, 1]], "missed: must be of rounds 1 to 5 and devices 0 to 3, has [7, 1]"),
        ("damaged", [[1, 4]], "damaged: must be of rounds 1 to 5 and devices 0 to 3, has [1, 4]"),
    ],
    "aesc_i.quality_digits": [("ratios", [4, 8], "ratios: must have an entry for each of z_dims (3), has 2")],
    "aesc_i.evaluate_digits": [
        ("qualities", [1], "qualities: must have an entry for each of ratios (3), has 1"),
        ("shown_awgn_snrs_db", [0.3], "shown_awgn_snrs_db: must be among awgn_snrs_db = "),
        ("num_taps", 65, "num_taps: must not be above num_subcarriers = 64, is 65"),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("section", "name", "value", "message"), [(key, *case) for key, cases in RELATED.items() for case in cases]
)
def test_values_that_cannot_be_together_are_named(section, name, value, message):
    values = SECTIONS[section]
    settings.check_relations(values, "")
    with pytest.raises(PipelineError) as caught:
        settings.check_relations({**values, name: value}, "here: ")
    assert str(caught.value).startswith(f"here: {message}")


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists), st.data())
def test_whatever_is_given_is_taken_or_refused_in_one_line(value, data):
    name = data.draw(st.sampled_from(sorted(settings.KINDS)))
    said = ""
    try:
        settings.checked(name, value, "")
    except PipelineError as error:
        said = str(error)
    assert said.startswith(name) or not said
    assert "\n" not in said
