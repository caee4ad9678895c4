"""Whoever installs the companion gets the same versions, whichever way."""

import yaml

from semcom_lib import paths


def test_conda_and_pip_users_get_the_same_versions():
    lock = (paths.ROOT / "requirements.lock").read_text().split()
    conda = yaml.safe_load((paths.ROOT / "environment.yml").read_text())["dependencies"]
    assert next(entry["pip"] for entry in conda if isinstance(entry, dict)) == lock
    assert all(line.count("==") == 1 for line in lock)


def test_everything_asked_for_is_locked_as_asked():
    lock = set((paths.ROOT / "requirements.lock").read_text().split())
    asked = [line for line in (paths.ROOT / "requirements.in").read_text().splitlines() if not line.startswith("#")]
    assert {line for line in asked if "==" in line} <= lock
    assert {line for line in asked if "==" not in line} <= {pin.split("==")[0] for pin in lock}
