"""params.yaml and the profiles over it, read strictly: every mistake is one line with file, key, value and what it must be."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from semcom_lib import paths, strict_yaml
from semcom_lib.pipeline import settings
from semcom_lib.pipeline.errors import PipelineError

FILE = "params.yaml"
LAPTOP = "laptop"  # params.yaml itself


def names(root: Path = paths.ROOT) -> list[str]:
    """The profiles that there are, laptop first."""
    return [LAPTOP, *sorted(path.stem for path in (root / "profiles").glob("*.yaml"))]


def params(root: Path = paths.ROOT) -> dict[str, Any]:
    """All of params.yaml: plain values, then {paper: {section: {parameter: value}}}. Raises PipelineError.

    Values of names that :mod:`semcom_lib.pipeline.settings` does not declare are as they stand there.
    """
    found = _read(root, FILE)
    for key, value in found.items():
        if key not in settings.COMMON and not isinstance(value, dict):
            one_of = f"a paper with its sections or one of {', '.join(settings.COMMON)}"
            raise PipelineError(f"{FILE}: {key}: must be {one_of}, is {value!r}")
    if missing := [key for key in settings.COMMON if key not in found]:
        raise PipelineError(f"{FILE}: {missing[0]}: is missing; must be {settings.wanted(missing[0])}")
    return _checked(found, FILE)


def at(profile: str, root: Path = paths.ROOT) -> dict[str, Any]:
    """params.yaml with the values of profiles/<profile>.yaml, which may change values and never keys. Raises PipelineError."""
    base = params(root)
    if profile == LAPTOP:
        return base
    if profile not in names(root):
        raise PipelineError(f"profile {profile!r} is unknown; one of: {', '.join(names(root))}")
    name = f"profiles/{profile}.yaml"
    overlay = _read(root, name)
    if overlay.get("profile") != profile:  # what captions say
        raise PipelineError(f"{name}: profile: must be {profile}, is {overlay.get('profile', 'missing')}")
    return _checked(overlaid(base, overlay, name), name)


def overlaid(base: Mapping[str, Any], overlay: Mapping[str, Any], name: str, place: str = "") -> dict[str, Any]:
    """``base`` with the values of ``overlay``. Raises PipelineError for a key that ``base`` does not have."""
    result = dict(base)
    for key, value in overlay.items():
        if key not in base:
            raise PipelineError(f"{name}: {place}{key}: is not in {FILE}; a profile may only change values")
        if isinstance(base[key], dict) != isinstance(value, dict):
            kind = "a section" if isinstance(base[key], dict) else "a value"
            raise PipelineError(f"{name}: {place}{key}: must be {kind}, is {value!r}")
        result[key] = overlaid(base[key], value, name, f"{place}{key}.") if isinstance(value, dict) else value
    return result


def _read(root: Path, name: str) -> dict[str, Any]:
    try:
        found = strict_yaml.load(root / name, name)
    except ValueError as error:
        raise PipelineError(str(error)) from None
    if not isinstance(found, dict):
        is_now = "is empty" if found is None else f"is {found!r}"
        raise PipelineError(f"{name}: {is_now}; must be a mapping of keys to values")
    _check_keys(found, name, "")
    return found


def _check_keys(tree: Mapping[Any, Any], name: str, place: str) -> None:
    for key, value in tree.items():
        if not isinstance(key, str):
            raise PipelineError(f"{name}: {place}{key}: a key must be a text")
        if isinstance(value, dict):
            _check_keys(value, name, f"{place}{key}.")


def _checked(found: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The same, every value of its parameter's type and range, those of a section fitting together."""
    result: dict[str, Any] = {}
    for key, value in found.items():
        if key in settings.COMMON:
            result[key] = settings.checked(key, value, f"{name}: ")
            continue
        result[key] = {}
        for section, values in value.items():
            where = f"{name}: {key}.{section}"
            if not isinstance(values, dict):
                raise PipelineError(f"{where}: must be a section, {{}} if it has no parameters, is {values!r}")
            result[key][section] = {k: settings.checked(k, v, f"{where}.") for k, v in values.items()}
            settings.check_relations(result[key][section], f"{where}.")
    return result
