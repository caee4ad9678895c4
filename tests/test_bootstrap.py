"""Setting up says in one line what is in the way."""

import importlib.util

import pytest

from semcom_lib import paths

SPEC = importlib.util.spec_from_file_location("bootstrap", paths.ROOT / "tools" / "bootstrap.py")
bootstrap = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(bootstrap)


@pytest.mark.parametrize("version", [(2, 7), (3, 10), (3, 14)])
def test_an_unsupported_python_is_told_what_is_needed(version, capsys):
    with pytest.raises(SystemExit):
        bootstrap.check_python(version)
    assert f"Python {version[0]}.{version[1]} is not supported, 3.11 to 3.13 is needed" in capsys.readouterr().err


@pytest.mark.parametrize("version", [(3, 11), (3, 13, 2)])
def test_a_supported_python_passes(version):
    bootstrap.check_python(version)


def test_a_full_disk_is_told_how_much_is_needed(capsys):
    with pytest.raises(SystemExit):
        bootstrap.check_disk(2**30)
    assert "the disk is too full: 1.0 GiB free" in capsys.readouterr().err
    bootstrap.check_disk(2**40)
