"""YAML: the values that DVC reads, too, no key twice, and every mistake in one line that names file and place."""

import pytest
from ruamel.yaml import YAML

from semcom_lib import paths, strict_yaml

SHIPPED = [
    *("params.yaml", "stages.yaml"),
    *(f"{folder}/{path.name}" for folder in ("profiles", "reference") for path in (paths.ROOT / folder).glob("*.yaml")),
]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("4e-3", 0.004), ("1E5", 1e5), ("-.5", -0.5), ("3.", 3.0), ("010", 10), ("+7", 7), ("-0", 0)),
        *(("no", "no"), ("on", "on"), ("true", True), ("FALSE", False), ("~", None), ("", None), ("'3'", "3")),
        *(("1:30", "1:30"), ("2026-11-25", "2026-11-25"), (".inf", float("inf")), ("1e", "1e"), ("e5", "e5")),
    ],
)
def test_a_value_is_what_dvc_reads(text, value):
    read = strict_yaml.parse(f"key: {text}", "a.yaml")["key"]
    assert (read, type(read)) == (value, type(value))
    if text != "2026-11-25":  # to DVC a date, which no parameter is
        assert YAML(typ="safe", pure=True).load(f"key: {text}")["key"] == value


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_file_is_what_dvc_reads(name):
    file = paths.ROOT / name
    assert strict_yaml.load(file, name) == YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))


def test_what_changed_a_merged_key_may_be_merged_in_turn():
    nested = "a: &a {k: 1}\nd: {b: &b {<<: *a, k: 2}}\nc: {<<: *b, k: 3}\n"  # c is built before b
    assert strict_yaml.parse(nested, "a.yaml") == {"a": {"k": 1}, "d": {"b": {"k": 2}}, "c": {"k": 3}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2", "a.yaml, line 2: key a is there twice"),
        ("a:\n  - b: 1\n    'b': 2", "a.yaml, line 3: key b is there twice"),
        ("a: 1\n[b]: 2", "a.yaml, line 2: a list or mapping cannot be a key"),
        ("{a: 1}: 2", "a.yaml, line 1: a list or mapping cannot be a key"),
        ("a: &x [*x]", "a.yaml, line 1: an alias stands within its own anchor"),
        ("a: *x", "a.yaml, line 1: found undefined alias"),
        ("a: [1, 2", "a.yaml, line 1: while parsing a flow sequence: did not find expected ',' or ']'"),
        ("a:\n\tb: 1", "a.yaml, line 2: while scanning for the next token"),
        ("a: 1\n--- \nb: 1", "a.yaml, line 2: expected a single document in the stream"),
        ("a: !!python/object/apply:os.getcwd []", "a.yaml, line 1: could not determine a constructor"),
        ("a: !!int x", "a.yaml: invalid literal for int()"),
        ("a: \x00", "a.yaml: unacceptable character #x0000"),
        ("a: " + "[" * 5000, "a.yaml"),
        ("a: " + "9" * 5000, "a.yaml: Exceeds the limit"),
    ],
)
def test_a_mistake_is_one_line_that_names_file_and_place(text, message):
    with pytest.raises(ValueError, match=r"^a\.yaml") as caught:
        strict_yaml.parse(text, "a.yaml")
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"^a\.yaml: no such file$"):
        strict_yaml.load(tmp_path / "a.yaml", "a.yaml")
    with pytest.raises(ValueError, match=r"^a\.yaml: cannot be read: Is a directory$"):
        strict_yaml.load(tmp_path, "a.yaml")
    (tmp_path / "a.yaml").write_bytes("a: 1\nb: é\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"^a\.yaml, line 2: byte 0xe9 is not UTF-8$"):
        strict_yaml.load(tmp_path / "a.yaml", "a.yaml")
    (tmp_path / "a.yaml").write_bytes("a: 1\n".encode("utf-16"))
    with pytest.raises(ValueError, match=r"^a\.yaml, line 1: byte 0xff is not UTF-8$"):
        strict_yaml.load(tmp_path / "a.yaml", "a.yaml")


def test_windows_line_ends_and_byte_order_mark_change_nothing(tmp_path):
    (tmp_path / "a.yaml").write_bytes("\ufeffa: 1\r\nb: [1,\r\n  2]\r\n".encode())
    assert strict_yaml.load(tmp_path / "a.yaml", "a.yaml") == {"a": 1, "b": [1, 2]}
