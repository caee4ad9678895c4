"""YAML as the papers' files need it: a key that is given twice is a mistake, and every mistake is one line."""

from typing import Any

import yaml

from semcom_lib import paths


def load(name: str) -> Any:
    """The content of a file, named relative to the project's root. Raises ValueError, one line, if it cannot be read."""
    file = paths.ROOT / name
    if not file.is_file():
        raise ValueError(f"{name}: no such file")
    try:
        return yaml.load(file.read_text(encoding="utf-8"), Loader)
    except yaml.YAMLError as error:
        raise ValueError(f"{name}: {' '.join(str(error).split())}") from error


class Loader(yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader):
    """YAML in which no key can be given twice; elsewhere the latter silently wins."""

    def get_single_node(self) -> yaml.Node | None:
        root = super().get_single_node()
        waiting, known = [root], set()
        while waiting:
            node = waiting.pop()
            if not isinstance(node, yaml.CollectionNode) or id(node) in known:  # an anchor's node comes once an alias
                continue
            known.add(id(node))
            if isinstance(node, yaml.SequenceNode):
                waiting += node.value
                continue
            seen: set[str] = set()
            for key, value in node.value:
                if key.value in seen:
                    raise yaml.composer.ComposerError(None, None, f"key {key.value} is there twice", key.start_mark)
                seen.add(key.value)
                waiting.append(value)
        return root
