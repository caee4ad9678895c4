"""The numbers for `dvc metrics` are those of the ledger."""

import json

import numpy as np
import pandas as pd
import pytest

from semcom_lib import paths
from semcom_lib.ledger.headline import headline, write_headline

PAPERS = sorted(path.parent.name for path in paths.REPORTS.glob("*/headline.json"))


def test_it_counts_what_could_have_failed_and_names_its_first_measure_of_each_exhibit():
    ledger = pd.DataFrame(
        {
            "claim": ["a", "b", "c", "d", "e", "f"],
            "exhibit": ["fig01", "fig01", "fig01", "fig02", "fig03", "fig03"],
            "ours": [np.nan, 1 / 3, 2.0, np.nan, 8.0, 0.5],
            "verdict": [
                *("out of reach", "reproduced", "not reproduced", "out of reach", "holds by construction", "undecided"),
            ],
        }
    )
    assert headline(ledger) == {
        **{"could have failed": 3, "reproduced": 1, "better than the paper": 0, "undecided": 1, "not reproduced": 1},
        **{"fig01 b": 0.333333, "fig03 f": 0.5},
    }


@pytest.mark.parametrize("paper", PAPERS)
def test_the_committed_numbers_are_those_of_the_committed_ledger(paper, tmp_path, monkeypatch):
    ledger = pd.read_csv(paths.REPORTS / paper / "claims.csv")
    committed = (paths.REPORTS / paper / "headline.json").read_text()
    monkeypatch.setattr(paths, "REPORTS", tmp_path)
    write_headline(paper, ledger)
    assert (tmp_path / paper / "headline.json").read_text() == committed
    assert len(json.loads(committed)) >= 6
