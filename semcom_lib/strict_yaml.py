"""YAML as every file of the project is read: what DVC would read, no key twice, and every mistake in one line.

Values are those of YAML 1.2, as DVC reads params.yaml: ``4e-3`` is a number, ``010`` is ten, ``no`` and ``on`` are texts.
PyYAML's own YAML 1.1 would take them for a text, for eight and for booleans.
"""

import re
from pathlib import Path
from typing import Any

import yaml

_CORE_SCHEMA = {  # tag: (pattern, first characters)
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    "int": (r"[-+]?[0-9]+", list("-+0123456789")),
    "float": (
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        list("-+.0123456789"),
    ),
    "merge": (r"<<", ["<"]),
}


def load(file: Path, name: str) -> Any:
    """The content of ``file``, which messages call ``name``. Raises ValueError, one line, if it cannot be read."""
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise ValueError(f"{name}: no such file") from None
    except OSError as error:
        raise ValueError(f"{name}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{name}, line {line}: byte {error.object[error.start]:#04x} is not UTF-8") from None
    return parse(text, name)


def parse(text: str, name: str) -> Any:
    """What ``text`` says. Raises ValueError, one line with ``name`` and line number, if it is no YAML."""
    try:
        return yaml.load(text, Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        last = text.rstrip("\n").count("\n") + 1
        place = f", line {min(mark.line + 1, last)}" if mark else ""
        words = ": ".join(filter(None, (error.context, error.problem)))
        raise ValueError(f"{name}{place}: {' '.join(words.split())}") from None
    except (
        yaml.YAMLError,
        ValueError,
    ) as error:  # a character that YAML forbids; a whole number of thousands of digits
        raise ValueError(f"{name}: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise ValueError(f"{name}: is nested too deeply") from None


class Loader(yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader):
    """YAML 1.2's values; keys are texts or other single values, none twice; no collection holds itself."""

    yaml_implicit_resolvers: dict[str, list[Any]] = {}  # noqa: RUF012  none of YAML 1.1's; filled below

    def get_single_node(self) -> yaml.Node | None:
        root = super().get_single_node()
        if root is not None:
            _check(root, set(), [])
        return root


def _check(node: yaml.Node, known: set[int], around: list[int]) -> None:
    """Raise what the parser would raise; an anchor's node comes once an alias and is looked at once."""
    if id(node) in around:
        raise yaml.composer.ComposerError(None, None, "an alias stands within its own anchor", node.start_mark)
    if id(node) in known or not isinstance(node, yaml.CollectionNode):
        return
    known.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        inner = node.value
    else:
        inner, seen = [value for _, value in node.value], set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.composer.ComposerError(None, None, "a list or mapping cannot be a key", key.start_mark)
            if key.value in seen:
                raise yaml.composer.ComposerError(None, None, f"key {key.value} is there twice", key.start_mark)
            seen.add(key.value)
    for child in inner:
        _check(child, known, [*around, id(node)])


def _int(loader: Loader, node: yaml.ScalarNode) -> int:
    return int(loader.construct_scalar(node))


for _tag, (_pattern, _first) in _CORE_SCHEMA.items():
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), _first)
Loader.add_constructor("tag:yaml.org,2002:int", _int)
