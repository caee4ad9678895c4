"""The README's code runs as it stands, and its links lead somewhere."""

import re

import pytest

from semcom_lib import paths
from semcom_lib.ledger import claims
from semcom_lib.tables import read_table

README = (paths.ROOT / "README.md").read_text()


def test_the_example_runs_and_its_code_corrects_errors(capsys):
    coded, released = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(coded, "README.md", "exec"), {})
    assert 0 <= float(capsys.readouterr().out) < 0.1
    exec(compile(released, "README.md", "exec"), {})
    assert capsys.readouterr().out == (
        "['the vote will take place tomorrow']\nbathroom\n(16000,)\n['airplane', 'automobile', 'cat', 'cat', 'deer', 'dog', "
        "'frog', 'horse', 'ship', 'truck'] [5, 5, 5, 5, 5, 5, 5, 5, 5, 5]\n"
    )


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#]+)\)", README))))
def test_a_link_leads_to_a_file(target):
    assert (paths.ROOT / target).is_file()


@pytest.mark.parametrize("paper", sorted(file.parent.name for file in paths.REPORTS.glob("*/claims.csv")))
def test_the_table_of_papers_counts_what_the_committed_ledger_has(paper):
    (row,) = re.findall(rf"^\| `{paper}` \|.*$", README, re.MULTILINE)
    assert row.endswith(f" {claims.share_reproduced(read_table(paper, 'claims', folder=paths.REPORTS))} |")
