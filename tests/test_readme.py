"""The README's code runs as it stands, and its links lead somewhere."""

import re

import pytest

from semcom_lib import paths

README = (paths.ROOT / "README.md").read_text()


def test_the_example_runs_and_its_code_corrects_errors(capsys):
    coded, released = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(coded, "README.md", "exec"), {})
    assert 0 <= float(capsys.readouterr().out) < 0.1
    exec(compile(released, "README.md", "exec"), {})
    assert capsys.readouterr().out == "['the vote will take place tomorrow']\n"


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#]+)\)", README))))
def test_a_link_leads_to_a_file(target):
    assert (paths.ROOT / target).is_file()
